"""Actor-critic training of the Executor from rollouts: PPO with GAE (Schulman et al. 2016, 2017) and a value function.

Knows nothing of worlds, files or processes: the caller fills a RolloutBuffer and calls `learn`.
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
    """Hyperparameters of PPO, of the value function and of GAE."""

    policy: PPOConfig = field(default_factory=PPOConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    gae_horizon_s: float = 5.0
    """Time constant of GAE's lambda: rewards much later than this are estimated by the value function."""
    value_warmup_rollouts: int = 2
    """Warm-up: number of first rollouts, which train only the value function."""
    seed: int = 0
    """Seed of the value function's initial weights and of batches."""


@dataclass(frozen=True, kw_only=True)
class RolloutUpdateStats:
    """Statistics of one rollout's update."""

    explained_variance: float
    """Share of the variance of returns that the value function explains; below 0 it is worse than a constant."""
    value_loss: float
    policy: PPOStats | None
    """None where the policy was not updated: during the value function's warm-up, or while it explains nothing."""
    reset_reason: str
    """Why the value function was reset; empty where it was not."""


class PPOTrainer:
    """A policy and its value function. Used by one thread; seeds torch's global generator once."""

    def __init__(
        self, model: Executor, reference_policy: Executor, sampling: SamplingConfig, settings: PPOTrainerConfig
    ) -> None:
        """Args: model: is trained in place; reference_policy: of the KL penalty."""
        self.settings = settings
        self.num_rollouts = 0
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._warm_rollouts = 0
        torch.manual_seed(settings.seed)  # initial weights come from torch's global generator
        self.policy = PPO(model, reference_policy, sampling, settings.policy)
        self.value = ValueTrainer(settings.value, self._generator, model.config.layout)
        self._discount = discount_per_tick(settings.value.discount_horizons_s[-1], TICK_RATE_HZ)
        self._gae_lambda = discount_per_tick(settings.gae_horizon_s, TICK_RATE_HZ)

    def learn(self, rollout: RolloutBuffer) -> RolloutUpdateStats:
        """Updates policy and value function from a rollout of the model; the last tick only bootstraps the value.

        Raises:
            TrainingError: after too many unusable steps in a row; the averaged weights are those before them.
        """
        self.num_rollouts += 1
        batch = rollout.flatten()
        values = self.value.predict(batch)
        table = values.view(rollout.num_ticks, rollout.num_worlds).numpy()
        rewards = rollout.rewards.sum(axis=-1)
        advantages = torch.from_numpy(compute_gae(rewards, table, self._discount, self._gae_lambda)).flatten()
        valid = torch.arange((rollout.num_ticks - 1) * rollout.num_worlds)
        batch, advantages, returns = batch.index(valid), advantages[valid], (values + advantages)[valid]
        explained = 1.0 - float(advantages.var() / returns.var().clamp(min=1e-9))
        loss = self.value.learn(rollout)
        self._warm_rollouts = 0 if self.value.reset_reason else self._warm_rollouts + 1
        stats = None
        if self._warm_rollouts > self.settings.value_warmup_rollouts and explained > 0.0:
            stats = self.policy.train(batch, advantages, self._generator)
        return RolloutUpdateStats(
            explained_variance=explained, value_loss=loss, policy=stats, reset_reason=self.value.reset_reason
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns plain values for a checkpoint."""
        return {
            "policy": self.policy.state_dict(),
            "value": self.value.state_dict(),
            "generator": self._generator.get_state(),
            "num_stretches": self.num_rollouts,
            "warm": self._warm_rollouts,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores `state_dict`."""
        self.policy.load_state_dict(state["policy"])
        self.value.load_state_dict(state["value"])
        self._generator.set_state(state["generator"])
        self.num_rollouts = from_plain(int, state["num_stretches"])
        self._warm_rollouts = from_plain(int, state["warm"])
