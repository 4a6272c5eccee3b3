"""PPO for the Executor: the clipped surrogate (Schulman et al. 2017, arXiv 1707.06347) with a KL penalty.

The penalty is `kl_coef` times the KL divergence from the reference policy, which was cloned from the person. The
guide's plain rule, weighting actions by reward without a value function and without the penalty, makes a bot worse
(docs/log.md).
"""

import copy
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from understudy.contract.serialization import from_plain
from understudy.learning.data.executor_batch import ExecutorBatch, forward_policy
from understudy.learning.training.optim import ExponentialMovingAverage, GradientGuard, guarded_step
from understudy.policies.executor import Executor, ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import SamplingConfig

GRADIENT_CLIP = 1.0
TICKS_A_MINUTE = 1200
MIN_KEEP_RATIO = 0.25
"""No tick is kept with a probability below this times `idle_keep_rate`."""


@dataclass(frozen=True, kw_only=True)
class PPOConfig:
    """How the policy is moved."""

    learning_rate: float = 1e-4
    """Of Adam."""
    kl_coef: float = 0.3
    """KL coefficient: points that each nat of divergence from the reference policy has to earn."""
    clip_range: float = 0.2
    """How far the chance of what was drawn may move in one update, as a share of itself."""
    n_epochs: int = 2
    """Passes over each stretch of play."""
    target_kl: float = 2.0
    """Nats a minute: no further pass begins once an update has moved the policy so far from what has just played. A
    minute has about fifteen gestures, so each of them has moved by 0.13."""
    batch_size: int = 512
    """Ticks in a step."""
    idle_keep_rate: float = 0.16
    """Of ticks in which nothing began, about so many are looked at, the likelier something was to begin the sooner."""
    ema_decay: float = 0.98
    """Part of the averaged weights that a step keeps; the average is what becomes a candidate."""


@dataclass(frozen=True, kw_only=True)
class PPOStats:
    """One update."""

    kl_to_reference: float
    """Nats a minute by which the policy is unlike the person's."""
    approx_kl: float
    """Nats a minute by which this update moved it."""
    clip_fraction: float
    """Share of what was drawn whose chance had moved as far as it may."""
    num_skipped_steps: int
    """Steps not taken because of a gradient that was no number or far out of line."""


