"""Outcomes become rewards by a price list, with which dying never pays."""

from pathlib import Path

import numpy as np
import pytest

from understudy.contract.errors import WireError
from understudy.learning.rl.outcome_detector import OUTCOMES
from understudy.learning.rl.reward import RewardWeights, read_prices, reward
from understudy.worlds.catalog import load_profile


def outcome(**counts: float) -> np.ndarray:
    record = np.zeros(1, OUTCOMES)
    for name, count in counts.items():
        record[name] = count
    return record


def test_the_reward_adds_up_what_each_outcome_is_worth() -> None:
    happened = outcome(hits=3, misses=2, kills=1, kill_value=4, loot=1, loot_value=2, damage_taken=0.5)
    assert reward(happened, RewardWeights())[0] == 4 + 2 - 0.5
    assert reward(happened, RewardWeights(hit=0.1, miss=-0.1, kill=2.0))[0] == pytest.approx(8 + 2 - 0.5 + 0.1)
    assert reward(np.concatenate([happened, outcome(deaths=1)]), RewardWeights()).tolist() == [5.5, -40.0]


def test_no_single_kill_is_worth_dying_for() -> None:
    profile = load_profile("darkorbit")
    best = max(kind.value for kind in profile.kinds)
    assert reward(outcome(kills=1, kill_value=best, damage_taken=1, deaths=1), RewardWeights())[0] < 0
    assert RewardWeights().worth_dying_for(profile) == ()
    assert RewardWeights(death=-15.0).worth_dying_for(profile) == ("lordakium", "kristallon")
    with pytest.raises(ValueError, match="costs"):
        RewardWeights(death=5.0)


def test_a_price_list_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("death = -60.0\nhit = 0.05\n")
    assert read_prices(path) == RewardWeights(death=-60.0, hit=0.05)
    path.write_text("dying = -60.0\n")
    with pytest.raises(WireError, match="dying"):
        read_prices(path)
