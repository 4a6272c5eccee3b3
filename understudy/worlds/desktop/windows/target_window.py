"""The part of the screen that is the game: a window or a whole monitor, and what keeps it from being played in."""

from collections.abc import Sequence

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window, monitor_area

LOOKED_AT = [(x, y) for y in (0.08, 0.5, 0.92) for x in (0.1, 0.5, 0.9)]
"""Where another window over the game is looked for: its middle, and where games show their bars, log and map."""


class TargetWindow:
    """Where a game is. Belongs to the thread that plays; the windows are its owner's to close."""

    def __init__(self, windows: WindowSystem, monitors: Sequence[Area], title: str | None, monitor: int) -> None:
        """Finds the window or the monitor.

        Args:
            windows: of the platform.
            monitors: of the desktop.
            title: of the window; None for the whole monitor.
            monitor: counted from 1.

        Raises:
            WorldError: if there is no such window or monitor.
        """
        self._windows, self._title = windows, title
        self._window = None if title is None else find_window(windows, title)
        area = monitor_area(monitors, monitor) if self._window is None else windows.area(self._window)
        if area is None:
            raise WorldError(f"The window {title!r} has just been closed")
        self.area = area
        """In pixels, as of the last time that `trouble` was asked."""
        self._covered: dict[tuple[float, float], bool] = dict.fromkeys(LOOKED_AT, False)

    @property
    def has_focus(self) -> bool:
        """Whether the window has the keyboard; a whole monitor always has."""
        return self._window is None or self._windows.has_focus(self._window)

    @property
    def desktop(self) -> Area:
        """The whole desktop, all monitors together."""
        return self._windows.desktop()

    def is_free(self, pixel: tuple[int, int]) -> bool:
        """Whether a click there would go to the game and not to another window over it."""
        return self._window is None or self._windows.is_uppermost(self._window, *pixel)

    @property
    def has_stayed(self) -> bool:
        """Whether the window is still where `area` says; asked right after a picture was taken, so that it is none of
        what lies there now that the window is gone, or was moved."""
        return self._window is None or self._windows.area(self._window) == self.area

    @property
    def is_covered(self) -> bool:
        """Whether another window lies over a part of the game. One of nine places is looked at each time that this is
        asked, which takes a millisecond."""
        if self._window is None:
            return False
        place = next(iter(self._covered))
        del self._covered[place]  # to the end of the line
        is_free = self.is_free(self.area.pixel(*place))
        self._covered[place] = not is_free and self.has_stayed  # one that has just been closed is not covered
        return any(self._covered.values())

    def trouble(self) -> str | None:
        """What keeps the game from being played, and what to do; None for nothing. Notes where the window is now."""
        if self._window is None:
            return None
        area = self._windows.area(self._window)
        if area is None:
            self._find_again()
            return f"the window {self._title!r} is gone or minimised; bring it back, or stop with F3"
        self.area = area
        if not self._windows.desktop().covers(area):
            return f"the window {self._title!r} lies partly off the screen ({area}); move it onto the screen"
        if not self.has_focus:
            return f"the window {self._title!r} is not in focus; click into it"
        return None

    def _find_again(self) -> None:
        """A game that was closed and started again has a new window of the same title."""
        assert self._title is not None
        try:
            self._window = find_window(self._windows, self._title)
        except WorldError:
            return
