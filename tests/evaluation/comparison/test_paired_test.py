"""A trial promotes what is better and no deadlier, refuses the rest, and keeps its error over many looks."""

import dataclasses

import numpy as np
import pytest

from understudy.evaluation.comparison.paired_test import (
    Decision,
    PairedSequentialTest,
    SegmentScores,
    SequentialTestConfig,
)
from understudy.evaluation.gate.live_gate import LIVE_TRIAL

SECONDS = 120.0
LOOKS = range(32, 513, 32)


def heavy_noise(random: np.random.Generator, num: int) -> np.ndarray:
    """Differences of points a minute with the spread measured in play (8.7) and far heavier tails."""
    return 8.7 * random.standard_t(3, num) / 3**0.5


def rule(
    random: np.random.Generator, gain: float, deaths: float, incumbent_deaths: float, config: SequentialTestConfig
) -> tuple[Decision, str, int]:
    """Plays one trial to its end; deaths an hour, in pairs of two minutes."""
    trial = PairedSequentialTest(config, LOOKS, SECONDS)
    hours, before = SECONDS / 3600, 0
    for count in LOOKS:
        num, before = count - before, count
        scores, died = heavy_noise(random, num), random.poisson(incumbent_deaths * hours, num).astype(float)
        trial.add(
            SegmentScores(scores=gain + scores, deaths=random.poisson(deaths * hours, num).astype(float)),
            SegmentScores(scores=np.zeros(num), deaths=died),
        )
        ruling, reason = trial.look()
        if ruling != "go on":
            return ruling, reason, count
    raise AssertionError("a trial has to end")


def share_promoted(
    gain: float, deaths: float, incumbent_deaths: float, num: int, config: SequentialTestConfig
) -> float:
    random = np.random.default_rng(0)
    return float(np.mean([rule(random, gain, deaths, incumbent_deaths, config)[0] == "promote" for _ in range(num)]))


def test_no_more_than_one_in_twenty_equal_candidates_is_promoted() -> None:
    """400 trials: two standard errors above 5 % are 7.2 %; benchmarks/gate.py has the large simulation."""
    easy_deaths = SequentialTestConfig(deaths_ratio=10.0)
    assert share_promoted(0.0, 6.0, 6.0, 400, easy_deaths) <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert share_promoted(0.0, 6.0, 6.0, 100, SequentialTestConfig()) <= 0.05


def share_with_disasters(looks: range, config: SequentialTestConfig, num: int) -> float:
    """Share promoted that gain a point in 98 worlds of a hundred and lose 49 in two: equal on average."""
    random, found = np.random.default_rng(3), 0
    for _ in range(num):
        trial, before = PairedSequentialTest(config, looks, SECONDS), 0
        for count in looks:
            size, before = count - before, count
            scores = np.where(random.random(size) < 0.02, -49.0, 1.0) + 4.3 * random.normal(size=size)
            none = np.zeros(size)
            trial.add(SegmentScores(scores=scores, deaths=none), SegmentScores(scores=none, deaths=none))
            ruling, _ = trial.look()
            if ruling != "go on":
                break
        found += ruling == "promote"
    return found / num


@pytest.mark.parametrize(
    ("looks", "config"),
    [(range(64, 1025, 64), SequentialTestConfig()), (range(3, 37, 3), LIVE_TRIAL)],
    ids=["many", "live"],
)
def test_rare_disasters_do_not_slip_through(looks: range, config: SequentialTestConfig) -> None:
    """A t-test let 9.6 % through, and 22 % of the live ones; benchmarks/gate.py has the large simulation."""
    no_deaths = dataclasses.replace(config, deaths_allowance=1000.0)
    assert share_with_disasters(looks, no_deaths, 200) <= 0.05


def test_what_is_plainly_better_is_promoted_and_soon() -> None:
    random = np.random.default_rng(0)
    rulings = [rule(random, 4.0, 3.0, 6.0, SequentialTestConfig()) for _ in range(40)]
    assert sum(ruling == "promote" for ruling, _, _ in rulings) >= 38
    assert np.mean([pairs for _, _, pairs in rulings]) < 200


def test_what_is_plainly_worse_is_refused_at_once() -> None:
    random = np.random.default_rng(0)
    rulings = [rule(random, -4.0, 6.0, 6.0, SequentialTestConfig()) for _ in range(40)]
    assert all(ruling == "refuse" and "gains less" in reason for ruling, reason, _ in rulings)
    assert np.mean([pairs for _, _, pairs in rulings]) < 100


def test_a_better_score_bought_with_deaths_is_refused() -> None:
    random = np.random.default_rng(0)
    rulings = [rule(random, 5.0, 20.0, 4.0, SequentialTestConfig()) for _ in range(40)]
    assert all(ruling == "refuse" and "dies more often" in reason for ruling, reason, _ in rulings)


def test_just_too_many_deaths_pass_no_more_often_than_was_allowed() -> None:
    config = SequentialTestConfig()
    too_many = config.deaths_ratio * 6.0 + config.deaths_allowance
    assert share_promoted(30.0, too_many, 6.0, 150, config) <= config.deaths_error + 2 * (0.09 / 150) ** 0.5


def test_nobody_dying_is_no_reason_to_refuse() -> None:
    assert share_promoted(4.0, 0.0, 0.0, 20, SequentialTestConfig()) >= 0.9


@pytest.mark.parametrize(
    "change",
    [
        {"type_1_error": 0.6},
        {"type_2_error": 0.0},
        {"deaths_ratio": 0.9},
        {"deaths_allowance": 0.0},
        {"worst_loss": 0.0},
    ],
)
def test_settings_that_make_no_test_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="deaths"):
        SequentialTestConfig(**change)
