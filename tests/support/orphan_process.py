"""Starts children that compute in native code, for tests that kill their parent: `main`, by `KIND FOLDER`.

KIND is `learner` (a bare worker), `online`, `shadow`, `evaluation` or `starting` (a worker that has just been started).
Prints the process ids of the children once all compute, and waits to be killed.
"""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np

from tests.support.native_code import NativeCode, NativePilot, wait_for_children
from tests.support.small_policies import write_brain
from tests.support.worker_functions import add_up
from understudy.contract.workers.worker_pool import LocalProcesses
from understudy.evaluation.rollouts import vector_rollout
from understudy.learning.online.listener import VisualOutcomeLearner
from understudy.learning.shadow.listener import ShadowTrainer
from understudy.learning.worker.worker_process import WorkerProcess
from understudy.worlds.catalog import load_profile

NUM_EVALUATION_WORKERS = 2


def ignore(report: object) -> None:
    """Nobody reads what children of a parent that will be killed report."""


def start_learner(folder: Path) -> WorkerProcess:
    """A bare worker."""
    return WorkerProcess(add_up, {"done": str(folder / "done"), "how": ""}, ignore, ignore)


def start_online(folder: Path) -> WorkerProcess:
    """The online learner."""
    executor = write_brain(folder / "models") / "executor"
    return VisualOutcomeLearner(executor, load_profile(), logs=folder / "logs", niceness=0).worker


def start_shadow(folder: Path) -> WorkerProcess:
    """The shadow learner."""
    executor = write_brain(folder / "models") / "executor"
    places = {"logs": folder / "logs", "recordings": folder / "none"}
    return ShadowTrainer(executor, load_profile(), niceness=0, **places).worker


def start_evaluation(computing: Path) -> None:
    """Workers of an evaluation, from a thread of its own, which waits for them."""
    vector_rollout.BLOCK = 1
    seeds = np.arange(NUM_EVALUATION_WORKERS, dtype=np.uint64)
    arguments = {"seconds": 1.0, "executor": LocalProcesses(NUM_EVALUATION_WORKERS)}
    threading.Thread(target=vector_rollout.rollout, args=(NativePilot(computing), seeds), kwargs=arguments).start()


STARTS = {"learner": start_learner, "online": start_online, "shadow": start_shadow}


def main() -> None:
    """Starts them, says who they are, waits."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    computing = folder / "computing"
    computing.mkdir()
    if kind == "evaluation":
        start_evaluation(computing)
        children = wait_for_children(computing, NUM_EVALUATION_WORKERS)
    elif kind == "starting":
        pid = start_learner(folder).pid
        assert pid is not None
        children = [pid]
    else:
        STARTS[kind](folder).put(NativeCode(computing))
        children = wait_for_children(computing, 1)
    print(os.getpid(), *children, flush=True)
    time.sleep(600)
