"""PPO raises what had advantages, within the clip, target_kl and the KL penalty."""

import math

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, small_executor
from understudy.contract.errors import TrainingError
from understudy.learning.data.executor_batch import ExecutorBatch, forward_policy
from understudy.learning.rl.ppo import PPO, PPOConfig, PPOStats, subsample_idle_ticks
from understudy.policies.executor_distribution import ExecutorDistribution


def policy(**settings: float) -> PPO:
    return PPO(
        small_executor(),
        small_executor(),
        SAMPLING,
        PPOConfig(**{"ema_decay": 0.0, "target_kl": 1e9, "batch_size": 256, **settings}),  # type: ignore[arg-type]
    )


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def chance_of(model: torch.nn.Module, batch: ExecutorBatch, candidate: int) -> float:
    with torch.no_grad():
        distribution = ExecutorDistribution(forward_policy(model, batch), SAMPLING)
    return float(distribution.target_log_probs[:, candidate].exp().mean())


def test_what_went_better_grows_likelier() -> None:
    learnt, batch = (
        policy(learning_rate=2e-3, kl_coef=0.0, n_epochs=12),
        played_by(small_executor(), 20, 100).flatten(),
    )
    before = chance_of(learnt.model, batch, 1)
    began, wanted = batch.target >= 0, (batch.target == 1).float()
    learnt.train(batch, 5.0 * began * (wanted - wanted[began].mean()), generator())  # to begin at all pays nothing
    # one update goes no further than the clip: 0.155 becomes 0.161
    assert chance_of(learnt.model, batch, 1) > 1.02 * before


def test_a_key_that_went_better_is_pressed_more() -> None:
    learnt, batch = (
        policy(learning_rate=1e-3, kl_coef=0.0, n_epochs=4),
        played_by(small_executor(), 20, 100).flatten(),
    )
    with torch.no_grad():
        before = torch.sigmoid(forward_policy(learnt.model, batch).key_logits).mean(0)
        learnt_from = torch.where(batch.keys[:, 2], 5.0, 0.0) - torch.where(batch.keys[:, 3], 5.0, 0.0)
    learnt.train(batch, learnt_from, generator())
    with torch.no_grad():
        after = torch.sigmoid(forward_policy(learnt.model, batch).key_logits).mean(0)
    assert after[2] > before[2] and after[3] < before[3]


def test_a_high_kl_coefficient_keeps_it_near_the_reference_policy() -> None:
    batch = played_by(small_executor(), 20, 100).flatten()
    advantages = torch.where(batch.target == 1, 1.0, -1.0) * (batch.target >= 0)
    apart = []
    for kl_coef in (0.0, 30.0):
        learnt = policy(learning_rate=1e-3, kl_coef=kl_coef, n_epochs=4)
        learnt.train(batch, advantages, generator())
        with torch.no_grad():
            now, reference = (
                ExecutorDistribution(forward_policy(model, batch), SAMPLING)
                for model in (learnt.model, learnt.reference_policy)
            )
            apart.append(float(now.kl(reference, batch).mean()))
    assert apart[1] < 0.3 * apart[0]


def test_the_clip_bounds_how_far_one_update_moves_a_probability() -> None:
    batch = played_by(small_executor(), 20, 100).flatten()
    before = chance_of(small_executor(), batch, 1)

    def growth(clip_range: float) -> float:
        learnt = policy(learning_rate=1e-4, kl_coef=0.0, n_epochs=30, clip_range=clip_range)
        learnt.train(batch, (batch.target == 1).float(), generator())
        return chance_of(learnt.model, batch, 1) / before

    assert 1.02 < growth(0.1) < 1.15
    assert growth(1e9) > 1.4, "unclipped, the same advantages go far beyond that"


def test_no_further_pass_begins_once_an_update_has_moved_the_policy_beyond_target_kl() -> None:
    batch = played_by(small_executor(), 20, 100).flatten()
    advantages = torch.where(batch.target == 1, 1.0, -1.0) * (batch.target >= 0)
    chosen, _ = subsample_idle_ticks(batch, PPOConfig().idle_keep_rate, generator())
    steps_in_pass = math.ceil(len(chosen) / 256)
    assert steps_in_pass > 1

    def train(target_kl: float, n_epochs: int) -> tuple[PPOStats, float]:
        learnt = policy(learning_rate=1e-3, kl_coef=0.0, n_epochs=n_epochs, target_kl=target_kl)
        stats = learnt.train(batch, advantages, generator())
        return stats, learnt.num_steps / steps_in_pass

    first_pass, _ = train(1e9, n_epochs=1)
    assert first_pass.approx_kl > 0.0
    stopped, passes = train(0.99 * first_pass.approx_kl, n_epochs=4)
    assert passes == 1
    assert stopped == first_pass
    _, passes = train(1.01 * first_pass.approx_kl, n_epochs=4)
    assert passes > 1
    _, passes = train(1e9, n_epochs=4)
    assert passes == 4


def test_advantages_that_are_not_finite_change_no_weights() -> None:
    batch, learnt = played_by(small_executor(), 20, 100).flatten(), policy(n_epochs=10)
    before = {name: weight.clone() for name, weight in learnt.model.state_dict().items()}
    with pytest.raises(TrainingError, match="unusable steps in a row"):
        learnt.train(batch, torch.full((len(batch),), float("nan")), generator())
    assert all(torch.equal(weight, before[name]) for name, weight in learnt.model.state_dict().items())


def test_few_ticks_stand_for_all_without_bias() -> None:
    batch = played_by(small_executor(start=-4.0, keys=-6.0), 60, 100).flatten()
    wanted = batch.context[:, 0] * batch.expected_onsets
    found = []
    for seed in range(30):
        chosen, weights = subsample_idle_ticks(batch, 0.16, torch.Generator().manual_seed(seed))
        assert set(torch.nonzero(batch.has_onset)[:, 0].tolist()) <= set(chosen.tolist())
        assert len(chosen) < 0.3 * len(batch)
        found.append(float((weights * wanted[chosen]).sum() / weights.sum()))
    assert np.mean(found) == pytest.approx(float(wanted.mean()), abs=4 * np.std(found) / 30**0.5)
