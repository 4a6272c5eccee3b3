"""The learned value: finds what there is to find, and does not outlive its own ruin."""

import logging

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import empty_experience
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.rl.gae import discount_per_tick
from understudy.learning.rl.reward import REWARD_TERMS
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.rl.value_function import ValueConfig, ValueTrainer


def learner(**settings: object) -> ValueTrainer:
    torch.manual_seed(0)
    return ValueTrainer(ValueConfig(**settings), torch.Generator().manual_seed(0))  # type: ignore[arg-type]


def paid(rewards: np.ndarray | float, part: str = "earned", ticks: int = 20, seed: int = 0) -> RolloutBuffer:
    """A stretch of 100 worlds that all go on; `rewards` are of one part."""
    experience = empty_experience(ticks, 100, seed)
    experience.rewards[..., REWARD_TERMS.index(part)] = rewards
    experience.is_new_episode[:] = False
    return experience


def test_it_learns_what_follows_from_what_is_seen() -> None:
    value = learner(discount_horizons_s=(0.05, 0.1), steps=150, sample_fraction=1.0, learning_rate=3e-3, dropout=0.0)
    experience = empty_experience(20, 100)
    experience.context[..., 0] = experience.context[:1, :, 0]  # each world has its weather
    experience.rewards[..., 0] = 4.0 * experience.context[..., 0] + 7.0
    assert float(value.predict(experience.flatten()).abs().max()) == 0.0, "it begins by expecting nothing"
    for _ in range(3):
        value.learn(experience)
    assert value.reset_reason == ""
    discount = discount_per_tick(0.1, TICK_RATE_HZ)
    early = torch.arange(0, 10 * 100)
    returns = torch.from_numpy(experience.rewards[:10, :, 0]).flatten() / (1.0 - discount)
    left = (returns - value.predict(experience.flatten().index(early))).var() / returns.var()
    assert float(left) < 0.3


def test_rewards_of_the_next_rollout_count_where_the_episode_goes_on_and_not_where_it_ended() -> None:
    value = learner(discount_horizons_s=(1.0,), steps=150, sample_fraction=1.0, learning_rate=3e-3, dropout=0.0)
    first, second = paid(0.0), paid(2.0, "deaths", seed=1)
    for rollout, sign in ((first, 2.0), (second, -2.0)):
        rollout.context[..., 0] = sign  # so that the network can tell the rollouts apart,
        rollout.context[:, :50, 1], rollout.context[:, 50:, 1] = 2.0, -2.0  # and the worlds
    second.is_new_episode[50:] = True
    value.learn(first)
    value.learn(second)
    late = value.predict(first.flatten()).view(20, 100)[15:19]
    discount = discount_per_tick(1.0, TICK_RATE_HZ)
    earned = sum(2.0 * discount**tick for tick in range(20))
    expected = np.mean([earned * discount ** (20 - tick) for tick in range(15, 19)])
    assert float(late[:, :50].mean()) == pytest.approx(expected, rel=0.3)
    assert float(late[:, 50:].abs().mean()) < 0.15 * expected


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e9])
def test_a_ruined_one_is_thrown_away_and_begun_afresh(poison: float, caplog: pytest.LogCaptureFixture) -> None:
    experience = empty_experience(10, 40)
    value = learner(learning_rate=1.0 if poison == 1e9 else 1e-3, steps=200 if poison == 1e9 else 3)
    with caplog.at_level(logging.WARNING):
        experience.rewards[..., 0] = poison
        value.learn(experience)
    assert value.reset_reason and value.num_resets == 1
    assert "replaced by a new one" in caplog.text
    assert bool(torch.isfinite(value.predict(experience.flatten())).all())
    experience.rewards[..., 0] = 1.0
    value.learn(experience)
    assert value.reset_reason == "" and value.num_resets == 1, "what ruined it is forgotten with it"
