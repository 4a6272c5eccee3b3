"""Windows on Microsoft Windows through user32. Written from its documentation, tried on a fake of it, never on Windows.

Sets per-monitor DPI awareness first: without it, a scaled display reports virtualised coordinates.
"""

import ctypes
from dataclasses import dataclass
from typing import Any

from understudy.worlds.desktop.windows.window_system import Area

_ctypes: Any = ctypes  # some attributes exist on Windows only
_CALLBACK: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
_PER_MONITOR_V2 = -4
_ROOT_ANCESTOR = 2
_ENABLED_POPUP = 6
_QUERY_LIMITED_INFORMATION, _LONGEST_PATH = 0x1000, 1024
_TOKEN_QUERY, _TOKEN_ELEVATION = 0x0008, 20
_VIRTUAL_SCREEN = (76, 77, 78, 79)
"""SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN."""


_ELEVATED = "its program runs as administrator: start understudy as administrator too, or the game without"


class _Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_long), ("y", ctypes.c_long))


class _Rectangle(ctypes.Structure):
    _fields_ = (
        ("left", ctypes.c_long),
        ("top", ctypes.c_long),
        ("right", ctypes.c_long),
        ("bottom", ctypes.c_long),
    )


@dataclass(frozen=True)
class Win32Libraries:
    """The system's libraries, or what stands for them: each attribute is a function with argtypes and restype."""

    user32: Any
    kernel32: Any
    advapi32: Any
    shell32: Any


def load_libraries() -> Win32Libraries:
    """Loads the system's libraries; only on Windows."""
    return Win32Libraries(
        *(_ctypes.WinDLL(name, use_last_error=True) for name in ("user32", "kernel32", "advapi32", "shell32"))
    )


