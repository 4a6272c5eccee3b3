import numpy as np
import pytest
from scipy import stats

from understudy.evaluation.comparison.statistics import Estimate, interquartile_mean, poisson_rate, union, wilson


@pytest.mark.parametrize("num_values", [1, 2, 3, 4, 5, 7, 8, 63, 128, 129])
def test_the_interquartile_mean_is_scipys_quarter_trimmed_mean(num_values: int) -> None:
    values = np.random.default_rng(num_values).normal(size=(6, num_values))
    np.testing.assert_allclose(interquartile_mean(values), stats.trim_mean(values, 0.25, axis=-1), rtol=1e-12)


def test_the_interquartile_mean_of_eight_by_hand() -> None:
    assert interquartile_mean(np.array([100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -100.0])) == pytest.approx(3.5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (1, 10), (7, 10), (10, 10), (250, 1000)])
def test_wilson_agrees_with_scipy(successes: int, trials: int) -> None:
    ours = wilson(float(successes), float(trials))
    theirs = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_nothing_knows_nothing() -> None:
    nothing = wilson(0.0, 0.0)
    assert np.isnan(nothing.value)
    assert (nothing.low, nothing.high) == (0.0, 1.0)


def test_the_poisson_interval_has_the_tail_probabilities_it_promises() -> None:
    rate = poisson_rate(7.0, exposure=2.0)
    assert rate.value == 3.5
    assert stats.poisson.sf(6, rate.low * 2.0) == pytest.approx(0.025)
    assert stats.poisson.cdf(7, rate.high * 2.0) == pytest.approx(0.025)


def test_no_deaths_at_all_still_leave_an_upper_bound() -> None:
    rate = poisson_rate(0.0, exposure=1.0)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(3.6889, abs=1e-4)  # -ln(0.025)


def test_a_union_keeps_the_first_value_and_covers_both() -> None:
    both = union(Estimate(value=1.0, low=0.5, high=1.5), Estimate(value=9.0, low=0.7, high=2.0))
    assert both == Estimate(value=1.0, low=0.5, high=2.0)
