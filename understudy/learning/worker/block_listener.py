"""The Listener of a learner in a process of its own: collects ticks in blocks and sends them, never waits. No torch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from understudy.contract.protocols import Step
from understudy.learning.worker.messages import UpdateStats, WorkerFailure, WorkerJob, WorkerReady
from understudy.learning.worker.worker_endpoint import Block
from understudy.learning.worker.worker_process import WorkerMain, WorkerProcess, WorkerTimeouts

BLOCK_TICKS = 10
"""Half a second of play is sent at a time."""

TickT = TypeVar("TickT")
"""What is copied of one tick."""
MessageT = TypeVar("MessageT")
"""What the learner reports, WorkerReady, UpdateStats and WorkerFailure among it."""


class BlockListener(ABC, Generic[TickT, MessageT]):
    """Sends the ticks that are learnt from to a WorkerProcess, and passes its reports on."""

    def __init__(
        self,
        main: WorkerMain,
        job: WorkerJob[Any, Any],
        on_report: Callable[[MessageT], None],
        timeouts: WorkerTimeouts | None,
        replayed_blocks: int,
        niceness: int,
    ) -> None:
        """Starts the learner; play can begin at once.

        Args:
            main: runs in the new process, a function of a module.
            job: given to it.
            on_report: called with each report, on the worker's monitoring thread.
            timeouts: when the learner counts as lost.
            replayed_blocks: how many of the newest blocks a restarted learner is sent again.
            niceness: how much the learner gives way to the game.
        """
        self.is_ready = False
        self.num_updates = 0
        self._on_report = on_report
        self._ticks: list[TickT] = []
        self._first_index = 0
        self._is_continuous = False
        """Whether the next block follows the last one without a gap."""
        self.worker = WorkerProcess(
            main, job, self._on_message, self._on_worker_lost, timeouts, replayed_blocks, niceness
        )

    @abstractmethod
    def _copy_tick(self, step: Step) -> TickT | None:
        """A copy of what is learnt from this tick; None where nothing is."""

    @abstractmethod
    def _block(self, ticks: Sequence[TickT], first_index: int, is_continuous: bool) -> Block:
        """The arguments of the learner's `add_block`.

        Args:
            ticks: consecutive ones.
            first_index: number of the first in the session.
            is_continuous: whether they follow those of the block before without a gap.
        """

    def on_step(self, step: Step) -> None:
        """Copies one tick; one that is not learnt from ends the block."""
        tick = self._copy_tick(step)
        if tick is None:
            self._flush_block()
            self._is_continuous = False
            return
        if not self._ticks:
            self._first_index = step.index
        self._ticks.append(tick)
        if len(self._ticks) == BLOCK_TICKS:
            self._flush_block()

    def close(self, timeout_s: float = 60.0) -> None:
        """Sends what is left and lets the learner stage its candidate. May be called twice.

        Does not wait for a learner that has made no update.
        """
        self._flush_block()
        self.worker.close(timeout_s if self.num_updates else 0.0)

    def _flush_block(self) -> None:
        if self._ticks:
            self.worker.put(self._block(self._ticks, self._first_index, self._is_continuous))
            self._ticks, self._is_continuous = [], True

    def _on_message(self, report: Any) -> None:
        if isinstance(report, WorkerReady):
            self.is_ready = True
        elif isinstance(report, UpdateStats):
            self.num_updates = report.number
        self._on_report(report)

    def _on_worker_lost(self, text: str) -> None:
        self._on_message(WorkerFailure(text=text))
