"""Converts observations and actions to Gymnasium spaces.

All numbers lie within -1 and 1. An unknown reading (NaN) is 0; an empty track slot or landmark is all zeros.
"""

import numpy as np
from gymnasium import Space, spaces
from jaxtyping import Float32

from understudy.contract.action import ACTION
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACK_GAUGES, MAX_TRACKS, Button, Role
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, LOADED, NUM_AMMO, ROCKET, SHIELD

TRACK_READINGS = ("x", "y", "width", "height", "vx", "vy", "gauges", "attacking", "selected")
NUM_TRACK_READINGS = len(TRACK_READINGS) - 1 + MAX_TRACK_GAUGES
NUM_PLAYER_READINGS = 10
PRESSED_ABOVE = 0.5
"""A button or key is held when its number exceeds this, so that an action of zeros presses nothing."""

Features = dict[str, Float32[np.ndarray, "..."]]


def observation_space(profile: Profile) -> Space:
    """Returns one world's observation space: `player` (readings, ammunition left and loaded, map), `tracks` (slots x
    (present, readings, kind)), `landmarks` (slots x (portal, base, x, y)) and `hands` (cursor, button, keys)."""
    shapes = {
        "player": (NUM_PLAYER_READINGS + 2 * NUM_AMMO + len(profile.maps),),
        "tracks": (MAX_TRACKS, 1 + NUM_TRACK_READINGS + len(profile.kinds)),
        "landmarks": (MAX_LANDMARKS, 4),
        "hands": (3 + len(profile.keys),),
    }
    return spaces.Dict({name: spaces.Box(-1.0, 1.0, shape, np.float32) for name, shape in shapes.items()})


def action_space(profile: Profile) -> spaces.Box:
    """Returns one world's action space: cursor x and y (-1 left or top, 1 right or bottom), left button, keys."""
    return spaces.Box(-1.0, 1.0, (3 + len(profile.keys),), np.float32)


def features(records: np.ndarray, profile: Profile) -> Features:
    """Converts observation records, shape (B,), to the arrays of `observation_space` with a leading axis B."""
    parts = {
        "player": _player(records["player"], profile),
        "tracks": _tracks(records["tracks"], profile),
        "landmarks": _landmarks(records["landmarks"]),
        "hands": _hands(records, profile),
    }
    return {name: np.clip(np.nan_to_num(part), -1.0, 1.0).astype(np.float32) for name, part in parts.items()}


def actions_from(numbers: Float32[np.ndarray, "B A"], profile: Profile) -> np.ndarray:
    """Converts numbers of `action_space` to records of dtype ACTION, shape (B,)."""
    records = np.zeros(len(numbers), ACTION)
    records["cursor_x"], records["cursor_y"] = (numbers[:, 0] + 1) / 2, (numbers[:, 1] + 1) / 2
    records["button"] = np.where(numbers[:, 2] > PRESSED_ABOVE, Button.LEFT, Button.NONE)
    records["keys"] = (numbers[:, 3:] > PRESSED_ABOVE) @ (1 << np.arange(len(profile.keys)))
    return records


def numbers_from(actions: np.ndarray, profile: Profile) -> Float32[np.ndarray, "B A"]:
    """Converts records of dtype ACTION, shape (B,), to numbers of `action_space`; a right button is not in it."""
    held = (actions["keys"][:, None] >> np.arange(len(profile.keys))) & 1
    cursor = 2 * np.stack([actions["cursor_x"], actions["cursor_y"]], axis=1) - 1
    numbers = np.concatenate([cursor, ((actions["button"] & Button.LEFT) > 0)[:, None], held], axis=1)
    return np.asarray(np.clip(np.nan_to_num(numbers), -1.0, 1.0), np.float32)


def _player(player: np.ndarray, profile: Profile) -> np.ndarray:
    loaded = player["selectors"][:, LOADED, None] == np.arange(1, 1 + NUM_AMMO)
    on_map = player["map_index"][:, None] == np.arange(len(profile.maps))
    gauges = player["gauges"]
    readings = [
        *(gauges[:, HP], gauges[:, SHIELD], *(player[name] for name in ("x", "y", "vx", "vy"))),
        *(gauges[:, ROCKET], player["switches"][:, LASER], player["safe"], player["alive"]),
    ]
    return np.concatenate([np.stack(readings, 1), gauges[:, AMMO : AMMO + NUM_AMMO], loaded, on_map], axis=1)


def _tracks(tracks: np.ndarray, profile: Profile) -> np.ndarray:
    there = tracks["id"] > 0
    kinds = tracks["kind"][..., None] == np.arange(len(profile.kinds))
    readings = [there, *(tracks[name] for name in TRACK_READINGS)]
    columns = [reading if reading.ndim > there.ndim else reading[..., None] for reading in readings]
    return np.concatenate([*columns, kinds & there[..., None]], axis=-1)


def _landmarks(marks: np.ndarray) -> np.ndarray:
    return np.stack([marks["role"] == Role.PORTAL, marks["role"] == Role.BASE, marks["x"], marks["y"]], axis=-1)


def _hands(records: np.ndarray, profile: Profile) -> np.ndarray:
    held = (records["keys"][:, None] >> np.arange(len(profile.keys))) & 1
    left = (records["button"] & Button.LEFT) > 0
    return np.concatenate([np.stack([records["cursor_x"], records["cursor_y"], left], 1), held], axis=1)
