"""Video recorder: encodes and writes a session's frames beside its ticks, on its own thread; ticks never wait for it.

The control thread puts each frame into a short queue. Frames are dropped, counted and reported when the encoder falls
behind or the disk is full; recording of the ticks continues.
"""

import logging
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.errors import UnderstudyError
from understudy.contract.terminal_text import brief
from understudy.recordings.video.encoder_names import EncoderName
from understudy.recordings.video.frame_codec import EncodedFrame, FrameEncoder, choose_encoder
from understudy.recordings.video.video_file_writer import VideoFileWriter, VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path

QUEUE_FRAMES = 10
"""Queue length, frames: half a second, 28 MB at 1280 x 720."""
RESERVE_BYTES = 300 * 2**20
"""Free disk space that the video leaves to the ticks, of which an hour takes 40 MB."""
CHECK_DISK_S = 1.0
TELL_EVERY_S = 10.0
NICENESS = 5

_log = logging.getLogger(__name__)


@runtime_checkable
class Picture(Protocol):
    """One captured frame."""

    @property
    def pixels(self) -> np.ndarray:
        """RGB, uint8, shape (height, width, 3); not changed later."""
        ...

    @property
    def time_s(self) -> float:
        """Monotonic capture time."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """Turns frames of one size into packets."""

    video_format: str

    def encode(self, pixels: np.ndarray) -> EncodedFrame:
        """Encodes one frame."""
        ...


OpenEncoder = Callable[[int, int], Encoder]
"""Opens an encoder for a width and height in pixels."""


@dataclass(frozen=True)
class _Entry:
    tick: int
    time_s: float
    picture: Picture


@dataclass
class VideoCounts:
    """Counts of written and dropped frames."""

    num_stored: int = 0
    num_late: int = 0
    """Dropped because the encoder fell behind."""
    num_no_room: int = 0
    """Dropped because the disk is full."""
    encoding_s: float = 0.0
    """CPU time of the encoding thread."""

    @property
    def num_dropped(self) -> int:
        """All dropped frames."""
        return self.num_late + self.num_no_room

    def __add__(self, other: "VideoCounts") -> "VideoCounts":
        return VideoCounts(
            self.num_stored + other.num_stored,
            self.num_late + other.num_late,
            self.num_no_room + other.num_no_room,
            self.encoding_s + other.encoding_s,
        )


class VideoRecorder:
    """Records the video of one recording. `take` and `stop` are called by the thread that runs the session."""

    def __init__(
        self,
        recording: Path,
        encoder: str,
        open_encoder: OpenEncoder,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        notify: Callable[[str], None] = _log.warning,
    ) -> None:
        """Starts the thread; the file is created with the first frame.

        Args:
            recording: the file of the ticks; the video goes beside it.
            encoder: its name, for the metadata.
            open_encoder: opens it for a frame size.
            reserve_bytes: disk space to leave free.
            notify: called with one sentence when frames are dropped, and why; must not block.
        """
        self.path = video_path(recording)
        self.counts = VideoCounts()
        self.failure: str | None = None
        """Error that ended the video; None without one."""
        self._recording, self._encoder_name, self._open_encoder = recording, encoder, open_encoder
        self._reserve_bytes, self._notify = reserve_bytes, notify
        self._encoder: Encoder | None = None
        self._shape: tuple[int, ...] = ()
        self._writer: VideoFileWriter | None = None
        self._last: Picture | None = None
        self._told_s = self._checked_s = float("-inf")
        self._has_room = True
        self._queue: queue.Queue[_Entry | None] = queue.Queue(QUEUE_FRAMES)
        self._stopped = False
        self._thread: threading.Thread | None = None

    def take(self, tick: int, time_s: float, picture: Picture | None) -> None:
        """Queues the frame of a tick if it is new; never waits.

        Args:
            tick: index of the tick in the recording.
            time_s: of its observation.
            picture: the frame that perception processed; None without one.
        """
        if picture is None or picture is self._last or self._stopped or self.failure is not None:
            return
        self._last = picture
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="video", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(_Entry(tick, time_s, picture))
        except queue.Full:
            self.counts.num_late += 1
            self._report(
                f"The video's encoder does not keep up: {self.counts.num_late} pictures were dropped so far, no tick. "
                "--no-video or a smaller window helps."
            )

    def stop(self) -> None:
        """Encodes the queued frames and closes the file. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._last = None
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError as problem:
                self._fail(brief(problem))

    def discard(self) -> None:
        """Stops and deletes the video."""
        self.stop()
        if self._writer is not None:
            self.path.unlink(missing_ok=True)

    def _run(self) -> None:
        """Runs the encoding thread until the end marker."""
        _give_way()
        while (entry := self._queue.get()) is not None:
            if self.failure is not None:
                continue
            try:
                self._store(entry)
            except Exception as problem:  # any library error: ticks are recorded on, and the person is informed
                self._fail(str(problem) if isinstance(problem, UnderstudyError) else brief(problem))
            self.counts.encoding_s = time.thread_time()

    def _store(self, entry: _Entry) -> None:
        if not self._is_there_room():
            self.counts.num_no_room += 1
            return
        pixels = entry.picture.pixels
        if self._encoder is None or pixels.shape != self._shape:
            self._encoder, self._shape = self._open_encoder(pixels.shape[1], pixels.shape[0]), pixels.shape
        frame = self._encoder.encode(pixels)
        if self._writer is None:
            self._writer = create_video(self.path, self._info(self._encoder))
        try:
            self._writer.append(entry.tick, entry.time_s, entry.picture.time_s, frame)
        except OSError as problem:
            self._has_room, self._encoder = False, None
            self.counts.num_no_room += 1
            self._report(f"The video cannot be written ({problem.strerror or problem}): pictures are dropped, no tick.")
            return
        self.counts.num_stored += 1

    def _is_there_room(self) -> bool:
        """Checks the free disk space now and then. After a gap a new encoder starts, with a keyframe."""
        now_s = time.perf_counter()
        if now_s - self._checked_s < CHECK_DISK_S:
            return self._has_room
        self._checked_s = now_s
        free = shutil.disk_usage(self.path.parent).free
        self._has_room = free >= self._reserve_bytes
        if not self._has_room:
            self._encoder = None
            self._report(
                f"Only {free / 1e6:.0f} MB are left on the disk: pictures are dropped to leave room for the ticks."
            )
        return self._has_room

    def _info(self, encoder: Encoder) -> VideoInfo:
        return VideoInfo(
            recording=self._recording.name,
            encoder=self._encoder_name,
            video_format=encoder.video_format,
            width=self._shape[1],
            height=self._shape[0],
        )

    def _report(self, sentence: str) -> None:
        now_s = time.perf_counter()
        if now_s - self._told_s >= TELL_EVERY_S:
            self._told_s = now_s
            self._notify(sentence)

    def _fail(self, why: str) -> None:
        self.failure = why
        self._notify(f"No more pictures are recorded ({why}); the ticks are.")