class PPO:
    """PPO with a frozen reference policy and an exponential moving average of the weights, which may be promoted."""

    def __init__(
        self, model: Executor, reference_policy: Executor, sampling: SamplingConfig, settings: PPOConfig
    ) -> None:
        """Args: model: is trained in place, without dropout; reference policy: the KL penalty is against it."""
        self.settings, self.sampling = settings, sampling
        self.model = model.eval()
        self.reference_policy = copy.deepcopy(reference_policy).eval().requires_grad_(False)
        self.ema = ExponentialMovingAverage(model, settings.ema_decay)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=1e-5)
        self.num_steps = 0
        self._guard = GradientGuard(max_ok_norm=GRADIENT_CLIP)

    def train(self, moments: ExecutorBatch, advantages: Float[Tensor, " n"], generator: torch.Generator) -> PPOStats:
        """Several passes over actions that the model itself has just sampled.

        Args:
            moments: n ticks, in any order.
            advantages: of each tick, points.
            generator: for the choice and order of ticks.

        Raises:
            TrainingError: after too many unusable steps in a row.
        """
        chosen, weights = subsample_idle_ticks(moments, self.settings.idle_keep_rate, generator)
        part, advantages = moments.index(chosen), advantages[chosen]
        with torch.no_grad():
            old_log_prob = self._distribution(forward_policy(self.model, part)).log_prob(part)
            reference = forward_policy(self.reference_policy, part)
        skipped = self._guard.num_skipped
        stats: list[tuple[float, float, float]] = []
        for _ in range(self.settings.n_epochs):
            order = torch.randperm(len(chosen), generator=generator)
            passed = [
                self.train_step(
                    part.index(ticks),
                    advantages[ticks],
                    weights[ticks],
                    old_log_prob[ticks],
                    index_output(reference, ticks),
                )
                for ticks in torch.split(order, self.settings.batch_size)
            ]
            stats += passed
            if TICKS_A_MINUTE * sum(moved for _, _, moved in passed) / len(passed) > self.settings.target_kl:
                break
        unlike, clipped, moved = (sum(column) / len(stats) for column in zip(*stats, strict=True))
        return PPOStats(
            kl_to_reference=TICKS_A_MINUTE * unlike,
            approx_kl=TICKS_A_MINUTE * moved,
            clip_fraction=clipped,
            num_skipped_steps=self._guard.num_skipped - skipped,
        )

    def train_step(
        self,
        moments: ExecutorBatch,
        advantages: Float[Tensor, " n"],
        weights: Float[Tensor, " n"],
        old_log_prob: Float[Tensor, " n"],
        reference_policy: ExecutorOutput,
    ) -> tuple[float, float, float]:
        """One step; returns KL to the reference policy, share clipped, and KL to the old policy (both nats a tick).

        Args:
            moments, advantages: as in `train`.
            weights: how many ticks each stands for, about 1 in the mean.
            old_log_prob: of the actions under the weights that sampled them.
            reference_policy: its output for these ticks.
        """
        policy = self._distribution(forward_policy(self.model, moments))
        ratio = torch.exp(policy.log_prob(moments) - old_log_prob)
        low, high = 1.0 - self.settings.clip_range, 1.0 + self.settings.clip_range
        better = torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages)
        unlike = policy.kl(self._distribution(reference_policy), moments)
        loss = (weights * (self.settings.kl_coef * unlike - better)).mean()
        step = guarded_step(loss, self.model, self.optimizer, self._guard, self.ema, GRADIENT_CLIP, self.num_steps + 1)
        self.num_steps += int(step.is_taken)
        with torch.no_grad():
            onsets = moments.has_onset
            far = ((ratio < low) | (ratio > high))[onsets].float()
            moved = weights * (ratio - 1.0 - ratio.log())  # its mean over draws is the divergence, and it is never < 0
            clipped = float(far.mean()) if len(far) else 0.0
            return float((weights * unlike).mean()), clipped, float(moved.mean())

    def _distribution(self, output: ExecutorOutput) -> ExecutorDistribution:
        return ExecutorDistribution(output, self.sampling)

    @property
    def averaged(self) -> Executor:
        """The averaged policy; it goes on changing while this one learns."""
        assert isinstance(self.ema.model, Executor)
        return self.ema.model

    @property
    def ema_state_dict(self) -> dict[str, Tensor]:
        """The averaged weights: what may become a candidate."""
        return copy.deepcopy(self.ema.model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "person": self.reference_policy.state_dict(),
            "average": self.ema.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "guard": self._guard.state_dict(),
            "num_steps": self.num_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.model.load_state_dict(state["model"])
        self.reference_policy.load_state_dict(state["person"])
        self.ema.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._guard.load_state_dict(state["guard"])
        self.num_steps = from_plain(int, state["num_steps"])


def subsample_idle_ticks(
    moments: ExecutorBatch, idle_keep_rate: float, generator: torch.Generator
) -> tuple[Int64[Tensor, " m"], Float[Tensor, " m"]]:
    """Ticks to learn from, and how many each stands for, scaled to a mean of 1.

    All with an onset; of the others some, with probability in proportion to the onsets expected of them, as their part
    of the gradient is (importance sampling). MIN_KEEP_RATIO bounds the weights of the quiet ones.
    """
    hazard = moments.expected_onsets.clamp(min=1e-9)
    keep = (idle_keep_rate * hazard / hazard.mean()).clamp(MIN_KEEP_RATIO * idle_keep_rate, 1.0)
    keep = torch.where(moments.has_onset, torch.ones_like(keep), keep)
    chosen = torch.nonzero(torch.rand(len(keep), generator=generator) < keep)[:, 0]
    weights = 1.0 / keep[chosen]
    return chosen, weights / weights.mean()


def index_output(said: ExecutorOutput, ticks: Tensor) -> ExecutorOutput:
    """Some ticks of an output."""
    return ExecutorOutput(*(getattr(said, each.name)[ticks] for each in fields(ExecutorOutput)))
