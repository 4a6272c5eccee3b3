import numpy as np
import pytest

from understudy.worlds.simulator.engine.counter_rng import counter_normal, counter_uniform

SEEDS = np.arange(20_000, dtype=np.uint64)


def test_numbers_are_spread_evenly_over_0_to_1() -> None:
    drawn = counter_uniform(SEEDS, 3, 5)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx(np.full(10, 2000), abs=200)


def test_seeds_streams_and_numbers_each_change_what_is_drawn_independently() -> None:
    draws = np.stack(
        [
            counter_uniform(SEEDS, 0, 0),
            counter_uniform(SEEDS, 1, 0),
            counter_uniform(SEEDS, 0, 1),
            counter_uniform(SEEDS + np.uint64(1), 0, 0),
        ]
    )
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.03


def test_a_number_for_each_world_is_the_same_as_asking_one_by_one() -> None:
    numbers = np.array([4, 9, -1])
    one_by_one = [counter_uniform(SEEDS[b : b + 1], 2, int(numbers[b]))[0] for b in range(3)]
    assert counter_uniform(SEEDS[:3], 2, numbers).tolist() == one_by_one


def test_normal_numbers_have_mean_0_and_deviation_1() -> None:
    drawn = counter_normal(SEEDS, 7, 1)
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.std() == pytest.approx(1, abs=0.03)
