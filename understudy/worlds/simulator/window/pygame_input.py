"""Accumulates pygame's mouse and keyboard events of the game's window."""

import numpy as np
import pygame
from jaxtyping import Float32

from understudy.contract.observation import Button
from understudy.contract.profile import Profile
from understudy.worlds.input_accumulator import InputAccumulator

_BUTTONS = {
    pygame.BUTTON_LEFT: Button.LEFT,
    pygame.BUTTON_RIGHT: Button.RIGHT,
    pygame.BUTTON_MIDDLE: Button.MIDDLE,
}


def key_codes(profile: Profile) -> dict[int, int]:
    """Maps pygame's key codes to bits of the profile's keys; left and right ctrl are one key."""
    codes: dict[int, int] = {}
    for name in profile.keys:
        names = [f"left {name}", f"right {name}"] if name in ("ctrl", "shift", "alt") else [name]
        codes |= {pygame.key.key_code(each): profile.key_bit(name) for each in names}
    return codes


class PygameInput(InputAccumulator):
    """InputAccumulator for one pygame window. Belongs to the thread that owns the window."""

    def __init__(self, profile: Profile, size: tuple[int, int], codes: dict[int, int]) -> None:
        super().__init__(profile)
        self._size = size
        self._codes = codes

    def take_event(self, event: pygame.event.Event, time_s: float) -> None:
        """Adds one event of the window; ignores all but the mouse and known keys.

        Args:
            event: from pygame.
            time_s: monotonic time of its arrival.
        """
        if event.type == pygame.MOUSEMOTION:
            self.move(self._fractions(event.pos), time_s)
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button in _BUTTONS:
            down, place = event.type == pygame.MOUSEBUTTONDOWN, self._fractions(event.pos)
            self.turn_button(_BUTTONS[event.button], down=down, place=place, time_s=time_s)
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._codes:
            self.turn_key(self._codes[event.key], down=event.type == pygame.KEYDOWN, time_s=time_s)

    def _fractions(self, place: tuple[int, int]) -> Float32[np.ndarray, " 2"]:
        return (np.array(place, np.float32) + 0.5) / np.array(self._size, np.float32)
