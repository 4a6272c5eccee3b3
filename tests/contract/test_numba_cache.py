"""Compiled code follows changes in other files, and finds a folder where neither package nor home can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CALLEE = """
import numba

@numba.njit(cache=True)
def plus(x):
    return x + {number}
"""

CALLER = """
import sys
from pathlib import Path
import numba
from understudy.contract.numba_cache import forget_stale_code
from callee import plus

@numba.njit(cache=True)
def tenfold(x):
    return 10 * plus(x)

removed = forget_stale_code(Path(__file__).parent)
print(tenfold(1), removed, tenfold.stats.cache_hits.total())
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "callee.py").write_text(CALLEE.format(number=1), encoding="utf-8")
    (tmp_path / "caller.py").write_text(CALLER, encoding="utf-8")
    return tmp_path


def run(package: Path) -> list[int]:
    """[10 * plus(1), files removed, functions taken from the cache] of a fresh process."""
    done = subprocess.run(
        [sys.executable, package / "caller.py"], capture_output=True, text=True, check=True, timeout=300
    )
    return [int(word) for word in done.stdout.split()]


def test_a_changed_callee_in_another_file_changes_what_the_caller_does_and_nothing_else_compiles_anew(
    package: Path,
) -> None:
    assert run(package) == [20, 0, 0]
    (package / "notes.py").write_text("# nothing that is compiled", encoding="utf-8")
    assert run(package) == [20, 0, 1]
    (package / "callee.py").write_text(CALLEE.format(number=2), encoding="utf-8")
    result, removed, hits = run(package)
    assert (result, hits) == (30, 0)
    assert removed > 0


ASK = """
import os, sys
from pathlib import Path
from understudy.contract.numba_cache import ensure_cache_folder
folder = ensure_cache_folder(Path(sys.argv[1]))
print(folder, os.environ.get("NUMBA_CACHE_DIR"), folder is not None and folder.is_dir())
sys.path.insert(0, sys.argv[1])
import compiled
print(compiled.twice(4))
"""
COMPILED = """
import numba

@numba.njit(cache=True)
def twice(x):
    return 2 * x
"""


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A package whose code cannot be kept beside it: not even root can make a folder where there is a file."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "compiled.py").write_text(COMPILED, encoding="utf-8")
    (folder / "__pycache__").write_text("no folder", encoding="utf-8")
    return folder


def homeless(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose home cannot be written to."""
    (tmp_path / "home").write_text("no folder", encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    return {**kept, "HOME": str(tmp_path / "home"), "TMPDIR": str(temporary)}


def ask(package: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ASK, str(package)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the user's cache folder is not named by HOME")
def test_without_any_other_a_temporary_folder_is_used_said_and_removed(unwritable: Path, tmp_path: Path) -> None:
    asked = ask(unwritable, homeless(tmp_path))
    assert asked.returncode == 0, asked.stderr
    folder, variable, exists = asked.stdout.split()[:3]
    assert Path(folder).parent == tmp_path / "temporary" and (variable, exists) == (folder, "True")
    assert asked.stdout.split()[3] == "8"
    assert "each run compiles" in asked.stderr and "NUMBA_CACHE_DIR" in asked.stderr
    assert os.listdir(tmp_path / "temporary") == []


def test_where_numba_finds_a_folder_by_itself_nothing_is_said_or_set(unwritable: Path, tmp_path: Path) -> None:
    home = {**homeless(tmp_path), "HOME": str(tmp_path)}
    named = {**homeless(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "named")}
    assert ask(unwritable, home).stdout.split() == ["None", "None", "False", "8"]
    assert ask(unwritable, named).stdout.split() == ["None", str(tmp_path / "named"), "False", "8"]
    (unwritable / "__pycache__").unlink()
    asked = ask(unwritable, homeless(tmp_path))
    assert asked.stdout.split() == ["None", "None", "False", "8"]
    assert asked.stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the user's cache folder is not named by HOME")
def test_a_read_only_installation_records_for_somebody_without_a_home(project_root: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(project_root / "understudy", installed / "understudy", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in {source.parent for source in installed.rglob("*.py")}:
        (folder / "__pycache__").write_text("no folder", encoding="utf-8")
    environment = {**homeless(tmp_path), "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "understudy", "record", "--minutes", "0.2", "--sessions", "1", "--out", "play"]
    finished = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr and "0.2 minutes of teacher hunter" in finished.stdout
