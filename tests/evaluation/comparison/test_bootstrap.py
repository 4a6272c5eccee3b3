import numpy as np
import pytest
from scipy import stats

from understudy.evaluation.comparison.bootstrap import (
    bootstrap,
    combine,
    difference,
    normalised,
    probability_of_improvement,
    ratio,
    resample_worlds,
)
from understudy.evaluation.comparison.statistics import interquartile_mean, mean

STRATA = np.repeat(np.arange(4), 16)


def test_worlds_are_drawn_again_within_their_stratum_only() -> None:
    drawn = resample_worlds(STRATA, num_resamples=50).worlds
    assert (STRATA[drawn] == STRATA).all()
    assert len({tuple(row) for row in drawn}) == 50


def test_the_interval_of_a_mean_agrees_with_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).exponential(size=64)
    ours = bootstrap(values[None], resample_worlds(np.zeros(64), 20000), mean).estimate()
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20000, method="percentile", rng=2).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


@pytest.mark.parametrize("statistic", [mean, interquartile_mean])
def test_intervals_cover_the_truth_about_as_often_as_they_promise(statistic) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(7)
    offsets = np.array([0.0, 1.0, 2.0, 3.0])[STRATA]
    covered, num_trials = 0, 300
    for trial in range(num_trials):
        values = random.normal(size=64) + offsets  # symmetric: mean and IQM both aim at 1.5
        interval = bootstrap(values[None], resample_worlds(STRATA, 300, seed=trial), statistic).estimate()
        covered += interval.low <= 1.5 <= interval.high
    assert 0.90 <= covered / num_trials <= 0.985


def test_paired_differences_are_far_tighter_than_the_scores_themselves() -> None:
    random = np.random.default_rng(3)
    luck = random.normal(scale=10.0, size=(1, 64))
    first, second = luck + 1.0 + random.normal(scale=0.5, size=(1, 64)), luck
    drawn = resample_worlds(STRATA)
    gap = difference(bootstrap(first, drawn, mean), bootstrap(second, drawn, mean)).estimate()
    alone = bootstrap(first, drawn, mean).estimate()
    assert 0.0 < gap.low < gap.value < gap.high < 2.0
    assert gap.high - gap.low < (alone.high - alone.low) / 5


def test_several_training_seeds_widen_the_interval_by_their_own_spread() -> None:
    random = np.random.default_rng(4)
    worlds = random.normal(scale=0.1, size=(1, 64))
    alike, apart = worlds + np.zeros((3, 1)), worlds + np.array([[-1.0], [0.0], [1.0]])
    drawn = resample_worlds(STRATA)
    narrow, wide = bootstrap(alike, drawn).estimate(), bootstrap(apart, drawn).estimate()
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_a_normalised_score_is_zero_for_random_and_one_for_the_person() -> None:
    random, person = np.full((1, 64), -6.0), np.arange(64.0)[None]
    drawn = resample_worlds(STRATA, 100)
    low, high = bootstrap(random, drawn), bootstrap(person, drawn)
    assert normalised(low, low, high).estimate().value == 0.0
    same = normalised(high, low, high).estimate()
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)
    half = bootstrap((random + person) / 2, drawn)
    assert normalised(half, low, high).estimate().value == pytest.approx(0.5)


def test_a_ratio_to_nothing_is_infinite_and_nothing_to_nothing_is_even() -> None:
    drawn = resample_worlds(STRATA, 10)
    none, some = bootstrap(np.zeros((1, 64)), drawn), bootstrap(np.ones((1, 64)), drawn)
    assert ratio(none, none).estimate().value == 1.0
    assert ratio(some, none).estimate().high == np.inf
    assert combine(lambda a: 3 * a, some).estimate().low == 3.0


def test_probability_of_improvement_is_mann_whitneys_over_pairs() -> None:
    random = np.random.default_rng(5)
    first, second = random.integers(0, 6, size=40).astype(float), random.integers(0, 5, size=40).astype(float)
    whole = np.zeros(40)
    ours = probability_of_improvement(first[None], second[None], whole, resample_worlds(whole))
    theirs = stats.mannwhitneyu(first, second).statistic / (40 * 40)
    assert ours.value == pytest.approx(theirs)
    interval = ours.estimate()
    assert interval.low < ours.value < interval.high


def test_probability_of_improvement_over_oneself_is_a_half() -> None:
    values = np.random.default_rng(6).normal(size=(1, 64))
    even = probability_of_improvement(values, values, STRATA, resample_worlds(STRATA))
    assert even.value == pytest.approx(0.5)
    assert even.replicates == pytest.approx(0.5)


def test_replicates_of_the_probability_match_drawing_the_worlds_outright() -> None:
    random = np.random.default_rng(8)
    first, second = random.normal(size=(2, 64)), random.normal(size=(1, 64)) - 0.3
    drawn = resample_worlds(STRATA, 5)
    ours = probability_of_improvement(first, second, STRATA, drawn).replicates
    for replicate, worlds in enumerate(drawn.worlds):
        outright = probability_of_improvement(first[:, worlds], second[:, worlds], STRATA, drawn).value
        assert ours[replicate] == pytest.approx(outright)
