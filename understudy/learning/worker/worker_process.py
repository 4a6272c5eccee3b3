"""A learner in a process of its own, at the lowest priority: fed without waiting, noticed when it dies or hangs.

The thread that plays only puts blocks of bytes on a queue. A feeding thread writes them to the learner's pipe, a
watching thread reads its reports and looks whether it lives. A learner that has died or is silent for too long is
reported, killed and started again, and is given the newest blocks once more, so that it loses nothing of them. When
this process dies, however it does and whatever the learner computes, the learner ends too (contract/child_process.py).
"""

import contextlib
import logging
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from understudy.contract.child_process import CONTEXT, children_without_interrupts, lower_priority
from understudy.contract.terminal_text import log_to_stderr
from understudy.learning.worker.worker_endpoint import FINISHED, HEARTBEAT, Block, WorkerEndpoint

_log = logging.getLogger(__name__)

NICENESS = 19
LOOK_EVERY_S = 0.2
QUEUE_BLOCKS = 2400
"""Blocks that may wait for a learner that is busy; after that the oldest are left out."""


@dataclass(frozen=True, kw_only=True)
class WorkerTimeouts:
    """When a learner counts as lost."""

    start_s: float = 300.0
    """Until its first sign of life."""
    silent_s: float = 60.0
    """Between two signs of life."""
    most_restarts: int = 5
    """After so many it is left alone."""


WorkerMain = Callable[[Any, WorkerEndpoint], None]
"""What a learner does, given its brief: a function of a module, so that a new process can find it."""


class _Worker:
    """One process, from its start to its end."""

    def __init__(self, work: WorkerMain, job: Any, niceness: int, level: int) -> None:
        inbox, self.feed = CONTEXT.Pipe(duplex=False)
        self.reports, outbox = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(
            target=_worker_main, args=(work, job, inbox, outbox, niceness, level), name="learner", daemon=True
        )
        with children_without_interrupts():  # Ctrl-C is for the one who plays; the pipe tells when it is over
            self.process.start()
        _log.debug("the learner is process %s", self.process.pid)
        inbox.close()  # only the learner holds these ends, so that each side notices the other's death
        outbox.close()
        self.heard_s = time.monotonic()
        self.has_spoken = False
        self._feeding = threading.Lock()

    def send(self, block: Block | None) -> None:
        """Writes a block; what a lost learner can no longer read is dropped."""
        with self._feeding:
            if not self.feed.closed:
                with contextlib.suppress(OSError):
                    self.feed.send(block)

    def end(self) -> None:
        """Kills what is left and closes the pipes.

        Not under a write: the number of the pipe's end may at once be that of the next learner's, which would then
        read the rest of a block of the one before, and wait for ever for its end.
        """
        if self.process.is_alive():
            self.process.kill()  # ends a write that waits for it to read
        self.process.join()
        with self._feeding:
            self.feed.close()
        self.reports.close()


