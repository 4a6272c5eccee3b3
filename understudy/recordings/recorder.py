"""Recorder: a Listener that writes one world of a session to a crash-safe MCAP file while it is played.

The control thread only copies each step into a small block; a writer thread compresses full blocks and writes them. A
block holds at most BLOCK_S of play, so kill -9 at any moment loses less than a second.
"""

import itertools
import logging
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from understudy.contract.action import ACTION
from understudy.contract.errors import RecordingError
from understudy.contract.intent import INTENT
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import InputEvent, Step
from understudy.contract.safe_files import keep_under_new_name, move_to_new
from understudy.contract.terminal_text import brief
from understudy.contract.tick_timing import TIMING
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.mcap_writer import CHUNK_TICKS, McapWriter
from understudy.recordings.store import read_episode, write_episode
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_recorder import PictureSource

BLOCK_S = 0.6
QUEUE_BLOCKS = 200
"""Queue limit: two minutes in which the disk may stall; after that the recording ends instead of having a gap."""

_log = logging.getLogger(__name__)


def recording_name(prefix: str = "shadow_recording", moment: datetime | None = None) -> str:
    """Returns the guide's file name without suffix: `shadow_recording_20261122_193045`, local time."""
    return f"{prefix}_{(moment or datetime.now()):%Y%m%d_%H%M%S}"


def create_recorder(
    folder: Path,
    name: str,
    info: EpisodeInfo,
    *,
    also_pickle: bool = False,
    pictures: PictureSource | None = None,
) -> "Recorder":
    """Starts a recorder to a file of that name in the folder, or NAME_2, NAME_3, ... if it is taken.

    The name is reserved by creating the file, so two recorders started in the same second get different names.

    Raises:
        RecordingError: if nothing can be written there.
    """
    for path in _numbered(folder, name):
        with suppress(FileExistsError):
            return Recorder(path, info, also_pickle=also_pickle, pictures=pictures)
    raise AssertionError("the names never end")


