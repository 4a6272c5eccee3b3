"""The Executor's action distribution: log probability, KL divergence, mode, and the probabilities that are sampled.

A tick's action factorises. While the hand is free a gesture starts or not (Bernoulli). Given that it starts, its target
is a categorical distribution over candidates (a pointer network, Vinyals et al. 2015, arXiv 1506.03134), its button is
Bernoulli, and a free point on the minimap or in space has a mixture density (Bishop 1994, "Mixture Density Networks").
Each key that is up goes down or not (Bernoulli). `SamplingConfig` holds the temperatures: logits and log weights
are divided by them, the mixtures' variances multiplied; with NEUTRAL nothing changes. Where it says so, the places of
the map (landmarks and the minimap's free point) are tempered together: against the other candidates they are one, and
within it each keeps its predicted share.

Axes: B ticks, C candidates, K keys, X mixture components.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor
from torch.nn import functional

from understudy.contract.observation import MAX_TRACKS
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.executor import ExecutorOutput
from understudy.policies.mixture_density import mixture_kl_bound, mixture_log_prob, mixture_mode, tempered, to_array
from understudy.policies.object_features import MINIMAP, SPACE
from understudy.policies.policy_bundle import SamplingConfig
from understudy.policies.sampling import ActionProbabilities
from understudy.policies.timing.press_time import TIMING_WIDTH, press_time_log_prob, press_times_to_array

PLACES = slice(MAX_TRACKS, MINIMAP + 1)
"""Candidates that are places of the map: landmarks and the free point of the minimap."""
NEUTRAL = SamplingConfig(pointer_temperature=1.0, minimap_temperature=1.0, space_temperature=1.0)
"""The distribution as predicted: what cloning fits."""


@runtime_checkable
class ActionBatch(Protocol):
    """Actions of B ticks (learning/data/executor_batch.py); see there for the fields."""

    @property
    def can_start_gesture(self) -> Bool[Tensor, " B"]: ...
    @property
    def started(self) -> Bool[Tensor, " B"]: ...
    @property
    def target(self) -> Int64[Tensor, " B"]: ...
    @property
    def position(self) -> Float32[Tensor, "B 2"]: ...
    @property
    def press_ticks(self) -> Int64[Tensor, " B"]: ...
    @property
    def is_other_button(self) -> Bool[Tensor, " B"]: ...
    @property
    def key_available(self) -> Bool[Tensor, "B K"]: ...
    @property
    def keys(self) -> Bool[Tensor, "B K"]: ...


class HeadLogProbs(NamedTuple):
    """Log probability of each part of the actions of B ticks, nats; 0 where the part was not decided."""

    start: Float[Tensor, " B"]
    """Whether a gesture started, where one could."""
    target: Float[Tensor, " B"]
    """Candidate (where it is known) and button of a gesture that started."""
    position: Float[Tensor, " B"]
    """Density of the free point on the minimap or in space."""
    keys: Float[Tensor, " B"]
    """All keys that were up."""

    @property
    def total(self) -> Float[Tensor, " B"]:
        """Log probability of the whole action, nats."""
        return self.start + (self.target + self.position) + self.keys


class ExecutorMode(NamedTuple):
    """The most likely gesture of B ticks, if one starts."""

    target: Int64[Tensor, " B"]
    minimap: Float[Tensor, "B 2"]
    """Mean of the heaviest component, -1..1."""
    space: Float[Tensor, "B 2"]


@dataclass(frozen=True)
class ExecutorDistribution:
    """Distribution of the actions of B ticks; only `probabilities` needs an output without gradients."""

    output: ExecutorOutput
    sampling: SamplingConfig = NEUTRAL
    num_keys: int = MAX_KEYS
    """Keys that count in `log_prob` and `kl`: the first ones, that is those of the game. In sampled actions the others
    are marked as not available, in recorded ones they are not."""

    @cached_property
    def target_logits(self) -> Float[Tensor, "B C"]:
        """Tempered logits of the candidates."""
        if self.sampling.pointer_temperature == 1.0:
            return self.output.pointer_logits
        if self.sampling.pointer_places == "together":
            return _with_places_together(self.output.pointer_logits, self.sampling.pointer_temperature)
        return self.output.pointer_logits / self.sampling.pointer_temperature

    @cached_property
    def target_log_probs(self) -> Float[Tensor, "B C"]:
        """Log probabilities of the candidates; -inf where there is none."""
        return torch.log_softmax(self.target_logits, dim=-1)

    @cached_property
    def minimap(self) -> Float[Tensor, "B X 7"]:
        """Tempered mixture on the minimap."""
        return tempered(self.output.minimap_density, self.sampling.minimap_temperature)

    @cached_property
    def space(self) -> Float[Tensor, "B X 7"]:
        """Tempered mixture in space."""
        return tempered(self.output.space_density, self.sampling.space_temperature)

    def log_prob(self, batch: ActionBatch) -> Float[Tensor, " B"]:
        """Returns the log probability of each tick's whole action, nats."""
        return self.log_prob_by_head(batch).total

    def log_prob_by_head(self, batch: ActionBatch) -> HeadLogProbs:
        """Returns the log probability of each part of each tick's action, nats.

        A gesture that started without a known target (-1) counts its button alone. Left out on purpose: a point is
        sampled again while a click there would mean something else, so its true density is a little higher; and the
        press time (`press_time_log_prob`), so PPO leaves a person's timing as it is.
        """
        output, started = self.output, batch.started.float()
        button = _bernoulli_log_prob(output.right_logit, batch.is_other_button)
        pointer = self.target_log_probs.gather(1, batch.target.clamp(min=0)[:, None])[:, 0]
        on_minimap = mixture_log_prob(self.minimap, batch.position)
        in_space = mixture_log_prob(self.space, batch.position)
        keys = _bernoulli_log_prob(output.key_logits[:, : self.num_keys], batch.keys[:, : self.num_keys])
        return HeadLogProbs(
            start=batch.can_start_gesture * _bernoulli_log_prob(output.start_logit, batch.started),
            target=torch.where(batch.target >= 0, pointer, torch.zeros_like(pointer)) + started * button,
            position=(batch.target == MINIMAP) * on_minimap + (batch.target == SPACE) * in_space,
            keys=(batch.key_available[:, : self.num_keys] * keys).sum(-1),
        )

    def press_time_log_prob(self, batch: ActionBatch) -> Float[Tensor, " B"]:
        """Returns the log probability of each press time that is known, nats; 0 in other ticks.

        Raises:
            AssertionError: if the output has no press times.
        """
        assert self.output.press_times is not None
        timing = self.output.press_times[torch.arange(len(batch.target)), batch.target.clamp(min=0)]
        known = (batch.target >= 0) & (batch.press_ticks >= 0)
        return known * press_time_log_prob(timing, batch.press_ticks.clamp(min=0))

    def kl(self, other: "ExecutorDistribution", batch: ActionBatch) -> Float[Tensor, " B"]:
        """Returns the Kullback-Leibler divergence KL(self || other), nats per tick.

        Of two mixtures there is only an upper bound in closed form (`mixture_kl_bound`); the rest is exact. Of `batch`
        only `can_start_gesture` and `key_available` are read: what cannot happen does not count.
        (The distillation loss, learning/shadow/distillation.py, weights the same parts differently.)
        """
        probs = self.target_log_probs.exp()
        where = probs[:, MINIMAP] * mixture_kl_bound(self.minimap, other.minimap)
        where = where + probs[:, SPACE] * mixture_kl_bound(self.space, other.space)
        pointer = categorical_kl(self.target_log_probs, other.target_log_probs)
        button = bernoulli_kl(self.output.right_logit, other.output.right_logit)
        start = bernoulli_kl(self.output.start_logit, other.output.start_logit)
        gesture = start + torch.sigmoid(self.output.start_logit) * (pointer + where + button)
        own, others = self.output.key_logits[:, : self.num_keys], other.output.key_logits[:, : self.num_keys]
        keys = (batch.key_available[:, : self.num_keys] * bernoulli_kl(own, others)).sum(-1)
        return batch.can_start_gesture * gesture + keys

    def mode(self) -> ExecutorMode:
        """Returns the most likely target, and the heaviest component's mean of both mixtures."""
        return ExecutorMode(
            target=self.output.pointer_logits.argmax(-1),
            minimap=mixture_mode(self.output.minimap_density),
            space=mixture_mode(self.output.space_density),
        )

    def probabilities(self) -> ActionProbabilities:
        """Returns the probabilities for the compiled sampler, `sampling.sample_actions`; the caller owns the arrays."""
        return ActionProbabilities(
            start=torch.sigmoid(self.output.start_logit).numpy(),
            pointer=torch.softmax(self.target_logits, dim=-1).numpy(),
            right=torch.sigmoid(self.output.right_logit).numpy(),
            minimap=to_array(self.minimap).numpy(),
            space=to_array(self.space).numpy(),
            keys=torch.sigmoid(self.output.key_logits).numpy(),
            press_times=_timing_array(self.output),
        )


