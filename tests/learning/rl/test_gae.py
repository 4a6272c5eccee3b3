"""Advantages: between what came and what was expected, and nothing across an interruption."""

import numpy as np
import pytest

from understudy.learning.rl.gae import compute_gae, discount_per_tick


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_with_full_trust_in_what_came_it_is_the_discounted_sum_less_the_value() -> None:
    rewards, values = column(0, 0, 8, 0), column(1, 2, 3, 4)
    found = compute_gae(rewards, values, 0.5, 1.0)[:, 0]
    assert found == pytest.approx([0.25 * 8 + 0.125 * 4 - 1, 0.5 * 8 + 0.25 * 4 - 2, 8 + 0.5 * 4 - 3, 0])


def test_without_it_it_is_the_surprise_of_the_tick_alone() -> None:
    found = compute_gae(column(0, 0, 8, 0), column(1, 2, 3, 4), 0.5, 0.0)[:, 0]
    assert found == pytest.approx([0.5 * 2 - 1, 0.5 * 3 - 2, 8 + 0.5 * 4 - 3, 0])


def test_a_value_that_knows_what_comes_is_never_surprised() -> None:
    values = column(*(1.0 / (1.0 - 0.9) for _ in range(6)))
    assert np.abs(compute_gae(np.ones((6, 1), np.float32), values, 0.9, 0.7)).max() < 1e-5


def test_worlds_do_not_mix() -> None:
    rewards = np.zeros((5, 2), np.float32)
    rewards[3] = (10.0, 0.0)
    assert compute_gae(rewards, np.zeros_like(rewards), 0.9, 1.0)[0] == pytest.approx([0.9**3 * 10, 0.0])


def test_a_time_becomes_the_discount_of_a_tick() -> None:
    assert discount_per_tick(20.0, 20) ** 400 == pytest.approx(np.exp(-1))
