"""The functions of user32, kernel32, advapi32 and shell32 that understudy calls, as Microsoft documents them.

Each function checks its arguments as ctypes would: their number, and that each fits the declared type. Windows stand in
front-to-back order, as on a desktop. Nothing here is measured on Windows; it is what its documentation promises.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from understudy.worlds.desktop.windows.window_system import Area

ACCESS_DENIED = 5
QUERY_LIMITED_INFORMATION, TOKEN_QUERY, TOKEN_ELEVATION = 0x1000, 0x0008, 20
TITLE_BAR, FRAME = 31, 8
"""Pixels of a window's decoration, which is not its client area."""
_ROOT, _ENABLED_POPUP = 2, 6


class Function:
    """A function of a library; refuses arguments that do not fit its declared types."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self.argtypes: Any = None
        self.restype: Any = ctypes.c_int

    def __call__(self, *arguments: Any) -> Any:
        if self.argtypes is not None:
            assert len(arguments) == len(self.argtypes), f"{self._call.__name__} takes {len(self.argtypes)} arguments"
            for kind, argument in zip(self.argtypes, arguments, strict=True):
                kind.from_param(argument)  # raises TypeError where it does not fit
        values = [getattr(one, "value", one) if isinstance(one, ctypes.c_void_p) else one for one in arguments]
        return self._call(*values)


class Library:
    """A loaded library: each function by its name, one object each."""

    def __init__(self, functions: Any) -> None:
        self._functions, self._made = functions, dict[str, Function]()

    def __getattr__(self, name: str) -> Function:
        if name not in self._made:
            self._made[name] = Function(getattr(self._functions, name))
        return self._made[name]


@dataclass
class FakeWindow:
    """A top-level window; its client area lies inside its frame."""

    title: str
    client: Area
    program: str = r"C:\Games\Paper Game.EXE"
    owner: int = 0
    is_elevated: bool = False
    is_iconic: bool = False
    is_enabled: bool = True


@dataclass
class FakeDesktop:
    """All windows of a desktop, front to back, and the libraries through which they are seen."""

    size: Area = field(default_factory=lambda: Area(left=-1280, top=0, width=3200, height=1080))
    """A second monitor lies to the left of the first."""
    is_caller_elevated: bool = False
    windows: dict[int, FakeWindow] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    open_handles: set[int] = field(default_factory=set)
    """Handles of processes and tokens that nobody has closed."""

    def __post_init__(self) -> None:
        self.user32, self.kernel32 = Library(_User32(self)), Library(_Kernel32(self))
        self.advapi32, self.shell32 = Library(_Advapi32(self)), Library(_Shell32(self))
        self.last_error = 0

    def add(self, window: FakeWindow) -> int:
        """Opens a window in front of the others; returns its handle."""
        handle = 0x10000 + 2 * len(self.windows)
        self.windows[handle] = window
        self.order.insert(0, handle)
        return handle

    def handle_of(self, kind: int, handle: int) -> int:
        """Opens a handle of a process (1) or a token (2) of a window's program."""
        opened = kind << 32 | handle
        self.open_handles.add(opened)
        return opened


def _frame(window: FakeWindow) -> Area:
    client = window.client
    return Area(
        left=client.left - FRAME,
        top=client.top - TITLE_BAR,
        width=client.width + 2 * FRAME,
        height=client.height + TITLE_BAR + FRAME,
    )


