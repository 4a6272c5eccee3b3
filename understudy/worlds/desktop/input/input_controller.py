"""The only path from actions to the real mouse and keyboard: tracks held inputs, releases them, and can be stopped.

Any thread may stop it at any moment; the listener's thread does so when the stop key is pressed or the mouse is thrown
into a corner. Nothing is sent after a stop.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol, runtime_checkable

from understudy.contract.errors import WorldError
from understudy.contract.observation import BUTTON_NAMES
from understudy.contract.profile import WHEEL
from understudy.contract.protocols import event_code
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.windows.press_guard import PressGuard, Refusal, Refused
from understudy.worlds.desktop.windows.window_system import Area


@runtime_checkable
class HeldKeyObserver(Protocol):
    """Is notified of every held button and key; the release watchdog implements it."""

    def watch(self, window: int, area: Area) -> None:
        """Notifies of the game's window and play area, in which buttons are released; before the first press, and when
        they have changed. Raises WorldError if it can no longer release."""
        ...

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        """Notifies of a press to come, or of a release that was sent. Raises WorldError if it can no longer release."""
        ...

    def still(self) -> None:
        """Sends a heartbeat: the held inputs are still wanted. Raises WorldError if it can no longer release."""
        ...

    def close(self) -> None:
        """Ends the observer."""
        ...


class InputController:
    """Sends the difference between desired and held inputs; releases everything on stop() or close()."""

    def __init__(
        self,
        injector: GuardedInjector,
        held_key_observer: HeldKeyObserver,
        own_events: OwnEventFilter,
        keys: tuple[str, ...],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Args:
        injector: sends the events; closed by this controller.
        held_key_observer: notified of each press before it is sent; closed by this controller.
        own_events: receives each event before it is sent.
        keys: names of the keys in the order of their bits.
        clock: monotonic seconds.
        """
        self._injector, self._held_key_observer, self._own_events, self._clock = (
            injector,
            held_key_observer,
            own_events,
            clock,
        )
        self._keys = keys
        self._lock = threading.Lock()
        self._down: dict[tuple[str, str], None] = {}
        self._watched: tuple[int, Area] | None = None
        self._stopped, self._closed = False, False
        self.num_events = 0
        """Number of events sent, moves and releases included."""

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped; nothing is sent after that."""
        return self._stopped

    @property
    def refused(self) -> Refused:
        """Number of refused presses by reason."""
        return self._injector.refused

    def guard_with(self, guard: PressGuard, click_keys: Iterable[str] = ()) -> None:
        """Sets the guard of every later press; without it nothing is pressed. It judges `click_keys` and the wheel
        like buttons."""
        self._injector.guard_with(guard, (*click_keys, *WHEEL))

    @property
    def down(self) -> frozenset[tuple[str, str]]:
        """Held inputs as (`button` or `key`, name)."""
        return frozenset(self._down)

    def send(self, pixel: tuple[int, int], button: int, keys: int) -> tuple[str, ...]:
        """Sets cursor, button and keys: releases first, then moves, then presses what the guard allows. Releases
        everything if the guard finds that the window no longer shows the game.

        Args:
            pixel: cursor position, a pixel of the desktop.
            button: bit mask of the mouse buttons, Button.
            keys: bit mask of the keys; each bit of the wheel is one click, which is never held.

        Returns:
            The clicks of the wheel that were made, by their key names.
        """
        clicks: list[str] = []
        held_inputs = self.held_inputs(button, keys)
        with self._lock:
            for held in [held for held in self._down if held not in held_inputs]:
                self._release_one(held)
            if self._stopped:
                return ()
            self._move(pixel)
            if self._down:
                self._held_key_observer.still()
            for pressed in [each for each in held_inputs if each not in self._down]:
                if self._press(pressed) is Refusal.NOT_THE_GAME:
                    self._release_all()  # the held inputs were meant for the game, too
                    break
                if pressed in self._down and pressed[1] in WHEEL:
                    self._release_one(pressed)
                    clicks.append(pressed[1])
        return tuple(clicks)

    def held_inputs(self, button: int, keys: int) -> list[tuple[str, str]]:
        """Returns the inputs that a mask of buttons and one of keys hold down, in the form of `down`."""
        buttons = [("button", name) for each, name in BUTTON_NAMES.items() if button & each]
        return buttons + [("key", name) for bit, name in enumerate(self._keys) if keys >> bit & 1]

    @property
    def pixel(self) -> tuple[int, int]:
        """Cursor position, a pixel of the desktop."""
        return self._injector.place()

    def release(self) -> None:
        """Releases everything; more can be sent later. A mouse button is released away from what has opened under the
        cursor, to which the cursor is moved."""
        with self._lock:
            self._release_all()

    def stop(self) -> None:
        """Releases everything and sends nothing more. Any thread may call it."""
        self._stopped = True  # before taking the lock, so that its holder sends no event after the present one
        self.release()

    def close(self) -> None:
        """Releases everything and closes the injector and the observer. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(WorldError):  # the display is gone, and with it all held inputs
            self.stop()
        self._held_key_observer.close()
        self._injector.close()

    def _release_all(self) -> None:
        for held in list(self._down):
            self._release_one(held)

    def _move(self, wanted: tuple[int, int]) -> None:
        pixel = self._injector.within(wanted)
        self._own_events.note(("move", "", *pixel), self._clock())
        self._injector.move(*pixel)
        self.num_events += 1

    def _press(self, what: tuple[str, str]) -> Refusal | None:
        if self._stopped:
            return None
        kind, code = what
        game = self._injector.game
        if game is not None and game != self._watched:
            self._held_key_observer.watch(*game)
            self._watched = game
        self._held_key_observer.tell(kind, code, down=True)
        self._down[what] = None
        pressed = ("press", event_code(code) if kind == "key" else code, 0, 0)
        self._own_events.note(pressed, self._clock())
        refusal = self._injector.press(kind, code)
        if refusal is None:
            self.num_events += 1
            return None
        self._own_events.claim(pressed, self._clock())
        del self._down[what]
        self._held_key_observer.tell(kind, code, down=False)
        return refusal

    def _release_one(self, what: tuple[str, str]) -> None:
        kind, code = what
        with suppress(WorldError):  # whatever the window system says, it is released
            if (aside := self._injector.release_pixel(kind)) is not None:
                self._move(aside)
        self._own_events.note(("release", event_code(code) if kind == "key" else code, 0, 0), self._clock())
        self._injector.release(kind, code)
        self.num_events += 1
        del self._down[what]
        self._held_key_observer.tell(kind, code, down=False)
