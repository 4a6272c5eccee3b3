"""Clipped steps on a leash: towards what went better, no further than allowed, and not away for nothing."""

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, small_executor
from understudy.contract.errors import TrainingError
from understudy.learning.rl.action_log_prob import kl_divergence, target_log_probs
from understudy.learning.rl.ppo import PPO, PPOConfig, subsample_idle_ticks
from understudy.learning.rl.rollout_buffer import RolloutBatch


def policy(**settings: float) -> PPO:
    return PPO(
        small_executor(),
        small_executor(),
        SAMPLING,
        PPOConfig(**{"ema_decay": 0.0, "target_kl": 1e9, "batch_size": 256, **settings}),  # type: ignore[arg-type]
    )


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def chance_of(model: torch.nn.Module, moments: RolloutBatch, candidate: int) -> float:
    with torch.no_grad():
        return float(target_log_probs(moments.forward_policy(model), SAMPLING)[:, candidate].exp().mean())


def test_what_went_better_grows_likelier() -> None:
    learnt, moments = (
        policy(learning_rate=2e-3, kl_coef=0.0, n_epochs=12),
        played_by(small_executor(), 20, 100).flatten(),
    )
    before = chance_of(learnt.model, moments, 1)
    began, wanted = moments.target >= 0, (moments.target == 1).float()
    learnt.train(moments, 5.0 * began * (wanted - wanted[began].mean()), generator())  # to begin at all pays nothing
    # one update goes no further than the clip: 0.155 becomes 0.161
    assert chance_of(learnt.model, moments, 1) > 1.02 * before


def test_a_key_that_went_better_is_pressed_more() -> None:
    learnt, moments = (
        policy(learning_rate=1e-3, kl_coef=0.0, n_epochs=4),
        played_by(small_executor(), 20, 100).flatten(),
    )
    with torch.no_grad():
        before = torch.sigmoid(moments.forward_policy(learnt.model).key_logits).mean(0)
        learnt_from = torch.where(moments.keys[:, 2], 5.0, 0.0) - torch.where(moments.keys[:, 3], 5.0, 0.0)
    learnt.train(moments, learnt_from, generator())
    with torch.no_grad():
        after = torch.sigmoid(moments.forward_policy(learnt.model).key_logits).mean(0)
    assert after[2] > before[2] and after[3] < before[3]


def test_a_short_leash_keeps_it_near_the_person() -> None:
    moments = played_by(small_executor(), 20, 100).flatten()
    gains = torch.where(moments.target == 1, 1.0, -1.0) * (moments.target >= 0)
    apart = []
    for kl_coef in (0.0, 30.0):
        learnt = policy(learning_rate=1e-3, kl_coef=kl_coef, n_epochs=4)
        learnt.train(moments, gains, generator())
        with torch.no_grad():
            said, person = moments.forward_policy(learnt.model), moments.forward_policy(learnt.reference_policy)
            apart.append(float(kl_divergence(said, person, moments, SAMPLING).mean()))
    assert apart[1] < 0.3 * apart[0]


def test_one_update_moves_no_chance_much_further_than_the_clip() -> None:
    moments = played_by(small_executor(), 20, 100).flatten()
    learnt = policy(learning_rate=1e-3, kl_coef=0.0, n_epochs=30, clip_range=0.1)
    before = chance_of(learnt.model, moments, 1)
    learnt.train(moments, (moments.target == 1).float(), generator())
    assert chance_of(learnt.model, moments, 1) < 1.5 * before


def test_gains_that_are_not_numbers_are_not_learnt_from() -> None:
    moments, learnt = played_by(small_executor(), 20, 100).flatten(), policy(n_epochs=10)
    before = {name: weight.clone() for name, weight in learnt.model.state_dict().items()}
    with pytest.raises(TrainingError, match="unusable steps in a row"):
        learnt.train(moments, torch.full((len(moments),), float("nan")), generator())
    assert all(torch.equal(weight, before[name]) for name, weight in learnt.model.state_dict().items())


def test_few_ticks_stand_for_all_without_bias() -> None:
    moments = played_by(small_executor(start=-4.0, keys=-6.0), 60, 100).flatten()
    wanted = moments.context[:, 0] * moments.expected_onsets
    found = []
    for seed in range(30):
        chosen, weights = subsample_idle_ticks(moments, 0.16, torch.Generator().manual_seed(seed))
        assert set(torch.nonzero(moments.has_onset)[:, 0].tolist()) <= set(chosen.tolist())
        assert len(chosen) < 0.3 * len(moments)
        found.append(float((weights * wanted[chosen]).sum() / weights.sum()))
    assert np.mean(found) == pytest.approx(float(wanted.mean()), abs=4 * np.std(found) / 30**0.5)
