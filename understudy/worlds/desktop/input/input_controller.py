"""The one way from decisions to the real mouse and keyboard: knows what is down, lets go of it, and can be stopped.

Any thread may stop it, at any moment: the watcher's does when the stop key is pressed or the mouse is thrown into a
corner. Nothing is sent after that.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, runtime_checkable

from understudy.contract.errors import WorldError
from understudy.contract.observation import Button
from understudy.worlds.desktop.input.input_injector import InputInjector
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter


@runtime_checkable
class HeldKeyObserver(Protocol):
    """Who has to know what is held down: the guardian."""

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        """Raises WorldError if it can no longer release."""
        ...

    def still(self) -> None:
        """What is down is still wanted. Raises WorldError if it can no longer release."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class InputController:
    """Sends what is new of a wish, and holds nothing once it is stopped or closed."""

    def __init__(
        self,
        pointer: InputInjector,
        guardian: HeldKeyObserver,
        own_events: OwnEventFilter,
        keys: tuple[str, ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        pointer: closed by this one.
        guardian: is told of each press before it is made; closed by this one.
        own_events: is told of each event before it is sent.
        keys: names of the keys in the order of their bits.
        clock: monotonic seconds.
        """
        self._pointer, self._guardian, self._ledger, self._clock = pointer, guardian, own_events, clock
        self._keys = keys
        self._lock = threading.Lock()
        self._down: dict[tuple[str, str], None] = {}
        self._stopped, self._closed = False, False
        self.num_events = 0
        """Events sent, moves and releases with them."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is sent any more."""
        return self._stopped

    @property
    def down(self) -> frozenset[tuple[str, str]]:
        """What is held down: `button` or `key`, and its name."""
        return frozenset(self._down)

    def send(self, pixel: tuple[int, int], button: int, keys: int) -> None:
        """Makes mouse and keyboard so: first lets go of what is not wanted, then moves, then presses.

        Args:
            pixel: of the desktop, for the cursor.
            button: a Button.
            keys: bits of the keys.
        """
        wanted = self.wanted(button, keys)
        with self._lock:
            for held in [held for held in self._down if held not in wanted]:
                self._let_go(held)
            if self._stopped:
                return
            self._ledger.note(("move", "", *pixel), self._clock())
            self._pointer.move(*pixel)
            self.num_events += 1
            if self._down:
                self._guardian.still()
            for fresh in [each for each in wanted if each not in self._down]:
                self._press(fresh)

    def wanted(self, button: int, keys: int) -> list[tuple[str, str]]:
        """What a wish holds down, in the words of `down`."""
        buttons = [("button", each.name.lower()) for each in (Button.LEFT, Button.RIGHT) if button & each]
        return buttons + [("key", name) for bit, name in enumerate(self._keys) if keys >> bit & 1]

    def release(self) -> None:
        """Lets go of everything; more can be sent later."""
        with self._lock:
            self._release()

    def stop(self) -> None:
        """Lets go of everything, and sends nothing more."""
        self._stopped = True  # before the lock: whoever holds it sends no further event than the one under way
        self.release()

    def close(self) -> None:
        """Lets go of everything and ends pointer and guardian. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(WorldError):  # the display is gone, and all that was held with it
            self.stop()
        self._guardian.close()
        self._pointer.close()

    def _release(self) -> None:
        for held in list(self._down):
            self._let_go(held)

    def _press(self, what: tuple[str, str]) -> None:
        if self._stopped:
            return
        kind, code = what
        self._guardian.tell(kind, code, down=True)
        self._down[what] = None
        self._turn(kind, code, down=True)

    def _let_go(self, what: tuple[str, str]) -> None:
        kind, code = what
        self._turn(kind, code, down=False)
        del self._down[what]
        self._guardian.tell(kind, code, down=False)

    def _turn(self, kind: str, code: str, *, down: bool) -> None:
        self._ledger.note(("press" if down else "release", code, 0, 0), self._clock())
        (self._pointer.turn_button if kind == "button" else self._pointer.turn_key)(code, down=down)
        self.num_events += 1
