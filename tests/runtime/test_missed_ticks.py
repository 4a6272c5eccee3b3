"""Ticks that a live world missed are filled in before the next one."""

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.action import Action
from understudy.contract.observation import TICK_S, Observation
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.runtime.missed_ticks import TickHistory


def pair(step_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two observations, some time apart, and the action of the first."""
    play = teacher_play()[0]
    before, after = play.observation.records[800:801].copy(), play.observation.records[801:802].copy()
    after["time_s"] = before["time_s"] + step_s
    return before, play.actions[800:801].copy(), after


def missed(step_s: float) -> np.ndarray | None:
    before, action, after = pair(step_s)
    history = TickHistory()
    first = history.missed_before(before)
    assert first is not None and not len(first)
    history.action = action
    return history.missed_before(after)


@pytest.mark.parametrize(
    ("step_s", "rows"), [(0.05, 0), (0.06, 0), (0.1, 1), (0.3, 5), (0.55, 10), (0.0, 0), (-9.0, 0)]
)
def test_up_to_half_a_second_is_bridged(step_s: float, rows: int) -> None:
    found = missed(step_s)
    assert found is not None and len(found) == rows


@pytest.mark.parametrize("step_s", [0.6, 5.0])
def test_a_longer_gap_begins_a_new_history(step_s: float) -> None:
    assert missed(step_s) is None


def test_a_filled_row_is_the_last_observation_grown_older() -> None:
    before, action, after = pair(0.2)
    before["events"]["hits"], after["keys"], after["button"] = 2, 2, 0
    action["keys"], action["button"], action["cursor_x"], after["cursor_x"] = 3, 1, 0.2, 0.5
    history = TickHistory()
    history.missed_before(before)
    history.action = action
    rows = history.missed_before(after)
    assert rows is not None and len(rows) == 3
    assert rows["time_s"] == pytest.approx(before["time_s"][0] + TICK_S * np.arange(1, 4))
    assert not rows["events"]["hits"].any()
    assert rows["keys"].tolist() == [3, 2, 2] and rows["button"].tolist() == [1, 0, 0]
    assert rows["cursor_x"] == pytest.approx([0.2, 0.3, 0.4])
    seen = before["tracks"]["id"][0] > 0
    moved = before["tracks"]["x"][0] + 2 * TICK_S * np.nan_to_num(before["tracks"]["vx"][0])
    assert seen.any() and rows["tracks"]["x"][1][seen] == pytest.approx(moved[seen], abs=1e-6)


@pytest.fixture(scope="module")
def hierarchy(tmp_path_factory: pytest.TempPathFactory) -> HierarchicalPolicy:
    return load_hierarchy(write_brain(tmp_path_factory.mktemp("models")), PROFILE)


def passed_ticks(hierarchy: HierarchicalPolicy, step_s: float) -> int:
    """The number of ticks that the levels have passed with the decision after a gap."""
    before, action, after = pair(step_s)
    carry = hierarchy.start(np.zeros(1, np.uint64))
    hierarchy.decide(Observation(before), carry)
    hierarchy.set_done(carry, Action(action))
    hierarchy.decide(Observation(after), carry)
    return carry.levels.tick


def test_the_levels_pass_missed_ticks_and_begin_anew_after_a_long_gap(hierarchy: HierarchicalPolicy) -> None:
    assert [passed_ticks(hierarchy, step_s) for step_s in (0.05, 0.3, 0.55, 0.6)] == [2, 7, 12, 1]
