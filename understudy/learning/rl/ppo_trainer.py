"""Reinforcement learning of the Executor from its own play, a stretch at a time: expected, came, learnt.

Knows nothing of worlds, files or processes: whoever has them fills an `Experience` and calls `learn`.
"""

from dataclasses import dataclass, field
from typing import Any

import torch

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.serialization import from_plain
from understudy.learning.rl.gae import advantages, per_tick
from understudy.learning.rl.ppo import PolicyReport, PolicySettings, ProximalPolicy
from understudy.learning.rl.rollout_buffer import Experience
from understudy.learning.rl.value_function import ValueLearner, ValueSettings
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import Sampling


@dataclass(frozen=True, kw_only=True)
class PracticeSettings:
    """How to learn from practice."""

    policy: PolicySettings = field(default_factory=PolicySettings)
    value: ValueSettings = field(default_factory=ValueSettings)
    trust_s: float = 5.0
    """What comes later than so many seconds is told by the learned value rather than by what came."""
    warm_up: int = 2
    """First stretches of play, from which only the value is learnt."""
    seed: int = 0
    """Of the value's first weights and of batches."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What came of one stretch."""

    explained: float
    """Part of the variance of what came that the value had expected; below 0 it knows less than a constant."""
    value_loss: float
    policy: PolicyReport | None
    """None where the value could not be trusted yet."""
    trouble: str
    """What went wrong with the value, if anything did."""


class Practice:
    """A policy and its value. Used by one thread; torch's own random state is seeded once."""

    def __init__(self, model: Executor, person: Executor, sampling: Sampling, settings: PracticeSettings) -> None:
        """Args: model: is trained in place; person: what it is leashed to."""
        self.settings = settings
        self.num_stretches = 0
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._warm = 0
        torch.manual_seed(settings.seed)  # the value's first weights are drawn from torch's own stream
        self.policy = ProximalPolicy(model, person, sampling, settings.policy)
        self.value = ValueLearner(settings.value, self._generator)
        self._discount = per_tick(settings.value.horizons_s[-1], TICK_RATE_HZ)
        self._trust = per_tick(settings.trust_s, TICK_RATE_HZ)

    def learn(self, experience: Experience) -> Learned:
        """Learns from a stretch of play drawn by the model; its last tick is only looked at for its value.

        Raises:
            TrainingError: after too many unusable steps in a row; the averaged weights are those before them.
        """
        self.num_stretches += 1
        moments = experience.moments()
        values = self.value.expect(moments)
        table = values.view(experience.num_ticks, experience.num_worlds).numpy()
        rewards = experience.rewards.sum(axis=-1)
        gains = torch.from_numpy(advantages(rewards, table, self._discount, self._trust)).flatten()
        known = torch.arange((experience.num_ticks - 1) * experience.num_worlds)
        moments, gains, returns = moments.take(known), gains[known], (values + gains)[known]
        explained = 1.0 - float(gains.var() / returns.var().clamp(min=1e-9))
        loss = self.value.learn(experience)
        self._warm = 0 if self.value.trouble else self._warm + 1
        report = None
        if self._warm > self.settings.warm_up and explained > 0.0:
            report = self.policy.learn(moments, gains, self._generator)
        return Learned(explained=explained, value_loss=loss, policy=report, trouble=self.value.trouble)

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "policy": self.policy.state_dict(),
            "value": self.value.state_dict(),
            "generator": self._generator.get_state(),
            "num_stretches": self.num_stretches,
            "warm": self._warm,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.policy.load_state_dict(state["policy"])
        self.value.load_state_dict(state["value"])
        self._generator.set_state(state["generator"])
        self.num_stretches, self._warm = from_plain(int, state["num_stretches"]), from_plain(int, state["warm"])
