"""Moves the Executor towards what went better than expected: clipped steps (PPO, Schulman et al. 2017) on a leash.

The chance of what was drawn may move by a share of itself and no further in one update, and each nat by which the
policy grows unlike the person's has to earn `leash` points. The guide's plain rule, weighting by reward without value
and leash, makes a bot worse (docs/log.md).
"""

import copy
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from understudy.contract.serialization import from_plain
from understudy.learning.rl.action_log_prob import log_likelihood, unlikeness
from understudy.learning.rl.rollout_buffer import Moments
from understudy.learning.training.optim import StepGuard, WeightAverage
from understudy.policies.executor import Executor, Hazards
from understudy.policies.policy_bundle import Sampling

GRADIENT_CLIP = 1.0
TICKS_A_MINUTE = 1200
LEAST = 0.25
"""No tick is looked at less often than so many times the mean of `rest_share`."""


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    """How the policy is moved."""

    learning_rate: float = 1e-4
    """Of Adam."""
    leash: float = 0.3
    """Points that each nat of unlikeness to the person's policy has to earn."""
    clip: float = 0.2
    """How far the chance of what was drawn may move in one update, as a share of itself."""
    epochs: int = 2
    """Passes over each stretch of play."""
    furthest: float = 2.0
    """Nats a minute: no further pass begins once an update has moved the policy so far from what has just played. A
    minute has about fifteen gestures, so each of them has moved by 0.13."""
    batch_size: int = 512
    """Ticks in a step."""
    rest_share: float = 0.16
    """Of ticks in which nothing began, about so many are looked at, the likelier something was to begin the sooner."""
    average: float = 0.98
    """Part of the averaged weights that a step keeps; the average is what becomes a candidate."""


@dataclass(frozen=True, kw_only=True)
class PolicyReport:
    """One update."""

    unlike_per_minute: float
    """Nats a minute by which the policy is unlike the person's."""
    moved_per_minute: float
    """Nats a minute by which this update moved it."""
    clipped: float
    """Share of what was drawn whose chance had moved as far as it may."""
    num_skipped: int
    """Steps not taken because of a gradient that was no number or far out of line."""


class ProximalPolicy:
    """The policy that practises, the person's that it is leashed to, and the average that may be promoted."""

    def __init__(self, model: Executor, person: Executor, sampling: Sampling, settings: PolicySettings) -> None:
        """Args: model: is trained in place, without dropout; person: what it is leashed to."""
        self.settings, self.sampling = settings, sampling
        self.model = model.eval()
        self.person = copy.deepcopy(person).eval().requires_grad_(False)
        self.average = WeightAverage(model, settings.average)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=1e-5)
        self.num_steps = 0
        self._guard = StepGuard(harmless_norm=GRADIENT_CLIP)

    def learn(self, moments: Moments, gains: Float[Tensor, " n"], generator: torch.Generator) -> PolicyReport:
        """Learns from play that the model itself has just drawn.

        Args:
            moments: n ticks, any.
            gains: how many points better than expected each went.
            generator: for the choice and order of ticks.

        Raises:
            TrainingError: after too many unusable steps in a row.
        """
        chosen, weights = representatives(moments, self.settings.rest_share, generator)
        part, gains = moments.take(chosen), gains[chosen]
        with torch.no_grad():
            before = log_likelihood(part.ask(self.model), part, self.sampling)
            person = part.ask(self.person)
        skipped = self._guard.num_skipped
        told: list[tuple[float, float, float]] = []
        for _ in range(self.settings.epochs):
            order = torch.randperm(len(chosen), generator=generator)
            passed = [
                self.step(part.take(batch), gains[batch], weights[batch], before[batch], pick(person, batch))
                for batch in torch.split(order, self.settings.batch_size)
            ]
            told += passed
            if TICKS_A_MINUTE * sum(moved for _, _, moved in passed) / len(passed) > self.settings.furthest:
                break
        unlike, clipped, moved = (sum(column) / len(told) for column in zip(*told, strict=True))
        return PolicyReport(
            unlike_per_minute=TICKS_A_MINUTE * unlike,
            moved_per_minute=TICKS_A_MINUTE * moved,
            clipped=clipped,
            num_skipped=self._guard.num_skipped - skipped,
        )

    def step(
        self,
        moments: Moments,
        gains: Float[Tensor, " n"],
        weights: Float[Tensor, " n"],
        before: Float[Tensor, " n"],
        person: Hazards,
    ) -> tuple[float, float, float]:
        """One step; returns how unlike the person it is and how far from `before`, nats a tick, and the share clipped.

        Args:
            moments, gains: as in `learn`.
            weights: how many ticks each stands for, about 1 in the mean.
            before: log likelihood of what was drawn under the weights that drew it.
            person: what the person's policy says of these ticks.
        """
        said = moments.ask(self.model)
        ratio = torch.exp(log_likelihood(said, moments, self.sampling) - before)
        low, high = 1.0 - self.settings.clip, 1.0 + self.settings.clip
        better = torch.minimum(ratio * gains, ratio.clamp(low, high) * gains)
        unlike = unlikeness(said, person, moments, self.sampling)
        loss = (weights * (self.settings.leash * unlike - better)).mean()
        torch.autograd.backward(loss)
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_CLIP))
        if self._guard.accepts(float(loss.detach()), norm):
            self.optimizer.step()
            self.num_steps += 1
            self.average.update(self.num_steps)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            onsets = moments.eventful
            far = ((ratio < low) | (ratio > high))[onsets].float()
            moved = weights * (ratio - 1.0 - ratio.log())  # its mean over draws is the divergence, and it is never < 0
            clipped = float(far.mean()) if len(far) else 0.0
            return float((weights * unlike).mean()), clipped, float(moved.mean())

    @property
    def averaged(self) -> Executor:
        """The averaged policy; it goes on changing while this one learns."""
        assert isinstance(self.average.model, Executor)
        return self.average.model

    @property
    def learnt(self) -> dict[str, Tensor]:
        """The averaged weights: what may become a candidate."""
        return copy.deepcopy(self.average.model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "person": self.person.state_dict(),
            "average": self.average.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "guard": self._guard.state_dict(),
            "num_steps": self.num_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.model.load_state_dict(state["model"])
        self.person.load_state_dict(state["person"])
        self.average.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._guard.load_state_dict(state["guard"])
        self.num_steps = from_plain(int, state["num_steps"])


def representatives(
    moments: Moments, rest_share: float, generator: torch.Generator
) -> tuple[Int64[Tensor, " m"], Float[Tensor, " m"]]:
    """Ticks to learn from, and how many each stands for, scaled to a mean of 1.

    All in which something began; of the others some, drawn the likelier the more there was to be expected, as it is to
    that that their part of the gradient is proportional. LEAST keeps the weights of the quiet ones in bounds.
    """
    hazard = moments.hazard.clamp(min=1e-9)
    keep = (rest_share * hazard / hazard.mean()).clamp(LEAST * rest_share, 1.0)
    keep = torch.where(moments.eventful, torch.ones_like(keep), keep)
    chosen = torch.nonzero(torch.rand(len(keep), generator=generator) < keep)[:, 0]
    weights = 1.0 / keep[chosen]
    return chosen, weights / weights.mean()


def pick(said: Hazards, ticks: Tensor) -> Hazards:
    """What was said of some of the ticks."""
    return Hazards(*(getattr(said, each.name)[ticks] for each in fields(Hazards)))
