"""Accumulates mouse and keyboard events into one Action per tick, for any source of events.

A click shorter than a tick still counts: a button or key that was down at any moment of the tick is down in the
action, and the cursor of a tick with a press is where the press was. A game sees a press only if the previous tick had
none, so a tick stops before the first event that would merge with an earlier press; that event and later ones wait for
the next tick. So a second of ticks has at most ten presses of one button. Whoever presses faster must not leave the
cursor behind: a press that has waited for MOST_WAIT ticks and still does not fit is left out of the ticks (the raw
events keep it). Clicks of the wheel cannot merge with a press and hold nothing up: the first of a tick is in its
action, further ones are in the actions of the next ticks.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import BUTTON_NAMES, Button
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent, event_code

MOST_WAIT = 4
"""Ticks that a press waits for a tick of its own: a burst of three clicks in one tick is played in full."""
MOST_CLICKS = 10
"""Clicks of the wheel that wait for a tick of their own; what a wheel that spins freely turns beyond is dropped."""


@dataclass(frozen=True)
class _Change:
    """One queued event; a move has neither button nor key."""

    place: Float32[np.ndarray, "2"]
    tick: int
    """Number of the tick in which it happened."""
    button: int = 0
    key: int = 0
    down: bool = False


class InputAccumulator:
    """Accumulates the events of one person. Belongs to the control thread."""

    def __init__(self, profile: Profile) -> None:
        self._names = {profile.key_bit(name): event_code(name) for name in profile.keys}
        self._clicks = {profile.key_bit(name): 0 for name in profile.wheel}
        self.cursor: Float32[np.ndarray, 2] = np.full(2, 0.5, np.float32)
        """Present position, window fractions."""
        self._inputs: list[InputEvent] = []
        self._changes: deque[_Change] = deque()
        self._tick = 0
        self._place = self.cursor
        self._held_buttons, self._last_buttons = 0, 0
        self._held_keys, self._last_keys = 0, 0
        self._down_buttons, self._down_keys = 0, 0  # after all events; `_held_*` are after the last tick's events

    def rest(self, place: Sequence[float] | Float32[np.ndarray, " 2"]) -> None:
        """Sets the cursor position, window fractions, without recording an event."""
        self._set_cursor(place)
        self._place = self.cursor

    def move(self, place: Sequence[float] | Float32[np.ndarray, " 2"], time_s: float) -> None:
        """Records a move of the cursor to a position in window fractions, clipped to the window."""
        self._set_cursor(place)
        self._record(time_s, "move", "", _Change(self.cursor, self._tick))

    def turn_button(
        self, button: Button, *, down: bool, place: Sequence[float] | Float32[np.ndarray, " 2"], time_s: float
    ) -> None:
        """Records a press or release of a mouse button at a position, window fractions."""
        self._set_cursor(place)
        if bool(self._down_buttons & button) == down:
            return  # two devices pressed it, or its press was not received
        change = _Change(self.cursor, self._tick, button=button, down=down)
        self._record(time_s, "press" if down else "release", BUTTON_NAMES[button], change)

    def turn_key(self, bit: int, *, down: bool, time_s: float) -> None:
        """Records a press or release of one of the profile's keys by its bit; a press of the wheel is a click."""
        if bool(self._down_keys & bit) == down:
            return  # key repeat
        change = _Change(self.cursor, self._tick, key=bit, down=down)
        self._record(time_s, "press" if down else "release", self._names[bit], change)

    def release_all(self, time_s: float) -> None:
        """Releases everything held, because the window lost the focus and will not receive the releases."""
        buttons, keys = self._down_buttons, self._down_keys
        for button, name in BUTTON_NAMES.items():
            if buttons & button:
                self._record(time_s, "release", name, _Change(self.cursor, self._tick, button=button))
        for bit, name in self._names.items():
            if keys & bit:
                self._record(time_s, "release", name, _Change(self.cursor, self._tick, key=bit))

    def end_tick(self) -> Action:
        """Ends the tick and returns its action."""
        buttons, keys, press_place = 0, 0, None
        while self._changes:
            change = self._changes[0]
            if change.key in self._clicks:
                self._turn_wheel(self._changes.popleft())
                continue
            if change.down and (
                change.button & (buttons | self._last_buttons) or change.key & (keys | self._last_keys)
            ):
                if not self._is_overdue(change):
                    break
                self._changes.popleft()
                continue
            self._changes.popleft()
            self._place = change.place
            self._held_buttons, self._held_keys = _after(change, self._held_buttons, self._held_keys)
            if change.down:
                buttons, keys = buttons | change.button, keys | change.key
                press_place = change.place if change.button else press_place
        buttons, keys = buttons | self._held_buttons, keys | self._held_keys | self._take_wheel()
        self._last_buttons, self._last_keys = buttons, keys
        self._tick += 1
        place = self._place if press_place is None else press_place
        return Action(np.array([(place[0], place[1], keys, buttons)], ACTION))

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """Returns the raw events since the last call."""
        inputs, self._inputs = tuple(self._inputs), []
        return inputs

    def _is_overdue(self, press: _Change) -> bool:
        """Returns whether a press has waited for too long, and is over."""
        return self._tick - press.tick > MOST_WAIT and any(
            not later.down and (later.button, later.key) == (press.button, press.key) for later in self._changes
        )

    def _turn_wheel(self, change: _Change) -> None:
        """Adds a click of the wheel; of those of the other direction that wait one is left."""
        self._place = change.place
        if change.down:
            for bit, clicks in self._clicks.items():
                self._clicks[bit] = min(clicks + 1, MOST_CLICKS) if bit == change.key else min(clicks, 1)

    def _take_wheel(self) -> int:
        """Returns the bits of the wheel that click in this tick."""
        clicking = 0
        for bit, clicks in self._clicks.items():
            if clicks:
                clicking |= bit
                self._clicks[bit] = clicks - 1
        return clicking

    def _set_cursor(self, place: Sequence[float] | Float32[np.ndarray, " 2"]) -> None:
        self.cursor = np.clip(np.asarray(place, np.float32), 0, 1)

    def _record(self, time_s: float, kind: str, code: str, change: _Change) -> None:
        self._inputs.append(InputEvent(time_s, kind, code, float(self.cursor[0]), float(self.cursor[1])))
        self._changes.append(change)
        self._down_buttons, self._down_keys = _after(change, self._down_buttons, self._down_keys)


def _after(change: _Change, buttons: int, keys: int) -> tuple[int, int]:
    """Returns the bit masks of the buttons and keys that are down after a change."""
    if change.down:
        return buttons | change.button, keys | change.key
    return buttons & ~change.button, keys & ~change.key
