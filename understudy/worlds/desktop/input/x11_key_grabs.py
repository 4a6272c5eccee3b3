"""Key grabs on X11: passive grabs on a window, and detection of grabs by other programs."""

from collections.abc import Sequence
from contextlib import closing, suppress

from Xlib import XK, X, error
from Xlib.xobject.drawable import Window

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.windows.x11_display import open_display

_MODIFIERS = (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask)
"""Caps Lock and Num Lock are ignored; a key with Ctrl, Alt or Shift is not grabbed."""


class X11KeyGrabs:
    """Implements KeyGrabs with a connection of its own. The RECORD extension, by which we listen, still reports the
    keys; a grab on the game's window takes them from no other window."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no X server.
        """
        self._display = open_display()
        self._taken: list[tuple[int, int]] = []
        self._closed = False

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """Grabs keys from a window, after releasing earlier grabs; returns those that could not be grabbed."""
        self._give_back()
        where = self._display.screen().root.id if window is None else window
        return tuple(name for name in dict.fromkeys(names) if not self._take(name, where))

    def close(self) -> None:
        """Releases all grabs. May be called twice."""
        if not self._closed:
            self._closed = True
            with suppress(WorldError):  # the display is gone, and its grabs with it
                self._display.close()

    def _take(self, name: str, window: int) -> bool:
        codes = {self._display.keysym_to_keycode(XK.string_to_keysym(keysym)) for keysym in x11_keysyms(name)} - {0}
        refused = error.CatchError(error.BadAccess, error.BadWindow)
        for code in codes:
            for modifiers in _MODIFIERS:
                self._window(window).grab_key(code, modifiers, 1, X.GrabModeAsync, X.GrabModeAsync, onerror=refused)
            self._taken.append((window, code))
        self._display.sync()
        return bool(codes) and refused.get_error() is None

    def _give_back(self) -> None:
        ignored = error.CatchError(error.BadWindow)
        for window, code in self._taken:
            self._window(window).ungrab_key(code, X.AnyModifier, onerror=ignored)
        self._taken.clear()
        self._display.sync()

    def _window(self, number: int) -> Window:
        return self._display.create_resource_object("window", number)


def grabbed_keys(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the keys grabbed by other programs: a short grab of such a key, without modifiers, fails.

    Raises:
        WorldError: if there is no X server.
    """
    grabbed = []
    with closing(open_display()) as display:
        root = display.screen().root
        for name in names:
            for code in {display.keysym_to_keycode(XK.string_to_keysym(keysym)) for keysym in x11_keysyms(name)} - {0}:
                refused = error.CatchError(error.BadAccess)
                root.grab_key(code, 0, 1, X.GrabModeAsync, X.GrabModeAsync, onerror=refused)
                display.sync()
                if refused.get_error():
                    grabbed.append(name)
                else:
                    root.ungrab_key(code, 0)
    return tuple(dict.fromkeys(grabbed))
