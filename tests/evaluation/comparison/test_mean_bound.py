"""The bound covers as often as it says, also where a disaster has not been seen, and costs little where none is."""

import numpy as np
import pytest
from scipy import special

from understudy.evaluation.comparison.group_sequential import paired_mean
from understudy.evaluation.comparison.mean_bound import lower_bound, lower_bounds, within_strata

Z = 1.645


@pytest.mark.parametrize(
    ("num", "worst", "z"), [(8, -50.0, 1.645), (64, -50.0, 1.0), (64, -10.0, 2.3), (400, -50.0, 1.645)]
)
def test_the_bound_has_its_probability_under_exponential_weights(num: int, worst: float, z: float) -> None:
    random = np.random.default_rng(num)
    sample = 2.0 + 4.3 * random.normal(size=num)
    bound = lower_bound(sample, z, worst)
    around = np.append(within_strata(sample, None), worst) - bound
    drawn = float((random.exponential(size=(40_000, num + 1)) @ around <= 0).mean())
    wanted = float(special.ndtr(-z))
    assert drawn == pytest.approx(wanted, abs=3 * (wanted * (1 - wanted) / 40_000) ** 0.5 + 0.02 * wanted)


def test_many_samples_at_once_are_bounded_as_each_is_alone() -> None:
    samples = np.random.default_rng(5).normal(np.linspace(-3, 30, 40)[:, None], 8.5, (40, 30))
    wide = np.stack([within_strata(sample, None) for sample in samples])
    alone = [lower_bound(sample, Z, -20.0) for sample in samples]
    assert lower_bounds(wide, Z, -20.0) == pytest.approx(alone, abs=1e-3)


def test_a_sample_that_shows_no_disaster_is_not_taken_for_proof_of_none() -> None:
    """A point more in every world, 64 times: a disaster of 50 points in two worlds of a hundred may not have come."""
    seen = 1.0 + 4.3 * np.random.default_rng(0).normal(size=64) / 2
    assert paired_mean(seen).value - paired_mean(seen).reach(Z) > 0
    assert lower_bound(seen, Z, -50.0) < 0 < lower_bound(seen, Z, -5.0)
    assert lower_bound(np.tile(seen, 16), Z, -50.0) > 0


def test_many_plain_values_are_bounded_as_a_t_test_bounds_them() -> None:
    values = np.random.default_rng(1).normal(1.0, 8.5, 5000)
    plain = paired_mean(values)
    assert lower_bound(values, Z, -50.0) == pytest.approx(plain.value - plain.reach(Z), abs=0.03)


@pytest.mark.parametrize(("loss", "share"), [(49.0, 0.02), (24.0, 0.04), (50.0, 0.01)])
def test_it_covers_a_mean_of_zero_with_rare_disasters(loss: float, share: float) -> None:
    random = np.random.default_rng(2)
    size, gain = (1000, 128), loss * share / (1 - share)
    samples = np.where(random.random(size) < share, -loss, gain) + 2.0 * random.normal(size=size)
    wrong = float(np.mean([lower_bound(sample, Z, -50.0) > 0 for sample in samples]))
    assert wrong <= 0.05 + 2 * (0.05 * 0.95 / len(samples)) ** 0.5


def test_what_differs_between_strata_is_taken_out() -> None:
    random, strata = np.random.default_rng(3), np.repeat(np.arange(4), 100)
    values = 5.0 * strata + random.normal(size=400)
    inside = within_strata(values, strata)
    assert inside.mean() == pytest.approx(values.mean())
    assert inside.std() == pytest.approx((400 * paired_mean(values, strata).standard_error ** 2) ** 0.5)
    assert lower_bound(values, Z, -1.0, strata) > lower_bound(values, Z, -1.0) + 0.3


def test_a_smaller_value_than_the_worst_is_taken_for_the_worst() -> None:
    values = np.append(np.full(50, 2.0), -80.0)
    assert lower_bound(values, Z, -1.0) == pytest.approx(lower_bound(values, Z, -80.0), abs=0.2)


def test_one_value_bounds_nothing_and_equal_ones_are_no_certainty() -> None:
    assert lower_bound(np.ones(1), Z, -50.0) == float("-inf")
    assert lower_bound(np.ones(4), Z, -50.0, np.arange(4)) == float("-inf")
    assert lower_bound(np.zeros(64), Z, -50.0) < 0
    assert -50.0 < lower_bound(np.full(16, 5.0), Z, -50.0) < 5.0
    assert lower_bound(np.full(16, -60.0), Z, -50.0) == pytest.approx(-60.0)
