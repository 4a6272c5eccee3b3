"""Behaviour cloning of the person while they play, with rehearsal and distillation against forgetting.

Every tick is scored by the initial and the present weights before it is trained on (prequential evaluation, Dawid
1984). The last part of each cycle is held out: candidates are evaluated on it. Knows nothing of processes or files.
"""

import copy
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.learning.data.executor_batch import ExecutorBatch, concatenate, forward_policy
from understudy.learning.data.labelled_episode import NUM_MIRRORS, mirror_sign_tables
from understudy.learning.data.replay_buffer import ReplayBuffer
from understudy.learning.data.streaming_labeller import LabelledChunk, StreamingLabeller
from understudy.learning.shadow.acceptance import AcceptanceResult, accept_candidate
from understudy.learning.shadow.agreement import Agreement, agreement, click_metrics
from understudy.learning.shadow.distillation import distillation_loss
from understudy.learning.shadow.messages import AgreementScore, Disagreements, ShadowSettings, ShadowUpdateStats
from understudy.learning.supervised.executor_task import LOSS_SCALE, PRESS_TIME_LOSS, PRESS_TIME_WEIGHT, executor_nll
from understudy.learning.training.optim import (
    ExponentialMovingAverage,
    GradientGuard,
    guarded_step,
    warmup_cosine_lr,
)
from understudy.policies.executor import Executor
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.style_heads import base_style, with_base_style

CYCLE_TICKS, HELD_OUT_TICKS, GAP_TICKS = 240 * TICK_RATE_HZ, 60 * TICK_RATE_HZ, 5 * TICK_RATE_HZ
"""The last of every four minutes is held out; ticks within GAP_TICKS of a border are used for neither."""
HELD_OUT_PARTS = 6 * HELD_OUT_TICKS // (3 * TICK_RATE_HZ)
"""About six minutes of the newest held-out play are kept."""
RECENT_CLICKS = 100
"""Clicks in the running agreement."""
HORIZON_UPDATES, WARMUP_UPDATES, FINAL_FRACTION = 2400, 20, 0.1
"""Learning rate: a minute of warm-up, then a cosine over two hours down to a tenth, where it stays."""
GRADIENT_CLIP, WEIGHT_DECAY = 1.0, 0.01
REHEARSAL_INTERVAL = 2
"""Every second gradient step is on base play: the two styles share few weights."""


@dataclass
class RehearsalData:
    """Base play: for rehearsal, and held out."""

    pool: ReplayBuffer
    held_out: ExecutorBatch


@dataclass
class _Recent:
    """Agreement of the present and the initial weights on the latest clicks, scored before they are trained on."""

    now: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_CLICKS))
    before: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_CLICKS))


