"""Pictures between two ticks: the game thinks 20 times a second and is drawn 60 times."""

import numpy as np

from understudy.worlds.simulator.rendering.scene import MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH

FAR = 0.05
"""A ship that is farther away than this part of the map one tick later has jumped and did not fly there."""


def blend(before: np.void, after: np.void, share: float) -> np.void:
    """An observation between two of neighbouring ticks.

    Args:
        before: one record of dtype OBSERVATION.
        after: the next tick's.
        share: 0 gives the places of `before`, 1 those of `after`.

    Returns:
        A copy of `after` with its objects and the ship on their way there; what has just appeared is where it is.
    """
    middle: np.void = after.copy()
    ship, was = middle["player"], before["player"]
    if ship["map_index"] != was["map_index"] or abs(ship["x"] - was["x"]) + abs(ship["y"] - was["y"]) > FAR:
        return middle
    back = 1.0 - share
    for axis in ("cursor_x", "cursor_y"):
        middle[axis] -= back * (middle[axis] - before[axis])
    moved_x, moved_y = float(ship["x"] - was["x"]), float(ship["y"] - was["y"])
    ship["x"] -= back * moved_x
    ship["y"] -= back * moved_y
    tracks = middle["tracks"]
    known = {int(number): slot for slot, number in enumerate(before["tracks"]["id"]) if number > 0}
    for slot, number in enumerate(tracks["id"]):
        if number <= 0:
            continue
        old = known.get(int(number))
        if old is None:  # where it was on the map is not known: it stands still there while the ship moves
            tracks["x"][slot] += back * moved_x * MAP_WIDTH / VIEW_WIDTH
            tracks["y"][slot] += back * moved_y * MAP_HEIGHT / VIEW_HEIGHT
        else:
            tracks["x"][slot] -= back * (tracks["x"][slot] - before["tracks"]["x"][old])
            tracks["y"][slot] -= back * (tracks["y"][slot] - before["tracks"]["y"][old])
    return middle
