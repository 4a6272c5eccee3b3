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
    """Hyperparameters of PPO."""

    learning_rate: float = 1e-4
    """Learning rate of Adam."""
    kl_coef: float = 0.3
    """KL coefficient: points that each nat of divergence from the reference policy has to earn."""
    clip_range: float = 0.2
    """Clip range of the probability ratio in one update."""
    n_epochs: int = 2
    """Passes over each rollout."""
    target_kl: float = 2.0
    """Nats a minute: no further epoch begins once the KL divergence from the behaviour policy exceeds this. With about
    fifteen gestures a minute that is 0.13 nats each."""
    batch_size: int = 512
    """Ticks in a gradient step."""
    idle_keep_rate: float = 0.16
    """Share of the ticks without an onset that is kept, with probability in proportion to their expected onsets."""
    ema_decay: float = 0.98
    """Decay of the EMA weights (Polyak averaging), which become candidates."""


@dataclass(frozen=True, kw_only=True)
class PPOStats:
    """Statistics of one update."""

    kl_to_reference: float
    """KL divergence from the reference policy, nats a minute."""
    approx_kl: float
    """KL divergence of this update from the behaviour policy, nats a minute (estimator k3 of Schulman 2020)."""
    clip_fraction: float
    """Share of sampled onsets whose probability ratio is outside the clip range."""
    num_skipped_steps: int
    """Steps skipped by the gradient guard."""


class PPO:
    """PPO with a frozen reference policy and an exponential moving average of the weights, which may be promoted."""

    def __init__(
        self, model: Executor, reference_policy: Executor, sampling: SamplingConfig, settings: PPOConfig
    ) -> None:
        """Args: model: is trained in place, without dropout; reference_policy: of the KL penalty, copied."""
        self.settings, self.sampling = settings, sampling
        self.model = model.eval()
        self.reference_policy = copy.deepcopy(reference_policy).eval().requires_grad_(False)
        self.ema = ExponentialMovingAverage(model, settings.ema_decay)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=1e-5)
        self.num_steps = 0
        self._guard = GradientGuard(max_ok_norm=GRADIENT_CLIP)

    def train(self, batch: ExecutorBatch, advantages: Float[Tensor, " n"], generator: torch.Generator) -> PPOStats:
        """Performs one PPO update on a rollout that the model itself has sampled.

        Args:
            batch: n ticks, in any order.
            advantages: of each tick, points.
            generator: of the subsample and of the batches.

        Raises:
            TrainingError: after too many unusable steps in a row.
        """
        chosen, weights = subsample_idle_ticks(batch, self.settings.idle_keep_rate, generator)
        part, advantages = batch.index(chosen), advantages[chosen]
        with torch.no_grad():
            old_log_prob = self._distribution(forward_policy(self.model, part)).log_prob(part)
            reference = forward_policy(self.reference_policy, part)
        skipped = self._guard.num_skipped
        stats: list[tuple[float, float, float]] = []
        for _ in range(self.settings.n_epochs):
            order = torch.randperm(len(chosen), generator=generator)
            epoch = [
                self.train_step(
                    part.index(ticks),
                    advantages[ticks],
                    weights[ticks],
                    old_log_prob[ticks],
                    index_output(reference, ticks),
                )
                for ticks in torch.split(order, self.settings.batch_size)
            ]
            stats += epoch
            if TICKS_A_MINUTE * sum(approx_kl for _, _, approx_kl in epoch) / len(epoch) > self.settings.target_kl:
                break
        kl, clipped, approx_kl = (sum(column) / len(stats) for column in zip(*stats, strict=True))
        return PPOStats(
            kl_to_reference=TICKS_A_MINUTE * kl,
            approx_kl=TICKS_A_MINUTE * approx_kl,
            clip_fraction=clipped,
            num_skipped_steps=self._guard.num_skipped - skipped,
        )

    def train_step(
        self,
        batch: ExecutorBatch,
        advantages: Float[Tensor, " n"],
        weights: Float[Tensor, " n"],
        old_log_prob: Float[Tensor, " n"],
        reference: ExecutorOutput,
    ) -> tuple[float, float, float]:
        """Takes one step; returns KL to the reference policy, share clipped, and KL to the old policy (nats a tick).

        Args:
            batch, advantages: as in `train`.
            weights: importance weights, 1 in the mean.
            old_log_prob: of the actions under the weights that sampled them.
            reference: output of the reference policy for these ticks.
        """
        policy = self._distribution(forward_policy(self.model, batch))
        ratio = torch.exp(policy.log_prob(batch) - old_log_prob)
        low, high = 1.0 - self.settings.clip_range, 1.0 + self.settings.clip_range
        surrogate = torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages)
        kl = policy.kl(self._distribution(reference), batch)
        loss = (weights * (self.settings.kl_coef * kl - surrogate)).mean()
        step = guarded_step(loss, self.model, self.optimizer, self._guard, self.ema, GRADIENT_CLIP, self.num_steps + 1)
        self.num_steps += int(step.is_taken)
        with torch.no_grad():
            onsets = batch.has_onset
            outside = ((ratio < low) | (ratio > high))[onsets].float()
            approx_kl = weights * (ratio - 1.0 - ratio.log())  # unbiased estimator of the KL divergence, never below 0
            clipped = float(outside.mean()) if len(outside) else 0.0
            return float((weights * kl).mean()), clipped, float(approx_kl.mean())

    def _distribution(self, output: ExecutorOutput) -> ExecutorDistribution:
        return ExecutorDistribution(output, self.sampling)

    @property
    def averaged(self) -> Executor:
        """The policy with averaged weights (EMA); changes in place with every step."""
        assert isinstance(self.ema.model, Executor)
        return self.ema.model

    @property
    def ema_state_dict(self) -> dict[str, Tensor]:
        """A copy of the averaged weights, which become a candidate."""
        return copy.deepcopy(self.ema.model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Returns plain values for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "person": self.reference_policy.state_dict(),
            "average": self.ema.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "guard": self._guard.state_dict(),
            "num_steps": self.num_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores `state_dict`."""
        self.model.load_state_dict(state["model"])
        self.reference_policy.load_state_dict(state["person"])
        self.ema.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._guard.load_state_dict(state["guard"])
        self.num_steps = from_plain(int, state["num_steps"])


def subsample_idle_ticks(
    batch: ExecutorBatch, idle_keep_rate: float, generator: torch.Generator
) -> tuple[Int64[Tensor, " m"], Float[Tensor, " m"]]:
    """Returns the indices of the ticks to train on, and their importance weights, scaled to a mean of 1.

    Keeps every tick with an onset, and the others with probability in proportion to their expected onsets, as their
    part of the gradient is (importance sampling). MIN_KEEP_RATIO bounds the weights.
    """
    hazard = batch.expected_onsets.clamp(min=1e-9)
    keep = (idle_keep_rate * hazard / hazard.mean()).clamp(MIN_KEEP_RATIO * idle_keep_rate, 1.0)
    keep = torch.where(batch.has_onset, torch.ones_like(keep), keep)
    chosen = torch.nonzero(torch.rand(len(keep), generator=generator) < keep)[:, 0]
    weights = 1.0 / keep[chosen]
    return chosen, weights / weights.mean()


def index_output(output: ExecutorOutput, ticks: Tensor) -> ExecutorOutput:
    """Selects ticks of an output."""

    def select(part: Any) -> Any:
        return None if part is None else part[ticks]

    return ExecutorOutput(*(select(getattr(output, each.name)) for each in fields(ExecutorOutput)))
