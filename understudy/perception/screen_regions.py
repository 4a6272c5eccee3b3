"""Areas of a profile as pixels of a picture of the size at hand."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Area, Bar, Colour, Lamp
from understudy.perception.colours import read_bar, share_of

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two lie outside."""


@dataclass(frozen=True)
class Scale:
    """A picture's size beside that of the window that the profile was made for."""

    width: int
    height: int
    profile_height: int

    @property
    def unit(self) -> float:
        """Pixels of the picture for one pixel of the profile's window."""
        return self.height / self.profile_height

    def edges(self, area: Area) -> Edges:
        """An area in pixels, at least one each way."""
        left, top = round(area.left * self.width), round(area.top * self.height)
        right, bottom = round((area.left + area.width) * self.width), round((area.top + area.height) * self.height)
        return left, top, min(max(right, left + 1), self.width), min(max(bottom, top + 1), self.height)


def scale_of(profile: Profile, frame: np.ndarray) -> Scale:
    """The scale of a picture of a profile's window."""
    return Scale(frame.shape[1], frame.shape[0], profile.window_height)


def palette(colours: tuple[Colour, ...]) -> Float32[np.ndarray, "K 3"]:
    """Colours as compiled code takes them."""
    return np.array(colours, np.float32).reshape(-1, 3)


class BarReader:
    """Reads one bar of the window."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._full, self._empty = palette(bar.full), palette(bar.empty)

    def read(self, frame: np.ndarray, scale: Scale) -> float:
        """How full it is, 0 to 1; NaN where it cannot be told."""
        edges = scale.edges(self._bar.area)
        return float(read_bar(frame, *edges, self._full, self._empty, self._bar.tolerance))


class LampReader:
    """Reads whether one place of the window is lit."""

    def __init__(self, lamp: Lamp) -> None:
        self._lamp = lamp
        self._lit = palette(lamp.lit)

    def share(self, frame: np.ndarray, scale: Scale) -> float:
        """The part of it that has a lit colour."""
        return float(share_of(frame, *scale.edges(self._lamp.area), self._lit, self._lamp.tolerance))

    def lit(self, frame: np.ndarray, scale: Scale) -> bool:
        """Whether that is enough."""
        return self.share(frame, scale) >= self._lamp.share
