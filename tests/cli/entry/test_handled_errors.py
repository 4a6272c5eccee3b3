"""The exit code of a process is the one that the command gives, whatever Ctrl-C interrupted."""

import subprocess
import sys
from pathlib import Path

import pytest

STOPPED_IN_EXEC = """
import sys
from understudy.cli.entry.handled_errors import run_to_exit_code

def action():
    try:
        exec("raise KeyboardInterrupt")  # as while a dataclass is made
    except KeyboardInterrupt:
        return 130

if __name__ == "__main__":
    sys.exit(run_to_exit_code(action))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT that ends a process there")
def test_a_handled_interrupt_inside_of_exec_does_not_kill_the_process(tmp_path: Path) -> None:
    (tmp_path / "stopped_in_exec.py").write_text(STOPPED_IN_EXEC, encoding="utf-8")
    ended = subprocess.run([sys.executable, "-m", "stopped_in_exec"], cwd=tmp_path, check=False)
    assert ended.returncode == 130
