"""The Executor's task: hazards of gestures and keys, and where gestures go, tick by tick.

Ticks in which something begins are rare. An epoch holds every one of them and a random one of each REST_STRIDE of the
others, weighted REST_STRIDE times, so the hazards stay calibrated at a fraction of the price.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from understudy.contract.errors import TrainingError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.executor_batch import ExecutorBatch, build_batch, forward_policy
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.data.replay_buffer import IDLE_STRIDE
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_metrics import ExecutorForecast, guide_metrics, target_positions
from understudy.policies.executor import MINIMAP, SPACE, Executor, ExecutorOutput
from understudy.policies.mixture_density import mixture_log_prob

KEY_WEIGHT = 1.0
LOSS_SCALE = 10.0
"""Nats per half second rather than per tick; matters to the clipping of gradients alone."""
_CHUNK = 4096


class ExecutorTask:
    """Ticks of all sessions, those with onsets first in the order of samples."""

    def __init__(
        self,
        labelled_episodes: list[LabelledEpisode],
        held_out: list[LabelledEpisode],
        model: Executor,
        device: torch.device,
        upstream: UpstreamPolicies,
        profile: Profile,
        hand: np.void,
    ) -> None:
        self.model = model
        self._num_keys = len(profile.keys)
        self._hand, self._lessons = hand, held_out
        corner = profile.minimap
        self._minimap = (corner.left, corner.top, corner.width, corner.height)
        self._train = build_batch(labelled_episodes, map(upstream.conditioning, labelled_episodes), device)
        self._held_out = build_batch(held_out, map(upstream.conditioning, held_out), device)
        self._signs = [torch.from_numpy(table).to(device) for table in mirror_sign_tables()]
        self._learn_from(self._train)

    def _learn_from(self, samples: ExecutorBatch) -> None:
        """These are the ticks that samples are drawn from."""
        self._train = samples
        eventful = self._train.eventful
        self._eventful = torch.nonzero(eventful)[:, 0]
        self._rest = torch.nonzero(~eventful)[:, 0]
        if len(self._eventful) == 0 or len(self._rest) < IDLE_STRIDE:
            raise TrainingError(
                "Nothing is clicked and no key is pressed in these recordings: the Executor needs play."
            )
        self._mean_weight = (len(self._eventful) + self._num_rest * IDLE_STRIDE) / self.num_samples

    @property
    def num_samples(self) -> int:
        """Ticks with an onset, and one of every REST_STRIDE others."""
        return len(self._eventful) + self._num_rest

    @property
    def _num_rest(self) -> int:
        return len(self._rest) // IDLE_STRIDE

    def loss(self, model: Executor, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Negative log likelihood per tick of what began in it."""
        ticks_B, weight_B = self._draw(indices, generator)
        mirror_B = torch.randint(0, NUM_MIRRORS, indices.shape, generator=generator, device=indices.device)
        samples = self._train
        said = forward_policy(model, samples, ticks_B, mirror_B, self._signs)
        losses = executor_nll(said, samples, ticks_B, mirror_B, self._num_keys)
        scale = weight_B / self._mean_weight  # not the batch's own mean: that one is small when there are many onsets
        parts = {name: (scale * loss).mean() for name, loss in losses.items()}
        total = parts["start_loss"] + parts["pointer_loss"] + parts["point_loss"] + KEY_WEIGHT * parts["key_loss"]
        return LOSS_SCALE * total, {name: part.detach() for name, part in parts.items()}

    def _draw(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Ticks of samples, and how many ticks each stands for."""
        shift = torch.randint(0, IDLE_STRIDE, indices.shape, generator=generator, device=indices.device)
        rest = ((indices - len(self._eventful)).clamp(min=0) * IDLE_STRIDE + shift).clamp(max=len(self._rest) - 1)
        is_event = indices < len(self._eventful)
        event = self._eventful[indices.clamp(max=len(self._eventful) - 1)]
        return torch.where(is_event, event, self._rest[rest]), torch.where(is_event, 1.0, float(IDLE_STRIDE))

    def validate(self, model: Executor) -> dict[str, float]:
        """Log likelihood per second and pointer accuracy on held-out sessions, beside a constant-rate baseline."""
        samples = self._held_out
        totals: dict[str, float] = {}
        start, pointer, points = [], [], []
        for chunk in torch.split(torch.arange(len(samples.started), device=samples.started.device), _CHUNK):
            mirror = torch.zeros_like(chunk)
            said = forward_policy(model, samples, chunk, mirror, self._signs)
            for name, loss in executor_nll(said, samples, chunk, mirror, self._num_keys).items():
                totals[name] = totals.get(name, 0.0) + float(loss.sum())
            start.append(torch.sigmoid(said.start_logit))
            pointer.append(said.pointer_logits)
            points.append(torch.stack([mixture_mode(said.minimap_density), mixture_mode(said.space_density)], dim=1))
        hazard, scores = torch.cat(start), torch.cat(pointer)
        metrics = {name: TICK_RATE_HZ * total / len(hazard) for name, total in totals.items()}
        known = samples.candidates >= 0
        right = float((scores.argmax(-1) == samples.candidates)[known].float().mean()) if bool(known.any()) else 0.0
        return {
            **metrics,
            **_constant_rate_baseline(samples, float(TICK_RATE_HZ)),
            **self._aim(hazard, scores, torch.cat(points)),
            "choice": -sum(metrics.values()),
            "accuracy": right,
            "pointer_accuracy": right,
            "pointer_accuracy_baseline": _most_common_share(samples.candidates),
            "start_calibration": float((hazard * samples.free).sum()) / max(float(samples.started.sum()), 1.0),
        }

    def _aim(self, hazard_T: Tensor, pointer_TC: Tensor, points_T22: Tensor) -> dict[str, float]:
        """The guide's figures, averaged over held-out sessions by their length."""
        lengths = [len(labelled) for labelled in self._lessons]
        parts = zip(
            self._lessons, *(torch.split(part, lengths) for part in (hazard_T, pointer_TC, points_T22)), strict=True
        )
        totals: dict[str, float] = {}
        for labelled, hazard, pointer, points in parts:
            best = points.cpu().numpy()
            where = target_positions(labelled, pointer.cpu().numpy(), best[:, 0], best[:, 1], self._minimap)
            foretold = ExecutorForecast(hazard.cpu().numpy(), where)
            for name, value in guide_metrics(labelled, foretold, self._hand, np.random.default_rng(0)).items():
                totals[name] = totals.get(name, 0.0) + value * len(labelled) / sum(lengths)
        return totals


def mixture_mode(density_BX7: Tensor) -> Tensor:
    """Mean of the heaviest component, shape (B, 2)."""
    best = density_BX7[..., 0].argmax(-1)
    return density_BX7[torch.arange(len(best), device=best.device), best, 1:3]


def executor_nll(
    said: ExecutorOutput, samples: ExecutorBatch, ticks_B: Tensor, mirror_B: Tensor, num_keys: int
) -> dict[str, Tensor]:
    """Per tick and head, in nats: did a gesture start, where to, at which point, which keys went down."""
    started = samples.started[ticks_B].float()
    free = samples.free[ticks_B].float()
    start = free * functional.binary_cross_entropy_with_logits(said.start_logit, started, reduction="none")
    button = functional.binary_cross_entropy_with_logits(said.right_logit, samples.right[ticks_B], reduction="none")
    candidate = samples.candidates[ticks_B]
    known = candidate >= 0
    log_pointer = torch.log_softmax(said.pointer_logits, dim=-1).gather(1, candidate.clamp(min=0)[:, None])[:, 0]
    pointer = torch.where(known, -log_pointer, torch.zeros_like(log_pointer)) + started * button
    flips = torch.stack([1.0 - 2.0 * (mirror_B & 1), 1.0 - (mirror_B & 2)], dim=-1)
    point = samples.points[ticks_B] * flips
    on_minimap = mixture_log_prob(said.minimap_density, point)
    in_space = mixture_log_prob(said.space_density, point)
    where = -((candidate == MINIMAP) * on_minimap + (candidate == SPACE) * in_space)
    keys = functional.binary_cross_entropy_with_logits(
        said.key_logits[:, :num_keys], samples.key_onsets[ticks_B, :num_keys].float(), reduction="none"
    )
    up = ~samples.keys_down[ticks_B, :num_keys]
    return {"start_loss": start, "pointer_loss": pointer, "point_loss": where, "key_loss": (up * keys).sum(-1)}


def _constant_rate_baseline(samples: ExecutorBatch, per_second: float) -> dict[str, float]:
    """What a constant hazard would score, nats per second."""

    def entropy(rate: float) -> float:
        rate = min(max(rate, 1e-6), 1.0 - 1e-6)
        return float(-(rate * np.log(rate) + (1 - rate) * np.log(1 - rate)))

    free = float(samples.free.float().mean())
    start = entropy(float(samples.started.sum()) / max(float(samples.free.sum()), 1.0)) * free
    keys = sum(entropy(float(rate)) for rate in samples.key_onsets.float().mean(0) if rate > 0)
    return {"start_loss_baseline": per_second * start, "key_loss_baseline": per_second * keys}


def _most_common_share(candidates: Tensor) -> float:
    known = candidates[candidates >= 0]
    return float(torch.bincount(known).max()) / len(known) if len(known) else 0.0
