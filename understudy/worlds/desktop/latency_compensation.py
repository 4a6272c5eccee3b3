"""Latency compensation: extrapolates objects to where they will be when a click reaches the game."""

import numpy as np

AHEAD_S = 0.05
"""Seconds of extrapolation. Clicks on moving objects led the captured frame by 0.099 s of motion, but by 0.048 s in a
recording of the simulator's state with the same motor model (docs/log.md): a game draws the state of one frame or tick
ago, and a press takes effect somewhere in the tick after the capture. A policy trained on one and played through the
other would add this delay twice."""


def extrapolate_tracks(records: np.ndarray, seconds: float) -> None:
    """Moves the tracks along their own velocities, in place, clipped to the window.

    Args:
        records: of dtype OBSERVATION, any shape.
        seconds: extrapolation time.
    """
    tracks = records["tracks"]
    for place, speed in (("x", "vx"), ("y", "vy")):
        moved = np.clip(tracks[place] + seconds * np.nan_to_num(tracks[speed]), 0.0, 1.0)
        tracks[place] = np.where(tracks["id"] > 0, moved, tracks[place])
