"""Screen areas in pixels, and the protocol of a platform's window system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from understudy.contract.errors import WorldError
from understudy.contract.profile import Margins

SHOWN_TITLES = 8


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle in physical pixels, relative to the upper left corner of the whole desktop."""

    left: int
    top: int
    width: int
    height: int

    def fractions(self, x: int, y: int) -> Float32[np.ndarray, " 2"]:
        """Returns a pixel's centre in fractions of this area; outside 0..1 for a pixel outside."""
        return np.array([(x + 0.5 - self.left) / self.width, (y + 0.5 - self.top) / self.height], np.float32)

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Returns the pixel at a position in fractions, clipped to the area."""
        column = min(max(int(x * self.width), 0), self.width - 1)
        row = min(max(int(y * self.height), 0), self.height - 1)
        return self.left + column, self.top + row

    def contains(self, x: int, y: int) -> bool:
        """Whether a pixel lies inside this area."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height

    def covers(self, other: "Area") -> bool:
        """Whether another area lies completely inside this one."""
        right, bottom = other.left + other.width, other.top + other.height
        fits_across = self.left <= other.left and right <= self.left + self.width
        return fits_across and self.top <= other.top and bottom <= self.top + self.height

    def without(self, margins: Margins) -> "Area | None":
        """Returns this area without its edges; None when nothing is left."""
        width = self.width - margins.left - margins.right
        height = self.height - margins.top - margins.bottom
        if width <= 0 or height <= 0:
            return None
        return Area(left=self.left + margins.left, top=self.top + margins.top, width=width, height=height)

    def overlaps(self, other: "Area") -> bool:
        """Whether two areas share a pixel."""
        across = self.left < other.left + other.width and other.left < self.left + self.width
        return across and self.top < other.top + other.height and other.top < self.top + self.height

    def nearest(self, x: int, y: int) -> tuple[int, int]:
        """Returns the pixel of this area that is nearest to a pixel of the desktop."""
        right, bottom = self.left + self.width - 1, self.top + self.height - 1
        return min(max(x, self.left), right), min(max(y, self.top), bottom)

    def corner_at(self, x: int, y: int, reach: int) -> bool:
        """Whether a pixel is within `reach` pixels of one of the four corners."""
        near_side = min(x - self.left, self.left + self.width - 1 - x) < reach
        return near_side and min(y - self.top, self.top + self.height - 1 - y) < reach

    def __str__(self) -> str:
        return f"{self.width} x {self.height} at {self.left}, {self.top}"


@runtime_checkable
class WindowSystem(Protocol):
    """A platform's window system. Belongs to one thread; windows are identified by the platform's own numbers."""

    def titles(self) -> dict[int, str]:
        """Returns all visible windows that have a title."""
        ...

    def title(self, window: int) -> str:
        """Returns the present title of a window; empty when it has none or is gone."""
        ...

    def program(self, window: int) -> str:
        """Returns the name of the program that the window belongs to, in lower case; empty when unknown."""
        ...

    def input_obstacle(self, window: int) -> str:
        """Returns why the system would keep our input from a window, with what helps; empty when it would not."""
        ...

    def has_popup(self, window: int, area: Area) -> bool:
        """Whether a menu, bubble or dialog of the window's own program lies over an area of it."""
        ...

    def area(self, window: int) -> Area | None:
        """Returns the content area of a window, without its frame; None when it is gone or hidden."""
        ...

    def has_focus(self, window: int) -> bool:
        """Whether this window has the keyboard focus."""
        ...

    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        """Whether this window is the topmost one at a pixel, so that a click there goes to it."""
        ...

    def desktop(self) -> Area:
        """Returns the whole desktop, all monitors together."""
        ...

    def close(self) -> None:
        """Closes the connection. May be called twice."""
        ...


def has_title(found: str, wanted: str | None) -> bool:
    """Whether a window's title is the wanted one or contains it; upper and lower case make no difference."""
    return wanted is None or wanted.casefold() in found.casefold()


def find_window(system: WindowSystem, title: str) -> int:
    """Finds the window with exactly this title, or else the only one whose title contains it.

    Raises:
        WorldError: if there is none, or several; the message lists the windows.
    """
    if not title.strip():
        raise WorldError("--window was given without a title: give the title of the game's window, or a part of it")
    titles = system.titles()
    same = [window for window, found in titles.items() if found == title]
    part = [window for window, found in titles.items() if has_title(found, title)]
    found = same or part
    if len(found) == 1:
        return found[0]
    there = ", ".join(repr(name) for name in sorted(set(titles.values()))[:SHOWN_TITLES]) or "none with a title"
    if not found:
        raise WorldError(f"There is no window with the title {title!r} on the screen; there are: {there}")
    raise WorldError(
        f"{len(found)} windows have the title {title!r}: close all but one, or give more of the title with --window"
    )


def monitor_area(monitors: Sequence[Area], number: int) -> Area:
    """Returns the area of a monitor by its number, counted from 1.

    Raises:
        WorldError: if there is no such monitor.
    """
    if not 1 <= number <= len(monitors):
        raise WorldError(f"There is no monitor {number}: this desktop has {len(monitors)}, counted from 1")
    return monitors[number - 1]
