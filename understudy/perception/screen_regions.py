"""Maps a profile's areas to pixels of a frame, and reads the bars and lamps in them."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Area, Bar, BarDirection, Colour, Lamp
from understudy.perception.colours import colour_fraction, read_bar

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""


@dataclass(frozen=True)
class Scale:
    """Size of a frame in relation to the window that the profile was made for."""

    width: int
    height: int
    profile_height: int

    @property
    def unit(self) -> float:
        """Frame pixels per pixel of the profile's window."""
        return self.height / self.profile_height

    def edges(self, area: Area) -> Edges:
        """Returns an area in pixels, at least 1 x 1."""
        left, top = round(area.left * self.width), round(area.top * self.height)
        right, bottom = round((area.left + area.width) * self.width), round((area.top + area.height) * self.height)
        return left, top, min(max(right, left + 1), self.width), min(max(bottom, top + 1), self.height)


def scale_of(profile: Profile, frame: np.ndarray) -> Scale:
    """Returns the scale of a frame of a profile's window."""
    return Scale(frame.shape[1], frame.shape[0], profile.window_height)


def palette(colours: tuple[Colour, ...]) -> Float32[np.ndarray, "K 3"]:
    """Colours as an array for compiled code."""
    return np.array(colours, np.float32).reshape(-1, 3)


MISFIT_FRAMES = 20
"""Frames (a second) with a bar's colours in wrong places, after which it is taken for another sort of bar."""
INSIDE = (0.05, 0.95)
"""Fill fractions between which a bar shows its edge."""


class BarReader:
    """Reads the fill fraction of one bar at a fixed place of the window.

    A bar that fills another way than its profile says (from below, from the right, round) looks like a full or an empty
    one at some fills. Once it has contradicted its declaration in MISFIT_FRAMES frames, and more often than it showed
    an edge that fits, it is unknown at every fill.
    """

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._full, self._empty = palette(bar.full), palette(bar.empty)
        self._num_fits, self._num_misfits = 0, 0

    @property
    def is_misfit(self) -> bool:
        """Returns whether the bar does not fill as its profile says, by what has been seen of it."""
        return self._num_misfits >= MISFIT_FRAMES and self._num_misfits > self._num_fits

    def contradicts(self, frame: np.ndarray, scale: Scale) -> bool:
        """Returns whether the bar's colours are there in one frame, but not as in a bar that fills so."""
        return bool(self._read(frame, scale)[1])

    def _read(self, frame: np.ndarray, scale: Scale) -> tuple[float, bool]:
        edges = scale.edges(self._bar.area)
        if self._bar.fills != "right":
            frame = turned(frame[edges[1] : edges[3], edges[0] : edges[2]], self._bar.fills)
            edges = (0, 0, frame.shape[1], frame.shape[0])
        fill, is_contradicted = read_bar(frame, *edges, self._full, self._empty, self._bar.tolerance)
        return float(fill), bool(is_contradicted)

    def read(self, frame: np.ndarray, scale: Scale) -> float:
        """Returns the fill fraction, 0 to 1; NaN where it is unreadable."""
        fill, is_contradicted = self._read(frame, scale)
        self._num_misfits += is_contradicted
        self._num_fits += INSIDE[0] < fill < INSIDE[1]
        return math.nan if self.is_misfit else fill


def turned(part: UInt8[np.ndarray, "h w 3"], fills: BarDirection) -> UInt8[np.ndarray, "rows columns 3"]:
    """Returns a part of a frame turned so that a bar in it fills to the right."""
    match fills:
        case "left":
            part = part[:, ::-1]
        case "up":
            part = part[::-1].transpose(1, 0, 2)
        case "down":
            part = part.transpose(1, 0, 2)
    return np.ascontiguousarray(part)


class LampReader:
    """Reads whether one indicator lamp of the window is lit."""

    def __init__(self, lamp: Lamp) -> None:
        self._lamp = lamp
        self._lit = palette(lamp.lit)

    def share(self, frame: np.ndarray, scale: Scale) -> float:
        """Returns the fraction of the lamp's pixels that have a lit colour."""
        return float(colour_fraction(frame, *scale.edges(self._lamp.area), self._lit, self._lamp.tolerance))

    def lit(self, frame: np.ndarray, scale: Scale) -> bool:
        """Returns whether that fraction reaches the profile's threshold."""
        return self.share(frame, scale) >= self._lamp.share
