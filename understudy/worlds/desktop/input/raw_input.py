"""The raw input event, with its true time and its origin, and the protocol of listeners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

LOST = "lost"


@dataclass(frozen=True, slots=True)
class RawInput:
    """One event of mouse or keyboard."""

    time_s: float
    """Monotonic time of the event itself, not of its arrival."""
    kind: str
    """`move`, `press` or `release`; LOST when no more events will arrive."""
    code: str
    """`left`, `right` or `middle` for a button, `event_code` of a key; empty for a move."""
    x: int
    """Cursor position at that time, a pixel of the desktop."""
    y: int
    own: bool
    """Whether we sent it."""


OnEvent = Callable[[RawInput], None]
"""Called on the listener's thread for each event, in order; must not block."""


@runtime_checkable
class RawInputListener(Protocol):
    """Listens to mouse and keyboard in all windows until it is closed; owns its thread."""

    def close(self) -> None:
        """Stops listening and joins the thread. May be called twice."""
        ...
