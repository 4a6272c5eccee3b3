"""A learner in a process of its own at the lowest priority: fed without blocking, restarted if it dies or hangs.

The control thread only puts blocks of bytes on a queue. The feed thread writes them to the learner's pipe; the monitor
thread reads its reports and checks that it is alive. A learner that has died or been silent for too long is reported,
killed and restarted, and receives the newest blocks a second time, so that none of them are lost. If this process dies
in any way, the learner ends too, whatever it computes (contract/child_process.py).
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
"""Queued blocks for a busy learner; beyond that the oldest are dropped."""


@dataclass(frozen=True, kw_only=True)
class WorkerTimeouts:
    """Limits after which a learner counts as lost."""

    start_s: float = 300.0
    """Until its first heartbeat or report."""
    silent_s: float = 60.0
    """Between two heartbeats or reports."""
    most_restarts: int = 5
    """After this many it is not restarted."""


WorkerMain = Callable[[Any, WorkerEndpoint], None]
"""The learner's function, called with its job: at module level, so that a new process can import it."""


class _Worker:
    """One process, from start to end."""

    def __init__(self, work: WorkerMain, job: Any, niceness: int, level: int) -> None:
        inbox, self.feed = CONTEXT.Pipe(duplex=False)
        self.reports, outbox = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(
            target=_worker_main, args=(work, job, inbox, outbox, niceness, level), name="learner", daemon=True
        )
        with children_without_interrupts():  # Ctrl-C is for the parent; the pipe tells the learner when to stop
            self.process.start()
        _log.debug("the learner is process %s", self.process.pid)
        inbox.close()  # only the learner holds these ends, so that each side detects the other's death
        outbox.close()
        self.heard_s = time.perf_counter()
        self.has_spoken = False
        self._feeding = threading.Lock()

    def send(self, block: Block | None) -> None:
        """Writes a block; drops it if the learner is lost."""
        with self._feeding:
            if not self.feed.closed:
                with contextlib.suppress(OSError):
                    self.feed.send(block)

    def end(self) -> None:
        """Kills the process and closes the pipes.

        Not during a write: the next learner's pipe may get the same file descriptor, and that learner would then read
        the rest of a block of its predecessor and wait for ever for its end.
        """
        if self.process.is_alive():
            self.process.kill()  # ends a write that is blocked because it does not read
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
        """Starts the learner; the calling thread has to outlive it.

        Args:
            work: the learner's function; runs in the new process.
            job: its argument; picklable.
            on_report: called with each report, on the monitor thread.
            on_trouble: called with a sentence when the learner is lost, on the monitor thread.
            patience: time-outs after which it counts as lost.
            kept_blocks: number of the newest blocks that a restarted learner receives a second time.
            niceness: of the process; 0 for normal priority.
        """
        self._work, self._brief = work, job
        self._on_report, self._on_trouble = on_report, on_trouble
        self._patience = patience or WorkerTimeouts()
        self._niceness = niceness
        self._level = logging.getLogger("understudy").getEffectiveLevel()
        self._queue: queue.Queue[Block | None] = queue.Queue(QUEUE_BLOCKS)
        self._kept: deque[Block] = deque(maxlen=kept_blocks)
        self._due: deque[Block | None] = deque()
        """Blocks that the feed thread writes next, ahead of the queue."""
        self._has_ended = False
        """Whether the end marker was taken off the queue."""
        self._lock = threading.Lock()  # guards the above and _life; never held during a write to a pipe
        self._closing, self._over = threading.Event(), threading.Event()
        self.num_restarts = self.num_dropped = 0
        self._life: _Worker | None = self._begin()
        self._feeder = threading.Thread(target=self._feed_loop, name="learner feed", daemon=True)
        self._watcher = threading.Thread(target=self._monitor_loop, name="learner watch", daemon=True)
        self._feeder.start()
        self._watcher.start()

    @property
    def pid(self) -> int | None:
        """Process id of the learner; None while there is none."""
        life = self._life
        return None if life is None else life.process.pid

    def put(self, block: Block) -> None:
        """Queues a block; never blocks."""
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            self.num_dropped += 1
            with contextlib.suppress(queue.Empty):
                self._queue.get_nowait()
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(block)

    def close(self, timeout_s: float = 60.0) -> None:
        """Lets the learner finish its queue for up to `timeout_s`, and ends it. May be called twice."""
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
        """The feed thread: writes the blocks of a lost learner first, then new ones, until the end."""
        while not self._over.is_set():
            with self._lock:
                life, is_due = self._life, bool(self._due)
                block = self._due.popleft() if is_due else None
            if not is_due:
                self._fetch()
            elif life is not None:
                life.send(block)

    def _fetch(self) -> None:
        """Takes the next block off the queue, waiting briefly for one."""
        if self._has_ended:
            time.sleep(LOOK_EVERY_S)  # a learner may still be lost while it finishes
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
        """The monitor thread: runs until the learner has finished or is not restarted any more."""
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
        """Forwards reports until the learner ends; returns why it was lost, None if it has finished."""
        while True:
            try:
                while life.reports.poll(LOOK_EVERY_S):
                    report = life.reports.recv()
                    life.heard_s, life.has_spoken = time.perf_counter(), True
                    if report == FINISHED:  # at the lowest priority its process may take long to exit
                        return None
                    if report != HEARTBEAT:
                        self._on_report(report)
            except (EOFError, OSError):
                life.process.join(5.0)
                code = life.process.exitcode
                return None if code == 0 else f"it died (exit code {code})"
            if self._over.is_set():
                return None
            silent_s = time.perf_counter() - life.heard_s
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
    """Entry point of the learner's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in case it could not be blocked in this process
    os.environ["OMP_NUM_THREADS"] = "1"
    lower_priority(niceness)
    log_to_stderr("learner: %(message)s")
    logging.getLogger("understudy").setLevel(level)
    endpoint = WorkerEndpoint(inbox, outbox)
    work(job, endpoint)
    endpoint.report(FINISHED)
