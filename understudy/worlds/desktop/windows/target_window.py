"""The game's window, or a whole monitor: tracks its identity, play area, focus and occlusion."""

from collections.abc import Sequence

from understudy.contract.errors import WorldError
from understudy.contract.profile import Margins
from understudy.worlds.desktop.windows.release_place import pixel_away_from_cover
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window, has_title, monitor_area

OCCLUSION_POINTS = [(x, y) for y in (0.08, 0.5, 0.92) for x in (0.1, 0.5, 0.9)]
"""Points checked for occlusion by other windows: the middle, and where games show their bars, log and map."""


class TargetWindow:
    """Tracks a game's window or monitor. Belongs to the control thread; the owner closes the window system."""

    def __init__(
        self,
        windows: WindowSystem,
        monitors: Sequence[Area],
        title: str | None,
        monitor: int,
        margins: Margins | None = None,
    ) -> None:
        """Finds the window or the monitor.

        Args:
            windows: of the platform.
            monitors: of the desktop.
            title: of the window, or a part of it; None for the whole monitor.
            monitor: counted from 1.
            margins: edges of the window that do not belong to the play area.

        Raises:
            WorldError: if there is no such window or monitor, or it has no play area.
        """
        self._windows, self._title, self._margins = windows, title, margins or Margins()
        self._window = None if title is None else find_window(windows, title)
        outer = monitor_area(monitors, monitor) if self._window is None else windows.area(self._window)
        if outer is None:
            raise WorldError(f"The window {title!r} has just been closed")
        area = outer.without(self._margins)
        if area is None:
            raise WorldError(
                f"The window {title!r} of {outer.width} x {outer.height} pixels is smaller than the edges that the "
                "profile's play_area leaves out: make the window larger or mend play_area"
            )
        self.outer, self.area = outer, area
        """The whole window and its play area, in pixels, as of the last call of `problem`."""
        self._size = (outer.width, outer.height)
        self._covered: dict[tuple[float, float], bool] = dict.fromkeys(OCCLUSION_POINTS, False)

    @property
    def window(self) -> int | None:
        """The window's number; None for a whole monitor."""
        return self._window

    @property
    def title(self) -> str | None:
        """The title by which the window was found."""
        return self._title

    def set_margins(self, margins: Margins) -> None:
        """Moves the play area inside the window.

        Raises:
            WorldError: if nothing of the window is left.
        """
        area = self.outer.without(margins)
        if area is None:
            raise WorldError(f"The window {self._title!r} ({self.outer}) has no such play area")
        self._margins, self.area = margins, area

    @property
    def is_wholly_visible(self) -> bool:
        """Whether the window is on the screen as a whole and uppermost at nine points, with or without the focus."""
        if self._window is None:
            return True
        outer = self._windows.area(self._window)
        if outer is None or outer != self.outer or not self._windows.desktop().covers(outer):
            return False
        return all(self.is_free(self.area.pixel(*place)) for place in OCCLUSION_POINTS)

    @property
    def has_focus(self) -> bool:
        """Whether the window has the keyboard focus; always true for a whole monitor."""
        return self._window is None or self._windows.has_focus(self._window)

    @property
    def is_the_game(self) -> bool:
        """Whether the window has the keyboard focus and still the game's title: three round trips to the display."""
        return self._window is None or (self.has_focus and has_title(self._windows.title(self._window), self._title))

    @property
    def program(self) -> str:
        """Name of the program that the window belongs to, in lower case; empty when unknown."""
        return "" if self._window is None else self._windows.program(self._window)

    def require_reachable(self) -> None:
        """Checks that the system lets our input through to the window.

        Raises:
            WorldError: if it does not; the message says what helps.
        """
        obstacle = "" if self._window is None else self._windows.input_obstacle(self._window)
        if obstacle:
            raise WorldError(f"Nothing that is pressed would reach the window {self._title!r}: {obstacle}")

    @property
    def desktop(self) -> Area:
        """The whole desktop, all monitors together."""
        return self._windows.desktop()

    def is_free(self, pixel: tuple[int, int]) -> bool:
        """Whether a click on this pixel would go to the game, with no other window over it."""
        return self._window is None or self._windows.is_uppermost(self._window, *pixel)

    def pixel_away_from_cover(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
        """Returns where to release a button that is held over a covered pixel; None if it is free, or nothing is. Any
        thread may call it."""
        return None if self._window is None else pixel_away_from_cover(self._windows, self._window, self.area, pixel)

    @property
    def has_stayed(self) -> bool:
        """Whether the window is still where it was. Checked right after a capture, to reject a frame of whatever is
        there after the window was moved or closed."""
        return self._window is None or self._windows.area(self._window) == self.outer

    @property
    def is_resized(self) -> bool:
        """Whether the window has another size than when it was found or last accepted."""
        return (self.outer.width, self.outer.height) != self._size

    def accept_size(self) -> None:
        """Accepts the present size as the game's."""
        self._size = (self.outer.width, self.outer.height)

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

    @property
    def any_covered(self) -> bool:
        """Whether `is_covered` found another window over the game when it last checked each point."""
        return any(self._covered.values())

    def problem(self) -> str | None:
        """Returns why the game cannot be played now, with advice; None if it can. Updates `outer` and `area`."""
        return self.problem_besides_size() or self._size_problem()

    def problem_besides_size(self) -> str | None:
        """As `problem`, without the check of the window's size."""
        if self._window is None:
            return None
        outer = self._windows.area(self._window)
        if outer is None:
            self._find_restarted()
            return f"the window {self._title!r} is gone or minimised; bring it back, or stop with F3"
        area = outer.without(self._margins)
        if area is None:
            return f"the window {self._title!r} is too small ({outer}); make it larger"
        self.outer, self.area = outer, area
        if not self._windows.desktop().covers(outer):
            return f"the window {self._title!r} lies partly off the screen ({outer}); move it onto the screen"
        if not self.has_focus:
            return f"the window {self._title!r} is not in focus; click into it"
        title = self._windows.title(self._window)
        if not has_title(title, self._title):
            return (
                f"the game's window now has the title {title[:80]!r}, not {self._title!r} (another tab or page); "
                "bring the game back"
            )
        if self._windows.has_popup(self._window, area):
            return "a menu or dialog of the game's own program lies over the game; close it"
        return None

    def _size_problem(self) -> str | None:
        if not self.is_resized:
            return None
        return (
            f"the window is now {self.outer.width} x {self.outer.height} and was {self._size[0]} x {self._size[1]} "
            "(resized, or full screen); give it its size back, or press F1 if this is the game"
        )

    def _find_restarted(self) -> None:
        """Looks for a new window of the same title, after the game was restarted."""
        assert self._title is not None
        try:
            self._window = find_window(self._windows, self._title)
        except WorldError:
            return
