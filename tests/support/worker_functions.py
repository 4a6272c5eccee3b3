"""What learners do in the tests of their process: real functions, for a real process."""

import ctypes
import os
import signal
import time
from typing import Any

from understudy.learning.worker.messages import UpdateStats, WorkerReady
from understudy.learning.worker.worker_endpoint import WorkerEndpoint


def add_up(brief: Any, desk: WorkerEndpoint) -> None:
    """Reports the sum of all numbers so far after each; on a negative one it does what the brief says, once."""
    total, over = 0, False
    while not over:
        numbers, over = desk.receive(0.05)
        for number in numbers:
            if number < 0 and not os.path.exists(brief["done"]):
                open(brief["done"], "w").close()
                _fail(brief["how"])
            total += abs(number)
            desk.report(("sum", total, os.getpid()))
    desk.report(("over", total, os.getpid()))


def nice_of(brief: Any, desk: WorkerEndpoint) -> None:
    """Reports its own priority."""
    desk.report(os.nice(0))
    while not desk.receive(0.05)[1]:
        pass


def lingers(brief: Any, desk: WorkerEndpoint) -> None:
    """Does all it has to, but its process never ends: what torch and numba clean up late can take seconds."""
    c_library = ctypes.CDLL(None)
    c_library.on_exit(c_library.pause, None)  # after Python itself has ended and closed its pipes
    while not desk.receive(0.05)[1]:
        pass
    desk.report("done")


def always_dies(brief: Any, desk: WorkerEndpoint) -> None:
    """Never begins."""
    raise SystemExit(3)


def reads_nothing(brief: Any, desk: WorkerEndpoint) -> None:
    """Hangs from the beginning."""
    time.sleep(600)


def _fail(how: str) -> None:
    if how == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hangs":
        time.sleep(600)
    raise SystemExit(1)


def returns_blocks(job: Any, endpoint: WorkerEndpoint) -> None:
    """Reports that it is ready, each block that it is sent, and an update number 7 after the first ones."""
    endpoint.report(WorkerReady())
    is_last = False
    while not is_last:
        blocks, is_last = endpoint.receive(0.05)
        for block in blocks:
            endpoint.report(block)
            endpoint.report(UpdateStats(number=7, learning_rate=1.0, num_samples=1, seconds=0.0))
