"""A mailbox with one slot: what is newer replaces what nobody has read yet.

This is how the control thread hands out work and takes in results (new weights, a critic's opinion) without ever
queueing up old ones. The lock is held for one assignment, never during anybody's work.
"""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """At most one unread value of type T. Any thread may call any method."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self._num_replaced = 0

    @property
    def num_replaced(self) -> int:
        """How many values were replaced before anybody read them."""
        with self._changed:
            return self._num_replaced

    def put(self, value: T) -> None:
        """Leaves a value for the reader, in place of an unread one. Never waits for the reader."""
        with self._changed:
            self._num_replaced += self._value is not None
            self._value = value
            self._changed.notify()

    def take(self, timeout_s: float = 0.0) -> T | None:
        """Takes the value out.

        Args:
            timeout_s: how long to wait for one; the control thread leaves it at zero.

        Returns:
            The newest value, or None when there is none that was not taken before.
        """
        with self._changed:
            if self._value is None and timeout_s > 0:
                self._changed.wait_for(lambda: self._value is not None, timeout_s)
            value, self._value = self._value, None
            return value
