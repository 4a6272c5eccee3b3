"""Reads the player's HUD: hull and shield bars, ammunition, laser, and whether the ship is alive."""

import math

import numpy as np

from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Bar, Screen
from understudy.perception.screen_regions import BarReader, LampReader, Scale

EMPTY_TICKS = 2
"""Consecutive frames with an empty hull before the ship counts as lost: a single frame may be torn."""


class HudReader:
    """Reads the player's state from each frame; counts consecutive frames with an empty hull."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        self._hp, self._shield, self._rocket = (
            None if bar is None else BarReader(bar) for bar in (screen.hp, screen.shield, screen.rocket)
        )
        self._ammo = [BarReader(bar) for bar in screen.ammo]
        self._ammo_kind = [LampReader(lamp) for lamp in screen.ammo_kind]
        laser = screen.laser
        self._laser = None if laser is None else BarReader(laser) if isinstance(laser, Bar) else LampReader(laser)
        self._num_empty = 0

    def read(self, frame: np.ndarray, scale: Scale, player: np.void) -> None:
        """Writes hp, shield, rocket_ready, ammo, ammo_kind, laser_on and alive into a record of dtype PLAYER."""
        player["hp"], player["shield"], player["rocket_ready"] = (
            math.nan if bar is None else bar.read(frame, scale) for bar in (self._hp, self._shield, self._rocket)
        )
        player["ammo"] = np.nan
        for number, bar in enumerate(self._ammo):
            player["ammo"][number] = bar.read(frame, scale)
        player["ammo_kind"] = self._loaded_ammo(frame, scale)
        player["laser_on"] = self._laser_on(frame, scale)
        self._num_empty = self._num_empty + 1 if player["hp"] == 0.0 else 0
        player["alive"] = self._num_empty < EMPTY_TICKS

    def _loaded_ammo(self, frame: np.ndarray, scale: Scale) -> int:
        """Returns the loaded ammunition, 1..4, by the lamp with the largest lit fraction; 0 when none is lit."""
        shares = [lamp.share(frame, scale) for lamp in self._ammo_kind]
        if not shares:
            return 0
        best = int(np.argmax(shares))
        return best + 1 if self._ammo_kind[best].lit(frame, scale) else 0

    def _laser_on(self, frame: np.ndarray, scale: Scale) -> bool:
        if isinstance(self._laser, BarReader):
            return self._laser.read(frame, scale) > 0.5  # False for NaN
        return self._laser is not None and self._laser.lit(frame, scale)
