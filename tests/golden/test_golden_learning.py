"""Labels, losses, gradients and the results of learning are what an earlier version computed from the same files.

What differs by rounding is compared within the tolerances of comparison.py, whole numbers and texts exactly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.golden import rl_values, supervised_values, training_values
from tests.golden.comparison import LOSSES, MANY_STEPS, assert_same, assert_same_arrays, expected, same_libraries

Arrays = dict[str, np.ndarray]


@pytest.mark.parametrize(
    ("name", "compute", "tolerance"),
    [
        ("labels", supervised_values.labels, LOSSES),
        ("training_parts", training_values.training_parts, LOSSES),
        ("tasks", supervised_values.tasks, LOSSES),
        ("state_names", supervised_values.state_names, 0.0),
        pytest.param("fits", supervised_values.fits, MANY_STEPS, marks=pytest.mark.slow),
        ("ppo", rl_values.ppo, MANY_STEPS),
        ("ppo_trainer", rl_values.ppo_trainer, MANY_STEPS),
    ],
)
def test_learning_computes_what_it_did(name: str, compute: Callable[[], Any], tolerance: float) -> None:
    assert_same(expected("learning")[name], compute(), tolerance, with_hashes=False)


@pytest.mark.parametrize(
    ("name", "compute", "tolerance"),
    [
        ("executor_losses", supervised_values.executor_losses, LOSSES),
        ("distillation", supervised_values.distillation, LOSSES),
        ("log_probs", rl_values.log_probs, LOSSES),
        ("value_function", rl_values.value_function, MANY_STEPS),
        ("online_learning", rl_values.online_learning, MANY_STEPS),
    ],
)
def test_learning_computes_what_it_did_for_each_tick(
    name: str, compute: Callable[[Arrays], Any], tolerance: float
) -> None:
    arrays: Arrays = {}
    assert_same(expected("learning")[name], compute(arrays), tolerance, with_hashes=False)
    assert arrays
    assert_same_arrays("learning", arrays)


@pytest.mark.slow
def test_shadow_learning_computes_what_it_did() -> None:
    before, now = dict(expected("learning")["shadow_learning"]), rl_values.shadow_learning()
    if not same_libraries():
        # without dropout the base style begins where it shall stay: its gradient is rounding, which Adam blows up
        del before["no dropout"], now["no dropout"]
    assert_same(before, now, MANY_STEPS, with_hashes=False)


def test_a_run_of_an_earlier_version_resumes_and_ends_near_one_that_was_never_stopped() -> None:
    """Near, because the first epoch in the fixture was trained with the offline conditioning of that version."""
    resumed = expected("learning")["fits"]["resumed"]
    assert resumed["total"] == pytest.approx(resumed["total_of_never_stopped"], abs=5e-3)
    assert (
        resumed["total"]["sum"] > expected("files")["checkpoints"]["fit_stopped/last_model.pt"]["total"]["sum"] + 0.02
    )
