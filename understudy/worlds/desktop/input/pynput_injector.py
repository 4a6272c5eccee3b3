"""Acts on Windows and macOS through pynput; untried there so far. On X11 XTEST alone is quicker (x11_pointer.py)."""

from pynput import keyboard, mouse

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.key_names import x11_keysyms

_BUTTONS = {"left": mouse.Button.left, "right": mouse.Button.right}


def key_of(name: str) -> keyboard.Key | keyboard.KeyCode:
    """pynput's key of a profile's name.

    Raises:
        WorldError: if no key is called so.
    """
    x11_keysyms(name)  # one table says which names there are, on every platform
    if len(name) == 1:
        return keyboard.KeyCode.from_char(name)
    try:
        return keyboard.Key[name]
    except KeyError as unknown:
        raise WorldError(
            f"The key {name!r} cannot be pressed on this platform: take it out of the profile"
        ) from unknown


class PynputPointer:
    """Implements Pointer."""

    def __init__(self) -> None:
        self._mouse, self._keyboard = mouse.Controller(), keyboard.Controller()

    def move(self, x: int, y: int) -> None:
        """To a pixel of the desktop."""
        self._mouse.position = (x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        """`left` or `right`."""
        (self._mouse.press if down else self._mouse.release)(_BUTTONS[name])

    def turn_key(self, name: str, *, down: bool) -> None:
        """A key by the profile's name of it."""
        (self._keyboard.press if down else self._keyboard.release)(key_of(name))

    def place(self) -> tuple[int, int]:
        """Where the cursor is, a pixel of the desktop."""
        x, y = self._mouse.position
        return int(x), int(y)

    def close(self) -> None:
        """Nothing to end."""
