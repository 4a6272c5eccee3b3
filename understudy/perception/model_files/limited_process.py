"""Runs one of our modules in a process of its own, with limits on time and memory, and returns what it says.

A model or a pickle may loop for ever or ask for a terabyte, and no library can be made to stop; a process can. The
limits are the system's own where there are any (Linux; macOS has no limit on memory), and a plain timeout elsewhere.
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
"""Environment variable: process id of whoever started the module."""


@dataclass(frozen=True)
class Ended:
    """How a module ended."""

    answer: dict[str, Any] | None
    """What it said; None where it was stopped or broke down."""
    fault: str = ""
    """OUT_OF_TIME, OUT_OF_MEMORY or CRASHED."""
    detail: str = ""
    """The last line of its errors."""


def run_limited(module: str, arguments: list[str], wall_s: float) -> Ended:
    """Runs a module of ours that calls `limit_this_process` and prints one line of JSON.

    Args:
        module: its full name.
        arguments: of it.
        wall_s: seconds after which it is ended whatever its own limits are.
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
    """Called in the module, as early as can be: it ends when whoever started it does (see contract/child_process)."""
    starter = os.environ.pop(STARTER, None)
    if starter is not None:
        end_with_parent(int(starter))


def limit_this_process(cpu_s: float, memory_bytes: int) -> None:
    """Lets the system end this process after so much more CPU time, or beyond so much more memory, than it has now.

    May be called again with other limits. Does nothing where the system has no such limits (Windows).
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
