"""Labels and play of the mouse wheel: each tick with its bit is a click, and the next may follow at once."""

from dataclasses import replace

import numpy as np

from tests.support.zoom_game import PROFILE, UP
from understudy.contract.action import ACTION
from understudy.contract.observation import TICK_S, empty_observation
from understudy.learning.data.labelled_episode import label_episode


def test_each_tick_with_the_bit_of_the_wheel_is_a_click_and_it_is_never_down() -> None:
    actions = np.zeros(8, ACTION)
    actions["keys"][[2, 3, 4, 6]] = UP
    seen = empty_observation(8)
    seen.records["time_s"] = TICK_S * np.arange(8)
    seen.records["keys"][1:] = actions["keys"][:-1]
    for profile, clicks in ((PROFILE, [2, 3, 4, 6]), (replace(PROFILE, keys=("a", "b")), [2, 6])):
        labelled = label_episode(seen, actions, profile)
        assert list(np.flatnonzero(labelled.key_onsets[:, 0])) == clicks
        assert list(np.flatnonzero(labelled.keys_down[:, 0])) == ([] if profile is PROFILE else [3, 4, 5, 7])
