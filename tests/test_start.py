"""start.py: understood by old Pythons, installs once, mends what is torn."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETUP_TIMEOUT_S = 1500


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "start.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SETUP_TIMEOUT_S,
    )


def test_an_older_python_can_read_as_far_as_the_sentence_for_it(project_root: Path) -> None:
    ast.parse((project_root / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_only_the_standard_library_is_imported(project_root: Path) -> None:
    tree = ast.parse((project_root / "start.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)


def test_the_constraints_are_exact_and_name_no_host_and_no_local_version(project_root: Path) -> None:
    lines = (project_root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in pins
    for pin in pins:
        name, equals, version = pin.partition("==")
        assert name and equals and version.replace(".", "").isalnum(), pin
    names = [pin.partition("==")[0] for pin in pins]
    assert names == sorted(set(names))


@pytest.mark.slow
@pytest.mark.timeout(4 * SETUP_TIMEOUT_S)
def test_the_first_run_installs_the_second_does_not_and_a_torn_one_is_mended(
    project_root: Path, tmp_path: Path
) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=project_root, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project_root / name, tmp_path / name)

    first = start(tmp_path, "--version")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "[start] installed in" in first.stdout
    assert start(tmp_path, "--version").stdout == first.stdout.splitlines()[-1] + "\n"

    numba = next((tmp_path / ".venv").rglob("site-packages/numba"))
    shutil.rmtree(numba)
    mended = start(tmp_path, "--version")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert numba.exists()

    assert start(tmp_path, "dance").returncode == 2
