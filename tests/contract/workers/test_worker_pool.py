"""Parts have the same results whatever carries them out, and a part whose process dies is done again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from understudy.contract.errors import UnderstudyError
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.worker_pool import InProcess, LocalProcesses, add_progress, run_parts

SLEEPERS = """
import sys, time
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.worker_pool import run_parts
from tests.contract.workers.test_worker_pool import report_and_sleep
if __name__ == "__main__":
    with part_executor(2) as executor:
        run_parts(executor, report_and_sleep, [sys.argv[1]] * 2)
"""


def double(number: int) -> int:
    add_progress(number)
    return 2 * number


def die_once(folder: Path) -> int:
    """Kills its process the first time it is called with a folder."""
    try:
        (folder / "died").touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    raise ValueError(f"part {number}")


def report_and_sleep(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order_and_progress_is_their_sum(processes: int) -> None:
    told: list[int] = []
    with part_executor(processes) as executor:
        assert run_parts(executor, double, [3, 1, 2], told.append) == [6, 2, 4]
        assert told[-1] == 6 and told == sorted(told)
        assert run_parts(executor, double, [5], told.append) == [10]
        assert told[-1] == 5
        assert run_parts(executor, double, []) == []


def test_the_processes_are_kept_from_one_job_to_the_next() -> None:
    with part_executor(1) as here, LocalProcesses(2) as pool:
        assert run_parts(here, _pid, range(3)) == [os.getpid()] * 3
        first = set(run_parts(pool, _pid, range(20)))
        assert os.getpid() not in first and len(first) <= 2
        assert set(run_parts(pool, _pid, range(20))) <= first | set(_children(pool))


def _pid(_: int) -> int:
    return os.getpid()


def _children(pool: LocalProcesses) -> list[int]:
    assert pool._pool is not None
    return [process.pid for process in pool._pool._processes.values() if process.pid is not None]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_the_part_of_a_killed_worker_is_done_again(tmp_path: Path) -> None:
    with part_executor(2) as executor:
        (pid,) = run_parts(executor, die_once, [tmp_path])
        assert pid not in (0, os.getpid()) and (tmp_path / "died").exists()
        assert run_parts(executor, double, [4]) == [8]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_part_that_kills_every_worker_is_given_up() -> None:
    with part_executor(2) as executor, pytest.raises(UnderstudyError, match="died 3 times"):
        run_parts(executor, die, [1])


@pytest.mark.parametrize("executor", [InProcess(), LocalProcesses(2)])
def test_the_exception_of_a_part_is_raised(executor: InProcess | LocalProcesses) -> None:
    with executor, pytest.raises(ValueError, match="part 7"):
        run_parts(executor, fail, [7])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for one process")
def test_an_interrupt_ends_every_process_in_the_middle_of_its_part(tmp_path: Path, project_root: Path) -> None:
    program = tmp_path / "sleepers.py"
    program.write_text(SLEEPERS)
    (tmp_path / "pids").mkdir()
    parent = subprocess.Popen([sys.executable, str(program), str(tmp_path / "pids")], cwd=project_root,
                              stderr=subprocess.DEVNULL)  # fmt: skip
    while len(list((tmp_path / "pids").iterdir())) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=60.0)  # the parts sleep for ten minutes; on a busy machine Python itself ends slowly
    pids = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    assert not any(_is_alive(pid) for pid in pids)


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"
