"""The mouse and keyboard as something to act with, on each platform; only the reins and the guardian call it."""

import sys
from typing import Protocol, runtime_checkable

from understudy.contract.errors import MissingExtraError


@runtime_checkable
class InputInjector(Protocol):
    """Sends real events. Each call returns once the platform has taken it. Belongs to one thread at a time."""

    def move(self, x: int, y: int) -> None:
        """To a pixel of the desktop."""
        ...

    def turn_button(self, name: str, *, down: bool) -> None:
        """`left` or `right`."""
        ...

    def turn_key(self, name: str, *, down: bool) -> None:
        """A key by the profile's name of it."""
        ...

    def place(self) -> tuple[int, int]:
        """Where the cursor is, a pixel of the desktop."""
        ...

    def close(self) -> None:
        """Ends the connection; what is down stays down. May be called twice."""
        ...


def open_pointer() -> InputInjector:
    """The pointer of the platform that this runs on.

    Raises:
        WorldError: if there is no display, or it does not let programs act.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_injector import PynputPointer
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return PynputPointer()
    try:
        from understudy.worlds.desktop.input.x11_injector import X11Pointer
    except ImportError as missing:
        raise MissingExtraError("python-xlib", "desktop") from missing
    return X11Pointer()
