"""The online learner's process: PPO updates from the policy's own play; stages candidates and has them evaluated.

torch is imported only when it runs: the process that plays imports this module for the names in it.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.online.messages import OnlineJob, OnlineUpdateStats, SegmentStats
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker.learner_worker import LearnerWorker, run_worker
from understudy.learning.worker.messages import CandidateResult, WorkerFailure, WorkerReady
from understudy.learning.worker.worker_endpoint import WorkerEndpoint

if TYPE_CHECKING:
    from understudy.learning.online.learner import OnlineLearner
    from understudy.learning.rl.rl_checkpoint import RLCheckpoint

_log = logging.getLogger(__name__)

TICKS_A_MINUTE = 60 * TICK_RATE_HZ
MIN_KL_TO_GATE = 0.01
"""KL divergence, nats a minute, below which a candidate plays the same and is not evaluated."""


def run_online_worker(job: OnlineJob, endpoint: WorkerEndpoint) -> None:
    """Runs until there are no more blocks, then stages the learned weights."""
    run_worker(job, endpoint, lambda metrics: _load_worker(job, endpoint, metrics))


def _load_worker(job: OnlineJob, endpoint: WorkerEndpoint, metrics: MetricLogger) -> "_OnlineWorker":
    from understudy.learning.online.learner import OnlineLearner
    from understudy.learning.rl.rl_checkpoint import RLCheckpoint, load_policy_and_reference
    from understudy.policies.policy_bundle import sampling_of

    store = RLCheckpoint(job.paths.models, job.paths.log_folder)
    behaviour_policy, reference_policy = load_policy_and_reference(store)
    learner = OnlineLearner(
        behaviour_policy, reference_policy, sampling_of(behaviour_policy), job.profile, job.settings
    )
    worker = _OnlineWorker(job, learner, store, endpoint, metrics)
    endpoint.report(WorkerReady())
    return worker


class _OnlineWorker(LearnerWorker[OnlineJob, OnlineUpdateStats]):
    """A LearnerWorker whose candidates go to the job's promotion check."""

    evaluate_every_ticks = 15 * TICKS_A_MINUTE

    def __init__(
        self,
        job: OnlineJob,
        learner: "OnlineLearner",
        store: "RLCheckpoint",
        endpoint: WorkerEndpoint,
        metrics: MetricLogger,
    ) -> None:
        super().__init__(job, learner, endpoint, metrics)
        self.online_learner, self.store = learner, store
        self._last: OnlineUpdateStats | None = None

    def add_block(self, is_continuous: bool, observations: bytes, steps: dict[str, Any]) -> None:
        import numpy as np

        from understudy.contract.observation import OBSERVATION
        from understudy.policies.sampling import ExecutorStep

        learner = self.online_learner
        for stats in learner.add_block(np.frombuffer(observations, OBSERVATION), ExecutorStep(**steps), is_continuous):
            self.endpoint.report(stats)
            self.log(learner.num_ticks, _numbers(stats))
        if learner.value.reset_reason:
            self.endpoint.report(
                WorkerFailure(
                    text=f"The value function was reset: {learner.value.reset_reason}. What plays is not touched."
                )
            )
            learner.value.reset_reason = ""

    def update(self) -> None:
        from understudy.contract.errors import TrainingError

        try:
            super().update()
        except TrainingError as problem:
            self.online_learner.reset_policy()
            self.endpoint.report(WorkerFailure(text=f"What was learnt is given up, what plays goes on: {problem}"))

    def log_update(self, stats: OnlineUpdateStats) -> None:
        self._last = stats
        self.log(stats.number, {f"update/{name}": value for name, value in _numbers(stats).items()})

    def before_staging(self) -> None:
        """Continues from the active weights if another process has promoted some, such as a live trial."""
        from understudy.contract.errors import CheckpointError
        from understudy.learning.registry.candidates import load_active
        from understudy.learning.rl.rl_checkpoint import RLCheckpoint, load_policy_and_reference

        paths = self.job.paths
        try:
            if load_active(paths.models, "executor").identity == self.store.base.identity:
                return
            store = RLCheckpoint(paths.models, paths.log_folder)
            self.online_learner.set_behaviour_policy(load_policy_and_reference(store)[0])
        except (CheckpointError, RuntimeError) as problem:
            _log.warning("the learner cannot continue from what plays now: %s", problem)
            return
        self.store, self._last = store, None

    def has_candidate(self) -> bool:
        return self._last is not None

    def stage(self) -> Path | None:
        """Writes the candidate; None, and a report, where it cannot be written."""
        from understudy.contract.errors import CheckpointError

        learner = self.online_learner
        metrics = {"ticks": float(learner.num_ticks), "explained": learner.explained_variance}
        try:
            return self.store.stage(
                learner.policy.ema_state_dict, metrics, "online", f"online_{self.job.paths.session}"
            )
        except CheckpointError as problem:
            self.endpoint.report(WorkerFailure(text=str(problem)))
            return None

    def finish(self) -> None:
        self.stage()

    def evaluate_candidate(self) -> CandidateResult | None:
        judge, approx_kl = self.job.judge, 0.0 if self._last is None else self._last.approx_kl
        if judge is None or approx_kl < MIN_KL_TO_GATE or self.endpoint.parent_gone:
            return None
        path = self.stage()
        if path is None:
            return None
        minutes = self.online_learner.num_ticks / TICKS_A_MINUTE
        promoted, reason = judge(
            self.job.paths.models,
            path,
            f"online: {minutes:.0f} minutes of play",
            lambda done, total: self.endpoint.heartbeat(),
        )
        if promoted:
            from understudy.learning.rl.rl_checkpoint import RLCheckpoint

            self.store = RLCheckpoint(self.job.paths.models, self.job.paths.log_folder)
        return CandidateResult(promoted=promoted, reason=reason, path=str(path))


def _numbers(stats: SegmentStats | OnlineUpdateStats) -> dict[str, float]:
    return {name: float(getattr(stats, name)) for name in stats.__dataclass_fields__}