def _with_places_together(logits_BC: Float[Tensor, "B C"], temperature: float) -> Float[Tensor, "B C"]:
    """Divides the logits by the temperature, but adds one number to those of all the map's places, so that the sum of
    their probabilities is tempered and their shares of it stay as predicted."""
    places = logits_BC[:, PLACES]
    shift = (1.0 / temperature - 1.0) * torch.logsumexp(places, dim=-1, keepdim=True)
    tempered_BC = logits_BC / temperature
    return torch.cat([tempered_BC[:, : PLACES.start], places + shift, tempered_BC[:, PLACES.stop :]], dim=-1)


def _timing_array(output: ExecutorOutput) -> Float32[np.ndarray, "B C M 3"]:
    if output.press_times is None:
        return np.zeros((*output.pointer_logits.shape, 0, TIMING_WIDTH), np.float32)
    return np.asarray(press_times_to_array(output.press_times).numpy())


def bernoulli_kl(logit: Tensor, other_logit: Tensor) -> Tensor:
    """Returns the KL divergence of Bernoulli distributions with these logits, element by element, nats."""
    probability = torch.sigmoid(logit)
    yes = functional.logsigmoid(logit) - functional.logsigmoid(other_logit)
    no = functional.logsigmoid(-logit) - functional.logsigmoid(-other_logit)
    return probability * yes + (1.0 - probability) * no


