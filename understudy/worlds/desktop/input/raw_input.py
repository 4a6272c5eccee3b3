"""Hears mouse and keyboard wherever they act, with the true times of the events, and says whose they were."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

LOST = "lost"


@dataclass(frozen=True, slots=True)
class RawInput:
    """One event of mouse or keyboard."""

    time_s: float
    """Monotonic, when it happened; not when we got to know."""
    kind: str
    """`move`, `press` or `release`; LOST when nothing will be heard any more."""
    code: str
    """`left` or `right`, the name of a key, empty for a move."""
    x: int
    """The cursor then, a pixel of the desktop."""
    y: int
    own: bool
    """It is one that we sent."""


Hear = Callable[[RawInput], None]
"""Called on the watcher's thread for each event, in order; must not block."""


@runtime_checkable
class RawInputListener(Protocol):
    """Hears until it is closed; owns its thread."""

    def close(self) -> None:
        """Hears no more and joins the thread. May be called twice."""
        ...
