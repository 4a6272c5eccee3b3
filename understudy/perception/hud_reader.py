"""Reads the player's gauges, switches and selectors, and whether the player is alive."""

import math

import numpy as np

from understudy.contract.game.readings import GaugeRole
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Lamp
from understudy.perception.gauge_readers import gauge_reader
from understudy.perception.screen_regions import BarReader, LampReader, Scale

EMPTY_TICKS = 2
"""Consecutive frames with an empty vital gauge before the player counts as lost: a single frame may be torn."""


class HudReader:
    """Reads the player's state from each frame; counts consecutive frames with an empty vital gauge."""

    def __init__(self, profile: Profile) -> None:
        self._gauges = [
            (place, gauge_reader(gauge.reading))
            for place, gauge in enumerate(profile.gauges)
            if gauge.reading is not None
        ]
        self._vital = [place for place, gauge in enumerate(profile.gauges) if gauge.role is GaugeRole.VITAL]
        self._switches = [
            (place, LampReader(switch.reading) if isinstance(switch.reading, Lamp) else BarReader(switch.reading))
            for place, switch in enumerate(profile.switches)
            if switch.reading is not None
        ]
        self._selectors = [
            (place, [LampReader(lamp) for lamp in selector.readings])
            for place, selector in enumerate(profile.selectors)
        ]
        self._num_empty = 0

    def read(self, frame: np.ndarray, scale: Scale, player: np.void) -> None:
        """Writes gauges, switches, selectors and alive into a record of dtype PLAYER."""
        player["gauges"] = math.nan
        for place, bar in self._gauges:
            player["gauges"][place] = bar.read(frame, scale)
        for place, reader in self._switches:
            player["switches"][place] = _is_on(reader, frame, scale)
        for place, lamps in self._selectors:
            player["selectors"][place] = _choice(lamps, frame, scale)
        is_empty = any(player["gauges"][place] == 0.0 for place in self._vital)
        self._num_empty = self._num_empty + 1 if is_empty else 0
        player["alive"] = self._num_empty < EMPTY_TICKS


def _is_on(reader: BarReader | LampReader, frame: np.ndarray, scale: Scale) -> bool:
    if isinstance(reader, BarReader):
        return reader.read(frame, scale) > 0.5  # False for NaN
    return reader.lit(frame, scale)


def _choice(lamps: list[LampReader], frame: np.ndarray, scale: Scale) -> int:
    """Returns the number, from 1, of the lamp with the largest lit fraction; 0 when none is lit."""
    shares = [lamp.share(frame, scale) for lamp in lamps]
    if not shares:
        return 0
    best = int(np.argmax(shares))
    return best + 1 if lamps[best].lit(frame, scale) else 0
