"""The online learner's process: watches, updates every few seconds, stages candidates and has them judged.

Nothing heavy is imported until it runs: the process that plays imports this module for the names in it.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.online.messages import (
    GateResult,
    OnlinePaths,
    OnlineSettings,
    SegmentStats,
    UpdateStats,
    WorkerReady,
)
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker.worker_endpoint import WorkerEndpoint, WorkerFailure, worker_session

if TYPE_CHECKING:
    from understudy.learning.online.learner import OnlineLearner

_log = logging.getLogger(__name__)

PromotionCheck = Callable[[Path, Path, str, Callable[[int, int], None]], tuple[bool, str]]
"""Judges a candidate of a folder of models, is told why it comes and whom to tell of progress; says whether it was
promoted, and a reason."""

STAGE_EVERY_S = 60.0
"""What a crash of the learner may cost of its learning."""
TICKS_A_MINUTE = 60 * TICK_RATE_HZ
JUDGE_EVERY_TICKS = 15 * TICKS_A_MINUTE
MIN_KL_TO_GATE = 0.01
"""Nats a minute: what has moved less plays the same, and is not worth a trial."""


@dataclass(frozen=True, kw_only=True)
class OnlineJob:
    """What the learner is told."""

    settings: OnlineSettings
    places: OnlinePaths
    profile: Profile
    judge: PromotionCheck | None = None


def run_online_worker(brief: OnlineJob, desk: WorkerEndpoint) -> None:
    """Runs until there are no more blocks, then stages what was learnt."""
    worker_session(desk, brief.places.log_folder, lambda journal: _OnlineWorker(brief, desk, journal).run())


class _OnlineWorker:
    """One life of the learner."""

    def __init__(self, brief: OnlineJob, desk: WorkerEndpoint, journal: MetricLogger) -> None:
        from understudy.learning.rl.rl_checkpoint import RLCheckpoint

        self.brief, self.desk, self.journal = brief, desk, journal
        self.store = RLCheckpoint(brief.places.models, brief.places.log_folder)
        self.learner = self._learner()
        self._staged_s, self._judged_at = time.monotonic(), 0
        self._last: UpdateStats | None = None
        desk.report(WorkerReady())

    def _learner(self) -> "OnlineLearner":
        from understudy.learning.online.learner import OnlineLearner
        from understudy.learning.rl.rl_checkpoint import load_policy_and_reference
        from understudy.policies.policy_bundle import SamplingConfig

        model, person = load_policy_and_reference(self.store)
        return OnlineLearner(model, person, SamplingConfig(), self.brief.profile, self.brief.settings)

    def run(self) -> None:
        self.desk.run_loop(self.learner.due_s, self._watch, self._update, self._look_up)
        if self._last is not None:
            self._stage()

    def _look_up(self, over: bool) -> None:
        """Looks what plays, stages and judges when it is time."""
        if time.monotonic() - self._staged_s > STAGE_EVERY_S:
            self._reload_if_promoted()
            if self._last is not None:
                self._stage()
        if self.learner.num_learnt_ticks - self._judged_at >= JUDGE_EVERY_TICKS and not over:
            self._judge()

    def _watch(self, follows: bool, observations: bytes, rollout_steps: dict[str, Any]) -> None:
        import numpy as np

        from understudy.contract.observation import OBSERVATION
        from understudy.policies.sampling import ExecutorStep

        for told in self.learner.add_block(
            np.frombuffer(observations, OBSERVATION), ExecutorStep(**rollout_steps), follows
        ):
            self.desk.report(told)
            self.journal.log(self.learner.num_learnt_ticks, _numbers(told))
            self.journal.flush()
        if self.learner.value.reset_reason:
            self.desk.report(
                WorkerFailure(
                    text=f"The learned value was thrown away and begun afresh: {self.learner.value.reset_reason}. "
                    "What plays is not touched."
                )
            )
            self.learner.value.reset_reason = ""

    def _update(self) -> None:
        from understudy.contract.errors import TrainingError

        try:
            self._last = self.learner.update(time.monotonic())
        except TrainingError as problem:
            self.learner.reset_policy()
            self.desk.report(WorkerFailure(text=f"What was learnt is given up, what plays goes on: {problem}"))
            return
        self.desk.report(self._last)
        self.journal.log(self._last.number, {f"update/{key}": value for key, value in _numbers(self._last).items()})
        self.journal.flush()

    def _reload_if_promoted(self) -> None:
        """Learns on from what plays now, where somebody else has promoted something: a trial in the live world, say."""
        from understudy.contract.errors import CheckpointError
        from understudy.learning.registry.candidates import load_active
        from understudy.learning.rl.rl_checkpoint import RLCheckpoint, load_policy_and_reference

        self._staged_s = time.monotonic()
        places = self.brief.places
        try:
            if load_active(places.models, "executor").identity == self.store.base.identity:
                return
            store = RLCheckpoint(places.models, places.log_folder)
            self.learner.set_behaviour_policy(load_policy_and_reference(store)[0])
        except (CheckpointError, RuntimeError) as problem:
            _log.warning("what plays now cannot be learnt on from: %s", problem)
            return
        self.store, self._last = store, None

    def _stage(self) -> Path | None:
        """Writes the candidate; a disk that takes no more costs the candidate, nothing else."""
        from understudy.contract.errors import CheckpointError

        self._staged_s = time.monotonic()
        metrics = {"ticks": float(self.learner.num_learnt_ticks), "explained": self.learner.explained}
        try:
            return self.store.stage(
                self.learner.policy.ema_state_dict, metrics, "online", f"online_{self.brief.places.session}"
            )
        except CheckpointError as problem:
            self.desk.report(WorkerFailure(text=str(problem)))
            return None

    def _judge(self) -> None:
        """Puts what was learnt before the judge, if it has moved at all."""
        self._judged_at = self.learner.num_learnt_ticks
        moved = 0.0 if self._last is None else self._last.moved_per_minute
        if self.brief.judge is None or moved < MIN_KL_TO_GATE or self.desk.parent_gone:
            return
        path = self._stage()
        if path is None:
            return
        minutes = self.learner.num_learnt_ticks / TICKS_A_MINUTE
        promoted, reason = self.brief.judge(
            self.brief.places.models,
            path,
            f"online: {minutes:.0f} minutes of play",
            lambda done, whole: self.desk.heartbeat(),
        )
        if promoted:
            from understudy.learning.rl.rl_checkpoint import RLCheckpoint

            self.learner.promoted()
            self.store = RLCheckpoint(self.brief.places.models, self.brief.places.log_folder)
        self.desk.report(GateResult(promoted=promoted, reason=reason, path=str(path)))


def _numbers(report: SegmentStats | UpdateStats) -> dict[str, float]:
    return {name: float(getattr(report, name)) for name in report.__dataclass_fields__}