def move_to_folder(recording: Path, folder: Path) -> Path:
    """Moves a recording and its video, under a numbered name if its own is taken; overwrites nothing.

    Raises:
        OSError: if it cannot be moved; it stays where it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in _numbered(folder, recording.stem):
        with suppress(FileExistsError):
            _move_with_pictures(recording, path)
            return path
    raise AssertionError("the names never end")


def _move_with_pictures(recording: Path, target: Path) -> None:
    """Moves both files to free names; at every moment the recording has its video beside it.

    Raises:
        OSError: if they cannot be moved; they stay where they are.
    """
    pictures, second = video_path(recording), video_path(target)
    if not pictures.is_file():
        move_to_new(recording, target)
        return
    keep_under_new_name(pictures, second)
    try:
        move_to_new(recording, target)
    except BaseException:
        second.unlink(missing_ok=True)
        raise
    pictures.unlink()


def _numbered(folder: Path, name: str) -> Iterator[Path]:
    """Yields names that are not taken by the video of another recording."""
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    paths = (folder / f"{each}.mcap" for each in names)
    yield from (path for path in paths if not os.path.exists(video_path(path)))


@dataclass
class _Block:
    """Up to CHUNK_TICKS ticks waiting to be written, each record as bytes: the cheapest copy (0.6 us)."""

    observations: list[bytes] = field(default_factory=list)
    actions: list[bytes] = field(default_factory=list)
    actors: list[bytes] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)
    inputs: list[InputEvent] = field(default_factory=list)
    timings: list[bytes] = field(default_factory=list)
    """Empty for a session without timing."""
    began_s: float = 0.0


class Recorder:
    """A Listener that records one world of a session to one growing `.mcap` file.

    Its methods are called by the thread that runs the session. If writing fails (disk full), the recording ends, the
    reason is logged and stored in `failure`, and the session continues. If the file is deleted during recording, it is
    recreated with all data.
    """

    def __init__(
        self,
        path: Path,
        info: EpisodeInfo,
        *,
        world: int = 0,
        also_pickle: bool = False,
        may_wait: bool = False,
        pictures: PictureSource | None = None,
    ) -> None:
        """Opens the file and starts recording.

        Args:
            path: of the new `.mcap` file; its folder is created.
            info: metadata of the session.
            world: index of the recorded world in the session's batch.
            also_pickle: whether `save` also writes the guide's `.pkl` beside the `.mcap`; both are one recording.
            may_wait: whether `on_step` may wait for the disk, for sessions that run faster than real time.
            pictures: source of frames for a video beside the ticks; None for no video.

        Raises:
            FileExistsError: a recording is never overwritten.
            RecordingError: if it cannot be written there.
        """
        self.path = path
        self.world = world
        self.also_pickle = also_pickle
        self.may_wait = may_wait
        self.num_ticks = 0
        self.failure: str | None = None
        self._block = _Block()
        self._writer = McapWriter(path, info)
        self._latest_picture = None if pictures is None else pictures.latest
        self.video = None if pictures is None else pictures.begin(path)
        """Records the video; its errors are not in `failure`."""
        self._queue: queue.Queue[_Block | None] = queue.Queue(QUEUE_BLOCKS)
        self._stopped = False
        self._saved = self._discarded = False
        self._broken = False  # a write failed, so the file may end inside a chunk
        self._thread = threading.Thread(target=self._write_blocks, name="recorder", daemon=True)
        self._thread.start()

    def on_step(self, step: Step) -> None:
        """Copies one tick; does not wait for the disk unless `may_wait`."""
        if self._stopped or self.failure is not None:
            return
        block, world = self._block, slice(self.world, self.world + 1)
        observation = step.observation.records[world]
        now_s = float(observation["time_s"][0])
        if not block.observations:
            block.began_s = now_s
        block.observations.append(observation.tobytes())
        block.actions.append(step.action.records[world].tobytes())
        block.actors.append(step.actors[world].tobytes())
        block.intents.append(step.intent.records[world].tobytes())
        block.inputs.extend(step.inputs)
        if step.timing is not None:
            block.timings.append(step.timing[world].tobytes())
        if self.video is not None and self._latest_picture is not None:
            self.video.take(self.num_ticks, now_s, self._latest_picture())
        self.num_ticks += 1
        if len(block.observations) == CHUNK_TICKS or now_s - block.began_s >= BLOCK_S:
            self._hand_over()

    def stop(self) -> None:
        """Stops recording; the data stays on disk until `save` or `discard`. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._hand_over()
        self._queue.put(None)
        self._thread.join()
        if self.video is not None:
            self.video.stop()

    def save(self) -> Path:
        """Stops and completes the file; after a failed write it stays torn, as after a crash.

        May be called twice. An error is stored in `failure`.

        Returns:
            The path of the native recording.
        """
        self.stop()
        if self._saved:
            return self.path
        self._saved = True
        try:
            if not self._broken:
                self._keep_in_place()
                if not self._writer.is_in_place():
                    self._fail("the file was moved while it was recorded; what was played is in it, where it is now")
                self._writer.close()
        except (OSError, RecordingError) as problem:
            self._fail(str(problem))
        finally:
            self._writer.abandon()
        if self.also_pickle and self.failure is None:
            self._write_pickle()
        return self.path

    def discard(self) -> None:
        """Stops and deletes the recording."""
        self.stop()
        self._discarded = True
        self._writer.abandon()
        self.path.unlink(missing_ok=True)
        if self.video is not None:
            self.video.discard()

    def close(self) -> None:
        """Ends with the session: saves, unless the recording was discarded."""
        if not self._discarded:
            self.save()

    def _write_pickle(self) -> None:
        try:
            write_episode(read_episode(self.path), self.path.with_suffix(".pkl"))
        except (OSError, RecordingError) as problem:
            self._fail(f"{self.path} is whole, but its .pkl could not be written: {problem}")

    def _keep_in_place(self) -> None:
        """Recreates the file (and its folder) if it was deleted. A moved file is written on.

        Raises:
            OSError, RecordingError: if it cannot be recreated.
        """
        if self._writer.is_deleted:
            self._writer.put_back()
            _log.warning("%s was deleted while it was recorded, and was written again.", self.path)

    def _hand_over(self) -> None:
        block, self._block = self._block, _Block()
        if not block.observations or self.failure is not None:
            return
        try:
            self._queue.put(block, block=self.may_wait)
        except queue.Full:
            self._fail(f"the disk has not kept up for {QUEUE_BLOCKS * BLOCK_S:.0f} s")

    def _write_blocks(self) -> None:
        """Runs the writer thread until the end marker."""
        while (block := self._queue.get()) is not None:
            if self._broken:
                continue
            try:
                self._write(block)
                self._keep_in_place()
            except Exception as problem:  # any error: the person must learn that recording has stopped
                self._broken = True
                self._fail(brief(problem))

    def _write(self, block: _Block) -> None:
        self._writer.append(
            np.frombuffer(b"".join(block.observations), OBSERVATION),
            np.frombuffer(b"".join(block.actions), ACTION),
            np.frombuffer(b"".join(block.actors), np.int8),
            sorted(block.inputs, key=lambda event: event.time_s),
            np.frombuffer(b"".join(block.intents), INTENT),
            np.frombuffer(b"".join(block.timings), TIMING) if block.timings else None,
        )

    def _fail(self, why: str) -> None:
        self.failure = why
        _log.error("recording to %s ended early: %s", self.path, why)
