"""Key grabs on Windows by a low-level keyboard hook. Written from its documentation and untested.

Hooks are called in the reverse order of their installation, and one that swallows a key hides it from those before it:
this one has to be installed before the listener's, which then receives the key first.
"""

import ctypes
import threading
from collections.abc import Sequence
from typing import Any

_ctypes: Any = ctypes  # some attributes exist on Windows only
_KEYBOARD_LOW_LEVEL, _QUIT = 13, 0x0012
_FUNCTION_KEY_1 = 0x70
"""VK_F1; VK_F24 is 23 further on."""
_PATIENCE_S = 5.0


def virtual_key(name: str) -> int | None:
    """Returns the virtual key code of a function key, a digit or a letter; None for others."""
    if name[:1] == "f" and name[1:].isdigit() and 1 <= int(name[1:]) <= 24:
        return _FUNCTION_KEY_1 + int(name[1:]) - 1
    return ord(name.upper()) if len(name) == 1 and name.isascii() and name.isalnum() else None


class Win32KeyHook:
    """Implements KeyGrabs with a thread that runs the hook's message loop."""

    def __init__(self) -> None:
        self._user: Any = _ctypes.WinDLL("user32", use_last_error=True)
        self._user.GetForegroundWindow.restype = ctypes.c_void_p
        self._user.CallNextHookEx.restype = ctypes.c_ssize_t
        self._user.CallNextHookEx.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p]
        self._user.SetWindowsHookExW.restype = ctypes.c_void_p
        self._user.SetWindowsHookExW.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong]
        self._user.UnhookWindowsHookEx.argtypes = [ctypes.c_void_p]
        self._codes: frozenset[int] = frozenset()
        self._window: int | None = None
        self._thread_id, self._hooked, self._ready = 0, False, threading.Event()
        self._thread = threading.Thread(target=self._run, name="key-hook", daemon=True)
        self._thread.start()
        self._ready.wait(_PATIENCE_S)

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """Grabs keys from a window; returns those that could not be grabbed."""
        codes = {name: virtual_key(name) for name in names}
        self._window = window
        self._codes = frozenset(code for code in codes.values() if code is not None)
        return tuple(name for name, code in codes.items() if code is None or not self._hooked)

    def close(self) -> None:
        """Removes the hook and joins its thread. May be called twice."""
        if self._thread.is_alive() and self._thread_id:
            self._user.PostThreadMessageW(self._thread_id, _QUIT, 0, 0)
            self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        self._thread_id = int(_ctypes.WinDLL("kernel32").GetCurrentThreadId())
        kind = _ctypes.WINFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p)
        callback = kind(self._on_key)
        hook = self._user.SetWindowsHookExW(_KEYBOARD_LOW_LEVEL, callback, None, 0)
        self._hooked = bool(hook)
        self._ready.set()
        message = ctypes.create_string_buffer(64)  # MSG has 48 bytes on 64-bit Windows
        while hook and self._user.GetMessageW(message, None, 0, 0) > 0:
            pass
        if hook:
            self._user.UnhookWindowsHookEx(hook)

    def _on_key(self, code: int, kind: int, event: int) -> int:
        """Swallows our keys; the first field of the event (KBDLLHOOKSTRUCT) is the virtual key code."""
        if code >= 0 and ctypes.c_uint32.from_address(event).value in self._codes and self._is_in_front():
            return 1
        return int(self._user.CallNextHookEx(None, code, kind, event))

    def _is_in_front(self) -> bool:
        return self._window is None or bool(self._user.GetForegroundWindow() == self._window)
