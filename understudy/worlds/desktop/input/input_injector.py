"""The protocol of input injection of a platform; only GuardedInjector calls it."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class InputInjector(Protocol):
    """Injects real mouse and keyboard events. A call returns once the platform has accepted the event. Belongs to one
    thread at a time."""

    def move(self, x: int, y: int) -> None:
        """Moves the cursor to a pixel of the desktop."""
        ...

    def turn_button(self, name: str, *, down: bool) -> None:
        """Presses or releases the `left`, `right` or `middle` mouse button."""
        ...

    def turn_key(self, name: str, *, down: bool) -> None:
        """Presses or releases a key, given by its name in the profile. A press of the wheel (WHEEL in
        contract/profile.py) is one click of it, and its release follows at once."""
        ...

    def place(self) -> tuple[int, int]:
        """Returns the cursor position, a pixel of the desktop."""
        ...

    def close(self) -> None:
        """Closes the connection; held inputs stay down. May be called twice."""
        ...
