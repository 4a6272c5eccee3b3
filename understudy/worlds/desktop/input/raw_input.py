"""Hears mouse and keyboard wherever they act, with the true times of the events, and says whose they were."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from understudy.contract.errors import MissingExtraError
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter

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


def open_watcher(keys: Sequence[str], own_events: OwnEventFilter, hear: Hear) -> RawInputListener:
    """Begins to hear.

    Args:
        keys: names of the keys that matter; what else is typed is not looked at.
        own_events: what we send ourselves.
        hear: is called for each event.

    Raises:
        WorldError: if there is no display, or it does not let programs hear.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_listener import PynputWatcher
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return PynputWatcher(keys, own_events, hear)
    try:
        from understudy.worlds.desktop.input.x11_listener import X11Watcher
    except ImportError as missing:
        raise MissingExtraError("python-xlib", "desktop") from missing
    return X11Watcher(keys, own_events, hear)
