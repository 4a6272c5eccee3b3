"""Listens to a session and writes it down as it is played.

The control thread only copies each step into a small block; a thread of the recorder's own compresses full blocks and
writes them. A block holds at most BLOCK_S of play, so kill -9 at any moment loses less than a second.
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
"""Two minutes that the disk may stand still; after that the recording ends rather than have a hole."""

_log = logging.getLogger(__name__)


def recording_name(prefix: str = "shadow_recording", moment: datetime | None = None) -> str:
    """The guide's file name without its suffix: `shadow_recording_20261122_193045`, local time."""
    return f"{prefix}_{(moment or datetime.now()):%Y%m%d_%H%M%S}"


def create_recorder(
    folder: Path,
    name: str,
    info: EpisodeInfo,
    *,
    also_pickle: bool = False,
    pictures: PictureSource | None = None,
) -> "Recorder":
    """Begins to record to a file of that name in the folder, or NAME_2, NAME_3, ... where it is taken.

    The name is taken by creating the file, so two recorders that begin in the same second get different ones.

    Raises:
        RecordingError: if nothing can be written there.
    """
    for path in _numbered(folder, name):
        with suppress(FileExistsError):
            return Recorder(path, info, also_pickle=also_pickle, pictures=pictures)
    raise AssertionError("the names never end")


def move_to_folder(recording: Path, folder: Path) -> Path:
    """Moves a recording with its pictures under its own name, or a numbered one where that is taken; nothing is
    overwritten.

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
    """Moves both files to names that were not taken; at every moment the recording has its pictures beside it.

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
    """Names that are not taken by the pictures of another recording."""
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    paths = (folder / f"{each}.mcap" for each in names)
    yield from (path for path in paths if not os.path.exists(video_path(path)))


@dataclass
class _Block:
    """Up to CHUNK_TICKS ticks on their way to the file, each record as bytes: the cheapest copy there is (0.6 us)."""

    observations: list[bytes] = field(default_factory=list)
    actions: list[bytes] = field(default_factory=list)
    actors: list[bytes] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)
    inputs: list[InputEvent] = field(default_factory=list)
    timings: list[bytes] = field(default_factory=list)
    """Empty for a session that is not timed."""
    began_s: float = 0.0


class Recorder:
    """A Listener that records one world of a session to one growing `.mcap` file.

    Its methods are called by the thread that runs the session. A recording that cannot be continued (disk full) ends
    where it is, logs why, and keeps it in `failure`; the session plays on. A file that is deleted while it grows is put
    back, with all that was recorded.
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
        """Opens the file and begins to record.

        Args:
            path: of the new `.mcap` file; its folder is made.
            info: what is to be said of the session.
            world: which of the session's worlds.
            also_pickle: whether saving also writes the guide's `.pkl` beside the `.mcap`; it counts as one recording.
            may_wait: whether steps may wait for the disk: for sessions that run faster than real time.
            pictures: what is seen, where it is to be kept beside the ticks.

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
        """Records the pictures; its troubles are its own, and are not in `failure`."""
        self._queue: queue.Queue[_Block | None] = queue.Queue(QUEUE_BLOCKS)
        self._stopped = False
        self._saved = self._discarded = False
        self._broken = False  # a write failed, so the file may end in the middle of a chunk
        self._thread = threading.Thread(target=self._write_blocks, name="recorder", daemon=True)
        self._thread.start()

    def on_step(self, step: Step) -> None:
        """Copies one tick; does not wait for the disk, unless it may."""
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
        """Takes no more steps; what was recorded stays on disk until `save` or `discard`. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._hand_over()
        self._queue.put(None)
        self._thread.join()
        if self.video is not None:
            self.video.stop()

    def save(self) -> Path:
        """Stops, and closes the file as a whole one; after a failed write it stays torn, as after a crash.

        May be called twice. What goes wrong is in `failure`.

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
        """Stops, and deletes what was recorded."""
        self.stop()
        self._discarded = True
        self._writer.abandon()
        self.path.unlink(missing_ok=True)
        if self.video is not None:
            self.video.discard()

    def close(self) -> None:
        """The session is over: saves, unless it was discarded."""
        if not self._discarded:
            self.save()

    def _write_pickle(self) -> None:
        try:
            write_episode(read_episode(self.path), self.path.with_suffix(".pkl"))
        except (OSError, RecordingError) as problem:
            self._fail(f"{self.path} is whole, but its .pkl could not be written: {problem}")

    def _keep_in_place(self) -> None:
        """Puts the file back if it was deleted, and with it perhaps its folder. A file that was moved just goes on.

        Raises:
            OSError, RecordingError: if it cannot be put back.
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
        """The recorder's thread: until the end mark comes."""
        while (block := self._queue.get()) is not None:
            if self._broken:
                continue
            try:
                self._write(block)
                self._keep_in_place()
            except Exception as problem:  # whatever it is, the person must hear that nothing is recorded any more
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
