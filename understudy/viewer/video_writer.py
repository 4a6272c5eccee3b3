"""Writes short videos as VP8 in WebM, which every browser plays, with the encoder in OpenCV's wheel.

Encoding takes about 72 ms of one core for a frame of 1280 x 720 and 45 ms for one of 960 x 540 (benchmarks/drawing.py),
twenty times as long as drawing it; OpenCV does not expose VP8's speed setting.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import UnderstudyError
from understudy.contract.safe_files import temporary_beside


class VideoError(UnderstudyError):
    """A video that cannot be written."""


class VideoWriter:
    """Writes one video file frame by frame; use it in a `with` statement, or close it."""

    def __init__(self, path: Path, width: int, height: int, fps: float | int) -> None:
        """Opens the file and creates its folder.

        Args:
            path: ends in `.webm`.
            width: of the frames in pixels, even.
            height: of the frames in pixels, even.
            fps: frames a second of playback.

        Raises:
            VideoError: if size or rate are invalid or the file cannot be written.
        """
        if path.suffix != ".webm":
            raise VideoError(f"{path} was given for a video: its name has to end in .webm")
        if width < 2 or height < 2 or width % 2 or height % 2 or not 0 < fps <= 240:
            raise VideoError(
                f"A video of {width} x {height} pixels at {fps:g} frames a second cannot be written: "
                "width and height have to be even, the rate above 0 and at most 240"
            )
        self.path, self.width, self.height, self.fps = path, width, height, fps
        self.num_frames = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        # OpenCV follows links and chooses the format by the suffix, so it gets an unguessable name
        self._unfinished = path.with_name(f"{temporary_beside(path).name}{path.suffix}")
        with _native_messages_off():
            code = cv2.VideoWriter.fourcc(*"VP80")
            self._writer = cv2.VideoWriter(str(self._unfinished), cv2.CAP_FFMPEG, code, fps, (width, height))
        if not self._writer.isOpened() or path.is_dir():
            self._writer.release()
            self._unfinished.unlink(missing_ok=True)
            raise VideoError(f"{path} cannot be written as a VP8 video: look whether its folder is writable")

    def write(self, frame: UInt8[np.ndarray, "height width 3"]) -> None:
        """Appends one RGB frame of the video's size."""
        assert frame.shape == (self.height, self.width, 3), f"{frame.shape} is not {self.height} x {self.width} x 3"
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self.num_frames += 1

    def close(self) -> None:
        """Finishes the file and renames it to its final name. May be called twice.

        Raises:
            VideoError: if the file cannot be renamed.
        """
        self._writer.release()
        try:
            if self._unfinished.exists():
                self._unfinished.replace(self.path)
        except OSError as problem:
            raise VideoError(f"{self.path} cannot be written ({problem.strerror or problem})") from problem
        finally:
            self._unfinished.unlink(missing_ok=True)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float | int) -> int:
    """Writes all frames (RGB, uint8, of one even size) to a `.webm` file; returns their number.

    Raises:
        VideoError: if there are no frames or the file cannot be written.
    """
    writer: VideoWriter | None = None
    try:
        for frame in frames:
            writer = writer or VideoWriter(path, frame.shape[1], frame.shape[0], fps)
            writer.write(frame)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise VideoError(f"{path} was not written: a video needs at least one frame")
    return writer.num_frames


@contextmanager
def _native_messages_off() -> Iterator[None]:
    """Silences stderr: OpenCV warns that VP8 has no tag in WebM, and then writes the file correctly."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
