"""The bounds spend just the error that was asked for, and means are as sure as they say."""

import numpy as np
import pytest

from understudy.evaluation.comparison.group_sequential import paired_mean, spending_bounds


def test_one_look_needs_what_a_plain_one_sided_test_needs() -> None:
    (bound,) = spending_bounds((1.0,), 0.05)
    assert bound == pytest.approx(1.6449, abs=1e-3)


@pytest.mark.parametrize(("num_looks", "error", "shape"), [(16, 0.05, 1.5), (30, 0.1, 1.0), (4, 0.05, 3.0)])
def test_noise_crosses_them_as_often_as_was_asked_for(num_looks: int, error: float, shape: float) -> None:
    counts = np.arange(1, num_looks + 1)
    noise = np.random.default_rng(0).normal(size=(100_000, num_looks)).cumsum(axis=1) / np.sqrt(counts)
    crossed = (noise > np.array(spending_bounds(tuple(counts / num_looks), error, shape))).any(axis=1).mean()
    assert crossed == pytest.approx(error, rel=0.06)


def test_strata_take_what_differs_between_them_out_of_the_error() -> None:
    random, strata = np.random.default_rng(0), np.repeat(np.arange(4), 50)
    differences = 10.0 * strata + random.normal(size=200)
    blind, seeing = paired_mean(differences), paired_mean(differences, strata)
    assert blind.value == pytest.approx(seeing.value)
    assert seeing.standard_error == pytest.approx(1 / 200**0.5, rel=0.15)
    assert blind.standard_error > 5 * seeing.standard_error


def test_few_pairs_reach_further_than_many() -> None:
    few, many = (paired_mean(np.random.default_rng(1).normal(size=num)) for num in (4, 4000))
    assert few.reach(1.645) / few.standard_error == pytest.approx(2.353, abs=1e-2), "the t of three degrees of freedom"
    assert many.reach(1.645) / many.standard_error == pytest.approx(1.645, abs=1e-2)
    assert paired_mean(np.ones(1)).reach(1.0) == float("inf")


def test_no_events_at_all_are_not_taken_for_certainty() -> None:
    assert paired_mean(np.zeros(100)).reach(1.645) == 0.0
    assert paired_mean(np.zeros(100), floor=3.0).reach(1.645) == pytest.approx(1.66 * 3.0**0.5 / 100, rel=0.02)
