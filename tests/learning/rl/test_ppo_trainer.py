"""Practice: learns what pays, learns nothing from a reward that tells nothing, and goes on as if never stopped."""

import copy

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, small_executor
from understudy.learning.data.executor_batch import forward_policy
from understudy.learning.rl.ppo import PPOConfig
from understudy.learning.rl.ppo_trainer import PPOTrainer, PPOTrainerConfig
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.rl.value_function import ValueConfig
from understudy.policies.executor_distribution import ExecutorDistribution

TICKS, WORLDS = 24, 64


def trainer(warm_up: int = 0) -> PPOTrainer:
    return PPOTrainer(
        small_executor(),
        small_executor(),
        SAMPLING,
        PPOTrainerConfig(
            policy=PPOConfig(learning_rate=1e-3, kl_coef=0.3, ema_decay=0.0, n_epochs=2, target_kl=1e9),
            value=ValueConfig(discount_horizons_s=(0.2,), steps=8, batch_size=256, sample_fraction=1.0, dropout=0.0),
            value_warmup_rollouts=warm_up,
            gae_horizon_s=0.2,
        ),
    )


def stretch(learner: PPOTrainer, number: int) -> RolloutBuffer:
    return played_by(learner.policy.model, TICKS, WORLDS, seed=1000 * number)


def pay_for(candidate: int, experience: RolloutBuffer) -> None:
    """A point for each gesture there, and one more with the weather, which the value can know."""
    experience.rewards[..., 0] = 2.0 * (experience.sampled["candidate"] == candidate) + (experience.context[..., 0] > 0)


def chance_of(learner: PPOTrainer, candidate: int) -> float:
    moments = played_by(learner.policy.model, 8, WORLDS, seed=99).flatten()
    with torch.no_grad():
        distribution = ExecutorDistribution(forward_policy(learner.policy.averaged, moments), SAMPLING)
    return float(distribution.target_log_probs[:, candidate].exp().mean())


def test_it_learns_what_pays() -> None:
    learner = trainer()
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
    """A constant reward has no advantage; a random one has noise, against which the KL penalty acts."""
    learner, random = trainer(), np.random.default_rng(0)
    unlike = [0.0]
    for number in range(14):
        experience = stretch(learner, number)
        experience.rewards[..., 0] = 1.0 if kind == "always positive" else random.random((TICKS, WORLDS)) < 0.05
        report = learner.learn(experience)
        unlike.append(0.0 if report.policy is None else report.policy.kl_to_reference)
    paid = trainer()
    for number in range(14):
        experience = stretch(paid, number)
        pay_for(1, experience)
        last = paid.learn(experience)
    assert last.policy is not None
    assert max(unlike) < 0.5 * last.policy.kl_to_reference


def test_nothing_is_learnt_before_the_value_is_warm_nor_after_it_was_lost() -> None:
    learner = trainer(warm_up=3)
    before = {name: weight.clone() for name, weight in learner.policy.model.state_dict().items()}
    for number in range(3):
        experience = stretch(learner, number)
        pay_for(1, experience)
        assert learner.learn(experience).policy is None
    with torch.no_grad():
        learner.value.net.head.weight.fill_(float("nan"))
    experience = stretch(learner, 4)
    report = learner.learn(experience)
    assert report.policy is None and "not finite" in report.reset_reason
    assert all(torch.equal(weight, before[name]) for name, weight in learner.policy.model.state_dict().items())
    assert learner.learn(stretch(learner, 5)).policy is None, "the new value has to get warm first"


def test_a_state_that_was_kept_goes_on_the_same() -> None:
    learners = [trainer(), trainer()]
    for number in range(4):
        experience = stretch(learners[0], number)
        pay_for(1, experience)
        learners[0].learn(experience)
    learners[1].load_state_dict(copy.deepcopy(learners[0].state_dict()))
    for learner in learners:
        learner.value._stored.clear()  # the play itself is not kept: both begin to collect anew
        torch.manual_seed(5)
        experience = stretch(learner, 7)
        pay_for(1, experience)
        learner.learn(experience)
    first, second = (learner.policy.model.state_dict() for learner in learners)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert learners[1].num_rollouts == 5
