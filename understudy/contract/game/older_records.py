"""Observation records of earlier versions, and their conversion to today's.

Recordings, pickles and corrections hold such records; the places of their named readings are those that
`older_profiles` gives them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from understudy.contract.observation import (
    EVENTS,
    LANDMARK,
    MAX_GAUGES,
    MAX_LANDMARKS,
    MAX_SELECTORS,
    MAX_SWITCHES,
    MAX_TRACKS,
    OBSERVATION,
    PLAYER,
    TRACK,
)

_PLAYER_3 = np.dtype(
    [
        ("hp", "f4"),
        ("shield", "f4"),
        ("x", "f4"),
        ("y", "f4"),
        ("vx", "f4"),
        ("vy", "f4"),
        ("rocket_ready", "f4"),
        ("ammo", "f4", (4,)),
        ("ammo_kind", "i2"),
        ("map_index", "i2"),
        ("laser_on", "u1"),
        ("safe", "u1"),
        ("alive", "u1"),
        ("pad", "u1"),
    ],
)
TRACK_3 = np.dtype(
    [
        *(("id", "i4"), ("kind", "i2"), ("role", "i2")),
        *((name, "f4") for name in ("x", "y", "width", "height", "vx", "vy", "hp", "shield")),
        *(("attacking", "u1"), ("selected", "u1"), ("age_ms", "u2")),
    ],
)
OBSERVATION_3 = np.dtype(
    [
        ("time_s", "f8"),
        ("player", _PLAYER_3),
        ("tracks", TRACK_3, (MAX_TRACKS,)),
        ("landmarks", LANDMARK, (MAX_LANDMARKS,)),
        ("events", EVENTS),
        ("cursor_x", "f4"),
        ("cursor_y", "f4"),
        ("keys", "u4"),
        ("button", "u4"),
    ],
)
"""Observations with named readings, of recordings up to format 3."""
PLAYER_READINGS_3 = ("hp", "shield", "rocket_ready", "ammo", "ammo_kind", "laser_on")
"""The player's named readings of those records."""
_KEPT = ("x", "y", "vx", "vy", "map_index", "safe", "alive")


def upgrade_observations(old: np.ndarray) -> np.ndarray:
    """Converts records of dtype OBSERVATION_3 to OBSERVATION, of the same shape."""
    assert old.dtype == OBSERVATION_3
    records = np.zeros(old.shape, OBSERVATION)
    for name in OBSERVATION.names or ():
        if name not in ("player", "tracks"):
            records[name] = old[name]
    player, tracks = records["player"], records["tracks"]
    was = {name: old["player"][name] for name in _PLAYER_3.names or ()}
    for name, values in upgrade_player(was).items():
        player[name] = values
    for name in _KEPT:
        player[name] = was[name]
    seen = old["tracks"]
    for name in TRACK.names or ():
        tracks[name] = upgrade_track(seen["hp"], seen["shield"]) if name == "gauges" else seen[name]
    return records


def upgrade_player(old: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns gauges, switches and selectors for arrays of the named readings."""
    hp = np.asarray(old["hp"])
    gauges = np.full((*hp.shape, MAX_GAUGES), np.nan, np.float32)
    gauges[..., 0], gauges[..., 1] = hp, old["shield"]
    gauges[..., 2], gauges[..., 3:7] = old["rocket_ready"], old["ammo"]
    switches = np.zeros((*hp.shape, MAX_SWITCHES), PLAYER["switches"].base)
    switches[..., 0] = old["laser_on"]
    selectors = np.zeros((*hp.shape, MAX_SELECTORS), PLAYER["selectors"].base)
    selectors[..., 0] = old["ammo_kind"]
    return {"gauges": gauges, "switches": switches, "selectors": selectors}


def upgrade_track(hp: np.ndarray, shield: np.ndarray) -> np.ndarray:
    """Returns the gauges over objects for arrays of their named bars."""
    return np.stack([hp, shield], axis=-1)
