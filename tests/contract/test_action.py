"""Actions and intents of doing nothing."""

import numpy as np
import pytest

from understudy.contract.action import ACTION, Action, idle_action
from understudy.contract.intent import INTENT, Intent, Mode, no_intent
from understudy.contract.observation import empty_observation


def test_records_have_the_size_that_recordings_hold() -> None:
    assert ACTION.itemsize == 16
    assert INTENT.itemsize == 4 + 5 * 4 + 16 * 4 + 4 + 20 * 4 + 4 + 2 * 4


def test_an_idle_action_leaves_the_cursor_and_lets_go_of_everything() -> None:
    observation = empty_observation(2)
    observation.records["cursor_x"], observation.records["cursor_y"] = [0.1, 0.9], [0.2, 0.8]
    observation.records["keys"], observation.records["button"] = 5, 1
    idle = idle_action(observation).records
    assert idle["cursor_x"] == pytest.approx([0.1, 0.9])
    assert idle["cursor_y"] == pytest.approx([0.2, 0.8])
    assert not idle["keys"].any() and not idle["button"].any()


def test_a_pilot_without_intent_has_no_mode() -> None:
    assert no_intent(3).records["mode"].tolist() == [-1, -1, -1]


def test_the_modes_keep_the_order_of_the_guide() -> None:
    assert [mode.name for mode in Mode] == ["FIGHT", "LOOT", "FLEE", "EXPLORE", "CAUTIOUS"]


@pytest.mark.parametrize(("wrapper", "layout"), [(Action, INTENT), (Intent, ACTION)])
def test_records_of_another_layout_are_refused(wrapper: type, layout: np.dtype) -> None:
    with pytest.raises(AssertionError):
        wrapper(np.zeros(1, layout))
