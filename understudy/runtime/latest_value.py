"""A mailbox of one slot between threads: a new value replaces an unread one.

The control thread sends work and receives results (new weights, a reviewer's answer) through it, so old values never
queue up. The lock is held for one assignment, never while anybody works.
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
        """Number of values that were replaced before they were read."""
        with self._changed:
            return self._num_replaced

    def put(self, value: T) -> None:
        """Stores a value, replacing an unread one. Never waits for the reader."""
        with self._changed:
            self._num_replaced += self._value is not None
            self._value = value
            self._changed.notify()

    def take(self, timeout_s: float = 0.0) -> T | None:
        """Removes and returns the value.

        Args:
            timeout_s: how long to wait for a value; the control thread passes zero.

        Returns:
            The newest value, or None when it has been taken already or the time is over.
        """
        with self._changed:
            if self._value is None and timeout_s > 0:
                self._changed.wait_for(lambda: self._value is not None, timeout_s)
            value, self._value = self._value, None
            return value
