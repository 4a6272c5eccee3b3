"""Objects are told where their motion takes them until a press reaches them."""

import numpy as np

from understudy.contract.observation import empty_observation
from understudy.worlds.desktop.latency_compensation import extrapolate_tracks


def test_things_move_on_by_their_own_velocity_and_not_out_of_the_window() -> None:
    records = empty_observation(2).records
    tracks = records["tracks"]
    tracks["id"][1, :3] = 1, 2, 3
    tracks["x"][1, :4], tracks["vx"][1, :4] = [0.5, 0.99, 0.3, 0.2], [-0.2, 0.4, np.nan, 0.4]
    tracks["y"][1, :4], tracks["vy"][1, :4] = 0.5, [0.1, 0.0, 0.0, 0.0]
    extrapolate_tracks(records, 0.1)
    assert np.allclose(tracks["x"][1, :4], [0.48, 1.0, 0.3, 0.2]), "the fourth is nothing"
    assert np.allclose(tracks["y"][1, :4], [0.51, 0.5, 0.5, 0.5])
    assert not tracks["id"][0].any()
