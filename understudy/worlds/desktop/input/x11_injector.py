"""Input injection on X11 through the XTEST extension: the server treats the events as those of a real device.

XSendEvent, which some libraries use for plain characters, is not used: programs may ignore its events, and the RECORD
extension does not report them.
"""

from contextlib import suppress

from Xlib import XK, X
from Xlib.ext import xtest

from understudy.contract.errors import WorldError
from understudy.contract.profile import WHEEL
from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.windows.x11_display import open_display

_BUTTONS = {"left": 1, "middle": 2, "right": 3, "wheel_up": 4, "wheel_down": 5}
"""Of the core protocol, in which a click of the wheel is a button that goes down and up."""


class X11Injector:
    """Implements InputInjector with a connection of its own."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no X server, or it has no XTEST extension.
        """
        self._display = open_display()
        if not self._display.has_extension("XTEST"):
            self._display.close()
            raise WorldError("This X server has no XTEST extension, so nothing can be clicked: use another X server")
        self._root = self._display.screen().root
        self._codes: dict[str, int] = {}
        self._closed = False

    def move(self, x: int, y: int) -> None:
        """Moves the cursor to a pixel of the desktop."""
        self._send(X.MotionNotify, 0, x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        """Presses or releases the `left`, `right` or `middle` mouse button."""
        self._send(X.ButtonPress if down else X.ButtonRelease, _BUTTONS[name])

    def turn_key(self, name: str, *, down: bool) -> None:
        """Presses or releases a key, given by its name in the profile, or the wheel.

        Raises:
            WorldError: if the keyboard has no such key.
        """
        if name in WHEEL:
            self.turn_button(name, down=down)
            return
        self._send(X.KeyPress if down else X.KeyRelease, self._code(name))

    def place(self) -> tuple[int, int]:
        """Returns the cursor position, a pixel of the desktop."""
        found = self._root.query_pointer()
        return found.root_x, found.root_y

    def close(self) -> None:
        """Closes the connection; held inputs stay down. May be called twice."""
        if not self._closed:
            self._closed = True
            with suppress(WorldError):  # the display is gone
                self._display.close()

    def _send(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        xtest.fake_input(self._display, kind, detail, x=x, y=y)
        self._display.sync()  # flush alone may leave the last event unprocessed (measured)

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
