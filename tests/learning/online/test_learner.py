"""Learning from one live game: stretches are weighed, small steps taken; nothing that goes wrong touches what plays."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, rollout_step_of, small_executor
from understudy.contract.observation import OBSERVATION, TICK_S
from understudy.learning.online import learner as learner_module
from understudy.learning.online.learner import OnlineLearner
from understudy.learning.online.messages import OnlineSettings, SegmentStats
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.policies.sampling import ExecutorStep
from understudy.worlds.catalog import load_profile

TICKS = 60


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty seconds of play for each test would only take longer."""
    monkeypatch.setattr(learner_module, "SEGMENT_TICKS", TICKS)
    monkeypatch.setattr(learner_module, "VALUE_WARMUP_SEGMENTS", 2)


def learner(**settings: float) -> OnlineLearner:
    executor = small_executor()
    return OnlineLearner(
        executor,
        small_executor(),
        SAMPLING,
        load_profile("darkorbit"),
        OnlineSettings(**{"batch_size": 16, **settings}),  # type: ignore[arg-type]
    )


def joined_steps(experience: RolloutBuffer) -> ExecutorStep:
    """All ticks of the only world."""
    ticks = [rollout_step_of(experience, tick) for tick in range(experience.num_ticks)]
    names = ExecutorStep.__dataclass_fields__
    return ExecutorStep(*(np.concatenate([getattr(tick, name) for tick in ticks]) for name in names))


def observations(number: int, died: np.ndarray | None = None) -> np.ndarray:
    """A quiet stretch, in which the player dies at some ticks."""
    seen = np.zeros(TICKS, OBSERVATION)
    seen["time_s"] = (number * TICKS + np.arange(TICKS)) * TICK_S
    seen["player"]["alive"] = 1
    if died is not None:
        seen["player"]["alive"][died] = 0
    return seen


def watch(one: OnlineLearner, number: int, died: np.ndarray | None = None, follows: bool = True) -> list[SegmentStats]:
    play = joined_steps(played_by(one.behaviour_policy, TICKS, 1, seed=number))
    return one.add_block(observations(number, died), play, follows and number > 0)


def test_a_stretch_is_weighed_with_what_was_seen_to_come_of_it() -> None:
    one = learner()
    (told,) = watch(one, 0, np.array([20, 21, 40]))
    assert (told.deaths, told.kills) == (2.0, 0.0)
    assert told.points_per_minute == pytest.approx(2 * one.settings.reward_weights.death * 1200 / TICKS)


def test_it_learns_only_when_the_value_is_warm_and_explains_something() -> None:
    one = learner()
    assert one.due_s(0.0) is None
    for number in range(3):
        watch(one, number, np.array([30]))
    assert len(one) > 0
    one.explained_variance = -0.1
    assert one.due_s(0.0) is None
    one.explained_variance = 0.2
    while len(one) < one.settings.batch_size:
        watch(one, 9)
    assert one.due_s(0.0) == 0.0
    one.update(0.0)
    assert one.due_s(1.0) == pytest.approx(one.settings.update_interval - 1.0)


def test_what_plays_is_not_what_learns_until_it_is_promoted() -> None:
    one = learner(learning_rate=1e-3)
    before = {name: weight.clone() for name, weight in one.behaviour_policy.state_dict().items()}
    for number in range(6):
        watch(one, number, np.array([10 + number]))
    one.explained_variance = 0.2
    moved = [one.update(3.0 * number).approx_kl for number in range(10)]
    assert moved[-1] > 0.0
    assert all(torch.equal(weight, before[name]) for name, weight in one.behaviour_policy.state_dict().items())
    learnt = one.policy.ema_state_dict
    one.promoted()
    assert all(torch.equal(weight, learnt[name]) for name, weight in one.behaviour_policy.state_dict().items())
    assert len(one) == 0, "what the weights before drew is not learnt from any more"


def test_the_buffer_keeps_the_newest_samples_and_no_more() -> None:
    one = learner(buffer_size=50)
    for number in range(12):
        watch(one, number)
    assert len(one) == 50


def test_an_interruption_ends_the_stretch_and_a_short_one_tells_nothing() -> None:
    one = learner()
    play = joined_steps(played_by(one.behaviour_policy, TICKS, 1))
    part = ExecutorStep(*(getattr(play, each.name)[:10] for each in dataclasses.fields(ExecutorStep)))
    assert one.add_block(observations(0)[:10], part, False) == []
    assert len(watch(one, 1, follows=False)) == 1
    assert one.num_ticks == TICKS


def test_after_unusable_steps_it_starts_over_from_what_plays() -> None:
    one = learner(learning_rate=1e-3)
    for number in range(6):
        watch(one, number, np.array([10 + number]))
    one.explained_variance = 0.2
    one.update(0.0)
    with torch.no_grad():
        one.policy.model.start.weight.fill_(float("nan"))
    one.reset_policy()
    weights = one.policy.ema_state_dict
    assert all(torch.equal(weight, weights[name]) for name, weight in one.behaviour_policy.state_dict().items())


def test_a_value_that_was_lost_empties_the_buffer() -> None:
    one = learner()
    for number in range(6):
        watch(one, number, np.array([10 + number]))
    assert len(one) > 0
    with torch.no_grad():
        one.value.net.head.weight.fill_(float("inf"))
    watch(one, 7)
    assert one.value.reset_reason and len(one) == 0 and one.due_s(0.0) is None


def test_it_learns_on_from_other_weights_that_somebody_promoted() -> None:
    one, other = learner(learning_rate=1e-3), small_executor(seed=3)
    for number in range(6):
        watch(one, number, np.array([10 + number]))
    one.explained_variance = 0.2
    one.update(0.0)
    other.config = dataclasses.replace(other.config, pointer_places="together")
    one.set_behaviour_policy(other)
    assert one.sampling.pointer_places == one.policy.sampling.pointer_places == "together", "as it is sampled now"
    for weights in (one.behaviour_policy.state_dict(), one.policy.ema_state_dict):
        assert all(torch.equal(weight, weights[name]) for name, weight in other.state_dict().items())
    assert len(one) == 0 and one.explained_variance == 0.2, "the value goes on"
