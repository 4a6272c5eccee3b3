"""Interpolates observations between two ticks: the simulation runs at 20 Hz and is drawn at 60 Hz."""

import numpy as np

from understudy.worlds.simulator.rendering.scene import MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH

MAX_STEP = 0.05
"""A ship that moves farther than this in one tick (map fractions) has jumped; such a move is not interpolated."""


def blend(before: np.void, after: np.void, share: float) -> np.void:
    """Interpolates between the observations of two consecutive ticks.

    Args:
        before: one record of dtype OBSERVATION.
        after: the next tick's.
        share: 0 gives the positions of `before`, 1 those of `after`.

    Returns:
        A copy of `after` with interpolated positions of the ship and its objects; new objects are not interpolated.
    """
    middle: np.void = after.copy()
    ship, was = middle["player"], before["player"]
    if ship["map_index"] != was["map_index"] or abs(ship["x"] - was["x"]) + abs(ship["y"] - was["y"]) > MAX_STEP:
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
        if old is None:  # new object: keep its map position while the ship moves
            tracks["x"][slot] += back * moved_x * MAP_WIDTH / VIEW_WIDTH
            tracks["y"][slot] += back * moved_y * MAP_HEIGHT / VIEW_HEIGHT
        else:
            tracks["x"][slot] -= back * (tracks["x"][slot] - before["tracks"]["x"][old])
            tracks["y"][slot] -= back * (tracks["y"][slot] - before["tracks"]["y"][old])
    return middle
