"""Children are gone within two seconds of their parent's kill -9, whatever they compute, and hold none of its pipes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.native_code import is_running
from understudy.contract import child_process

LONGEST_S = 2.0
PATIENCE_S = 30.0
KINDS = ("learner", "online", "shadow", "evaluation", "starting")
PROGRAM = "from tests.support.orphan_process import main; main()"
"""Not by its path: a child runs the file that its parent was started with, and that before all else."""
WATCHED = """
import os, sys, time
from understudy.contract import child_process
child_process._kernel_ends_us = lambda: False
parent = os.getpid()
child = os.fork()
if child == 0:
    child_process.end_with_parent(int(sys.argv[1]) if len(sys.argv) > 1 else parent)
    time.sleep(600)
print(os.getpid(), child, flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")


Family = tuple["subprocess.Popen[str]", list[int]]


@pytest.fixture
def start() -> Iterator[Callable[..., Family]]:
    """Starts a program that prints its process id and those of its children; all are ended with the test."""
    families: list[Family] = []

    def begin(*command: str) -> Family:
        parent = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        families.append((parent, []))
        assert parent.stdout is not None
        line = parent.stdout.readline()
        assert line.split() and line.split()[0] == str(parent.pid), line
        families[-1][1].extend(map(int, line.split()[1:]))
        return families[-1]

    yield begin
    for parent, children in families:
        for pid in (parent.pid, *children):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        parent.communicate(timeout=PATIENCE_S)


def kill_and_wait(parent: "subprocess.Popen[str]", children: list[int]) -> float:
    """Seconds from kill -9 of the parent until all children and their pipes are gone."""
    killed_s = time.perf_counter()
    parent.kill()
    parent.wait()
    while any(map(is_running, children)) and time.perf_counter() < killed_s + PATIENCE_S:
        time.sleep(0.01)
    gone_s = time.perf_counter() - killed_s
    with contextlib.suppress(subprocess.TimeoutExpired):
        parent.communicate(timeout=max(LONGEST_S - gone_s, 0.1))  # waits for everybody who holds its stdout
        return max(gone_s, time.perf_counter() - killed_s)
    return PATIENCE_S


@pytest.mark.parametrize("kind", KINDS)
def test_children_that_compute_in_native_code_are_gone_two_seconds_after_their_parent(
    kind: str, tmp_path: Path, start: Callable[..., Family]
) -> None:
    parent, children = start("-c", PROGRAM, kind, str(tmp_path))
    assert all(map(is_running, children))
    assert kill_and_wait(parent, children) < LONGEST_S


def test_where_the_kernel_does_not_do_it_a_thread_ends_the_child(start: Callable[..., Family]) -> None:
    parent, (child,) = start("-c", WATCHED)
    assert is_running(child)
    assert kill_and_wait(parent, [child]) < LONGEST_S


def test_a_child_whose_parent_died_before_it_asked_ends_at_once(start: Callable[..., Family]) -> None:
    parent, (child,) = start("-c", WATCHED, "1")  # a parent of another number than the true one
    until_s = time.perf_counter() + PATIENCE_S
    while is_running(child):
        assert time.perf_counter() < until_s
        time.sleep(0.01)
    parent.kill()
    parent.communicate(timeout=PATIENCE_S)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_holds_no_pipe_of_its_parents_but_stderr(tmp_path: Path, start: Callable[..., Family]) -> None:
    parent, (child,) = start("-c", PROGRAM, "learner", str(tmp_path))
    assert parent.stdout is not None
    ours = os.readlink(f"/proc/{os.getpid()}/fd/{parent.stdout.fileno()}")
    held = {path.name: os.readlink(path) for path in Path(f"/proc/{child}/fd").iterdir()}
    assert [number for number, file in held.items() if file == ours] == ["2"]
    assert held["0"] == held["1"] == os.devnull
    kill_and_wait(parent, [child])


def test_everything_that_starts_a_worker_takes_its_context() -> None:
    """The contrary, a process that outlives its parent, is the release watchdog alone."""
    sources = (Path(child_process.__file__).parents[1]).rglob("*.py")
    made = [path.name for path in sources if 'get_context("' in path.read_text(encoding="utf-8")]
    assert made == []
