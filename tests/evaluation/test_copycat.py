import numpy as np
import pytest

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Button
from understudy.evaluation.copycat import changed, copycat_head, repeat_last, skill_over_repeat


def walk() -> Action:
    """A cursor that rests for 5 ticks, then moves right for 5, and clicks on the last one."""
    records = np.zeros(10, ACTION)
    records["cursor_x"] = np.concatenate([np.full(5, 0.5), 0.5 + 0.02 * np.arange(1, 6)])
    records["button"][-1] = Button.LEFT
    return Action(records)


def figures(predicted: Action) -> dict[str, float]:
    return {metric.name: metric.value for metric in copycat_head(predicted, walk()).metrics}


def test_only_ticks_on_which_something_new_was_done_count() -> None:
    assert changed(walk()).tolist() == [False] * 5 + [True] * 5


def test_a_copycat_has_no_skill() -> None:
    said = figures(repeat_last(walk()))
    assert said["skill over repeating, cursor"] == 0.0
    assert said["skill over repeating, buttons and keys"] == 0.0
    assert said["cursor error on moving ticks"] == pytest.approx(0.02, rel=1e-4)


def test_the_truth_has_full_skill() -> None:
    said = figures(walk())
    assert said["skill over repeating, cursor"] == 1.0
    assert said["skill over repeating, buttons and keys"] == 1.0


def test_going_the_right_way_at_half_speed_is_half_the_skill() -> None:
    records = walk().records.copy()
    records["cursor_x"][5:] -= 0.01
    assert figures(Action(records))["skill over repeating, cursor"] == pytest.approx(0.5, rel=1e-4)


def test_skill_is_unknown_where_repeating_makes_no_error() -> None:
    assert np.isnan(skill_over_repeat(0.1, 0.0))
