"""Reinforcement learning of the Executor from its own play, a stretch at a time: expected, came, learnt.

Knows nothing of worlds, files or processes: whoever has them fills an `Experience` and calls `learn`.
"""

from dataclasses import dataclass, field
from typing import Any

import torch

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.serialization import from_plain
from understudy.learning.rl.gae import compute_gae, discount_per_tick
from understudy.learning.rl.ppo import PPO, PPOConfig, PPOStats
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.rl.value_function import ValueConfig, ValueTrainer
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import SamplingConfig


@dataclass(frozen=True, kw_only=True)
class PPOTrainerConfig:
    """How to learn from practice."""

    policy: PPOConfig = field(default_factory=PPOConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    gae_horizon_s: float = 5.0
    """What comes later than so many seconds is told by the learned value rather than by what came."""
    value_warmup_rollouts: int = 2
    """First stretches of play, from which only the value is learnt."""
    seed: int = 0
    """Of the value's first weights and of batches."""


@dataclass(frozen=True, kw_only=True)
class UpdateStats:
    """What came of one stretch."""

    explained_variance: float
    """Part of the variance of what came that the value had expected; below 0 it knows less than a constant."""
    value_loss: float
    policy: PPOStats | None
    """None where the value could not be trusted yet."""
    trouble: str
    """What went wrong with the value, if anything did."""


class PPOTrainer:
    """A policy and its value. Used by one thread; torch's own random state is seeded once."""

    def __init__(self, model: Executor, person: Executor, sampling: SamplingConfig, settings: PPOTrainerConfig) -> None:
        """Args: model: is trained in place; reference policy: the KL penalty is against it."""
        self.settings = settings
        self.num_rollouts = 0
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._warm_rollouts = 0
        torch.manual_seed(settings.seed)  # the value's first weights are drawn from torch's own stream
        self.policy = PPO(model, person, sampling, settings.policy)
        self.value = ValueTrainer(settings.value, self._generator)
        self._discount = discount_per_tick(settings.value.discount_horizons_s[-1], TICK_RATE_HZ)
        self._trust = discount_per_tick(settings.gae_horizon_s, TICK_RATE_HZ)

    def learn(self, experience: RolloutBuffer) -> UpdateStats:
        """Learns from a stretch of play drawn by the model; its last tick is only looked at for its value.

        Raises:
            TrainingError: after too many unusable steps in a row; the averaged weights are those before them.
        """
        self.num_rollouts += 1
        moments = experience.flatten()
        values = self.value.predict(moments)
        table = values.view(experience.num_ticks, experience.num_worlds).numpy()
        rewards = experience.rewards.sum(axis=-1)
        advantages = torch.from_numpy(compute_gae(rewards, table, self._discount, self._trust)).flatten()
        valid = torch.arange((experience.num_ticks - 1) * experience.num_worlds)
        moments, advantages, returns = moments.index(valid), advantages[valid], (values + advantages)[valid]
        explained = 1.0 - float(advantages.var() / returns.var().clamp(min=1e-9))
        loss = self.value.learn(experience)
        self._warm_rollouts = 0 if self.value.reset_reason else self._warm_rollouts + 1
        report = None
        if self._warm_rollouts > self.settings.value_warmup_rollouts and explained > 0.0:
            report = self.policy.train(moments, advantages, self._generator)
        return UpdateStats(
            explained_variance=explained, value_loss=loss, policy=report, trouble=self.value.reset_reason
        )

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "policy": self.policy.state_dict(),
            "value": self.value.state_dict(),
            "generator": self._generator.get_state(),
            "num_stretches": self.num_rollouts,
            "warm": self._warm_rollouts,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.policy.load_state_dict(state["policy"])
        self.value.load_state_dict(state["value"])
        self._generator.set_state(state["generator"])
        self.num_rollouts, self._warm_rollouts = (
            from_plain(int, state["num_stretches"]),
            from_plain(int, state["warm"]),
        )
