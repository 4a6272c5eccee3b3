"""Input injection on Windows and macOS through pynput; untested. X11 uses XTEST directly (x11_injector.py)."""

from pynput import keyboard, mouse

from understudy.contract.errors import WorldError
from understudy.contract.observation import BUTTON_NAMES
from understudy.contract.profile import WHEEL
from understudy.worlds.desktop.input.key_names import x11_keysyms

_BUTTONS = {name: mouse.Button[name] for name in BUTTON_NAMES.values()}


def key_of(name: str) -> keyboard.Key | keyboard.KeyCode:
    """Returns pynput's key for a key name of a profile.

    Raises:
        WorldError: if the name is unknown, or the platform has no such key.
    """
    x11_keysyms(name)  # validates the name: one table of names for every platform
    if len(name) == 1:
        return keyboard.KeyCode.from_char(name)
    try:
        return keyboard.Key[name]
    except KeyError as unknown:
        raise WorldError(
            f"The key {name!r} cannot be pressed on this platform: take it out of the profile"
        ) from unknown


class PynputInjector:
    """Implements InputInjector."""

    def __init__(self) -> None:
        self._mouse, self._keyboard = mouse.Controller(), keyboard.Controller()

    def move(self, x: int, y: int) -> None:
        """Moves the cursor to a pixel of the desktop."""
        self._mouse.position = (x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        """Presses or releases the `left`, `right` or `middle` mouse button."""
        (self._mouse.press if down else self._mouse.release)(_BUTTONS[name])

    def turn_key(self, name: str, *, down: bool) -> None:
        """Presses or releases a key, given by its name in the profile, or turns the wheel by a click at its press."""
        if name in WHEEL:
            if down:
                self._mouse.scroll(0, 1 if name == "wheel_up" else -1)
            return
        (self._keyboard.press if down else self._keyboard.release)(key_of(name))

    def place(self) -> tuple[int, int]:
        """Returns the cursor position, a pixel of the desktop."""
        x, y = self._mouse.position
        return int(x), int(y)

    def close(self) -> None:
        """Nothing to close."""
