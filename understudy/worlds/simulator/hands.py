"""What a person's mouse and keyboard do in a window, gathered into one action a tick.

A click shorter than a tick still counts: whatever was down at some moment of the tick is down in the action, and the
cursor of a tick with a press is where the press was. A second press within one tick of the first one's release would
melt into it, so it waits for the next tick and leaves a gap between them.
"""

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


class Hands:
    """Gathers the events of one window. Belongs to the thread that owns the window."""

    def __init__(self, profile: Profile, size: tuple[int, int], codes: dict[int, int]) -> None:
        self._size = size
        self._codes = codes
        self._names = {profile.key_bit(name): name for name in profile.keys}
        self._inputs: list[InputEvent] = []
        self.cursor: Float32[np.ndarray, 2] = np.full(2, 0.5, np.float32)
        """Where it is now, window fractions."""
        self._press_place: Float32[np.ndarray, 2] | None = None
        self._held_buttons, self._pressed_buttons, self._before_button = 0, 0, 0
        self._held_keys, self._pressed_keys, self._before_keys = 0, 0, 0

    def take_event(self, event: pygame.event.Event, time_s: float) -> None:
        """Takes in one event of the window; others than mouse and known keys are passed over.

        Args:
            event: as pygame gave it.
            time_s: monotonic time at which it came in.
        """
        if event.type == pygame.MOUSEMOTION:
            self._move(event.pos)
            self._note(time_s, "move", "")
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button in _BUTTONS:
            self._move(event.pos)
            button = _BUTTONS[event.button]
            self._take_button(button, event.type == pygame.MOUSEBUTTONDOWN)
            self._note(time_s, "press" if event.type == pygame.MOUSEBUTTONDOWN else "release", button.name.lower())
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._codes:
            bit = self._codes[event.key]
            if event.type == pygame.KEYDOWN:
                self._held_keys |= bit
                self._pressed_keys |= bit
            else:
                self._held_keys &= ~bit
            self._note(time_s, "press" if event.type == pygame.KEYDOWN else "release", self._names[bit])

    def release_all(self, time_s: float) -> None:
        """The window lost the focus: what is held counts as let go, for its release will never be heard."""
        for button in (Button.LEFT, Button.RIGHT):
            if self._held_buttons & button:
                self._note(time_s, "release", button.name.lower())
        for bit, name in self._names.items():
            if self._held_keys & bit:
                self._note(time_s, "release", name)
        self._held_buttons = self._held_keys = 0

    def end_tick(self) -> Action:
        """The action of the tick that ends now."""
        melted = self._pressed_buttons & self._before_button
        down = (self._held_buttons | self._pressed_buttons) & ~melted
        button = Button.LEFT if down & Button.LEFT else Button.RIGHT if down & Button.RIGHT else Button.NONE
        cursor = self.cursor if self._press_place is None or melted else self._press_place
        melted_keys = self._pressed_keys & self._before_keys
        keys = (self._held_keys | self._pressed_keys) & ~melted_keys
        if not melted:
            self._press_place = None
        self._pressed_buttons, self._pressed_keys = melted, melted_keys
        self._before_button, self._before_keys = int(button), keys
        return Action(np.array([(cursor[0], cursor[1], keys, button)], ACTION))

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """The raw events since this was last called."""
        inputs, self._inputs = tuple(self._inputs), []
        return inputs

    def _move(self, place: tuple[int, int]) -> None:
        self.cursor = np.clip((np.array(place, np.float32) + 0.5) / np.array(self._size, np.float32), 0, 1)

    def _take_button(self, button: Button, down: bool) -> None:
        if down:
            self._held_buttons |= button
            self._pressed_buttons |= button
            self._press_place = self.cursor
        else:
            self._held_buttons &= ~button

    def _note(self, time_s: float, kind: str, code: str) -> None:
        self._inputs.append(InputEvent(time_s, kind, code, float(self.cursor[0]), float(self.cursor[1])))
