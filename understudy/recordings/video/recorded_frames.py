"""The pictures of a recording, decoded: the one of a tick, or all of a stretch in order."""

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
    """Decodes the video of one recording. Belongs to one thread."""

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
        """Of the ticks that have a picture, in order; nanoseconds on the recording's clock."""
        self.num_damaged = 0
        """Pictures that could not be decoded so far."""
        self._keys = np.flatnonzero(self._reader.frames["is_key"])
        self._next = 0
        """The frame that the decoder can take."""
        self._is_broken = True
        """Until a keyframe the decoder has nothing to build on."""
        self._shown: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._reader)

    def number_at(self, time_s: float) -> int | None:
        """Which frame belongs to a tick, by the tick's time; None where it has none."""
        time_ns = nanoseconds(np.array([time_s]))[0]
        number = int(np.searchsorted(self.times_ns, time_ns))
        return number if number < len(self) and self.times_ns[number] == time_ns else None

    def at(self, time_s: float) -> UInt8[np.ndarray, "height width 3"] | None:
        """The RGB picture of the tick of that time; None where it has none, or it is damaged."""
        number = self.number_at(time_s)
        return None if number is None else self.frame(number)

    def frame(self, number: int) -> UInt8[np.ndarray, "height width 3"] | None:
        """One picture by its number, RGB; None if it is damaged. Consecutive numbers are cheap."""
        if self._shown is not None and self._shown[0] == number:
            return self._shown[1]
        self._seek(number)
        while self._next < number:
            self._take(wanted=False)
        pixels = self._take(wanted=True)
        self._shown = None if pixels is None else (number, pixels)
        return pixels

    def play(self, every: int = 1) -> Iterator[tuple[int, UInt8[np.ndarray, "height width 3"]]]:
        """All pictures in order, or every so many-th, with their numbers; those that are damaged are left out."""
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
        """Puts the decoder on the keyframe before a frame, unless it stands where it can just go on."""
        before = self._keys[np.searchsorted(self._keys, number, side="right") - 1 :]
        key = int(before[0]) if len(before) and before[0] <= number else 0
        if key <= self._next <= number:
            return
        self._decoder = FrameDecoder(self._reader.info.video_format)
        self._next, self._is_broken = key, True

    def _take(self, *, wanted: bool) -> np.ndarray | None:
        """Decodes the next frame; after a damaged one there is nothing until the next keyframe."""
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
        """Without the row and column that made odd sides even."""
        width, height = self.info.width, self.info.height
        padded = (height + height % 2, width + width % 2)
        return np.ascontiguousarray(pixels[:height, :width]) if pixels.shape[:2] == padded else pixels


def open_frames(recording: Path) -> RecordedFrames | None:
    """The pictures of a recording; None where it has none.

    Raises:
        RecordingError: if there are some that cannot be read.
        MissingExtraError: if PyAV is not installed.
    """
    path = video_path(recording)
    return RecordedFrames(path) if path.is_file() else None