class WorkerProcess:
    """Owns the learner's process and the two threads that serve it."""

    def __init__(
        self,
        work: WorkerMain,
        job: Any,
        on_report: Callable[[Any], None],
        on_trouble: Callable[[str], None],
        patience: WorkerTimeouts | None = None,
        kept_blocks: int = 0,
        niceness: int = NICENESS,
    ) -> None:
        """Starts the learner; the thread that calls this has to outlive it.

        Args:
            work: what it does; runs in the new process.
            brief: given to it; picklable.
            on_report: called with each report, on the watching thread.
            on_trouble: called with a sentence when the learner was lost, on the watching thread.
            patience: when it counts as lost.
            kept_blocks: how many of the newest blocks a new learner is given once more.
            niceness: how much it gives way to everything else, 0 for not at all.
        """
        self._work, self._brief = work, job
        self._on_report, self._on_trouble = on_report, on_trouble
        self._patience = patience or WorkerTimeouts()
        self._niceness = niceness
        self._level = logging.getLogger("understudy").getEffectiveLevel()
        self._queue: queue.Queue[Block | None] = queue.Queue(QUEUE_BLOCKS)
        self._kept: deque[Block] = deque(maxlen=kept_blocks)
        self._due: deque[Block | None] = deque()
        """What the feeding thread writes next, ahead of the queue."""
        self._has_ended = False
        """The mark of the end is off the queue."""
        self._lock = threading.Lock()  # of the above and _life; never held while a pipe is written to
        self._closing, self._over = threading.Event(), threading.Event()
        self.num_restarts = self.num_dropped = 0
        self._life: _Worker | None = self._begin()
        self._feeder = threading.Thread(target=self._feed_loop, name="learner feed", daemon=True)
        self._watcher = threading.Thread(target=self._monitor_loop, name="learner watch", daemon=True)
        self._feeder.start()
        self._watcher.start()

    @property
    def pid(self) -> int | None:
        """Of the learner; None while there is none."""
        life = self._life
        return None if life is None else life.process.pid

    def put(self, block: Block) -> None:
        """Hands a block over; never waits."""
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            self.num_dropped += 1
            with contextlib.suppress(queue.Empty):
                self._queue.get_nowait()
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(block)

    def close(self, timeout_s: float = 60.0) -> None:
        """Lets the learner finish what it has, for up to so long, and ends it. May be called twice."""
        if not self._closing.is_set():
            self._closing.set()
            self.put(None)
        self._watcher.join(timeout_s)
        self._over.set()
        with self._lock:
            if self._life is not None:
                self._life.process.kill()
        self._watcher.join()
        self._feeder.join()

    def _begin(self) -> _Worker:
        return _Worker(self._work, self._brief, self._niceness, self._level)

    def _feed_loop(self) -> None:
        """The feeding thread: the blocks of a lost learner first, then new ones, until all is over."""
        while not self._over.is_set():
            with self._lock:
                life, is_due = self._life, bool(self._due)
                block = self._due.popleft() if is_due else None
            if not is_due:
                self._fetch()
            elif life is not None:
                life.send(block)

    def _fetch(self) -> None:
        """Gets the next block off the queue, after waiting a little for one."""
        if self._has_ended:
            time.sleep(LOOK_EVERY_S)  # a learner may yet be lost while it finishes
            return
        try:
            block = self._queue.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            return
        with self._lock:
            self._has_ended = block is None
            if block is not None:
                self._kept.append(block)
            self._due.append(block)

    def _monitor_loop(self) -> None:
        """The watching thread: until the learner has finished, or is given up."""
        while self._life is not None:
            why = self._receive_until_lost(self._life)
            self._life.end()
            if why is None or self._over.is_set():
                break
            self._replace(why)
        with self._lock:
            life, self._life = self._life, None
        if life is not None:
            life.end()
        self._over.set()

    def _receive_until_lost(self, life: _Worker) -> str | None:
        """Hands on reports until the learner ends; says why it was lost, None if it has finished."""
        while True:
            try:
                while life.reports.poll(LOOK_EVERY_S):
                    report = life.reports.recv()
                    life.heard_s, life.has_spoken = time.monotonic(), True
                    if report == FINISHED:  # the end of its process may take long at the lowest priority
                        return None
                    if report != HEARTBEAT:
                        self._on_report(report)
            except (EOFError, OSError):
                life.process.join(5.0)
                code = life.process.exitcode
                return None if code == 0 else f"it died (exit code {code})"
            if self._over.is_set():
                return None
            silent_s = time.monotonic() - life.heard_s
            if silent_s > (self._patience.silent_s if life.has_spoken else self._patience.start_s):
                return f"it gave no sign of life for {silent_s:.0f} s"

    def _replace(self, why: str) -> None:
        if self.num_restarts >= self._patience.most_restarts:
            self._on_trouble(f"The learner was lost: {why}. It was started again {self.num_restarts} times: enough.")
            with self._lock:
                self._life = None
            return
        self.num_restarts += 1
        self._on_trouble(f"The learner was lost: {why}. It is started again; you can play on.")
        life = self._begin()
        with self._lock:
            self._life = life
            self._due = deque([*self._kept, None] if self._has_ended else self._kept)


def _worker_main(work: WorkerMain, job: Any, inbox: Connection, outbox: Connection, niceness: int, level: int) -> None:
    """The learner's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be kept from this process
    os.environ["OMP_NUM_THREADS"] = "1"
    lower_priority(niceness)
    log_to_stderr("learner: %(message)s")
    logging.getLogger("understudy").setLevel(level)
    endpoint = WorkerEndpoint(inbox, outbox)
    work(job, endpoint)
    endpoint.report(FINISHED)
