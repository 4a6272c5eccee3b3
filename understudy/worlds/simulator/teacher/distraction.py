"""Generates the inputs of a distracted player: clicks on panels, and typing."""

import numpy as np
from jaxtyping import Int64, UInt64

from understudy.contract.observation import TICK_RATE_HZ, Button
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.counter_rng import counter_uniform
from understudy.worlds.simulator.teacher.demonstration_noise import MenusAndChat

_PANEL, _PLACE_X, _PLACE_Y, _LETTER, _WHICH = range(20, 25)
"""Random streams of `counter_uniform`."""
MOVE_TICKS, DWELL_TICKS, PRESS_TICKS, HOLD_TICKS = 14, 3, 2, 2
SPACE_BAR_SHARE = 0.8
"""Fraction of the space bar among typed game keys: text has many spaces and few digits."""


class Distraction:
    """Actions of distracted players in B worlds, a pure function of seeds and tick."""

    def __init__(self, hardship: MenusAndChat, profile: Profile) -> None:
        self._hardship = hardship
        self._panels = np.array([(box.left, box.top, box.width, box.height) for box in profile.panels])
        self._space = profile.key_bit("space") if "space" in profile.keys else 0
        letters = [profile.key_bit(name) for name in profile.keys if len(name) == 1]
        self._letters = np.array(letters or [self._space], np.uint32)

    def act(self, worlds: Int64[np.ndarray, " W"], seeds: UInt64[np.ndarray, " B"], tick: int, out: np.ndarray) -> None:
        """Writes the actions of some of the worlds.

        Args:
            worlds: indices of these worlds.
            seeds: of all B worlds.
            tick: since the session began.
            out: records of dtype ACTION, shape (B,), initialised with the present cursor; changed in place.
        """
        period = max(round(self._hardship.click_every_s * TICK_RATE_HZ), MOVE_TICKS + DWELL_TICKS + PRESS_TICKS)
        number, since = divmod(tick, period)
        if since < MOVE_TICKS:
            self._reach(worlds, seeds[worlds], number, since, out)
        elif since < MOVE_TICKS + DWELL_TICKS + PRESS_TICKS:
            out["button"][worlds] = Button.LEFT if since >= MOVE_TICKS + DWELL_TICKS else Button.NONE
        else:
            out["keys"][worlds] = self._typed(seeds[worlds], tick)

    def _reach(
        self, worlds: Int64[np.ndarray, " W"], seeds: UInt64[np.ndarray, " W"], number: int, since: int, out: np.ndarray
    ) -> None:
        """Moves the cursor towards the next point on a panel, along a minimum-jerk profile (Flash and Hogan 1985)."""
        panels = self._panels[(counter_uniform(seeds, _PANEL, number) * len(self._panels)).astype(int)]
        done, after = (_minimum_jerk(step / MOVE_TICKS) for step in (since, since + 1))
        share = (after - done) / (1.0 - done)
        for axis, (name, stream) in enumerate((("cursor_x", _PLACE_X), ("cursor_y", _PLACE_Y))):
            goal = panels[:, axis] + panels[:, 2 + axis] * (0.1 + 0.8 * counter_uniform(seeds, stream, number))
            out[name][worlds] += share * (goal - out[name][worlds])

    def _typed(self, seeds: UInt64[np.ndarray, " W"], tick: int) -> np.ndarray:
        """Returns the key masks: each letter is held for HOLD_TICKS, and few letters are keys of the game."""
        letter, since = divmod(tick, max(round(TICK_RATE_HZ / self._hardship.letters_per_s), HOLD_TICKS + 1))
        which = counter_uniform(seeds, _WHICH, letter)
        others = self._letters[(counter_uniform(seeds, _WHICH + 1, letter) * len(self._letters)).astype(int)]
        key = np.where(which < SPACE_BAR_SHARE, self._space, others)
        down = (counter_uniform(seeds, _LETTER, letter) < self._hardship.game_key_share) & (since < HOLD_TICKS)
        return np.where(down, key, 0).astype(np.uint32)


def _minimum_jerk(share: float) -> float:
    return share**3 * (10.0 + share * (6.0 * share - 15.0))
