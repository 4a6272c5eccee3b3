"""Commands that the page starts: each runs as `python -m understudy ...`, a process of its own, as from a shell.

A stop sends what Ctrl-C sends, so that a training saves its state; a second one ends the process. When the studio ends
it stops its commands and waits for them. On Linux they also end if the studio is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from understudy.contract.errors import FlagError
from understudy.contract.safe_files import create_new
from understudy.studio.command_forms import command_line

MAX_JOBS = 20
"""Finished commands that are remembered."""
TAIL_BYTES = 4000
PATIENCE_S = 20.0
"""Time for commands to save their state when the studio ends."""
_START = (
    "import os, sys; from understudy.contract.child_process import end_with_parent; "
    "end_with_parent(int(sys.argv.pop(1))); from understudy.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
"""Starts the command line in a process that ends with the studio."""


@dataclass(kw_only=True)
class Job:
    """One command that was started here."""

    number: int
    arguments: list[str]
    """Words after `understudy`."""
    started_at: float
    """Seconds since 1970."""
    output: Path
    """What it printed."""
    process: "subprocess.Popen[bytes]" = field(repr=False)
    num_stops: int = 0

    @property
    def command(self) -> str:
        """The command as one types it."""
        return command_line(self.arguments)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    @property
    def state(self) -> str:
        """What became of it, in words."""
        code = self.process.poll()
        if code is None:
            return "stopping" if self.num_stops else "running"
        return {0: "finished", 130: "stopped"}.get(code, "stopped" if code < 0 else f"ended with exit code {code}")

    def tail(self) -> str:
        """Returns the last lines of its output."""
        try:
            with self.output.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                return file.read(TAIL_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""


class JobRunner:
    """Starts and stops commands. May be used by several threads."""

    def __init__(self, folder: Path) -> None:
        """Args: `folder`, in which the output of each command is kept; created with the first."""
        self._folder, self._lock = folder, threading.Lock()
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._number = 0
        self._starter: list[threading.Thread] = []

    def start(self, arguments: list[str]) -> Job:
        """Starts a command in the present folder.

        Raises:
            FlagError: if a command of the same verb already runs here.
            OSError: if its output cannot be written.
        """
        with self._lock:
            for job in self._jobs.values():
                if job.is_running and job.arguments[0] == arguments[0]:
                    raise FlagError(f"{job.command} runs already: stop it first, or wait until it has ended.")
            self._number += 1
            name = f"{arguments[0]}_{time.strftime('%Y-%m-%d_%H-%M-%S')}_{self._number}.log"
            self._folder.mkdir(parents=True, exist_ok=True)
            output = self._folder / name
            with create_new(output) as file:
                process = self._spawn(arguments, file.fileno())
            job = Job(number=self._number, arguments=arguments, started_at=time.time(), output=output, process=process)
            self._jobs[job.number] = job
            for old in [each for each in self._jobs.values() if not each.is_running][:-MAX_JOBS]:
                del self._jobs[old.number]
            return job

    def _spawn(self, arguments: list[str], output: int) -> "subprocess.Popen[bytes]":
        """Starts the process on a thread that outlives it: Linux ends a child with the thread that started it."""
        started: list[subprocess.Popen[bytes]] = []
        failed: list[OSError] = []
        ready = threading.Event()

        def keep_company() -> None:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-c", _START, str(os.getpid()), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
                    start_new_session=True,  # Ctrl-C in the studio's terminal reaches the studio alone
                )
            except OSError as problem:
                failed.append(problem)
                ready.set()
                return
            started.append(process)
            ready.set()
            process.wait()

        thread = threading.Thread(target=keep_company, name="command", daemon=True)
        thread.start()
        self._starter = [each for each in self._starter if each.is_alive()] + [thread]
        ready.wait()
        if failed:
            raise failed[0]
        return started[0]

    def jobs(self) -> list[Job]:
        """Returns the commands, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def stop(self, number: int) -> Job:
        """Interrupts a command as Ctrl-C does; ends it at the second call.

        Raises:
            FlagError: if no such command runs.
        """
        with self._lock:
            job = self._jobs.get(number)
            if job is None or not job.is_running:
                raise FlagError("This command does not run any more.")
            job.num_stops += 1
            _interrupt(job.process, firmly=job.num_stops > 1)
            return job

    def close(self) -> None:
        """Stops all commands and waits for them; may be called twice."""
        running = [job for job in self.jobs() if job.is_running]
        for job in running:
            job.num_stops += 1
            _interrupt(job.process, firmly=False)
        until = time.perf_counter() + PATIENCE_S
        for job in running:
            try:
                job.process.wait(max(0.0, until - time.perf_counter()))
            except subprocess.TimeoutExpired:
                job.process.kill()
                job.process.wait()


def _interrupt(process: "subprocess.Popen[bytes]", *, firmly: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if firmly or sys.platform == "win32":
            process.terminate()
        else:
            process.send_signal(signal.SIGINT)
