import numpy as np

from understudy.worlds.desktop.deferred_perception import DeferredPerception
from understudy.worlds.desktop.perception_thread import Perception


def test_time_and_input_are_known_and_nothing_of_the_game() -> None:
    perception = DeferredPerception()
    assert isinstance(perception, Perception)
    record = perception.process(np.zeros((64, 64, 3), np.uint8), 12.5, (0.25, 0.75), 3, 1).records[0]
    assert (record["time_s"], record["cursor_x"], record["cursor_y"]) == (12.5, 0.25, 0.75)
    assert (record["keys"], record["button"]) == (3, 1)
    player = record["player"]
    assert all(np.isnan(player[name]).all() for name in ("gauges", "x", "vx"))
    assert player["alive"] == 1 and player["map_index"] == -1 and (record["tracks"]["id"] == 0).all()
    assert not any(record["events"].tolist())
