"""What is seen moves on before a press reaches it: objects are told where their motion takes them meanwhile."""

import numpy as np

AHEAD_S = 0.05
"""Clicks on moving things lay 0.099 s of their motion ahead of where the picture had them, and 0.048 s in a recording
of the truth (the same hand; docs/log.md): a game draws what was true a frame or a tick ago, and a press comes somewhere
in the tick after the picture. Who learns from one and plays through the other is late twice."""


def extrapolate_tracks(records: np.ndarray, seconds: float) -> None:
    """Moves the objects on by their own velocities, in place, but not out of the window.

    Args:
        records: of dtype OBSERVATION, any shape.
        seconds: by how much.
    """
    tracks = records["tracks"]
    for place, speed in (("x", "vx"), ("y", "vy")):
        moved = np.clip(tracks[place] + seconds * np.nan_to_num(tracks[speed]), 0.0, 1.0)
        tracks[place] = np.where(tracks["id"] > 0, moved, tracks[place])
