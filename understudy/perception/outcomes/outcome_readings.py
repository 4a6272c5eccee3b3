"""Which gauges and switches outcomes are detected from, by what the profile declares; a record for compiled code."""

import numpy as np

from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import MAX_GAUGES, MAX_SWITCHES, MAX_TRACK_GAUGES
from understudy.contract.profile import Profile

OUTCOME_READINGS = np.dtype(
    [
        ("worth", "f8", (MAX_GAUGES,)),  # of a gauge of health, in full vital gauges; 0 for other gauges
        ("stores", "u1", (MAX_GAUGES,)),  # 1 for a store that a shot lowers
        ("cooldowns", "u1", (MAX_GAUGES,)),  # 1 for a cooldown that a shot empties
        ("weapons", "u1", (MAX_SWITCHES,)),  # 1 for a switch that is on while the player shoots
        ("weapon_keys", "u4"),  # bits of the keys that turn them on and off
        ("track_worth", "f8", (MAX_TRACK_GAUGES,)),  # of a bar over an enemy, in its own full vital gauges
        ("num_track_gauges", "i4"),
    ],
)


def outcome_readings(profile: Profile) -> np.ndarray:
    """Returns one record of dtype OUTCOME_READINGS, shape (1,)."""
    records = np.zeros(1, OUTCOME_READINGS)
    readings = records[0]
    for place, gauge in enumerate(profile.gauges):
        readings["worth"][place] = gauge.worth if gauge.is_health else 0.0
        readings["stores"][place] = gauge.weapon and gauge.role is GaugeRole.STORE
        readings["cooldowns"][place] = gauge.weapon and gauge.role is GaugeRole.COOLDOWN
    for place, switch in enumerate(profile.switches):
        readings["weapons"][place] = switch.weapon
        if switch.weapon and switch.key in profile.keys:
            readings["weapon_keys"] |= np.uint32(profile.key_bit(switch.key))
    for place, bar in enumerate(profile.track_gauges):
        readings["track_worth"][place] = bar.worth
    readings["num_track_gauges"] = len(profile.track_gauges)
    return records
