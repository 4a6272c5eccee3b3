"""Finds keys that another X11 program has grabbed, so that no window receives them."""

from collections.abc import Sequence
from contextlib import closing

from Xlib import XK, X, error

from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.windows.x11_display import open_display


def grabbed_keys(names: Sequence[str]) -> tuple[str, ...]:
    """The keys grabbed by other programs, found by grabbing each for a moment without modifiers, which then fails.

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
