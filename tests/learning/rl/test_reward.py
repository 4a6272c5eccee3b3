"""Outcomes become rewards by a price list, with which dying never pays."""

import numpy as np
import pytest

from understudy.learning.rl.reward import RewardWeights, reward_terms
from understudy.perception.outcomes.outcome_detector import OUTCOMES
from understudy.worlds.catalog import load_profile


def outcome(**counts: float) -> np.ndarray:
    record = np.zeros(1, OUTCOMES)
    for name, count in counts.items():
        record[name] = count
    return record


def reward(outcomes: np.ndarray, weights: RewardWeights) -> np.ndarray:
    return np.asarray(reward_terms(outcomes, weights).sum(axis=-1))


def test_the_reward_adds_up_what_each_outcome_is_worth() -> None:
    happened = outcome(hits=3, misses=2, kills=1, kill_value=4, loot=1, loot_value=2, damage_taken=0.5)
    assert reward(happened, RewardWeights())[0] == 4 + 2 - 0.5
    assert reward(happened, RewardWeights(hit=0.1, miss=-0.1, kill=2.0))[0] == pytest.approx(8 + 2 - 0.5 + 0.1)
    assert reward(np.concatenate([happened, outcome(deaths=1)]), RewardWeights()).tolist() == [5.5, -40.0]


def test_no_single_kill_is_worth_dying_for() -> None:
    profile = load_profile("darkorbit")
    best = max(kind.value for kind in profile.kinds)
    assert reward(outcome(kills=1, kill_value=best, damage_taken=1, deaths=1), RewardWeights())[0] < 0
    with pytest.raises(ValueError, match="costs"):
        RewardWeights(death=5.0)
