"""A module of ours runs beside us within limits, and how it ended is told apart."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.child_processes import is_running
from understudy.contract.processes import limited_process
from understudy.contract.processes.limited_process import CRASHED, OUT_OF_MEMORY, OUT_OF_TIME, run_limited

SCRIPTS = {
    "an answer": ("print('noise'); print('{\"a\": 1}')", ""),
    "no answer": ("pass", CRASHED),
    "another answer": ("print('3')", CRASHED),
    "an error": ("raise ValueError('odd')", CRASHED),
    "an end without a word": ("import os; os._exit(3)", CRASHED),
    "too much memory": ("limit_this_process(5, 10**8); x = bytearray(10**10); print('{}')", OUT_OF_MEMORY),
    "too much time": ("limit_this_process(1, 10**9)\nwhile True: pass", OUT_OF_TIME),
    "too long a sleep": ("import time; time.sleep(60)", OUT_OF_TIME),
}


@pytest.mark.parametrize(("script", "fault"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_how_it_ended_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, fault: str) -> None:
    (tmp_path / "our_script.py").write_text(f"from {limited_process.__name__} import limit_this_process\n{script}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = run_limited("our_script", [], wall_s=5.0 if "sleep" in script else 30.0)
    assert ended.fault == fault
    assert ended.answer == (None if fault else {"a": 1})


def test_the_working_folder_is_not_searched_for_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_script.py").write_text("print('{}')")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    assert run_limited("our_script", [], 30.0).fault == CRASHED


STARTS = """
import sys
from understudy.contract.processes.limited_process import run_limited
run_limited("our_script", [], 300.0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")
def test_it_ends_with_whoever_started_it(tmp_path: Path, project_root: Path) -> None:
    script = "limit_this_process(60, 10**9); open(sys.argv[0] + '.pid', 'w').write(f'{os.getpid()}.'); time.sleep(300)"
    (tmp_path / "our_script.py").write_text(
        f"import os, sys, time\nfrom {limited_process.__name__} import limit_this_process\n{script}\n"
    )
    paths = os.pathsep.join([str(tmp_path), str(project_root)])
    starter = subprocess.Popen([sys.executable, "-c", STARTS], env={**os.environ, "PYTHONPATH": paths})
    written = tmp_path / "our_script.py.pid"
    try:
        while not (written.exists() and written.read_text().endswith(".")):
            assert starter.poll() is None
            time.sleep(0.02)
    finally:
        starter.kill()
        starter.wait()
    child, until = int(written.read_text().rstrip(".")), time.perf_counter() + 2.0
    while is_running(child):
        assert time.perf_counter() < until
        time.sleep(0.02)
