"""A change in one file reaches the compiled functions of another."""

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
