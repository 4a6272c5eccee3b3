"""What decides, right before each press, whether it may be made: asked where input is injected, so that no caller can
get round it."""

from collections import Counter
from enum import StrEnum
from typing import Protocol, runtime_checkable

from understudy.worlds.desktop.windows.window_system import Area


class Refusal(StrEnum):
    """Why a press was not made; the value is read in the summary of a session."""

    OUTSIDE = "outside the play area"
    FORBIDDEN = "on a part that the profile forbids"
    COVERED = "another window lay over the place"
    NOT_THE_GAME = "the window no longer showed the game"


@runtime_checkable
class PressGuard(Protocol):
    """Judges presses. Belongs to the control thread."""

    @property
    def area(self) -> Area:
        """The play area, pixels of the desktop; the cursor is moved nowhere else."""
        ...

    def refusal(self, kind: str, pixel: tuple[int, int]) -> Refusal | None:
        """Why this press may not be made now; None if it may.

        Args:
            kind: `button` or `key`.
            pixel: where the cursor is, a pixel of the desktop.
        """
        ...


Refused = Counter[Refusal]
"""How many presses were refused, by reason."""
