"""The loop of a learner's process: when it stages, when it evaluates, and how it ends."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from understudy.learning.online.messages import OnlineSettings
from understudy.learning.shadow.messages import ShadowJob, ShadowPaths, ShadowSettings
from understudy.learning.shadow.process import run_shadow_worker
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.worker import learner_worker
from understudy.learning.worker.learner_worker import LearnerWorker, run_worker
from understudy.learning.worker.messages import CandidateResult, UpdateStats, WorkerFailure
from understudy.learning.worker.worker_endpoint import HEARTBEAT, WorkerEndpoint
from understudy.worlds.catalog import load_profile


@dataclass
class CountingLearner:
    """Counts ticks; an update is due after each block."""

    num_ticks: int = 0
    num_updates: int = 0
    calls: list[str] = field(default_factory=list)
    is_due: bool = False
    on_update: Callable[[], None] = lambda: None

    def due_s(self, now_s: float) -> float | None:
        return 0.0 if self.is_due else None

    def update(self, now_s: float) -> UpdateStats:
        self.num_updates, self.is_due = self.num_updates + 1, False
        self.on_update()
        return UpdateStats(number=self.num_updates, learning_rate=0.1, num_samples=self.num_ticks, seconds=0.0)

    def promoted(self) -> None:
        self.calls.append("promoted")


class CountingWorker(LearnerWorker[ShadowJob, UpdateStats]):
    """Notes what it is told to do in the learner's `calls`."""

    evaluate_every_ticks = 100

    def __init__(
        self, job: ShadowJob, learner: CountingLearner, endpoint: WorkerEndpoint, metrics: MetricLogger
    ) -> None:
        super().__init__(job, learner, endpoint, metrics)
        self.counting = learner

    def add_block(self, num_ticks: int) -> None:
        self.counting.num_ticks += num_ticks
        self.counting.is_due = True

    def has_candidate(self) -> bool:
        return self.counting.num_updates > 0

    def stage(self) -> None:
        self.counting.calls.append("stage")

    def evaluate_candidate(self) -> CandidateResult | None:
        self.counting.calls.append("evaluate")
        return CandidateResult(promoted=True, reason="better", path="a.pt")

    def finish(self) -> None:
        self.counting.calls.append("finish")

    def log_update(self, stats: UpdateStats) -> None:
        self.log(stats.number, {"learning_rate": stats.learning_rate})


def run(blocks: list[tuple[int]], tmp_path: Path) -> tuple[list[str], list[Any]]:
    """Runs a worker, which is sent a block at its start and one in each update; its calls and its reports."""
    inbox, feed = Pipe(duplex=False)
    reports, outbox = Pipe(duplex=False)
    paths = ShadowPaths(models=tmp_path, candidate=tmp_path / "candidate.pt", log_folder=tmp_path / "logs")
    job = ShadowJob(settings=ShadowSettings(), paths=paths, profile=load_profile())
    endpoint, waiting = WorkerEndpoint(inbox, outbox), iter([*blocks, None])
    learner = CountingLearner(on_update=lambda: feed.send(next(waiting)))
    feed.send(next(waiting))
    try:
        run_worker(job, endpoint, lambda metrics: CountingWorker(job, learner, endpoint, metrics))
        outbox.close()
        return learner.calls, list(read_all(reports))
    finally:
        for end in (inbox, feed, reports, outbox):
            end.close()


def read_all(reports: Connection) -> Iterator[Any]:
    """Until the other end is closed, without heartbeats."""
    with contextlib.suppress(EOFError):
        while True:
            report = reports.recv()
            if report != HEARTBEAT:
                yield report


def test_it_updates_when_due_evaluates_by_ticks_of_play_and_finishes(tmp_path: Path) -> None:
    calls, reports = run([(150,), (10,)], tmp_path)
    assert calls == ["evaluate", "promoted", "finish"]
    assert [type(report) for report in reports] == [UpdateStats, CandidateResult, UpdateStats]
    rows = [json.loads(line) for line in (tmp_path / "logs" / "numbers.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]


def test_it_stages_whenever_the_interval_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_worker, "STAGE_EVERY_S", -1.0)
    calls, _ = run([(10,), (10,)], tmp_path)
    assert calls == ["stage", "stage", "stage", "finish"]


def test_without_a_candidate_nothing_is_staged_or_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_worker, "STAGE_EVERY_S", -1.0)
    assert run([], tmp_path) == ([], [])


def test_an_error_of_the_project_is_reported_as_a_sentence_and_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    inbox, feed = Pipe(duplex=False)
    reports, outbox = Pipe(duplex=False)
    paths = ShadowPaths(models=tmp_path / "none", candidate=tmp_path / "candidate.pt", log_folder=tmp_path / "logs")
    job = ShadowJob(settings=ShadowSettings(), paths=paths, profile=load_profile())
    with pytest.raises(SystemExit):
        run_shadow_worker(job, WorkerEndpoint(inbox, outbox))
    outbox.close()
    (failure,) = read_all(reports)
    assert isinstance(failure, WorkerFailure) and "There is no checkpoint" in failure.text
    for end in (inbox, feed, reports):
        end.close()


@pytest.mark.parametrize("settings", [ShadowSettings, OnlineSettings])
def test_every_setting_of_a_learner_has_to_make_sense(settings: type[ShadowSettings] | type[OnlineSettings]) -> None:
    for name in ("learning_rate", "buffer_size", "batch_size", "update_interval", "steps_per_update"):
        zero = type(getattr(settings(), name))(0)
        with pytest.raises(ValueError, match=f"{name} must be above 0"):
            settings(**{name: zero})
