"""Runs one of our modules in a separate process with limits on time and memory, and returns its result.

A model or a pickle may loop for ever or allocate a terabyte, and only a process can be stopped. The limits are the
operating system's where it has them (Linux; macOS has no memory limit), and a plain timeout elsewhere.
"""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.contract.child_process import end_with_parent

OUT_OF_TIME, OUT_OF_MEMORY, CRASHED = "time", "memory", "crash"


ROOT = Path(__file__).parents[3]
"""Where `understudy` is imported from."""
STARTER = "UNDERSTUDY_STARTER"
"""Environment variable: process id of the parent."""


@dataclass(frozen=True)
class Ended:
    """How a module ended."""

    answer: dict[str, Any] | None
    """Its output; None if it was stopped or crashed."""
    fault: str = ""
    """OUT_OF_TIME, OUT_OF_MEMORY or CRASHED."""
    detail: str = ""
    """The last line of its stderr."""


def run_limited(module: str, arguments: list[str], wall_s: float) -> Ended:
    """Runs a module of ours that calls `limit_this_process` and prints one line of JSON.

    Args:
        module: its full name.
        arguments: its command line.
        wall_s: wall-clock seconds after which it is killed.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        STARTER: str(os.getpid()),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(None, OUT_OF_TIME)
    errors = done.stderr.decode("utf-8", "replace").strip().splitlines()
    detail = errors[-1][:200] if errors else ""
    try:
        answer = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        return Ended(dict(answer), detail=detail)
    except (ValueError, IndexError, TypeError):
        pass
    if os.name != "nt" and done.returncode in (-_signal("SIGXCPU"), -_signal("SIGKILL")):
        return Ended(None, OUT_OF_TIME, detail)
    out_of_memory = any(word in line for line in errors for word in ("MemoryError", "bad_alloc", "allocate"))
    return Ended(None, OUT_OF_MEMORY if out_of_memory else CRASHED, detail)


def _signal(name: str) -> int:
    import signal

    return int(getattr(signal, name))


def end_with_starter() -> None:
    """Makes the module end with its parent (contract/child_process.py); call it as early as possible."""
    starter = os.environ.pop(STARTER, None)
    if starter is not None:
        end_with_parent(int(starter))


def limit_this_process(cpu_s: float, memory_bytes: int) -> None:
    """Limits the CPU time and memory that this process may use in addition to its present use.

    May be called again with other limits. No effect on a system without such limits (Windows).
    """
    end_with_starter()
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (max(1, round(used.ru_utime + used.ru_stime + cpu_s)), hard))
        statistics = Path("/proc/self/statm")
        if statistics.exists():
            present = int(statistics.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            with contextlib.suppress(ValueError):  # the user's own limit is lower
                resource.setrlimit(resource.RLIMIT_AS, (present + memory_bytes, hard))
