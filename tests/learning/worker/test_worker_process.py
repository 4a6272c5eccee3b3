"""A learner in a process of its own: fed without waiting, missed when it is gone, started again with what it knew."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker_functions import add_up, always_dies, lingers, nice_of, reads_nothing
from understudy.learning.worker.worker_process import NICENESS, WorkerProcess, WorkerTimeouts, _Worker

PATIENCE_S = 60.0


class Office:
    """Keeps what a learner says."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self.troubles: list[str] = []
        self.heard = threading.Condition()

    def hear(self, report: Any) -> None:
        with self.heard:
            self.reports.append(report)
            self.heard.notify_all()

    def worry(self, text: str) -> None:
        with self.heard:
            self.troubles.append(text)
            self.heard.notify_all()

    def wait(self, seen: Callable[[], bool]) -> None:
        with self.heard:
            assert self.heard.wait_for(seen, PATIENCE_S), (self.reports, self.troubles)

    def total(self) -> int:
        return self.reports[-1][1] if self.reports else 0


def test_blocks_arrive_in_order_and_it_finishes_what_it_has(tmp_path: Path) -> None:
    office = Office()
    background = WorkerProcess(add_up, {"done": str(tmp_path / "done"), "how": ""}, office.hear, office.worry)
    for number in range(200):
        background.put(number)
    background.close()
    background.close()
    assert office.troubles == []
    assert [report[1] for report in office.reports[:-1]] == [n * (n + 1) // 2 for n in range(200)]
    assert office.reports[-1][:2] == ("over", 199 * 200 // 2)


@pytest.mark.skipif(sys.platform != "linux", reason="stops a process at its very end by the C library's pause()")
def test_one_that_has_finished_is_not_lost_however_long_its_process_takes_to_end() -> None:
    office = Office()
    background = WorkerProcess(lingers, None, office.hear, office.worry)
    background.close(PATIENCE_S)
    assert (office.reports, office.troubles, background.num_restarts) == (["done"], [], 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_does_not_reach_it_even_while_it_starts() -> None:
    office = Office()
    background = WorkerProcess(add_up, {"done": "", "how": ""}, office.hear, office.worry)
    assert background.pid is not None
    for _ in range(50):  # from its first moment until it reports
        os.kill(background.pid, signal.SIGINT)
        time.sleep(0.02)
    background.put(7)
    office.wait(lambda: office.total() == 7)
    background.close()
    assert (office.troubles, background.num_restarts) == ([], 0)


@pytest.mark.skipif(sys.platform == "win32", reason="priorities are another matter there")
def test_it_gives_way_to_everything_else() -> None:
    office = Office()
    background = WorkerProcess(nice_of, None, office.hear, office.worry)
    office.wait(lambda: bool(office.reports))
    background.close()
    assert office.reports == [NICENESS]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.parametrize("how", ["dies", "hangs", "leaves"])
def test_a_lost_learner_is_reported_and_started_again_with_the_newest_blocks(tmp_path: Path, how: str) -> None:
    office = Office()
    background = WorkerProcess(
        add_up,
        {"done": str(tmp_path / "done"), "how": how},
        office.hear,
        office.worry,
        WorkerTimeouts(silent_s=2.0 if how == "hangs" else PATIENCE_S),  # a slow machine is no sign of death
        kept_blocks=100,
    )
    for number in (1, 2, 3):
        background.put(number)
    office.wait(lambda: office.total() == 6)
    background.put(-4)
    office.wait(lambda: len(office.troubles) == 1)
    background.put(5)
    office.wait(lambda: office.total() == 15)
    background.close()
    assert office.reports[-1][:2] == ("over", 15)
    assert background.num_restarts == 1
    assert "started again" in office.troubles[0]
    assert ("no sign of life" in office.troubles[0]) == (how == "hangs")
    assert len({report[2] for report in office.reports}) == 2, "two processes"


class WatchedPipe:
    """A pipe whose writer is slow to notice that the reader is gone; notes a close under a write."""

    def __init__(self, pipe: Any) -> None:
        self.pipe, self.writes, self.closed, self.was_in_use = pipe, False, False, False

    def send(self, block: Any) -> None:
        self.writes = True
        try:
            self.pipe.send(block)
        finally:
            time.sleep(0.3)
            self.writes = False

    def close(self) -> None:
        self.was_in_use, self.closed = self.writes, True
        self.pipe.close()


def test_a_lost_learners_pipe_is_not_closed_under_a_write() -> None:
    life = _Worker(reads_nothing, None, 0, logging.INFO)
    pipe = life.feed = WatchedPipe(life.feed)  # type: ignore[assignment]
    feeder = threading.Thread(target=life.send, args=(b"x" * 10_000_000,))
    feeder.start()
    until_s = time.perf_counter() + PATIENCE_S
    while not pipe.writes:
        assert time.perf_counter() < until_s
        time.sleep(0.01)
    life.end()
    feeder.join()
    assert pipe.closed and not pipe.was_in_use, "its number would be the next learner's"
    life.send(b"x")  # too late, and nobody minds


def test_one_that_never_begins_is_given_up_and_nobody_waits_for_it() -> None:
    office = Office()
    background = WorkerProcess(always_dies, None, office.hear, office.worry, WorkerTimeouts(most_restarts=1))
    office.wait(lambda: len(office.troubles) == 2)
    assert "enough" in office.troubles[-1]
    begun_s = time.perf_counter()
    for number in range(5000):
        background.put(number)
    background.close()
    assert time.perf_counter() - begun_s < 5.0
    assert background.pid is None


def test_putting_never_waits_for_a_learner_that_does_not_read(tmp_path: Path) -> None:
    office = Office()
    background = WorkerProcess(
        add_up,
        {"done": str(tmp_path / "done"), "how": "hangs"},
        office.hear,
        office.worry,
        WorkerTimeouts(silent_s=300.0),
    )
    background.put(-1)
    longest_s = 0.0
    for _ in range(3000):
        begun_s = time.perf_counter()
        background.put(b"x" * 20_000)
        longest_s = max(longest_s, time.perf_counter() - begun_s)
    assert longest_s < 0.5  # the machine may be busy; a full pipe would stand still for ever
    assert background.num_dropped > 0
    background.close(timeout_s=0.5)
    assert background.pid is None