class Win32Windows:
    """Implements WindowSystem; a window's number is its handle (HWND)."""

    def __init__(self, libraries: Win32Libraries | None = None) -> None:
        loaded = libraries or load_libraries()
        self._user, self._kernel, self._security, self._shell = (
            loaded.user32,
            loaded.kernel32,
            loaded.advapi32,
            loaded.shell32,
        )
        handle = ctypes.c_void_p
        self._user.SetProcessDpiAwarenessContext.argtypes = [handle]
        self._user.SetProcessDpiAwarenessContext(handle(_PER_MONITOR_V2))  # fails if already set, which is fine
        for name in ("GetForegroundWindow", "WindowFromPoint", "GetAncestor"):
            getattr(self._user, name).restype = handle
        self._user.WindowFromPoint.argtypes = [_Point]
        self._user.GetAncestor.argtypes = [handle, ctypes.c_uint]
        for name in ("IsWindow", "IsWindowVisible", "IsWindowEnabled", "IsIconic", "GetWindowTextLengthW"):
            getattr(self._user, name).argtypes = [handle]
        self._user.GetWindow.argtypes, self._user.GetWindow.restype = [handle, ctypes.c_uint], handle
        self._user.GetWindowThreadProcessId.argtypes = [handle, ctypes.POINTER(ctypes.c_ulong)]
        self._kernel.OpenProcess.argtypes = [ctypes.c_ulong, ctypes.c_int, ctypes.c_ulong]
        self._kernel.OpenProcess.restype = handle
        self._kernel.CloseHandle.argtypes = [handle]
        self._kernel.QueryFullProcessImageNameW.argtypes = [
            handle,
            ctypes.c_ulong,
            ctypes.c_wchar_p,
            ctypes.POINTER(ctypes.c_ulong),
        ]
        self._user.GetWindowTextW.argtypes = [handle, ctypes.c_wchar_p, ctypes.c_int]
        self._user.GetClientRect.argtypes = [handle, ctypes.POINTER(_Rectangle)]
        self._user.ClientToScreen.argtypes = [handle, ctypes.POINTER(_Point)]
        self._security.OpenProcessToken.argtypes = [handle, ctypes.c_ulong, ctypes.POINTER(handle)]
        self._security.GetTokenInformation.argtypes = [
            handle,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_ulong,
            ctypes.POINTER(ctypes.c_ulong),
        ]

    def titles(self) -> dict[int, str]:
        """Returns all visible windows that have a title."""
        found: dict[int, str] = {}

        @_CALLBACK(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
        def take(handle: int, _: int | None) -> bool:
            title = self.title(handle)
            if title and self._user.IsWindowVisible(handle):
                found[handle] = title
            return True

        self._user.EnumWindows(take, 0)
        return found

    def title(self, window: int) -> str:
        """Returns the present title of a window; empty when it has none or is gone."""
        length = self._user.GetWindowTextLengthW(window)
        if not length:
            return ""
        text = ctypes.create_unicode_buffer(length + 1)
        self._user.GetWindowTextW(window, text, length + 1)
        return text.value

    def program(self, window: int) -> str:
        """Returns the file name of the window's program without its ending, in lower case; empty when unknown."""
        process = self._process_of(window)
        if not process:
            return ""
        path, length = ctypes.create_unicode_buffer(_LONGEST_PATH), ctypes.c_ulong(_LONGEST_PATH)
        found = self._kernel.QueryFullProcessImageNameW(process, 0, path, ctypes.byref(length))
        self._kernel.CloseHandle(process)
        return path.value.rpartition("\\")[2].rpartition(".")[0].lower() if found else ""

    def input_obstacle(self, window: int) -> str:
        """Returns why the system keeps our input from a window: its program is elevated and we are not.

        User Interface Privilege Isolation drops injected input without an error. The token of an elevated program
        cannot be opened by one that is not, so a refusal counts as elevated.
        """
        if self._shell.IsUserAnAdmin():
            return ""
        process = self._process_of(window)
        if not process:
            return ""
        token = ctypes.c_void_p()
        readable = self._security.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token))
        self._kernel.CloseHandle(process)
        if not readable:
            return _ELEVATED
        elevation, length = ctypes.c_uint32(), ctypes.c_ulong()
        known = self._security.GetTokenInformation(
            token, _TOKEN_ELEVATION, ctypes.byref(elevation), ctypes.sizeof(elevation), ctypes.byref(length)
        )
        self._kernel.CloseHandle(token)
        return _ELEVATED if known and elevation.value else ""

    def _process_of(self, window: int) -> int | None:
        """Returns an open handle of the window's process, to be closed; None when there is none."""
        number = ctypes.c_ulong()
        if not self._user.GetWindowThreadProcessId(window, ctypes.byref(number)):
            return None
        handle: int | None = self._kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, number.value)
        return handle

    def has_popup(self, window: int, area: Area) -> bool:
        """Whether a dialog of the window's own program is open: it owns an enabled popup, or is disabled by one."""
        if not self._user.IsWindowEnabled(window):
            return True
        popup = self._user.GetWindow(window, _ENABLED_POPUP)
        return bool(popup and popup != window and self._user.IsWindowVisible(popup))

    def area(self, window: int) -> Area | None:
        """Returns the client area of a window; None when it is gone or hidden."""
        user = self._user
        if not user.IsWindow(window) or not user.IsWindowVisible(window) or user.IsIconic(window):
            return None
        size, place = _Rectangle(), _Point(0, 0)
        if not user.GetClientRect(window, ctypes.byref(size)) or not user.ClientToScreen(window, ctypes.byref(place)):
            return None
        return Area(left=place.x, top=place.y, width=size.right, height=size.bottom)

    def has_focus(self, window: int) -> bool:
        """Whether this window has the keyboard focus."""
        return bool(self._user.GetForegroundWindow() == window)

    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        """Whether this window is the topmost one at a pixel."""
        return bool(self._user.GetAncestor(self._user.WindowFromPoint(_Point(x, y)), _ROOT_ANCESTOR) == window)

    def desktop(self) -> Area:
        """Returns the whole desktop, all monitors together."""
        left, top, width, height = (self._user.GetSystemMetrics(number) for number in _VIRTUAL_SCREEN)
        return Area(left=left, top=top, width=width, height=height)

    def close(self) -> None:
        """Nothing to close."""
