"""The mouse and keyboard as something to act with, on each platform; only the reins and the guardian call it."""

from typing import Protocol, runtime_checkable


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