class _User32:
    def __init__(self, desktop: FakeDesktop) -> None:
        self._desktop = desktop

    def SetProcessDpiAwarenessContext(self, context: int) -> int:
        return 1

    def EnumWindows(self, callback: Any, parameter: int) -> int:
        for handle in list(self._desktop.order):
            if not callback(handle, parameter):
                return 0
        return 1

    def IsWindow(self, handle: int) -> int:
        return int(handle in self._desktop.order)

    def IsWindowVisible(self, handle: int) -> int:
        return int(handle in self._desktop.order)  # a minimised window still has WS_VISIBLE

    def IsIconic(self, handle: int) -> int:
        return int(handle in self._desktop.order and self._desktop.windows[handle].is_iconic)

    def IsWindowEnabled(self, handle: int) -> int:
        return int(handle in self._desktop.order and self._desktop.windows[handle].is_enabled)

    def GetWindowTextLengthW(self, handle: int) -> int:
        return len(self._desktop.windows[handle].title) if handle in self._desktop.order else 0

    def GetWindowTextW(self, handle: int, text: Any, most: int) -> int:
        title = self._desktop.windows[handle].title[: most - 1] if handle in self._desktop.order else ""
        text.value = title
        return len(title)

    def GetWindowThreadProcessId(self, handle: int, number: Any) -> int:
        if handle not in self._desktop.order:
            return 0
        number._obj.value = handle  # each program has one window here
        return 1

    def GetWindow(self, handle: int, command: int) -> int | None:
        """GW_ENABLEDPOPUP: the first enabled window that this one owns; the window itself when there is none."""
        assert command == _ENABLED_POPUP
        owned = [one for one in self._desktop.order if self._desktop.windows[one].owner == handle]
        return next((one for one in owned if self._desktop.windows[one].is_enabled), handle)

    def GetClientRect(self, handle: int, rectangle: Any) -> int:
        if handle not in self._desktop.order:
            return 0
        client, found = self._desktop.windows[handle].client, rectangle._obj
        found.left, found.top, found.right, found.bottom = 0, 0, client.width, client.height
        return 1

    def ClientToScreen(self, handle: int, point: Any) -> int:
        if handle not in self._desktop.order:
            return 0
        client = self._desktop.windows[handle].client
        point._obj.x += client.left
        point._obj.y += client.top
        return 1

    def GetForegroundWindow(self) -> int | None:
        return next((one for one in self._desktop.order if not self._desktop.windows[one].is_iconic), None)

    def WindowFromPoint(self, point: Any) -> int | None:
        for handle in self._desktop.order:
            window = self._desktop.windows[handle]
            if not window.is_iconic and _frame(window).contains(point.x, point.y):
                return handle
        return None

    def GetAncestor(self, handle: int | None, flags: int) -> int | None:
        assert flags == _ROOT
        return handle

    def GetSystemMetrics(self, index: int) -> int:
        size = self._desktop.size
        return {76: size.left, 77: size.top, 78: size.width, 79: size.height}[index]


class _Kernel32:
    def __init__(self, desktop: FakeDesktop) -> None:
        self._desktop = desktop

    def OpenProcess(self, access: int, inherit: bool, number: int) -> int | None:
        assert access == QUERY_LIMITED_INFORMATION, "more is refused for programs of an administrator"
        return self._desktop.handle_of(1, number) if number in self._desktop.order else None

    def CloseHandle(self, handle: int) -> int:
        self._desktop.open_handles.remove(handle)
        return 1

    def QueryFullProcessImageNameW(self, process: int, flags: int, path: Any, length: Any) -> int:
        name = self._desktop.windows[process & 0xFFFFFFFF].program
        if len(name) >= length._obj.value:
            return 0
        path.value, length._obj.value = name, len(name)
        return 1


class _Advapi32:
    def __init__(self, desktop: FakeDesktop) -> None:
        self._desktop = desktop

    def OpenProcessToken(self, process: int, access: int, token: Any) -> int:
        assert access == TOKEN_QUERY
        handle = process & 0xFFFFFFFF
        if self._desktop.windows[handle].is_elevated and not self._desktop.is_caller_elevated:
            return 0  # with ERROR_ACCESS_DENIED
        token._obj.value = self._desktop.handle_of(2, handle)
        return 1

    def GetTokenInformation(self, token: Any, kind: int, into: Any, size: int, length: Any) -> int:
        assert kind == TOKEN_ELEVATION and size == 4
        into._obj.value = int(self._desktop.windows[(token or 0) & 0xFFFFFFFF].is_elevated)
        length._obj.value = 4
        return 1


class _Shell32:
    def __init__(self, desktop: FakeDesktop) -> None:
        self._desktop = desktop

    def IsUserAnAdmin(self) -> int:
        return int(self._desktop.is_caller_elevated)