def _give_way() -> None:
    """Lowers the thread's priority below the control loop's; only Linux has priorities per thread."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


@dataclass(frozen=True, kw_only=True)
class PictureSource:
    """Source of a session's frames, and how to record them."""

    latest: Callable[[], Picture | None]
    """Returns perception's latest frame; called once per tick by the thread that runs the session."""
    encoder: str
    """As returned by `choose_encoder`."""
    open_encoder: OpenEncoder
    reserve_bytes: int = RESERVE_BYTES
    notify: Callable[[str], None] = _log.warning
    """Called with one sentence when frames are dropped, and why; must not block."""

    def begin(self, recording: Path) -> VideoRecorder:
        """Returns a VideoRecorder for the recording at that path."""
        return VideoRecorder(
            recording, self.encoder, self.open_encoder, reserve_bytes=self.reserve_bytes, notify=self.notify
        )


def picture_source(
    latest: Callable[[], Picture | None], wanted: EncoderName = "auto", notify: Callable[[str], None] = _log.warning
) -> PictureSource:
    """Returns a PictureSource that uses one of PyAV's encoders.

    Raises:
        MissingExtraError: if PyAV is not installed.
        RecordingError: if PyAV has no such encoder.
    """
    encoder = choose_encoder(wanted)
    return PictureSource(
        latest=latest,
        encoder=encoder,
        open_encoder=lambda width, height: FrameEncoder(encoder, width, height),
        notify=notify,
    )
