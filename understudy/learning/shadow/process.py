"""The learner's process: loads, watches, updates every few seconds, stages and judges candidates, until it is over.

Nothing heavy is imported until it runs: the process that plays imports this module for the names in it.
"""

import hashlib
import logging
import time
from dataclasses import dataclass

from understudy.contract.profile import Profile
from understudy.learning.shadow.messages import (
    AgreementScore,
    BufferFill,
    PromotionResult,
    ShadowPaths,
    ShadowSettings,
    UpdateStats,
    WorkerReady,
)
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker.worker_endpoint import WorkerEndpoint, worker_session

_log = logging.getLogger(__name__)

STAGE_EVERY_S = 60.0
"""What a crash of the learner may cost of its learning; the play itself is kept elsewhere."""
JUDGE_EVERY_TICKS = 4800
"""Four minutes: once for every held-out minute."""


@dataclass(frozen=True, kw_only=True)
class ShadowJob:
    """What the learner is told."""

    settings: ShadowSettings
    places: ShadowPaths
    profile: Profile


def run_shadow_worker(brief: ShadowJob, desk: WorkerEndpoint) -> None:
    """Runs until there are no more blocks, then judges and stages what was learnt."""
    import torch

    torch.manual_seed(brief.settings.seed)  # dropout draws from torch's own generator
    worker_session(desk, brief.places.log_folder, lambda journal: _ShadowWorker(brief, desk, journal).run())


class _ShadowWorker:
    """One life of the learner."""

    def __init__(self, brief: ShadowJob, desk: WorkerEndpoint, journal: MetricLogger) -> None:
        from understudy.learning.shadow.setup import build_shadow_learner

        self.brief, self.desk, self.journal = brief, desk, journal
        begun_s = time.monotonic()
        start = build_shadow_learner(brief.settings, brief.places, brief.profile, desk.heartbeat)
        self.start, self.learner = start, start.learner
        self._staged_s = time.monotonic()
        self._judged_at = 0
        self._digest = hashlib.sha256()
        self._scored: AgreementScore | None = None
        _log.debug("ready after %.1f s", time.monotonic() - begun_s)
        desk.report(
            WorkerReady(base_minutes=start.base_minutes, held_out_minutes=start.held_out_minutes, note=start.note)
        )

    def run(self) -> None:
        self.desk.run_loop(self.learner.due_s, self._watch, self._update, self._stage_and_judge_if_due)
        if self.learner.num_steps:
            self._judge()

    def _stage_and_judge_if_due(self, over: bool) -> None:
        """Stages and judges when it is time."""
        if time.monotonic() - self._staged_s > STAGE_EVERY_S and self.learner.num_steps:
            self._stage()
        if self.learner.num_watched - self._judged_at >= JUDGE_EVERY_TICKS and not over:
            self._judge()

    def _watch(self, first_index: int, observations: bytes, actions: bytes) -> None:
        import numpy as np

        from understudy.contract.action import ACTION
        from understudy.contract.observation import OBSERVATION

        self._digest.update(observations)
        size = len(self.learner.buffer)
        found = self.learner.watch(
            np.frombuffer(observations, OBSERVATION), np.frombuffer(actions, ACTION), first_index
        )
        if len(self.learner.buffer) != size:
            self.desk.report(
                BufferFill(num_samples=len(self.learner.buffer), buffer_size=self.brief.settings.buffer_size)
            )
        for report in found:
            self.desk.report(report)
            if isinstance(report, AgreementScore):
                self._scored = report

    def _update(self) -> None:
        report = self.learner.update(time.monotonic())
        self.desk.report(report)
        self.journal.log(report.number, self._numbers(report))
        self.journal.flush()

    def _numbers(self, report: UpdateStats) -> dict[str, float]:
        numbers = {
            "train_loss": report.loss,
            "learning_rate": report.learning_rate,
            "position_error": report.position_error,
            "click_accuracy": report.click_accuracy,
            "buffer": float(report.num_samples),
            "update_seconds": report.seconds,
        }
        if self._scored is not None:
            numbers |= {
                "agreement/now": self._scored.agreement,
                "agreement/before_learning": self._scored.initial_agreement,
            }
        return numbers

    def _stage(self, numbers: dict[str, float] | None = None) -> str:
        """Writes the candidate; returns its identity."""
        identity = self.start.stage(self._digest.hexdigest()[:16], numbers or {})
        self._staged_s = time.monotonic()
        return identity

    def _judge(self) -> None:
        """Stages the candidate with its figures, and lets it play if it is better."""
        from understudy.contract.errors import CheckpointError
        from understudy.learning.registry.promotion import PromotionRecord, promote

        self.desk.heartbeat()
        self._judged_at = self.learner.num_watched
        verdict = self.learner.evaluate_candidate()
        self.desk.heartbeat()
        identity = self._stage(verdict.numbers)
        places, promoted, reason = self.brief.places, False, verdict.reason
        if verdict.promote and not self.desk.parent_gone:
            grounds = PromotionRecord(why="shadow learning", reason=verdict.reason, numbers=verdict.numbers)
            try:
                promote(places.models, places.candidate, grounds)
                self.learner.promoted()
                promoted = True
            except CheckpointError as problem:  # somebody trains into the folder, say: what was learnt is staged
                reason = f"{reason}; but {problem}"
        self.journal.log(
            self.learner.num_updates,
            {f"judged/{name}": value for name, value in verdict.numbers.items()} | {"judged/promoted": float(promoted)},
        )
        self.journal.flush()
        self.desk.report(
            PromotionResult(
                promoted=promoted,
                reason=reason,
                identity=identity,
                path=str(places.candidate),
                numbers=verdict.numbers,
            )
        )
