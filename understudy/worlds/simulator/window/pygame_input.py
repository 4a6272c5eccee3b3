"""What a person's mouse and keyboard do in the game's own window, as pygame reports it."""

import numpy as np
import pygame
from jaxtyping import Float32

from understudy.contract.observation import Button
from understudy.contract.profile import Profile
from understudy.worlds.input_accumulator import InputAccumulator

_BUTTONS = {pygame.BUTTON_LEFT: Button.LEFT, pygame.BUTTON_RIGHT: Button.RIGHT}


def key_codes(profile: Profile) -> dict[int, int]:
    """pygame's key code -> the bit mask of the profile's key; the left and the right ctrl are one key."""
    codes: dict[int, int] = {}
    for name in profile.keys:
        names = [f"left {name}", f"right {name}"] if name in ("ctrl", "shift", "alt") else [name]
        codes |= {pygame.key.key_code(each): profile.key_bit(name) for each in names}
    return codes


class PygameInput(InputAccumulator):
    """Gathers the events of one window. Belongs to the thread that owns the window."""

    def __init__(self, profile: Profile, size: tuple[int, int], codes: dict[int, int]) -> None:
        super().__init__(profile)
        self._size = size
        self._codes = codes

    def take_event(self, event: pygame.event.Event, time_s: float) -> None:
        """Takes in one event of the window; others than mouse and known keys are passed over.

        Args:
            event: as pygame gave it.
            time_s: monotonic time at which it came in.
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
