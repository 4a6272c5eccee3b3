"""Every script of benchmarks/ runs to its end at its smallest size; one whose part dies says so, and fails."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
NEEDED = {
    "browser_game": "chromium",
    "desktop": "Xvfb",
    "desktop_hand": "Xvfb",
    "desktop_proof": "Xvfb",
    "fly_game": "Xvfb",
    "new_game": "chromium",
    "second_game": "xbill",
    "start": "Xvfb",
}
"""Programs without which a script has nothing to measure."""
LONGEST_S = 1700


def is_script(path: Path) -> bool:
    """Whether a file is run rather than imported by others."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)


SCRIPTS = [path.stem for path in sorted(FOLDER.glob("*.py")) if is_script(path)]


def run(script: str, folder: Path, *flags: str, program: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(["-c", program] if program else [str(FOLDER / f"{script}.py")]), *flags]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(FOLDER)])}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S + 60)
@pytest.mark.skipif(sys.platform == "win32", reason="benchmarks use signals, limits and X servers")
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_runs_to_its_end_at_its_smallest_size(script: str, tmp_path: Path) -> None:
    needed = NEEDED.get(script)
    if needed is not None and shutil.which(needed, path=f"{os.environ['PATH']}:/usr/games") is None:
        pytest.skip(f"{needed} is not installed")
    finished = run(script, tmp_path, "--smallest")
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-4000:]
    assert "Traceback" not in finished.stderr, finished.stderr[-4000:]
    assert finished.stdout.strip()


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S + 60)
@pytest.mark.skipif(sys.platform == "win32", reason="benchmarks use signals, limits and X servers")
def test_a_trainer_that_dies_makes_the_benchmark_of_real_time_void(tmp_path: Path) -> None:
    trainer = "import time; print('it trains', flush=True); time.sleep(0.5); raise SystemExit(3)"
    dies = f"import realtime; realtime.TRAINER = ['-c', {trainer!r}]; realtime.main()"
    finished = run("realtime", tmp_path, "--seconds", "1", "--part", "trainer", program=dies)
    assert finished.returncode == 1
    assert "The benchmark is void: the trainer has ended with 3" in finished.stderr
    assert "beside a trainer" not in finished.stdout, "no figure is printed"