class ShadowLearner:
    """Used by one thread; time is passed in."""

    def __init__(
        self,
        policies: PolicyBundle,
        profile: Profile,
        settings: ShadowSettings,
        rehearsal: RehearsalData | None = None,
        staged: Executor | None = None,
        root_policy: Executor | None = None,
    ) -> None:
        """Args:
        policies: those that the session begins with.
        profile: the game.
        settings: hyperparameters.
        rehearsal: base play, where there is any.
        staged: weights to train on from; those of `policies` when None.
        root_policy: weights from before all shadow sessions, the baseline of forgetting; those of `policies` when None.
        """
        self.settings, self.rehearsal = settings, rehearsal
        self.initial_policy = policies.executor.eval()
        self.root_policy = self.initial_policy if root_policy is None else root_policy.eval()
        self.incumbent: torch.nn.Module = self.initial_policy
        self.model: Executor = with_base_style(policies.executor if staged is None else staged)
        self.average = ExponentialMovingAverage(self.model, settings.ema_decay)
        self.num_updates = self.num_ticks = self.num_steps = 0
        self._generator = torch.Generator().manual_seed(settings.seed)
        self.buffer = ReplayBuffer(settings.buffer_size, self._generator)
        self._held_out: deque[ExecutorBatch] = deque(maxlen=HELD_OUT_PARTS)
        self._labeller = StreamingLabeller(policies, profile)
        self._signs = [torch.from_numpy(table) for table in mirror_sign_tables(policies.executor.config.layout.width)]
        self._num_keys = len(profile.keys)
        corner = profile.minimap
        self._corner = (corner.left, corner.top, corner.width, corner.height)
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-9, weight_decay=WEIGHT_DECAY, fused=True)
        self._guard = GradientGuard(max_ok_norm=GRADIENT_CLIP)
        self._recent = _Recent()
        self._base_before: Agreement | None = None
        self._next_s = -math.inf

    def add_block(
        self, observations: np.ndarray, actions: np.ndarray, first_index: int, inputs: Sequence[InputEvent] = ()
    ) -> list[AgreementScore | Disagreements]:
        """Adds consecutive ticks; scores those whose hindsight labels are complete, then puts them into the buffer.

        Args:
            observations, actions: records of dtype OBSERVATION and ACTION, shape (T,).
            first_index: number of the first one in the session.
            inputs: the person's raw events of these ticks; empty where there are none, as from a teacher.
        """
        found: list[AgreementScore | Disagreements] = []
        for chunk in self._labeller.watch(observations, actions, first_index, inputs):
            self.num_ticks += len(chunk.samples)
            found += self._score_chunk(chunk)
            split = split_of(chunk.first_index)
            if split == "learn":
                self.buffer.add(chunk.samples)
            elif split == "hold out":
                self._held_out.append(chunk.samples)
        return found

    def _score_chunk(self, chunk: LabelledChunk) -> list[AgreementScore | Disagreements]:
        now = self.agreement(self.average.model, chunk.samples)
        before = self.agreement(self.initial_policy, chunk.samples)
        if not len(now.same):
            return []
        self._recent.now.extend(map(bool, now.same))
        self._recent.before.extend(map(bool, before.same))
        scored = AgreementScore(
            agreement=float(np.mean(self._recent.now)),
            initial_agreement=float(np.mean(self._recent.before)),
            num_clicks=len(self._recent.now),
        )
        elsewhere = tuple(chunk.time_s[now.ticks[~now.same]].tolist())
        return [scored, Disagreements(times_s=elsewhere)] if elsewhere else [scored]

    def agreement(self, model: torch.nn.Module, samples: ExecutorBatch) -> Agreement:
        """Returns the agreement of a model with the person on some ticks."""
        return agreement(model, samples, self._num_keys)

    def due_s(self, now_s: float) -> float | None:
        """Returns the seconds until the next update, 0 if due; None while there are too few samples."""
        if len(self.buffer) < self.settings.min_samples:
            return None
        return max(0.0, self._next_s - now_s)

    def update(self, now_s: float) -> ShadowUpdateStats:
        """Takes the steps of one update.

        Raises:
            TrainingError: after too many unusable steps in a row; the averaged weights are those before them.
        """
        started_s = time.perf_counter()
        missed = now_s - self._next_s >= self.settings.update_interval
        self._next_s = (now_s if missed else self._next_s) + self.settings.update_interval
        self.num_updates += 1
        rate = warmup_cosine_lr(
            self.num_updates - 1,
            HORIZON_UPDATES,
            self.settings.learning_rate,
            WARMUP_UPDATES / HORIZON_UPDATES,
            FINAL_FRACTION,
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        steps = [self._step(rehearses=not step % REHEARSAL_INTERVAL) for step in range(self.settings.steps_per_update)]
        loss, position_error, click_accuracy = (float(_mean(column)) for column in zip(*steps, strict=True))
        return ShadowUpdateStats(
            number=self.num_updates,
            loss=loss,
            position_error=position_error,
            click_accuracy=click_accuracy,
            learning_rate=rate,
            num_samples=len(self.buffer),
            seconds=time.perf_counter() - started_s,
        )

    def _step(self, *, rehearses: bool) -> tuple[float, float, float]:
        """Takes one step; returns (loss, position error, click accuracy) on its batch of the person's play."""
        self.model.train()
        batch, mirror, scale = self._sample_batch(self.buffer)
        mirrored = batch.mirrored(mirror, self._signs)
        output = forward_policy(self.model, mirrored)
        losses = executor_nll(ExecutorDistribution(output, num_keys=self._num_keys), mirrored)
        if PRESS_TIME_LOSS in losses:
            losses[PRESS_TIME_LOSS] = PRESS_TIME_WEIGHT * losses[PRESS_TIME_LOSS]
        loss = LOSS_SCALE * (scale * torch.stack(list(losses.values())).sum(0)).mean()
        total = loss
        if self.rehearsal is not None:
            total = 0.5 * (loss + self._distillation_step(self.rehearsal.pool)) if rehearses else 0.5 * loss
        step = guarded_step(
            total, self.model, self._optimizer, self._guard, self.average, GRADIENT_CLIP, self.num_steps + 1
        )
        self.num_steps += int(step.is_taken)
        return float(loss.detach()), *click_metrics(output, batch, mirror, self._corner)

    def _distillation_step(self, buffer: ReplayBuffer) -> torch.Tensor:
        """Returns the distillation loss of the base style against the initial weights, on a batch of base play."""
        batch, mirror, scale = self._sample_batch(buffer)
        mirrored = batch.mirrored(mirror, self._signs)
        with torch.no_grad():
            teacher = forward_policy(base_style(self.initial_policy), mirrored)
        output = forward_policy(base_style(self.model), mirrored)
        return LOSS_SCALE * (scale * distillation_loss(output, teacher, self._num_keys)).mean()

    def _sample_batch(self, buffer: ReplayBuffer) -> tuple[ExecutorBatch, torch.Tensor, torch.Tensor]:
        """Returns a batch, the mirror of each tick, and its weight."""
        samples, weight = buffer.all()
        ticks = buffer.sample_indices(self.settings.batch_size)
        mirror = torch.randint(0, NUM_MIRRORS, ticks.shape, generator=self._generator)
        return samples.index(ticks), mirror, weight[ticks] / weight.mean()

    def evaluate_candidate(self) -> AcceptanceResult:
        """Compares the averaged weights with the incumbent on held-out play, and their base style with the root policy
        on base play."""
        held_out = [concatenate(list(self._held_out))] if self._held_out else []
        empty = Agreement(np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0, np.float32))
        new, old = (
            self.agreement(model, held_out[0]) if held_out else empty for model in (self.average.model, self.incumbent)
        )
        base_new = None
        if self.rehearsal is not None:
            if self._base_before is None:
                self._base_before = self.agreement(base_style(self.root_policy), self.rehearsal.held_out)
            assert isinstance(self.average.model, Executor)
            base_new = self.agreement(base_style(self.average.model), self.rehearsal.held_out)
        return accept_candidate(new, old, base_new, self._base_before)

    def promoted(self) -> None:
        """Makes the averaged weights the incumbent."""
        self.incumbent = copy.deepcopy(self.average.model)


def split_of(first_index: int) -> str:
    """Returns the split of a chunk by the number of its first tick: `learn`, `hold out` or `neither`."""
    place = first_index % CYCLE_TICKS
    border = CYCLE_TICKS - HELD_OUT_TICKS
    if place < border:
        return "learn" if GAP_TICKS <= place < border - GAP_TICKS or first_index < GAP_TICKS else "neither"
    return "hold out" if border + GAP_TICKS <= place < CYCLE_TICKS - GAP_TICKS else "neither"


def _mean(values: Sequence[float]) -> float:
    """Returns the mean of the values that are not NaN; NaN without any."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else float("nan")
