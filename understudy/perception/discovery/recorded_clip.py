"""A session as discovery looks at it: small frames at five a second and before each press, cursor, presses.

Frames are kept as JPEG in memory: ten minutes take about 150 MB, and each frame is looked at several times.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

WORK_WIDTH = 640
"""Widest frame that is looked at, pixels; wider ones are scaled down."""
STEP_S = 0.2
"""Seconds between two frames."""
JPEG_QUALITY = 95
MAX_CACHED = 64


@dataclass(frozen=True)
class Press:
    """One press of a mouse button."""

    time_s: float
    x: float
    """Window fractions."""
    y: float


def work_size(width: int, height: int) -> tuple[int, int]:
    """Returns width and height of the small frames for a window's size, pixels."""
    if width <= WORK_WIDTH:
        return width, height
    return WORK_WIDTH, max(1, round(height * WORK_WIDTH / width))


def shrink(picture: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "small_height small_width 3"]:
    """Scales an RGB frame to the size that discovery looks at."""
    size = work_size(picture.shape[1], picture.shape[0])
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass
class RecordedClip:
    """One session. Used by one thread."""

    presses: tuple[Press, ...]
    times_s: list[float] = field(default_factory=list)
    """Of each frame, ascending."""
    regular: list[bool] = field(default_factory=list)
    """Whether a frame is one of the regular ones, every STEP_S; the others are right before presses."""
    cursor: list[tuple[float, float]] = field(default_factory=list)
    """Window fractions; NaN where unknown."""
    _jpegs: list[bytes] = field(default_factory=list)
    _cache: dict[int, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._jpegs)

    def add(self, time_s: float, picture: np.ndarray, cursor: tuple[float, float], *, regular: bool) -> None:
        """Appends one small RGB frame."""
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self._jpegs.append(content.tobytes())
        self.times_s.append(time_s)
        self.regular.append(regular)
        self.cursor.append(cursor)

    def picture(self, number: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns one RGB frame; belongs to this clip."""
        if number not in self._cache:
            if len(self._cache) >= MAX_CACHED:
                self._cache.pop(next(iter(self._cache)))
            bgr = cv2.imdecode(np.frombuffer(self._jpegs[number], np.uint8), cv2.IMREAD_COLOR)
            assert bgr is not None
            self._cache[number] = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return self._cache[number]

    def small_grey(self, number: int) -> UInt8[np.ndarray, "half_height half_width"]:
        """Returns one frame in grey at half its size."""
        data = np.frombuffer(self._jpegs[number], np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_2), np.uint8)

    @property
    def regular_numbers(self) -> np.ndarray:
        """Indices of the regular frames."""
        return np.flatnonzero(np.array(self.regular, bool))

    def nearest(self, time_s: float, *, slack_s: float = 0.3) -> int | None:
        """Returns the index of the frame nearest to a time; None if none is within the slack."""
        times = np.array(self.times_s)
        if not len(times):
            return None
        number = int(np.abs(times - time_s).argmin())
        return number if abs(times[number] - time_s) <= slack_s else None


def wanted_frames(
    times_s: Float64[np.ndarray, " N"], presses: tuple[Press, ...]
) -> tuple[Bool[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """Chooses the frames of a video that a clip takes: (regular, before a press)."""
    regular, before = np.zeros(len(times_s), bool), np.zeros(len(times_s), bool)
    next_s = -np.inf
    for number, time_s in enumerate(times_s):
        if time_s >= next_s or (number and time_s < times_s[number - 1]):
            regular[number] = True
            next_s = time_s + STEP_S - 1e-3
    for press in presses:
        number = int(np.searchsorted(times_s, press.time_s, side="right")) - 1
        if number >= 0 and press.time_s - times_s[number] < STEP_S:
            before[number] = True
    return regular, before & ~regular
