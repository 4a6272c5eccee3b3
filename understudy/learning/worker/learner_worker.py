"""The loop of a learner's own process: takes blocks of play, updates, stages a candidate each minute, evaluates it."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from understudy.contract.errors import UnderstudyError
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker.messages import CandidateResult, UpdateStats, WorkerFailure, WorkerJob
from understudy.learning.worker.worker_endpoint import WorkerEndpoint

STAGE_EVERY_S = 60.0
"""What a crash of the learner may cost of its training; the play itself is kept by the other process."""


StatsT = TypeVar("StatsT", bound=UpdateStats)
StatsT_co = TypeVar("StatsT_co", bound=UpdateStats, covariant=True)


@runtime_checkable
class Learner(Protocol[StatsT_co]):
    """What a worker runs; used by one thread, time is passed in."""

    num_ticks: int
    """Ticks of play that it has processed."""

    def due_s(self, now_s: float) -> float | None:
        """Seconds until the next update, 0 when it is due; None while there is too little to learn from."""
        ...

    def update(self, now_s: float) -> StatsT_co:
        """Takes the gradient steps of one update."""
        ...

    def promoted(self) -> None:
        """Its candidate plays from now on."""
        ...


JobT = TypeVar("JobT", bound=WorkerJob[Any, Any])


class LearnerWorker(ABC, Generic[JobT, StatsT]):
    """Runs one learner until there is no more play."""

    evaluate_every_ticks: int
    """Ticks of play between two evaluations of the candidate."""

    def __init__(self, job: JobT, learner: Learner[StatsT], endpoint: WorkerEndpoint, metrics: MetricLogger) -> None:
        self.job, self.learner, self.endpoint, self.metrics = job, learner, endpoint, metrics
        self._staged_s, self._evaluated_at_tick = time.perf_counter(), 0

    @abstractmethod
    def add_block(self, *block: Any) -> None:
        """Gives the learner a block of the listener, and reports its findings."""

    @abstractmethod
    def has_candidate(self) -> bool:
        """Whether there is anything to stage."""

    @abstractmethod
    def stage(self) -> object:
        """Writes the present weights as a candidate."""

    @abstractmethod
    def evaluate_candidate(self) -> CandidateResult | None:
        """Stages the present weights and promotes them if they pass; None where they were not evaluated."""

    @abstractmethod
    def finish(self) -> None:
        """Called once after the last block, where there is a candidate."""

    @abstractmethod
    def log_update(self, stats: StatsT) -> None:
        """Writes an update to the metrics."""

    def before_staging(self) -> None:
        """Called each STAGE_EVERY_S, whether there is a candidate or not."""

    def run(self) -> None:
        """Trains until there are no more blocks."""
        self.endpoint.run_loop(self.learner.due_s, self.add_block, self.update, self._after_round)
        if self.has_candidate():
            self.finish()

    def update(self) -> None:
        """One update of the learner."""
        stats = self.learner.update(time.perf_counter())
        self.endpoint.report(stats)
        self.log_update(stats)

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Writes metrics at once, so that a killed learner leaves its curves."""
        self.metrics.log(step, metrics)
        self.metrics.flush()

    def _after_round(self, is_last: bool) -> None:
        now_s = time.perf_counter()
        if now_s - self._staged_s > STAGE_EVERY_S:
            self._staged_s = now_s
            self.before_staging()
            if self.has_candidate():
                self.stage()
        if self.learner.num_ticks - self._evaluated_at_tick >= self.evaluate_every_ticks and not is_last:
            self.evaluate()

    def evaluate(self) -> None:
        """Has the candidate evaluated, and reports the result."""
        self.endpoint.heartbeat()
        self._evaluated_at_tick = self.learner.num_ticks
        result = self.evaluate_candidate()
        if result is not None:
            if result.promoted:
                self.learner.promoted()
            self.endpoint.report(result)


def run_worker(
    job: WorkerJob[Any, Any],
    endpoint: WorkerEndpoint,
    make_worker: Callable[[MetricLogger], LearnerWorker[Any, Any]],
) -> None:
    """Makes a worker and runs it, with one thread of torch and a metric logger.

    Raises:
        SystemExit: if it cannot learn; the reason is reported.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(job.settings.seed)  # dropout draws from torch's own generator
    try:
        with MetricLogger(job.paths.log_folder) as metrics:
            make_worker(metrics).run()
    except UnderstudyError as problem:
        endpoint.report(WorkerFailure(text=str(problem)))
        raise SystemExit(1) from problem
