"""Windows on macOS through Quartz, a dependency of pynput. Written from its documentation, tried on a fake
of it, never on macOS.

macOS must allow the terminal to record the screen (otherwise titles are empty) and to control the computer (otherwise
nothing is clicked): System Settings, Privacy & Security. Coordinates are in points, as in mss and pynput.
"""

from typing import Any

import ApplicationServices
import Quartz

from understudy.worlds.desktop.windows.window_system import Area

_ON_SCREEN = Quartz.kCGWindowListOptionOnScreenOnly | Quartz.kCGWindowListExcludeDesktopElements
_NORMAL_LAYER = 0
TITLE_BAR_POINTS = 28
"""Height of a title bar, which Quartz includes in a window's frame; a full-screen window has none."""


class QuartzWindows:
    """Implements WindowSystem; a window's number is its Quartz window id."""

    def titles(self) -> dict[int, str]:
        """Returns all visible windows that have a title."""
        named = ((entry, str(entry.get(Quartz.kCGWindowName) or "")) for entry in self._entries())
        return {int(entry[Quartz.kCGWindowNumber]): name for entry, name in named if name}

    def title(self, window: int) -> str:
        """Returns the present title of a window; empty when it has none or is gone."""
        return self.titles().get(window, "")

    def program(self, window: int) -> str:
        """Returns the name of the window's program, in lower case; empty when unknown."""
        return next((self._owner(entry) for entry in self._entries() if entry[Quartz.kCGWindowNumber] == window), "")

    def input_obstacle(self, window: int) -> str:
        """Returns why the system keeps our input from a window: this terminal may not control the computer."""
        if ApplicationServices.AXIsProcessTrusted():
            return ""
        return "macOS lets this terminal control nothing: allow it in Privacy & Security, Accessibility"

    def has_popup(self, window: int, area: Area) -> bool:
        """Whether another window of the same program lies over an area of it; menus lie on a layer of their own."""
        program = self.program(window)
        for entry in Quartz.CGWindowListCopyWindowInfo(_ON_SCREEN, Quartz.kCGNullWindowID) or []:
            if entry[Quartz.kCGWindowNumber] == window:
                return False
            if self._owner(entry) == program and self._frame(entry).overlaps(area):
                return True
        return False

    def area(self, window: int) -> Area | None:
        """Returns the content area of a window; None when it is gone or hidden."""
        for entry in self._entries():
            if entry[Quartz.kCGWindowNumber] == window:
                return self._inside(entry)
        return None

    def has_focus(self, window: int) -> bool:
        """Whether this window has the keyboard focus: it is the first of the normal windows, listed front to back."""
        foremost = next(iter(self._entries()), None)
        return foremost is not None and bool(foremost[Quartz.kCGWindowNumber] == window)

    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        """Whether this window is the topmost one at a pixel."""
        for entry in self._entries():
            if self._frame(entry).contains(x, y):
                return bool(entry[Quartz.kCGWindowNumber] == window)
        return False

    def desktop(self) -> Area:
        """Returns the whole desktop, all monitors together."""
        _, displays, count = Quartz.CGGetActiveDisplayList(32, None, None)
        whole = Quartz.CGRectNull
        for display in displays[:count]:
            whole = Quartz.CGRectUnion(whole, Quartz.CGDisplayBounds(display))
        return Area(
            left=int(whole.origin.x),
            top=int(whole.origin.y),
            width=int(whole.size.width),
            height=int(whole.size.height),
        )

    def close(self) -> None:
        """Nothing to close."""

    def _entries(self) -> list[Any]:
        found = Quartz.CGWindowListCopyWindowInfo(_ON_SCREEN, Quartz.kCGNullWindowID) or []
        return [entry for entry in found if entry.get(Quartz.kCGWindowLayer, _NORMAL_LAYER) == _NORMAL_LAYER]

    def _owner(self, entry: Any) -> str:
        return str(entry.get(Quartz.kCGWindowOwnerName) or "").lower()

    def _frame(self, entry: Any) -> Area:
        bounds = entry[Quartz.kCGWindowBounds]
        return Area(
            left=int(bounds["X"]), top=int(bounds["Y"]), width=int(bounds["Width"]), height=int(bounds["Height"])
        )

    def _inside(self, entry: Any) -> Area:
        frame, desktop = self._frame(entry), self.desktop()
        bar = 0 if frame.top <= desktop.top else TITLE_BAR_POINTS
        return Area(left=frame.left, top=frame.top + bar, width=frame.width, height=frame.height - bar)
