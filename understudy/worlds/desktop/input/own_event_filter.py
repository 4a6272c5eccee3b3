"""Separates our own input events from the person's: each sent event is stored, and matched when it is received.

The source of an event is not always known: on X11 a person at a remote desktop uses the same XTEST device as we do,
and pynput does not mark injected mouse events. Equal events of ours and of the person at the same moment cannot be
separated and need not be, because their effect is the same.
"""

import threading
from collections import deque

LIFETIME_S = 1.0
"""Seconds after which a sent event is dropped; some are never received, as a move to where the cursor already is."""
_EARLIEST_S = 0.005
"""Tolerated clock difference, seconds."""

Sent = tuple[str, str, int, int]
"""Kind, code and position of an event; the position of keys and buttons is not compared and is 0, 0."""


class OwnEventFilter:
    """Events that were sent and not yet received. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: deque[tuple[float, Sent]] = deque()

    def note(self, sent: Sent, now_s: float) -> None:
        """Stores an event; call it just before sending."""
        with self._lock:
            self._open.append((now_s, sent))

    def claim(self, seen: Sent, time_s: float) -> bool:
        """Whether a received event is one of ours; removes it if so.

        Args:
            seen: the event.
            time_s: time of the event, monotonic.
        """
        with self._lock:
            while self._open and self._open[0][0] < time_s - LIFETIME_S:
                self._open.popleft()
            for entry in self._open:
                if entry[1] == seen and entry[0] <= time_s + _EARLIEST_S:
                    self._open.remove(entry)
                    return True
        return False
