"""Acts on X11 through the XTEST extension: the server treats its events as those of a real mouse and keyboard.

XSendEvent, which some libraries use for plain characters, is not used: programs may ignore what it sends, and the
record extension does not see it (LIBRARIES: traps).
"""

from contextlib import suppress

from Xlib import XK, X
from Xlib.ext import xtest

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.windows.x11_display import open_display

_BUTTONS = {"left": 1, "right": 3}


class X11Pointer:
    """Implements Pointer with a connection of its own."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no X server, or it has no XTEST.
        """
        self._display = open_display()
        if not self._display.has_extension("XTEST"):
            self._display.close()
            raise WorldError("This X server has no XTEST extension, so nothing can be clicked: use another X server")
        self._root = self._display.screen().root
        self._codes: dict[str, int] = {}
        self._closed = False

    def move(self, x: int, y: int) -> None:
        """To a pixel of the desktop."""
        self._send(X.MotionNotify, 0, x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        """`left` or `right`."""
        self._send(X.ButtonPress if down else X.ButtonRelease, _BUTTONS[name])

    def turn_key(self, name: str, *, down: bool) -> None:
        """A key by the profile's name of it.

        Raises:
            WorldError: if the keyboard has no such key.
        """
        self._send(X.KeyPress if down else X.KeyRelease, self._code(name))

    def place(self) -> tuple[int, int]:
        """Where the cursor is, a pixel of the desktop."""
        found = self._root.query_pointer()
        return found.root_x, found.root_y

    def close(self) -> None:
        """Ends the connection; what is down stays down. May be called twice."""
        if not self._closed:
            self._closed = True
            with suppress(WorldError):  # the display is gone
                self._display.close()

    def _send(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        xtest.fake_input(self._display, kind, detail, x=x, y=y)
        self._display.sync()  # without an answer asked for, the server may leave the last event lying (measured)

    def _code(self, name: str) -> int:
        if name not in self._codes:
            for keysym in x11_keysyms(name):
                code = self._display.keysym_to_keycode(XK.string_to_keysym(keysym))
                if code:
                    self._codes[name] = code
                    break
            else:
                raise WorldError(f"This keyboard has no key {name!r}: take it out of the game profile or add it")
        return self._codes[name]
