"""Clipped steps on a leash: towards what went better, no further than allowed, and not away for nothing."""

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, played_by, small_executor
from understudy.contract.errors import TrainingError
from understudy.learning.rl.action_log_prob import log_pointer, unlikeness
from understudy.learning.rl.ppo import PolicySettings, ProximalPolicy, representatives
from understudy.learning.rl.rollout_buffer import Moments


def policy(**settings: float) -> ProximalPolicy:
    return ProximalPolicy(
        small_executor(),
        small_executor(),
        SAMPLING,
        PolicySettings(**{"average": 0.0, "furthest": 1e9, "batch_size": 256, **settings}),  # type: ignore[arg-type]
    )


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def chance_of(model: torch.nn.Module, moments: Moments, candidate: int) -> float:
    with torch.no_grad():
        return float(log_pointer(moments.ask(model), SAMPLING)[:, candidate].exp().mean())


def test_what_went_better_grows_likelier() -> None:
    learnt, moments = policy(learning_rate=2e-3, leash=0.0, epochs=12), played_by(small_executor(), 20, 100).moments()
    before = chance_of(learnt.model, moments, 1)
    began, wanted = moments.candidate >= 0, (moments.candidate == 1).float()
    learnt.learn(moments, 5.0 * began * (wanted - wanted[began].mean()), generator())  # to begin at all pays nothing
    # one update goes no further than the clip: 0.155 becomes 0.161
    assert chance_of(learnt.model, moments, 1) > 1.02 * before


def test_a_key_that_went_better_is_pressed_more() -> None:
    learnt, moments = policy(learning_rate=1e-3, leash=0.0, epochs=4), played_by(small_executor(), 20, 100).moments()
    with torch.no_grad():
        before = torch.sigmoid(moments.ask(learnt.model).key_logits).mean(0)
        learnt_from = torch.where(moments.keys[:, 2], 5.0, 0.0) - torch.where(moments.keys[:, 3], 5.0, 0.0)
    learnt.learn(moments, learnt_from, generator())
    with torch.no_grad():
        after = torch.sigmoid(moments.ask(learnt.model).key_logits).mean(0)
    assert after[2] > before[2] and after[3] < before[3]


def test_a_short_leash_keeps_it_near_the_person() -> None:
    moments = played_by(small_executor(), 20, 100).moments()
    gains = torch.where(moments.candidate == 1, 1.0, -1.0) * (moments.candidate >= 0)
    apart = []
    for leash in (0.0, 30.0):
        learnt = policy(learning_rate=1e-3, leash=leash, epochs=4)
        learnt.learn(moments, gains, generator())
        with torch.no_grad():
            said, person = moments.ask(learnt.model), moments.ask(learnt.person)
            apart.append(float(unlikeness(said, person, moments, SAMPLING).mean()))
    assert apart[1] < 0.3 * apart[0]


def test_one_update_moves_no_chance_much_further_than_the_clip() -> None:
    moments = played_by(small_executor(), 20, 100).moments()
    learnt = policy(learning_rate=1e-3, leash=0.0, epochs=30, clip=0.1)
    before = chance_of(learnt.model, moments, 1)
    learnt.learn(moments, (moments.candidate == 1).float(), generator())
    assert chance_of(learnt.model, moments, 1) < 1.5 * before


def test_gains_that_are_not_numbers_are_not_learnt_from() -> None:
    moments, learnt = played_by(small_executor(), 20, 100).moments(), policy(epochs=10)
    before = {name: weight.clone() for name, weight in learnt.model.state_dict().items()}
    with pytest.raises(TrainingError, match="unusable steps in a row"):
        learnt.learn(moments, torch.full((len(moments),), float("nan")), generator())
    assert all(torch.equal(weight, before[name]) for name, weight in learnt.model.state_dict().items())


def test_few_ticks_stand_for_all_without_bias() -> None:
    moments = played_by(small_executor(start=-4.0, keys=-6.0), 60, 100).moments()
    wanted = moments.context[:, 0] * moments.hazard
    found = []
    for seed in range(30):
        chosen, weights = representatives(moments, 0.16, torch.Generator().manual_seed(seed))
        assert set(torch.nonzero(moments.eventful)[:, 0].tolist()) <= set(chosen.tolist())
        assert len(chosen) < 0.3 * len(moments)
        found.append(float((weights * wanted[chosen]).sum() / weights.sum()))
    assert np.mean(found) == pytest.approx(float(wanted.mean()), abs=4 * np.std(found) / 30**0.5)
