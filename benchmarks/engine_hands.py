"""Busy hands for timing: click about, fly by the minimap, fire; drawn beforehand, so that they cost nothing."""

import numpy as np

from understudy.contract.action import ACTION
from understudy.contract.observation import Button

GESTURE_TICKS = 10


def busy_actions(num_worlds: int, num_gestures: int, seed: int = 0) -> np.ndarray:
    """Actions of gestures of ten ticks each: a click somewhere (one in eight on the minimap), then a key.

    Returns:
        Records of dtype ACTION, shape (10 * num_gestures, num_worlds).
    """
    draw = np.random.default_rng(seed)
    shape = (num_gestures, num_worlds)
    minimap = draw.random(shape) < 1 / 8
    records = np.zeros((num_gestures, GESTURE_TICKS, num_worlds), ACTION)
    records["cursor_x"] = np.where(minimap, draw.uniform(0.80, 0.99, shape), draw.uniform(0.2, 0.8, shape))[:, None]
    records["cursor_y"] = np.where(minimap, draw.uniform(0.715, 0.98, shape), draw.uniform(0.2, 0.8, shape))[:, None]
    records["button"][:, :3] = Button.LEFT
    records["keys"][:, 5] = np.where(draw.random(shape) < 0.5, 1 << draw.integers(0, 7, shape), 0)
    return records.reshape(-1, num_worlds)
