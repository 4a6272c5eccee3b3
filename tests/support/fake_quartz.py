"""The calls of Quartz and ApplicationServices that understudy makes, as Apple documents them.

`CGWindowListCopyWindowInfo` lists the windows on screen front to back, each a dict with a frame that includes the title
bar, in points. Nothing here is measured on macOS; it is what its documentation promises.
"""

from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

from understudy.worlds.desktop.windows.window_system import Area

TITLE_BAR = 28
_MENU_LAYER = 101


@dataclass
class FakeMacWindow:
    """A window by its content area."""

    title: str
    content: Area
    program: str = "Paper Game"
    layer: int = 0
    is_minimised: bool = False


@dataclass
class FakeMacDesktop:
    """All windows of a desktop, front to back."""

    size: Area = field(default_factory=lambda: Area(left=-1280, top=0, width=3200, height=1080))
    windows: dict[int, FakeMacWindow] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    is_trusted: bool = True
    """Whether the terminal may control the computer (Privacy & Security, Accessibility)."""

    def add(self, window: FakeMacWindow) -> int:
        """Opens a window in front of the others; returns its number."""
        number = 40 + len(self.windows)
        self.windows[number] = window
        self.order.insert(0, number)
        return number


def fake_quartz(desktop: FakeMacDesktop) -> ModuleType:
    """Returns a module that stands for `Quartz` and shows this desktop."""
    module: Any = ModuleType("Quartz")
    module.kCGWindowListOptionOnScreenOnly, module.kCGWindowListExcludeDesktopElements = 1, 16
    module.kCGNullWindowID = 0
    module.kCGWindowName, module.kCGWindowNumber = "kCGWindowName", "kCGWindowNumber"
    module.kCGWindowOwnerName, module.kCGWindowLayer = "kCGWindowOwnerName", "kCGWindowLayer"
    module.kCGWindowBounds = "kCGWindowBounds"
    module.CGRectNull = None

    def windows(options: int, relative_to: int) -> list[dict[str, Any]]:
        assert options & module.kCGWindowListOptionOnScreenOnly, "all windows of all spaces, in no order"
        shown = [number for number in desktop.order if not desktop.windows[number].is_minimised]
        return [_entry(number, desktop.windows[number]) for number in shown]

    def displays(most: int, _ids: None, _count: None) -> tuple[int, tuple[int, ...], int]:
        return 0, (1, 2, *range(3, most + 1)), 2  # the array is longer than what is in it

    def bounds(display: int) -> SimpleNamespace:
        assert display in (1, 2)
        split = 1280
        left, width = (desktop.size.left, split) if display == 2 else (desktop.size.left + split, 1920)
        return _rectangle(Area(left=left, top=0, width=width, height=desktop.size.height))

    def union(one: Any, other: Any) -> Any:
        if one is None:
            return other
        left = min(one.origin.x, other.origin.x)
        right = max(one.origin.x + one.size.width, other.origin.x + other.size.width)
        return _rectangle(Area(left=int(left), top=0, width=int(right - left), height=desktop.size.height))

    module.CGWindowListCopyWindowInfo, module.CGGetActiveDisplayList = windows, displays
    module.CGDisplayBounds, module.CGRectUnion = bounds, union
    return module  # type: ignore[no-any-return]


def fake_application_services(desktop: FakeMacDesktop) -> ModuleType:
    """Returns a module that stands for `ApplicationServices`."""
    module: Any = ModuleType("ApplicationServices")
    module.AXIsProcessTrusted = lambda: desktop.is_trusted
    return module  # type: ignore[no-any-return]


def menu_over(desktop: FakeMacDesktop, area: Area, program: str) -> int:
    """Opens a menu of a program, which lies on a layer of its own."""
    return desktop.add(FakeMacWindow("", area, program, layer=_MENU_LAYER))


def _entry(number: int, window: FakeMacWindow) -> dict[str, Any]:
    bar = 0 if window.layer else TITLE_BAR
    content = window.content
    return {
        "kCGWindowNumber": number,
        "kCGWindowName": window.title or None,
        "kCGWindowOwnerName": window.program,
        "kCGWindowLayer": window.layer,
        "kCGWindowBounds": {
            "X": float(content.left),
            "Y": float(content.top - bar),
            "Width": float(content.width),
            "Height": float(content.height + bar),
        },
    }


def _rectangle(area: Area) -> SimpleNamespace:
    return SimpleNamespace(
        origin=SimpleNamespace(x=float(area.left), y=float(area.top)),
        size=SimpleNamespace(width=float(area.width), height=float(area.height)),
    )
