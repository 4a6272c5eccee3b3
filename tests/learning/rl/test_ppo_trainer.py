"""Practice: learns what pays, learns nothing from a reward that tells nothing, and goes on as if never stopped."""

import copy

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, small_executor
from understudy.learning.rl.action_log_prob import log_pointer
from understudy.learning.rl.ppo import PolicySettings
from understudy.learning.rl.ppo_trainer import Practice, PracticeSettings
from understudy.learning.rl.rollout_buffer import Experience
from understudy.learning.rl.value_function import ValueSettings

TICKS, WORLDS = 24, 64


def practice(warm_up: int = 0) -> Practice:
    return Practice(
        small_executor(),
        small_executor(),
        SAMPLING,
        PracticeSettings(
            policy=PolicySettings(learning_rate=1e-3, leash=0.3, average=0.0, epochs=2, furthest=1e9),
            value=ValueSettings(horizons_s=(0.2,), steps=8, batch_size=256, share=1.0, dropout=0.0),
            warm_up=warm_up,
            trust_s=0.2,
        ),
    )


def stretch(learner: Practice, number: int) -> Experience:
    return played_by(learner.policy.model, TICKS, WORLDS, seed=1000 * number)


def pay_for(candidate: int, experience: Experience) -> None:
    """A point for each gesture there, and one more with the weather, which the value can know."""
    experience.rewards[..., 0] = 2.0 * (experience.drawn["candidate"] == candidate) + (experience.context[..., 0] > 0)


def chance_of(learner: Practice, candidate: int) -> float:
    moments = played_by(learner.policy.model, 8, WORLDS, seed=99).moments()
    with torch.no_grad():
        return float(log_pointer(moments.ask(learner.policy.averaged), SAMPLING)[:, candidate].exp().mean())


def test_it_learns_what_pays() -> None:
    learner = practice()
    before = chance_of(learner, 1)
    reports = []
    for number in range(14):
        experience = stretch(learner, number)
        pay_for(1, experience)
        reports.append(learner.learn(experience))
    assert any(report.policy is not None for report in reports)
    assert chance_of(learner, 1) > 1.1 * before


@pytest.mark.parametrize("kind", ["always positive", "at random"])
def test_a_reward_that_tells_nothing_leaves_the_policy_where_it_is(kind: str) -> None:
    """What is always paid is expected; what is paid at random pulls here and there, and the leash pulls back."""
    learner, random = practice(), np.random.default_rng(0)
    unlike = [0.0]
    for number in range(14):
        experience = stretch(learner, number)
        experience.rewards[..., 0] = 1.0 if kind == "always positive" else random.random((TICKS, WORLDS)) < 0.05
        report = learner.learn(experience)
        unlike.append(0.0 if report.policy is None else report.policy.unlike_per_minute)
    paid = practice()
    for number in range(14):
        experience = stretch(paid, number)
        pay_for(1, experience)
        last = paid.learn(experience)
    assert last.policy is not None
    assert max(unlike) < 0.5 * last.policy.unlike_per_minute


def test_nothing_is_learnt_before_the_value_is_warm_nor_after_it_was_lost() -> None:
    learner = practice(warm_up=3)
    before = {name: weight.clone() for name, weight in learner.policy.model.state_dict().items()}
    for number in range(3):
        experience = stretch(learner, number)
        pay_for(1, experience)
        assert learner.learn(experience).policy is None
    with torch.no_grad():
        learner.value.net.head.weight.fill_(float("nan"))
    experience = stretch(learner, 4)
    report = learner.learn(experience)
    assert report.policy is None and "not numbers" in report.trouble
    assert all(torch.equal(weight, before[name]) for name, weight in learner.policy.model.state_dict().items())
    assert learner.learn(stretch(learner, 5)).policy is None, "the new value has to get warm first"


def test_a_state_that_was_kept_goes_on_the_same() -> None:
    learners = [practice(), practice()]
    for number in range(4):
        experience = stretch(learners[0], number)
        pay_for(1, experience)
        learners[0].learn(experience)
    learners[1].load_state_dict(copy.deepcopy(learners[0].state_dict()))
    for learner in learners:
        learner.value._memory.clear()  # the play itself is not kept: both begin to collect anew
        torch.manual_seed(5)
        experience = stretch(learner, 7)
        pay_for(1, experience)
        learner.learn(experience)
    first, second = (learner.policy.model.state_dict() for learner in learners)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert learners[1].num_stretches == 5
