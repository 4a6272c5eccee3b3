"""Computing in native code that holds the interpreter's lock: no other thread of that process runs meanwhile."""

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision

PATIENCE_S = 120.0


def compute(folder: Path) -> "NativeCode":
    """Computes for ten minutes; a file named after the process id in `folder` says that it has begun."""
    (folder / str(os.getpid())).touch()
    ctypes.PyDLL(None).sleep(600)
    return NativeCode(folder)


class NativeCode:
    """Computes in native code in the process that unpickles it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return compute, (self.folder,)


class NativePilot:
    """A pilot that computes in native code as soon as it starts to play."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, seeds: np.ndarray) -> Carry:
        compute(self.folder)

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        raise AssertionError("it never starts")


def wait_for_children(folder: Path, number: int) -> list[int]:
    """Process ids of those that compute, once there are so many."""
    until_s = time.perf_counter() + PATIENCE_S
    while len(found := [int(path.name) for path in folder.iterdir()]) < number:
        if time.perf_counter() > until_s:
            raise AssertionError(f"{found} compute, not {number} processes")
        time.sleep(0.02)
    return found


def is_running(pid: int) -> bool:
    """Whether a process still runs; one that nobody has waited for yet does not."""
    if sys.platform == "linux":
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return state not in ("Z", "X")
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
