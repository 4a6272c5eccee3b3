"""Behaviour-cloning task of the Executor: hazards of gestures and keys, and gesture targets, tick by tick.

Onsets are rare. An epoch contains every tick with one and a random one of each IDLE_STRIDE others, with weight
IDLE_STRIDE (importance sampling), so the hazards stay calibrated at a fraction of the cost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from understudy.contract.errors import TrainingError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.episodes import episodes_of
from understudy.learning.data.executor_batch import ExecutorBatch, build_batch, concatenate, forward_policy
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.data.parts import PART_TICKS, PartLoader, split_into_parts
from understudy.learning.data.replay_buffer import IDLE_STRIDE
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_metrics import ExecutorForecast, guide_metrics, likeliest_positions
from understudy.policies.executor import Executor
from understudy.policies.executor_distribution import ExecutorDistribution, ExecutorMode

KEY_WEIGHT, PRESS_TIME_WEIGHT = 1.0, 0.01
"""Press times have layers of their own, whose steps do not depend on the weight (Adam): it is small so that their
gradients count little when the norm of all is clipped."""
LOSS_SCALE = 10.0
"""Scales the loss to nats per half second; affects only gradient clipping."""
PRESS_TIME_LOSS = "press_time_loss"
_CHUNK = 4096


class ExecutorTask:
    """Ticks of all sessions; in the order of samples, those with onsets come first."""

    def __init__(
        self,
        labelled_episodes: Sequence[LabelledEpisode],
        held_out: Sequence[LabelledEpisode],
        model: Executor,
        device: torch.device,
        upstream: UpstreamPolicies,
        profile: Profile,
        hand: np.void,
        most_ticks: int | None = PART_TICKS,
    ) -> None:
        """Args: most_ticks: ticks of play that are in memory at once; None for all."""
        self.model = model
        self._num_keys = len(profile.keys)
        self._hand, self._lessons = hand, held_out
        corner = profile.minimap
        self._minimap = (corner.left, corner.top, corner.width, corner.height)
        episodes = episodes_of(labelled_episodes)
        summaries = episodes.summaries
        parts = split_into_parts([each.num_ticks for each in summaries], most_ticks)
        self._plan(
            [
                (
                    sum(summaries[number].num_onsets for number in part),
                    sum(summaries[number].num_taught - summaries[number].num_onsets for number in part),
                )
                for part in parts
            ]
        )
        self._loader = PartLoader(lambda part: _batch((episodes[number] for number in parts[part]), upstream, device))
        self._held_out = _batch((replace(labelled, train_mask=None) for labelled in held_out), upstream, device)
        self._judged = _recorded_ticks(held_out, device)
        self._signs = [torch.from_numpy(table).to(device) for table in mirror_sign_tables(model.config.layout.width)]
        self.enter_part(0, None)

    def _plan(self, counts: Sequence[tuple[int, int]]) -> None:
        """Sets the number of samples of each part from its ticks with an onset and its others."""
        if not all(eventful > 0 and rest >= IDLE_STRIDE for eventful, rest in counts):
            raise TrainingError(
                "Nothing is clicked and no key is pressed in these recordings: the Executor needs play."
            )
        self.part_sizes = [eventful + rest // IDLE_STRIDE for eventful, rest in counts]
        represented = sum(eventful + rest // IDLE_STRIDE * IDLE_STRIDE for eventful, rest in counts)
        self._mean_weight = represented / self.num_samples

    def enter_part(self, part: int, upcoming: int | None) -> None:
        """Makes `part` the one that `loss` draws from; `upcoming` comes after it."""
        self._draw_from(self._loader.get(part, upcoming))

    def _learn_from(self, samples: ExecutorBatch) -> None:
        """Replaces the ticks from which samples are drawn."""
        eventful = int(samples.has_onset.sum())
        self._plan([(eventful, len(samples) - eventful)])
        self._loader = PartLoader(lambda part: samples)
        self.enter_part(0, None)

    def _draw_from(self, samples: ExecutorBatch) -> None:
        self._train = samples
        has_onset = self._train.has_onset
        self._eventful = torch.nonzero(has_onset)[:, 0]
        self._rest = torch.nonzero(~has_onset)[:, 0]

    @property
    def num_samples(self) -> int:
        """Number of ticks with an onset, plus one of every IDLE_STRIDE others."""
        return sum(self.part_sizes)

    def loss(self, model: Executor, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the negative log likelihood of the onsets, per tick."""
        ticks_B, weight_B = self._draw(indices, generator)
        mirror_B = torch.randint(0, NUM_MIRRORS, indices.shape, generator=generator, device=indices.device)
        batch = self._train.index(ticks_B).mirrored(mirror_B, self._signs)
        losses = executor_nll(self._distribution(model, batch), batch)
        scale = weight_B / self._mean_weight  # not the batch's mean, which is small when there are many onsets
        parts = {name: (scale * loss).mean() for name, loss in losses.items()}
        total = parts["start_loss"] + parts["pointer_loss"] + parts["point_loss"] + KEY_WEIGHT * parts["key_loss"]
        if PRESS_TIME_LOSS in parts:
            total = total + PRESS_TIME_WEIGHT * parts[PRESS_TIME_LOSS]
        return LOSS_SCALE * total, {name: part.detach() for name, part in parts.items()}

    def _draw(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Returns the ticks of samples and their weights."""
        shift = torch.randint(0, IDLE_STRIDE, indices.shape, generator=generator, device=indices.device)
        rest = ((indices - len(self._eventful)).clamp(min=0) * IDLE_STRIDE + shift).clamp(max=len(self._rest) - 1)
        is_event = indices < len(self._eventful)
        event = self._eventful[indices.clamp(max=len(self._eventful) - 1)]
        return torch.where(is_event, event, self._rest[rest]), torch.where(is_event, 1.0, float(IDLE_STRIDE))

    def validate(self, model: Executor) -> dict[str, float]:
        """Computes log likelihood per second and pointer accuracy on held-out sessions, with their baselines."""
        samples, judged = self._held_out, self._judged
        totals: dict[str, float] = {}
        start, modes = [], []
        for chunk in torch.split(torch.arange(len(samples), device=samples.started.device), _CHUNK):
            batch = samples.index(chunk)
            distribution = self._distribution(model, batch)
            for name, loss in executor_nll(distribution, batch).items():
                totals[name] = totals.get(name, 0.0) + float((loss if judged is None else loss[judged[chunk]]).sum())
            start.append(torch.sigmoid(distribution.output.start_logit))
            modes.append(distribution.mode())
        hazard, mode = torch.cat(start), ExecutorMode(*map(torch.cat, zip(*modes, strict=True)))
        aim = self._aim(hazard, mode)
        if judged is not None:
            samples, hazard, mode = (
                samples.index(judged),
                hazard[judged],
                ExecutorMode(*(part[judged] for part in mode)),
            )
        metrics = {name: TICK_RATE_HZ * total / len(hazard) for name, total in totals.items()}
        known = samples.target >= 0
        expected_starts = float((hazard * samples.can_start_gesture).sum())
        right = float((mode.target == samples.target)[known].float().mean()) if bool(known.any()) else 0.0
        return {
            **metrics,
            **_constant_rate_baseline(samples, float(TICK_RATE_HZ)),
            **aim,
            "choice": -sum(value for name, value in metrics.items() if name != PRESS_TIME_LOSS),
            "accuracy": right,
            "pointer_accuracy": right,
            "pointer_accuracy_baseline": _most_common_share(samples.target),
            "start_calibration": expected_starts / max(float(samples.started.sum()), 1.0),
        }

    def _distribution(self, model: Executor, batch: ExecutorBatch) -> ExecutorDistribution:
        return ExecutorDistribution(forward_policy(model, batch), num_keys=self._num_keys)

    def _aim(self, hazard_T: Tensor, mode: ExecutorMode) -> dict[str, float]:
        """Returns the guide's metrics, averaged over held-out sessions by their length."""
        lengths = [summary.num_ticks for summary in episodes_of(self._lessons).summaries]
        columns = [torch.split(part.cpu(), lengths) for part in (hazard_T, *mode)]
        totals: dict[str, float] = {}
        for labelled, *parts in zip(self._lessons, *columns, strict=True):
            hazard, target, minimap, space = (part.numpy() for part in parts)
            where = likeliest_positions(labelled, target, minimap, space, self._minimap)
            foretold = ExecutorForecast(hazard, where)
            for name, value in guide_metrics(labelled, foretold, self._hand, np.random.default_rng(0)).items():
                totals[name] = totals.get(name, 0.0) + value * len(labelled) / sum(lengths)
        return totals


def _batch(episodes: Iterable[LabelledEpisode], upstream: UpstreamPolicies, device: torch.device) -> ExecutorBatch:
    """Builds the batch of episodes, of which one at a time is in memory."""
    return concatenate([build_batch([each], [upstream.conditioning(each)], device) for each in episodes])


def _recorded_ticks(held_out: Sequence[LabelledEpisode], device: torch.device) -> Bool[Tensor, " T"] | None:
    """Returns the mask of recorded ticks, None if none was filled in: the actions of filled-in ticks are a guess."""
    if not any(summary.num_filled for summary in episodes_of(held_out).summaries):
        return None
    recorded = [np.ones(len(each), bool) if each.filled is None else ~each.filled for each in held_out]
    return torch.from_numpy(np.concatenate(recorded)).to(device)


def executor_nll(distribution: ExecutorDistribution, batch: ExecutorBatch) -> dict[str, Tensor]:
    """Returns the negative log likelihood of each tick's action, by head, nats: the losses of behaviour cloning.

    With PRESS_TIME_LOSS only for an Executor that predicts press times.
    """
    log_probs = distribution.log_prob_by_head(batch)
    timing = {}
    if distribution.output.press_times is not None:
        timing = {PRESS_TIME_LOSS: -distribution.press_time_log_prob(batch)}
    return {
        "start_loss": -log_probs.start,
        "pointer_loss": -log_probs.target,
        "point_loss": -log_probs.position,
        "key_loss": -log_probs.keys,
        **timing,
    }


def _constant_rate_baseline(samples: ExecutorBatch, per_second: float) -> dict[str, float]:
    """Returns the log likelihood of a constant hazard, nats per second."""

    def entropy(rate: float) -> float:
        rate = min(max(rate, 1e-6), 1.0 - 1e-6)
        return float(-(rate * np.log(rate) + (1 - rate) * np.log(1 - rate)))

    free = float(samples.can_start_gesture.float().mean())
    start = entropy(float(samples.started.sum()) / max(float(samples.can_start_gesture.sum()), 1.0)) * free
    keys = sum(entropy(float(rate)) for rate in samples.keys.float().mean(0) if rate > 0)
    return {"start_loss_baseline": per_second * start, "key_loss_baseline": per_second * keys}


def _most_common_share(candidates: Tensor) -> float:
    known = candidates[candidates >= 0]
    return float(torch.bincount(known).max()) / len(known) if len(known) else 0.0
