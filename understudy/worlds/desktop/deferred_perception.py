"""Deferred perception: a game is only recorded, and perception runs on the stored pictures later.

Observations hold time, cursor, keys and buttons. Everything else is unknown until
`understudy recordings reperceive` has processed the pictures.
"""

import numpy as np
from jaxtyping import UInt8

from understudy.contract.observation import Observation, empty_observation


class DeferredPerception:
    """Implements the desktop's Perception without processing the picture."""

    def process(
        self,
        frame: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        cursor: tuple[float, float],
        keys: int = 0,
        button: int = 0,
    ) -> Observation:
        """Returns an observation with only time and inputs known."""
        observation = empty_observation(1)
        record = observation.records[0]
        player = record["player"]
        for name in player.dtype.names:
            if player.dtype[name].base.kind == "f":
                player[name] = np.nan
        player["alive"], player["map_index"] = 1, -1
        record["time_s"], record["keys"], record["button"] = time_s, keys, button
        record["cursor_x"], record["cursor_y"] = cursor
        return observation
