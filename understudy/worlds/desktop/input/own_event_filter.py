"""Tells our own events from the person's: what is sent is noted, and taken out again when it comes back.

Where events come from cannot be read off them everywhere: on X11 a person at a remote desktop acts through the same
XTEST device as we do, and pynput calls no mouse event injected. An event of ours and an equal one of the person's
within the same moment cannot be told apart, and need not be: they did the same.
"""

import threading
from collections import deque

LIFETIME_S = 1.0
"""An event that does not come back within this time never will: the server leaves out a move to where the cursor is."""
_EARLIEST_S = 0.005
"""Clocks may differ by this much."""

Sent = tuple[str, str, int, int]
"""Kind, code and place of an event; the place of keys and buttons is not compared and is 0, 0."""


class OwnEventFilter:
    """What was sent and has not come back yet. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: deque[tuple[float, Sent]] = deque()

    def note(self, sent: Sent, now_s: float) -> None:
        """Called just before an event is sent."""
        with self._lock:
            self._open.append((now_s, sent))

    def claim(self, seen: Sent, time_s: float) -> bool:
        """Whether an event that came in is one of ours; then it is taken out.

        Args:
            seen: the event.
            time_s: when it happened, monotonic.
        """
        with self._lock:
            while self._open and self._open[0][0] < time_s - LIFETIME_S:
                self._open.popleft()
            for entry in self._open:
                if entry[1] == seen and entry[0] <= time_s + _EARLIEST_S:
                    self._open.remove(entry)
                    return True
        return False
