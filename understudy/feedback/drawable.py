"""Checks whether an observation can be drawn: records of another game or edited ones may hold any numbers."""

import numpy as np

from understudy.contract.observation import Role
from understudy.contract.profile import Profile

FAR_AWAY = 10.0
"""Largest position, size, speed or fraction, in windows, maps or whole bars, of a drawable observation."""
MAX_EVENTS = 1e6
"""Events of one kind since the previous observation."""


def is_drawable(record: np.void, profile: Profile) -> bool:
    """Returns whether a record of dtype OBSERVATION has only the game's kinds and maps, and places in or near sight."""
    player, landmarks = record["player"], record["landmarks"]
    tracks = record["tracks"][record["tracks"]["id"] != 0]
    roles = np.concatenate([tracks["role"], landmarks["role"]])
    numbers = [record["cursor_x"], record["cursor_y"], *(player[name] for name in ("x", "y", "vx", "vy"))]
    numbers += [*(tracks[name] for name in ("x", "y", "width", "height", "vx", "vy")), landmarks["x"], landmarks["y"]]
    readings = [player["gauges"], tracks["gauges"]]
    return bool(
        np.isfinite(record["time_s"])
        and np.isin(roles, list(map(int, Role))).all()
        and ((tracks["kind"] >= 0) & (tracks["kind"] < len(profile.kinds))).all()
        and (tracks["id"] > 0).all()
        and -1 <= player["map_index"] < len(profile.maps)
        and all(np.all(np.abs(each) <= FAR_AWAY) for each in numbers)
        and all(np.abs(each) <= MAX_EVENTS for each in record["events"])
        and (np.minimum(tracks["width"], tracks["height"]) >= 0).all()
        and all(np.all(np.isnan(each) | (np.abs(each) <= FAR_AWAY)) for each in readings)
    )