def categorical_kl(log_probs: Float[Tensor, "B C"], other_log_probs: Float[Tensor, "B C"]) -> Float[Tensor, " B"]:
    """Returns the KL divergence of categorical distributions, nats; categories impossible in the first count 0."""
    probs = log_probs.exp()
    return (probs * torch.where(probs > 0, log_probs - other_log_probs, torch.zeros_like(probs))).sum(-1)


def target_positions(
    target: Int64[Tensor, " B"],
    tracks: Float[Tensor, "B N 2"],
    landmarks: Float[Tensor, "B L 2"],
    minimap: Float[Tensor, "B 2"],
    space: Float[Tensor, "B 2"],
    minimap_area: tuple[float, float, float, float],
) -> Float[Tensor, "B 2"]:
    """Returns the window positions to click for candidates, window fractions.

    Args:
        target: candidates.
        tracks: positions of the tracked objects, window fractions.
        landmarks: positions of the landmarks, map fractions.
        minimap, space: free points for those two candidates, -1..1 of the map and of the window.
        minimap_area: left, top, width, height of the minimap, window fractions.
    """
    low, size = (torch.tensor(part, dtype=tracks.dtype, device=tracks.device) for part in _halves(minimap_area))
    rows = torch.arange(len(target), device=target.device)
    track = tracks[rows, target.clamp(0, MAX_TRACKS - 1)]
    landmark = landmarks[rows, (target - MAX_TRACKS).clamp(0, MINIMAP - MAX_TRACKS - 1)]
    which = target[:, None]
    on_map = torch.where(which == MINIMAP, 0.5 * (minimap + 1.0), landmark)
    in_window = torch.where(which == SPACE, 0.5 * (space + 1.0), track)
    is_on_map = (which >= MAX_TRACKS) & (which != SPACE)
    return torch.where(is_on_map, low + size * on_map, in_window)


def _halves(area: tuple[float, float, float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    return area[:2], area[2:]


def _bernoulli_log_prob(logit: Tensor, happened: Tensor) -> Tensor:
    return -functional.binary_cross_entropy_with_logits(logit, happened.float(), reduction="none")
