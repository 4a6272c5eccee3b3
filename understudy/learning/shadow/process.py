"""The shadow learner's process: scores and learns the person's play, stages and evaluates candidates.

torch is imported only when it runs: the process that plays imports this module for the names in it.
"""

import hashlib
import logging
import time
from typing import TYPE_CHECKING

from understudy.learning.shadow.messages import (
    AgreementScore,
    BufferFill,
    PromotionResult,
    ShadowJob,
    ShadowReady,
    ShadowUpdateStats,
)
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker.learner_worker import LearnerWorker, run_worker
from understudy.learning.worker.worker_endpoint import WorkerEndpoint

if TYPE_CHECKING:
    from understudy.learning.shadow.acceptance import AcceptanceResult
    from understudy.learning.shadow.setup import ShadowState

_log = logging.getLogger(__name__)


def run_shadow_worker(job: ShadowJob, endpoint: WorkerEndpoint) -> None:
    """Runs until there are no more blocks, then evaluates and stages the learned weights."""
    run_worker(job, endpoint, lambda metrics: _load_worker(job, endpoint, metrics))


def _load_worker(job: ShadowJob, endpoint: WorkerEndpoint, metrics: MetricLogger) -> "_ShadowWorker":
    from understudy.learning.shadow.setup import build_shadow_learner

    begun_s = time.perf_counter()
    state = build_shadow_learner(job.settings, job.paths, job.profile, endpoint.heartbeat)
    worker = _ShadowWorker(job, state, endpoint, metrics)
    _log.debug("ready after %.1f s", time.perf_counter() - begun_s)
    endpoint.report(
        ShadowReady(base_minutes=state.base_minutes, held_out_minutes=state.held_out_minutes, note=state.note)
    )
    return worker


class _ShadowWorker(LearnerWorker[ShadowJob, ShadowUpdateStats]):
    """A LearnerWorker that compares candidates with the incumbent on held-out play."""

    evaluate_every_ticks = 4800
    """Four minutes: once for every held-out minute."""

    def __init__(self, job: ShadowJob, state: "ShadowState", endpoint: WorkerEndpoint, metrics: MetricLogger) -> None:
        super().__init__(job, state.learner, endpoint, metrics)
        self.state, self.shadow_learner = state, state.learner
        self._digest = hashlib.sha256()
        self._score: AgreementScore | None = None

    def add_block(self, first_index: int, observations: bytes, actions: bytes, inputs: bytes) -> None:
        import numpy as np

        from understudy.contract.action import ACTION
        from understudy.contract.observation import OBSERVATION
        from understudy.recordings.input_events import InputEvents
        from understudy.recordings.mcap_channels import INPUT

        self._digest.update(observations)
        buffer = self.shadow_learner.buffer
        size = len(buffer)
        found = self.shadow_learner.add_block(
            np.frombuffer(observations, OBSERVATION),
            np.frombuffer(actions, ACTION),
            first_index,
            InputEvents(np.frombuffer(inputs, INPUT)),
        )
        if len(buffer) != size:
            self.endpoint.report(BufferFill(num_samples=len(buffer), buffer_size=self.job.settings.buffer_size))
        for report in found:
            self.endpoint.report(report)
            if isinstance(report, AgreementScore):
                self._score = report

    def log_update(self, stats: ShadowUpdateStats) -> None:
        numbers = {
            "train_loss": stats.loss,
            "learning_rate": stats.learning_rate,
            "position_error": stats.position_error,
            "click_accuracy": stats.click_accuracy,
            "buffer": float(stats.num_samples),
            "update_seconds": stats.seconds,
        }
        if self._score is not None:
            numbers |= {
                "agreement/now": self._score.agreement,
                "agreement/before_learning": self._score.initial_agreement,
            }
        self.log(stats.number, numbers)

    def has_candidate(self) -> bool:
        return self.shadow_learner.num_steps > 0

    def stage(self, numbers: dict[str, float] | None = None) -> str:
        """Writes the candidate; returns its identity."""
        return self.state.stage(self._digest.hexdigest()[:16], numbers or {})

    def finish(self) -> None:
        self.evaluate()

    def evaluate_candidate(self) -> PromotionResult:
        acceptance = self.shadow_learner.evaluate_candidate()
        self.endpoint.heartbeat()
        identity = self.stage(acceptance.numbers)
        promoted, reason = self._promote_if_accepted(acceptance)
        self.log(
            self.shadow_learner.num_updates,
            {f"judged/{name}": value for name, value in acceptance.numbers.items()}
            | {"judged/promoted": float(promoted)},
        )
        return PromotionResult(
            promoted=promoted,
            reason=reason,
            identity=identity,
            path=str(self.job.paths.candidate),
            numbers=acceptance.numbers,
        )

    def _promote_if_accepted(self, acceptance: "AcceptanceResult") -> tuple[bool, str]:
        """Promotes the candidate if accepted; returns whether it did, and the reason."""
        from understudy.contract.errors import CheckpointError
        from understudy.learning.registry.promotion import PromotionRecord, promote

        if not acceptance.promote or self.endpoint.parent_gone:
            return False, acceptance.reason
        record = PromotionRecord(why="shadow learning", reason=acceptance.reason, numbers=acceptance.numbers)
        try:
            promote(self.job.paths.models, self.job.paths.candidate, record)
        except CheckpointError as problem:  # such as a lock held by training: the candidate stays staged
            return False, f"{acceptance.reason}; but {problem}"
        return True, acceptance.reason
