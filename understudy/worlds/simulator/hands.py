"""What a person's mouse and keyboard do in a window, gathered into one action a tick.

A click shorter than a tick still counts: whatever was down at some moment of the tick is down in the action, and the
cursor of a tick with a press is where the press was. A game sees a press only where the tick before had none, so a
tick takes in events up to the first that would melt into an earlier press; that one and what follows wait for the next.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import pygame
from jaxtyping import Float32

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Button
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent

_BUTTONS = {pygame.BUTTON_LEFT: Button.LEFT, pygame.BUTTON_RIGHT: Button.RIGHT}


def key_codes(profile: Profile) -> dict[int, int]:
    """pygame's key code -> the bit mask of the profile's key; the left and the right ctrl are one key."""
    codes: dict[int, int] = {}
    for name in profile.keys:
        names = [f"left {name}", f"right {name}"] if name in ("ctrl", "shift", "alt") else [name]
        codes |= {pygame.key.key_code(each): profile.key_bit(name) for each in names}
    return codes


@dataclass(frozen=True)
class _Change:
    """One event as the game will see it; a move has neither button nor key."""

    place: Float32[np.ndarray, "2"]
    button: int = 0
    key: int = 0
    down: bool = False


class Hands:
    """Gathers the events of one window. Belongs to the thread that owns the window."""

    def __init__(self, profile: Profile, size: tuple[int, int], codes: dict[int, int]) -> None:
        self._size = size
        self._codes = codes
        self._names = {profile.key_bit(name): name for name in profile.keys}
        self.cursor: Float32[np.ndarray, 2] = np.full(2, 0.5, np.float32)
        """Where it is now, window fractions."""
        self._inputs: list[InputEvent] = []
        self._changes: deque[_Change] = deque()
        self._place = self.cursor
        self._held_buttons, self._last_buttons = 0, 0
        self._held_keys, self._last_keys = 0, 0

    def take_event(self, event: pygame.event.Event, time_s: float) -> None:
        """Takes in one event of the window; others than mouse and known keys are passed over.

        Args:
            event: as pygame gave it.
            time_s: monotonic time at which it came in.
        """
        if event.type == pygame.MOUSEMOTION:
            self._move(event.pos)
            self._note(time_s, "move", "", _Change(self.cursor))
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button in _BUTTONS:
            self._move(event.pos)
            button, down = _BUTTONS[event.button], event.type == pygame.MOUSEBUTTONDOWN
            change = _Change(self.cursor, button=button, down=down)
            self._note(time_s, "press" if down else "release", button.name.lower(), change)
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._codes:
            bit, down = self._codes[event.key], event.type == pygame.KEYDOWN
            change = _Change(self.cursor, key=bit, down=down)
            self._note(time_s, "press" if down else "release", self._names[bit], change)

    def release_all(self, time_s: float) -> None:
        """The window lost the focus: what is held counts as let go, for its release will never be heard."""
        buttons, keys = self._held_at_last()
        for button in (Button.LEFT, Button.RIGHT):
            if buttons & button:
                self._note(time_s, "release", button.name.lower(), _Change(self.cursor, button=button))
        for bit, name in self._names.items():
            if keys & bit:
                self._note(time_s, "release", name, _Change(self.cursor, key=bit))

    def end_tick(self) -> Action:
        """The action of the tick that ends now."""
        buttons, keys, press_place = 0, 0, None
        while self._changes:
            change = self._changes[0]
            if change.down and (
                change.button & (buttons | self._last_buttons) or change.key & (keys | self._last_keys)
            ):
                break
            self._changes.popleft()
            self._place = change.place
            self._held_buttons, self._held_keys = _after(change, self._held_buttons, self._held_keys)
            if change.down:
                buttons, keys = buttons | change.button, keys | change.key
                press_place = change.place if change.button else press_place
        buttons, keys = buttons | self._held_buttons, keys | self._held_keys
        button = Button.LEFT if buttons & Button.LEFT else Button.RIGHT if buttons & Button.RIGHT else Button.NONE
        self._last_buttons, self._last_keys = buttons, keys
        place = self._place if press_place is None else press_place
        return Action(np.array([(place[0], place[1], keys, button)], ACTION))

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """The raw events since this was last called."""
        inputs, self._inputs = tuple(self._inputs), []
        return inputs

    def _held_at_last(self) -> tuple[int, int]:
        """Buttons and keys that are down after all events so far."""
        buttons, keys = self._held_buttons, self._held_keys
        for change in self._changes:
            buttons, keys = _after(change, buttons, keys)
        return buttons, keys

    def _move(self, place: tuple[int, int]) -> None:
        self.cursor = np.clip((np.array(place, np.float32) + 0.5) / np.array(self._size, np.float32), 0, 1)

    def _note(self, time_s: float, kind: str, code: str, change: _Change) -> None:
        self._inputs.append(InputEvent(time_s, kind, code, float(self.cursor[0]), float(self.cursor[1])))
        self._changes.append(change)


def _after(change: _Change, buttons: int, keys: int) -> tuple[int, int]:
    """Buttons and keys that are down after a change."""
    if change.down:
        return buttons | change.button, keys | change.key
    return buttons & ~change.button, keys & ~change.key
