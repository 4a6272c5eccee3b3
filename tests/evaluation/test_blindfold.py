from collections.abc import Callable

import numpy as np
import pytest

from understudy.contract.observation import Observation
from understudy.evaluation.blindfold import (
    Surprise,
    blindfold_head,
    memory_columns,
    without_memory,
    without_present,
)
from understudy.learning.lesson import Lesson, prepare
from understudy.policies.encoding import Encoded
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile()


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """A minute of the teacher."""
    seeds = np.array([21], np.uint64)
    world, teacher = Simulator(seeds), Teacher("hunter", PROFILE)
    carry = teacher.start(seeds)
    seen, done = [], []
    for _ in range(1200):
        seen.append(world.observe().records.copy())
        decision = teacher.decide(world.observe(), carry)
        done.append(decision.action.records.copy())
        world.act(decision.action)
    return prepare(Observation(np.concatenate(seen)), np.concatenate(done), PROFILE)


def told(lesson: Lesson, surprise: Surprise) -> dict[str, float]:
    return {metric.name: metric.value for metric in blindfold_head([(lesson, surprise)], PROFILE).metrics}


def misses(lesson: Lesson, what: Callable[[Encoded], np.ndarray]) -> Surprise:
    """A policy that needs one thing to be as it truly was."""
    return lambda encoded, _: float((what(encoded) != what(lesson.encoded)).sum())


def test_memory_and_the_present_are_told_apart(lesson: Lesson) -> None:
    columns = memory_columns(lesson, PROFILE)
    assert 0.2 < columns.context.mean() < 0.9
    assert columns.tracks[21:26].all()  # trend of health, ages, times since clicks
    assert not columns.tracks[[0, 4, 15, 16, 18]].any()  # place, attacking, selected, size


def test_each_blindfold_hides_its_part_and_leaves_the_other(lesson: Lesson) -> None:
    columns = memory_columns(lesson, PROFILE)
    other = np.random.default_rng(0).permutation(len(lesson))
    true, forgetful = lesson.encoded, without_memory(lesson.encoded, columns, other)
    blind = without_present(lesson.encoded, columns, other)
    assert (forgetful.context[:, ~columns.context] == true.context[:, ~columns.context]).all()
    assert (forgetful.tracks[:, :, ~columns.tracks] == true.tracks[:, :, ~columns.tracks]).all()
    assert (forgetful.context[:, columns.context] == true.context[other][:, columns.context]).all()
    assert (blind.context[:, columns.context] == true.context[:, columns.context]).all()
    assert (blind.context[:, ~columns.context] == true.context[other][:, ~columns.context]).all()
    assert (blind.kinds == true.kinds[other]).all()
    assert (blind.landmarks == true.landmarks[other]).all()


def test_a_copycat_loses_by_its_memory_alone_and_who_looks_by_the_present_alone(lesson: Lesson) -> None:
    columns = memory_columns(lesson, PROFILE)
    copycat = told(lesson, misses(lesson, lambda encoded: encoded.context[:, columns.context]))
    onlooker = told(lesson, misses(lesson, lambda encoded: encoded.tracks[:, :, 0]))
    assert copycat["share of the loss that is memory's"] == 1
    assert onlooker["share of the loss that is memory's"] == 0
    assert copycat["surprise, nats a minute"] == onlooker["surprise, nats a minute"] == 0


def test_who_does_not_listen_at_all_has_no_share(lesson: Lesson) -> None:
    deaf = told(lesson, lambda encoded, ticks: 7.0)
    assert deaf["surprise, nats a minute"] == pytest.approx(7)
    assert np.isnan(deaf["share of the loss that is memory's"])
