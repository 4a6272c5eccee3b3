"""The side of a learner in its own process: takes blocks, works when it is due, reports, and says that it lives."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from understudy.contract.errors import UnderstudyError
from understudy.learning.training.metric_logger import MetricLogger

LONGEST_WAIT_S = 1.0
"""A learner that has nothing to do looks up so often."""
HEARTBEAT, FINISHED = "beat", "finished"
"""A sign of life; and the last report of a learner that has done all it had to."""

Block = Any
"""What a learner is fed with; picklable."""


@dataclass(frozen=True, kw_only=True)
class WorkerFailure:
    """Something went wrong with the learner; play goes on."""

    text: str


class WorkerEndpoint:
    """Used by the learner's one thread."""

    def __init__(self, inbox: Connection, outbox: Connection) -> None:
        self._inbox, self._outbox = inbox, outbox
        self.parent_gone = False

    def receive(self, timeout_s: float) -> tuple[list[Block], bool]:
        """All blocks that are there, after waiting up to so long for one; and whether there will be no more."""
        self.heartbeat()
        blocks: list[Block] = []
        try:
            while self._inbox.poll(0.0 if blocks else timeout_s):
                block = self._inbox.recv()
                if block is None:
                    return blocks, True
                blocks.append(block)
                self.heartbeat()  # there may be minutes of play to read
        except (EOFError, OSError):
            self.parent_gone = True
            return blocks, True
        return blocks, False

    def run_loop(
        self,
        due_s: Callable[[float], float | None],
        watch: Callable[..., None],
        update: Callable[[], None],
        after: Callable[[bool], None],
    ) -> None:
        """Works until there will be no more blocks.

        Args:
            due_s: given the time, seconds until the next update, 0 when it is due; None while there is nothing to do.
            watch: is given what each block holds.
            update: is called when it is due.
            after: is called after each round, told whether it was the last.
        """
        over = False
        while not over:
            wait_s = due_s(time.monotonic())
            blocks, over = self.receive(LONGEST_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S))
            for block in blocks:
                watch(*block)
                self.heartbeat()
            if due_s(time.monotonic()) == 0.0 and not over:
                update()
            after(over)

    def heartbeat(self) -> None:
        """Says that the learner is alive; call it at least every few seconds of work."""
        self.report(HEARTBEAT)

    def report(self, report: Any) -> None:
        """Tells the process that plays."""
        try:
            self._outbox.send(report)
        except OSError:
            self.parent_gone = True


def worker_session(desk: WorkerEndpoint, log_folder: Path, learn: Callable[[MetricLogger], None]) -> None:
    """A learner's life, with a journal for its curves.

    Raises:
        SystemExit: if it cannot learn; why is reported.
    """
    import torch

    torch.set_num_threads(1)
    try:
        with MetricLogger(log_folder) as journal:
            learn(journal)
    except UnderstudyError as problem:
        desk.report(WorkerFailure(text=str(problem)))
        raise SystemExit(1) from problem
