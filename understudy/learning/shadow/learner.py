"""Learns a person's style from their play as it comes: scores first, then learns; knows nothing of processes or files.

Every tick is scored by the weights that the session began with and by the present ones before anything is learnt from
it. Of each CYCLE the last part is not learnt from at all: there candidates are judged.
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
from understudy.learning.data.executor_batch import ExecutorSamples, ask, join
from understudy.learning.data.labelled_episode import NUM_MIRRORS, mirror_tables
from understudy.learning.data.replay_buffer import SampleBuffer
from understudy.learning.data.streaming_labeller import Onlooker, Watched
from understudy.learning.shadow.acceptance import Verdict, judge
from understudy.learning.shadow.agreement import Agreement, agreement, click_figures
from understudy.learning.shadow.distillation import divergence
from understudy.learning.shadow.messages import Disagreed, Scored, ShadowSettings, Updated
from understudy.learning.supervised.executor_task import LOSS_SCALE, negative_log_likelihood
from understudy.learning.training.optim import StepGuard, WeightAverage, learning_rate
from understudy.policies.executor import Executor, Hazards
from understudy.policies.policy_bundle import Brain
from understudy.policies.style_heads import earlier_of, with_earlier

CYCLE_TICKS, HELD_OUT_TICKS, GAP_TICKS = 240 * TICK_RATE_HZ, 60 * TICK_RATE_HZ, 5 * TICK_RATE_HZ
"""Of every four minutes the last is held out; what is near the border is used for neither."""
HELD_OUT_PARTS = 6 * HELD_OUT_TICKS // (3 * TICK_RATE_HZ)
"""About six minutes of the newest held-out play are kept."""
RECENT_CLICKS = 100
"""The live score is over so many."""
HORIZON_UPDATES, WARMUP_UPDATES, FINAL_FRACTION = 2400, 20, 0.1
"""A minute of warm-up, then a cosine over two hours down to a tenth, where it stays: nobody knows how long it lasts."""
GRADIENT_CLIP, WEIGHT_DECAY = 1.0, 0.01
REHEARSE_EVERY = 2
"""Steps; the earlier manner shares so little with the newer one that it need not be rehearsed in each."""


@dataclass
class Rehearsal:
    """Base play: what is rehearsed, and what is only looked at."""

    pool: SampleBuffer
    held_out: ExecutorSamples


@dataclass
class _Recent:
    """Clicks judged before they were learnt from: by the present weights, and by those of the beginning."""

    now: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_CLICKS))
    before: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_CLICKS))


class ShadowLearner:
    """Used by one thread; time is passed in."""

    def __init__(
        self,
        brain: Brain,
        profile: Profile,
        settings: ShadowSettings,
        rehearsal: Rehearsal | None = None,
        working: Executor | None = None,
        root: Executor | None = None,
    ) -> None:
        """Args:
        brain: what the session begins with.
        profile: the game.
        settings: how to learn.
        rehearsal: base play, where there is any.
        working: weights to go on from; those of `brain` when None.
        root: what the old skill is measured by, from before all shadow sessions; `brain`'s when None.
        """
        self.settings, self.rehearsal = settings, rehearsal
        self.first = brain.executor.eval()
        self.root = self.first if root is None else root.eval()
        self.incumbent: torch.nn.Module = self.first
        self.model: Executor = with_earlier(brain.executor if working is None else working)
        self.average = WeightAverage(self.model, settings.ema_decay)
        self.num_updates = self.num_watched = self.num_steps = 0
        self._generator = torch.Generator().manual_seed(settings.seed)
        self.buffer = SampleBuffer(settings.buffer_size, self._generator)
        self._held_out: deque[ExecutorSamples] = deque(maxlen=HELD_OUT_PARTS)
        self._onlooker = Onlooker(brain, profile)
        self._signs = [torch.from_numpy(table) for table in mirror_tables()]
        self._num_keys = len(profile.keys)
        corner = profile.minimap
        self._corner = (corner.left, corner.top, corner.width, corner.height)
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-9, weight_decay=WEIGHT_DECAY, fused=True)
        self._guard = StepGuard(harmless_norm=GRADIENT_CLIP)
        self._recent = _Recent()
        self._base_first: Agreement | None = None
        self._next_s = -math.inf

    def watch(self, observations: np.ndarray, actions: np.ndarray, first_index: int) -> list[Scored | Disagreed]:
        """Takes in consecutive ticks; scores those whose future is known by now, then keeps them to learn from.

        Args:
            observations, actions: records of dtype OBSERVATION and ACTION, shape (T,).
            first_index: number of the first one in the session.
        """
        found: list[Scored | Disagreed] = []
        for part in self._onlooker.watch(observations, actions, first_index):
            self.num_watched += len(part.samples)
            found += self._score(part)
            use = use_of(part.first_index)
            if use == "learn":
                self.buffer.add(part.samples)
            elif use == "hold out":
                self._held_out.append(part.samples)
        return found

    def _score(self, part: Watched) -> list[Scored | Disagreed]:
        now = self.agreement(self.average.model, part.samples)
        before = self.agreement(self.first, part.samples)
        if not len(now.same):
            return []
        self._recent.now.extend(map(bool, now.same))
        self._recent.before.extend(map(bool, before.same))
        scored = Scored(
            agreement=float(np.mean(self._recent.now)),
            before=float(np.mean(self._recent.before)),
            num_clicks=len(self._recent.now),
        )
        elsewhere = tuple(part.time_s[now.ticks[~now.same]].tolist())
        return [scored, Disagreed(times_s=elsewhere)] if elsewhere else [scored]

    def agreement(self, model: torch.nn.Module, samples: ExecutorSamples) -> Agreement:
        """Scores a model on some ticks."""
        return agreement(model, samples, self._signs, self._num_keys)

    def due_s(self, now_s: float) -> float | None:
        """Seconds until the next update, 0 when it is due; None while there is too little to learn from."""
        if len(self.buffer) < self.settings.min_samples:
            return None
        return max(0.0, self._next_s - now_s)

    def update(self, now_s: float) -> Updated:
        """Takes the steps of one update.

        Raises:
            TrainingError: after too many unusable steps in a row; the averaged weights are those before them.
        """
        begun_s = time.perf_counter()
        missed = now_s - self._next_s >= self.settings.update_interval
        self._next_s = (now_s if missed else self._next_s) + self.settings.update_interval
        self.num_updates += 1
        rate = learning_rate(
            self.num_updates - 1,
            HORIZON_UPDATES,
            self.settings.learning_rate,
            WARMUP_UPDATES / HORIZON_UPDATES,
            FINAL_FRACTION,
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        steps = [self._step(rehearses=not step % REHEARSE_EVERY) for step in range(self.settings.steps_per_update)]
        loss, position_error, click_accuracy = (float(_mean(column)) for column in zip(*steps, strict=True))
        return Updated(
            number=self.num_updates,
            loss=loss,
            position_error=position_error,
            click_accuracy=click_accuracy,
            learning_rate=rate,
            num_samples=len(self.buffer),
            seconds=time.perf_counter() - begun_s,
        )

    def _step(self, *, rehearses: bool) -> tuple[float, float, float]:
        """One step; (loss, position error, click accuracy) of its batch of the person's play."""
        self.model.train()
        loss, said, ticks, mirror, samples = self._loss(self.buffer)
        total = loss
        if self.rehearsal is not None:
            total = 0.5 * (loss + self._forgotten(self.rehearsal.pool)) if rehearses else 0.5 * loss
        torch.autograd.backward(total)
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_CLIP))
        if self._guard.accepts(float(total.detach()), norm):
            self._optimizer.step()
            self.num_steps += 1
            self.average.update(self.num_steps)
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.detach()), *click_figures(said, samples, ticks, mirror, self._corner)

    def _forgotten(self, buffer: SampleBuffer) -> torch.Tensor:
        """How far the earlier manner has come, in a batch, from what it was when the session began."""
        samples, ticks, mirror, scale = self._drawn(buffer)
        with torch.no_grad():
            before = ask(earlier_of(self.first), samples, ticks, mirror, self._signs)
        said = ask(earlier_of(self.model), samples, ticks, mirror, self._signs)
        return LOSS_SCALE * (scale * divergence(said, before, self._num_keys)).mean()

    def _loss(self, buffer: SampleBuffer) -> tuple[torch.Tensor, Hazards, torch.Tensor, torch.Tensor, ExecutorSamples]:
        samples, ticks, mirror, scale = self._drawn(buffer)
        said = ask(self.model, samples, ticks, mirror, self._signs)
        losses = negative_log_likelihood(said, samples, ticks, mirror, self._num_keys)
        loss = LOSS_SCALE * (scale * torch.stack(list(losses.values())).sum(0)).mean()
        return loss, said, ticks, mirror, samples

    def _drawn(self, buffer: SampleBuffer) -> tuple[ExecutorSamples, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Samples, the ticks of a batch, the mirror that each is seen in, and how much each counts."""
        samples, weight = buffer.contents()
        ticks = buffer.draw(self.settings.batch_size)
        mirror = torch.randint(0, NUM_MIRRORS, ticks.shape, generator=self._generator)
        return samples, ticks, mirror, weight[ticks] / weight.mean()

    def judge(self) -> Verdict:
        """Compares what was learnt with the weights that play on the newest held-out minutes, and on base play the
        earlier manner with what all began with."""
        held_out = [join(list(self._held_out))] if self._held_out else []
        empty = Agreement(np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0, np.float32))
        new, old = (
            self.agreement(model, held_out[0]) if held_out else empty for model in (self.average.model, self.incumbent)
        )
        base_new = None
        if self.rehearsal is not None:
            if self._base_first is None:
                self._base_first = self.agreement(earlier_of(self.root), self.rehearsal.held_out)
            assert isinstance(self.average.model, Executor)
            base_new = self.agreement(earlier_of(self.average.model), self.rehearsal.held_out)
        return judge(new, old, base_new, self._base_first)

    def promoted(self) -> None:
        """What was learnt plays from now on: the next candidate has to be better than it."""
        self.incumbent = copy.deepcopy(self.average.model)


def use_of(first_index: int) -> str:
    """What a stretch of a few seconds is for, by the number of its first tick: `learn`, `hold out` or `neither`."""
    place = first_index % CYCLE_TICKS
    border = CYCLE_TICKS - HELD_OUT_TICKS
    if place < border:
        return "learn" if GAP_TICKS <= place < border - GAP_TICKS or first_index < GAP_TICKS else "neither"
    return "hold out" if border + GAP_TICKS <= place < CYCLE_TICKS - GAP_TICKS else "neither"


def _mean(values: Sequence[float]) -> float:
    """Of those that are numbers; nan without any."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else float("nan")
