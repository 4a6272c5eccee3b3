"""Random and sequential access to the decoded frames of a recording's video."""

import logging
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.video.frame_codec import FrameDecoder
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader

_log = logging.getLogger(__name__)


class RecordedFrames:
    """Decodes the video of one recording. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Opens a video file.

        Raises:
            RecordingError: if it cannot be read.
            MissingExtraError: if PyAV is not installed.
        """
        self._reader = VideoReader(path)
        try:
            self._decoder = FrameDecoder(self._reader.info.video_format)
        except BaseException:
            self._reader.close()
            raise
        self.info, self.losses = self._reader.info, self._reader.losses
        self.times_ns = self._reader.frames["time_ns"]
        """Times of the ticks that have a frame, in order; nanoseconds on the recording's clock."""
        self.num_damaged = 0
        """Number of frames that could not be decoded so far."""
        self._keys = np.flatnonzero(self._reader.frames["is_key"])
        self._next = 0
        """Index of the next frame that the decoder can decode."""
        self._is_broken = True
        """Whether the decoder needs a keyframe next."""
        self._shown: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._reader)

    def number_at(self, time_s: float) -> int | None:
        """Returns the index of a tick's frame, by the tick's time; None if it has none."""
        time_ns = nanoseconds(np.array([time_s]))[0]
        number = int(np.searchsorted(self.times_ns, time_ns))
        return number if number < len(self) and self.times_ns[number] == time_ns else None

    def at(self, time_s: float) -> UInt8[np.ndarray, "height width 3"] | None:
        """Returns the RGB frame of the tick at that time; None if it has none or it is damaged."""
        number = self.number_at(time_s)
        return None if number is None else self.frame(number)

    def frame(self, number: int) -> UInt8[np.ndarray, "height width 3"] | None:
        """Returns one RGB frame by its index; None if it is damaged. Consecutive access is cheap."""
        if self._shown is not None and self._shown[0] == number:
            return self._shown[1]
        self._seek(number)
        while self._next < number:
            self._take(wanted=False)
        pixels = self._take(wanted=True)
        self._shown = None if pixels is None else (number, pixels)
        return pixels

    def keyframe_before(self, number: int) -> int:
        """Returns the index of the last keyframe up to a frame, which decodes without others; 0 if there is none."""
        before = self._keys[: np.searchsorted(self._keys, number, side="right")]
        return int(before[-1]) if len(before) else 0

    def play(self, every: int = 1) -> Iterator[tuple[int, UInt8[np.ndarray, "height width 3"]]]:
        """Yields index and frame of every `every`-th frame in order, without damaged ones."""
        for number in range(0, len(self), every):
            pixels = self.frame(number)
            if pixels is not None:
                yield number, pixels

    def close(self) -> None:
        """Closes the file. May be called twice."""
        self._reader.close()

    def __enter__(self) -> "RecordedFrames":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seek(self, number: int) -> None:
        """Moves the decoder to the keyframe before a frame, unless decoding on is as good."""
        before = self._keys[np.searchsorted(self._keys, number, side="right") - 1 :]
        key = int(before[0]) if len(before) and before[0] <= number else 0
        if key <= self._next <= number:
            return
        self._decoder = FrameDecoder(self._reader.info.video_format)
        self._next, self._is_broken = key, True

    def _take(self, *, wanted: bool) -> np.ndarray | None:
        """Decodes the next frame; returns None after a damaged one until the next keyframe."""
        number, self._next = self._next, self._next + 1
        is_key = bool(self._reader.frames["is_key"][number])
        if self._is_broken and not is_key:
            return None
        if self._is_broken:
            self._decoder = FrameDecoder(self._reader.info.video_format)
        try:
            data = self._reader.packet(number).data
            pixels = self._decoder.decode(data) if wanted else None
            if not wanted:
                self._decoder.pass_over(data)
        except RecordingError as problem:
            self.num_damaged += 1
            self._is_broken = True
            _log.debug("picture %d: %s", number, problem)
            return None
        self._is_broken = False
        return None if pixels is None else self._cropped(pixels)

    def _cropped(self, pixels: np.ndarray) -> np.ndarray:
        """Removes the padding row and column of odd sizes."""
        width, height = self.info.width, self.info.height
        padded = (height + height % 2, width + width % 2)
        return np.ascontiguousarray(pixels[:height, :width]) if pixels.shape[:2] == padded else pixels


def open_frames(recording: Path) -> RecordedFrames | None:
    """Opens the video of a recording; None if it has none.

    Raises:
        RecordingError: if the video cannot be read.
        MissingExtraError: if PyAV is not installed.
    """
    path = video_path(recording)
    return RecordedFrames(path) if path.is_file() else None
