"""The game's window, or a whole monitor: its position, focus and occlusion."""

from collections.abc import Sequence

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window, monitor_area

OCCLUSION_POINTS = [(x, y) for y in (0.08, 0.5, 0.92) for x in (0.1, 0.5, 0.9)]
"""Points checked for occlusion by other windows: the middle, and where games show their bars, log and map."""


class TargetWindow:
    """Tracks a game's window or monitor. Belongs to the control thread; the owner closes the window system."""

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
        """In pixels, as of the last call of `problem`."""
        self._covered: dict[tuple[float, float], bool] = dict.fromkeys(OCCLUSION_POINTS, False)

    @property
    def has_focus(self) -> bool:
        """Whether the window has the keyboard focus; always true for a whole monitor."""
        return self._window is None or self._windows.has_focus(self._window)

    @property
    def desktop(self) -> Area:
        """The whole desktop, all monitors together."""
        return self._windows.desktop()

    def is_free(self, pixel: tuple[int, int]) -> bool:
        """Whether a click on this pixel would go to the game, with no other window over it."""
        return self._window is None or self._windows.is_uppermost(self._window, *pixel)

    @property
    def has_stayed(self) -> bool:
        """Whether the window is still at `area`. Checked right after a capture, to reject a frame of whatever is there
        after the window was moved or closed."""
        return self._window is None or self._windows.area(self._window) == self.area

    @property
    def is_covered(self) -> bool:
        """Whether another window covers a part of the game. Each call checks the next of nine points, in about 1 ms."""
        if self._window is None:
            return False
        place = next(iter(self._covered))
        del self._covered[place]  # round robin: reinserted at the end below
        is_free = self.is_free(self.area.pixel(*place))
        self._covered[place] = not is_free and self.has_stayed  # a window that was just closed is not covered
        return any(self._covered.values())

    def problem(self) -> str | None:
        """Why the game cannot be played now, and what to do; None if it can. Updates `area`."""
        if self._window is None:
            return None
        area = self._windows.area(self._window)
        if area is None:
            self._find_restarted()
            return f"the window {self._title!r} is gone or minimised; bring it back, or stop with F3"
        self.area = area
        if not self._windows.desktop().covers(area):
            return f"the window {self._title!r} lies partly off the screen ({area}); move it onto the screen"
        if not self.has_focus:
            return f"the window {self._title!r} is not in focus; click into it"
        return None

    def _find_restarted(self) -> None:
        """Looks for a new window of the same title, after the game was restarted."""
        assert self._title is not None
        try:
            self._window = find_window(self._windows, self._title)
        except WorldError:
            return
