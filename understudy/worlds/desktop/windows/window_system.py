"""Where on the screen a game is: areas in pixels, and what a platform has to tell about its windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from understudy.contract.errors import WorldError

SHOWN_TITLES = 8


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle of the screen in true pixels, counted from the upper left corner of the whole desktop."""

    left: int
    top: int
    width: int
    height: int

    def fractions(self, x: int, y: int) -> Float32[np.ndarray, " 2"]:
        """A pixel's centre in fractions of this area; outside it they lie outside 0..1."""
        return np.array([(x + 0.5 - self.left) / self.width, (y + 0.5 - self.top) / self.height], np.float32)

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """The pixel at a place given in fractions, always one inside."""
        column = min(max(int(x * self.width), 0), self.width - 1)
        row = min(max(int(y * self.height), 0), self.height - 1)
        return self.left + column, self.top + row

    def contains(self, x: int, y: int) -> bool:
        """Whether a pixel lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height

    def covers(self, other: "Area") -> bool:
        """Whether all of another area lies inside."""
        right, bottom = other.left + other.width, other.top + other.height
        fits_across = self.left <= other.left and right <= self.left + self.width
        return fits_across and self.top <= other.top and bottom <= self.top + self.height

    def corner_at(self, x: int, y: int, reach: int) -> bool:
        """Whether a pixel lies in one of the four corners."""
        near_side = min(x - self.left, self.left + self.width - 1 - x) < reach
        return near_side and min(y - self.top, self.top + self.height - 1 - y) < reach

    def __str__(self) -> str:
        return f"{self.width} x {self.height} at {self.left}, {self.top}"


@runtime_checkable
class WindowSystem(Protocol):
    """A platform's windows. Belongs to one thread; each window is known by a number of the platform's own."""

    def titles(self) -> dict[int, str]:
        """All visible windows that have a title."""
        ...

    def area(self, window: int) -> Area | None:
        """What is inside a window's frame; None when it is gone or not shown."""
        ...

    def has_focus(self, window: int) -> bool:
        """Whether keys go to this window."""
        ...

    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        """Whether a click on this pixel would go to this window and not to one that lies over it."""
        ...

    def desktop(self) -> Area:
        """The whole desktop, all monitors together."""
        ...

    def close(self) -> None:
        """Ends the connection. May be called twice."""
        ...


def find_window(system: WindowSystem, title: str) -> int:
    """The one window of a title: the same title, or else the only one that has it as a part.

    Raises:
        WorldError: if there is none or there are several; says which windows there are.
    """
    if not title.strip():
        raise WorldError("--window was given without a title: give the title of the game's window, or a part of it")
    titles = system.titles()
    same = [window for window, found in titles.items() if found == title]
    part = [window for window, found in titles.items() if title.casefold() in found.casefold()]
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
    """One monitor by its number, counted from 1.

    Raises:
        WorldError: if there is no such monitor.
    """
    if not 1 <= number <= len(monitors):
        raise WorldError(f"There is no monitor {number}: this desktop has {len(monitors)}, counted from 1")
    return monitors[number - 1]
