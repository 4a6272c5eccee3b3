"""The protocol of press guards: a check right before each press and release, made where input is injected, so that no
caller can bypass it."""

from collections import Counter
from enum import StrEnum
from typing import Protocol, runtime_checkable

from understudy.worlds.desktop.windows.window_system import Area


class Refusal(StrEnum):
    """Why a press was refused; the value is printed in the summary of a session."""

    OUTSIDE = "outside the play area"
    FORBIDDEN = "on a part that the profile forbids"
    COVERED = "another window lay over the place"
    NOT_THE_GAME = "the window no longer showed the game"


@runtime_checkable
class PressGuard(Protocol):
    """Checks presses and releases. Belongs to the control thread, but for `release_pixel`."""

    @property
    def area(self) -> Area:
        """The play area, pixels of the desktop; the cursor is only moved inside it."""
        ...

    @property
    def window(self) -> int | None:
        """The game's window, a number of the window system; None for a whole monitor."""
        ...

    def refusal(self, kind: str, pixel: tuple[int, int]) -> Refusal | None:
        """Returns why this press is not allowed now; None if it is.

        Args:
            kind: `button` or `key`.
            pixel: cursor position, a pixel of the desktop.
        """
        ...

    def release_pixel(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
        """Returns where to move the cursor before a mouse button is released, so that the release does nothing but end
        the press: a menu that has opened under the cursor takes a release for a choice. None to release where it is.

        Any thread may call it.
        """
        ...


Refused = Counter[Refusal]
"""Number of refused presses by reason."""
