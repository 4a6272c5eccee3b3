"""The learner's side of the two pipes: receives blocks of play, sends reports and heartbeats."""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

LONGEST_WAIT_S = 1.0
"""An idle learner sends a heartbeat and checks for the end so often."""
HEARTBEAT, FINISHED = "beat", "finished"
"""A heartbeat; and the last report of a learner that has finished."""

Block = Any
"""A stretch of play; picklable."""


class WorkerEndpoint:
    """Owned and used by the learner's one thread."""

    def __init__(self, inbox: Connection, outbox: Connection) -> None:
        self._inbox, self._outbox = inbox, outbox
        self.parent_gone = False

    def receive(self, timeout_s: float) -> tuple[list[Block], bool]:
        """All waiting blocks, after waiting up to `timeout_s` for one; and whether they were the last."""
        self.heartbeat()
        blocks: list[Block] = []
        try:
            while self._inbox.poll(0.0 if blocks else timeout_s):
                block = self._inbox.recv()
                if block is None:
                    return blocks, True
                blocks.append(block)
                self.heartbeat()  # a restarted learner may have minutes of play to read
        except (EOFError, OSError):
            self.parent_gone = True
            return blocks, True
        return blocks, False

    def run_loop(
        self,
        due_s: Callable[[float], float | None],
        add_block: Callable[..., None],
        update: Callable[[], None],
        after_round: Callable[[bool], None],
    ) -> None:
        """Runs until there are no more blocks.

        Args:
            due_s: of the monotonic time: seconds until the next update, 0 when it is due, None while there is nothing
                to learn from.
            add_block: called with the parts of each block.
            update: called when it is due.
            after_round: called after each round, with whether it was the last.
        """
        is_last = False
        while not is_last:
            wait_s = due_s(time.perf_counter())
            blocks, is_last = self.receive(LONGEST_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S))
            for block in blocks:
                add_block(*block)
                self.heartbeat()
            if due_s(time.perf_counter()) == 0.0 and not is_last:
                update()
            after_round(is_last)

    def heartbeat(self) -> None:
        """Tells the monitoring thread that the learner is alive; call it every few seconds during long work."""
        self.report(HEARTBEAT)

    def report(self, report: Any) -> None:
        """Sends a report to the process that plays."""
        try:
            self._outbox.send(report)
        except OSError:
            self.parent_gone = True
