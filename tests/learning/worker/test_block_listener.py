"""The Listener that sends ticks in blocks: which ticks make a block, and what it passes on of the learner's reports."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.worker_functions import returns_blocks
from understudy.contract.action import Actor, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.protocols import Listener, Step
from understudy.learning.shadow.messages import ShadowJob, ShadowPaths, ShadowSettings
from understudy.learning.worker.block_listener import BLOCK_TICKS, BlockListener
from understudy.learning.worker.messages import UpdateStats, WorkerReady
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

PATIENCE_S = 60.0


class Collector:
    """Keeps the reports, and waits for some."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self._arrived = threading.Condition()

    def __call__(self, report: Any) -> None:
        with self._arrived:
            self.reports.append(report)
            self._arrived.notify_all()

    def wait(self, condition: Callable[[], object]) -> None:
        with self._arrived:
            assert self._arrived.wait_for(condition, PATIENCE_S), self.reports

    @property
    def blocks(self) -> list[tuple[Any, ...]]:
        return [report for report in self.reports if isinstance(report, tuple)]


class IndexListener(BlockListener[int, Any]):
    """Sends the numbers of the ticks in which a person acted."""

    def _copy_tick(self, step: Step) -> int | None:
        return step.index if step.actors[0] == Actor.PERSON else None

    def _block(self, ticks: Sequence[int], first_index: int, is_continuous: bool) -> tuple[Any, ...]:
        return first_index, is_continuous, tuple(ticks)


def start(reports: Collector, tmp_path: Path) -> IndexListener:
    paths = ShadowPaths(models=tmp_path, candidate=tmp_path / "candidate.pt", log_folder=tmp_path / "logs")
    job = ShadowJob(settings=ShadowSettings(), paths=paths, profile=load_profile())
    return IndexListener(returns_blocks, job, reports, None, 0, 0)


OBSERVATION = Simulator(np.zeros(1, np.uint64)).observe().copy()


def step(index: int, actor: Actor = Actor.PERSON) -> Step:
    return Step(index, OBSERVATION, idle_action(OBSERVATION), no_intent(1), np.array([actor], np.int8))


def test_consecutive_ticks_come_in_blocks_of_half_a_second_and_a_gap_ends_one(tmp_path: Path) -> None:
    reports = Collector()
    listener = start(reports, tmp_path)
    assert isinstance(listener, Listener)
    for index in range(25):
        listener.on_step(step(index))
    listener.on_step(step(25, Actor.POLICY))
    listener.on_step(step(26))
    listener.on_step(step(27, Actor.POLICY))
    reports.wait(lambda: len(reports.blocks) == 4)
    listener.close()
    listener.close()
    assert reports.blocks == [
        (0, False, tuple(range(BLOCK_TICKS))),
        (10, True, tuple(range(10, 20))),
        (20, True, tuple(range(20, 25))),
        (26, False, (26,)),
    ]


def test_readiness_and_updates_are_noted_and_every_report_is_passed_on(tmp_path: Path) -> None:
    reports = Collector()
    listener = start(reports, tmp_path)
    for index in range(BLOCK_TICKS):
        listener.on_step(step(index))
    reports.wait(lambda: any(isinstance(report, UpdateStats) for report in reports.reports))
    assert listener.is_ready
    assert listener.num_updates == 7
    assert isinstance(reports.reports[0], WorkerReady)
    listener.close()
