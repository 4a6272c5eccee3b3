"""What live verbs load before they say their first word, and before they are ready: seconds of importing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import loaded_packages
from tests.support.desktop_fixtures import TITLE, PaperGame
from tests.support.small_policies import write_brain

SCRIPT = str(loaded_packages.__file__)
LARGE = {"numpy", "torch", "numba", "scipy", "onnxruntime", "onnx", "cv2", "pygame", "av"}
UNNEEDED = {
    *("matplotlib", "pyarrow", "pandas", "jinja2", "starlette", "uvicorn", "tensorboard", "sympy", "av"),
    *("torch._dynamo", "torch._inductor", "understudy.studio", "understudy.learning.supervised"),
    "understudy.learning.training.trainer",
}


def loaded_at(lines: "list[str]", words: str) -> set[str]:
    """The packages that were loaded when a line was printed."""
    (line,) = [line for line in lines if words in line][:1] or pytest.fail(f"{words!r} is not among {lines}")
    return set(line.partition("|")[0].split())


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--world", "desktop", "--window", "Nowhere"),
        ("run", "--world", "desktop", "--window", "Nowhere", "--shadow-train"),
        ("record", "--world", "desktop", "--window", "Nowhere"),
    ],
    ids=" ".join,
)
def test_a_live_verb_says_that_it_starts_before_it_loads_anything_large(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert finished.returncode == 2, "there is no such window"
    first = finished.stdout.splitlines()[0]
    assert first.endswith("|Starting ...")
    assert loaded_at([first], "Starting") & LARGE == set()


@pytest.mark.desktop
def test_recording_loads_neither_torch_nor_what_only_training_needs(
    start_program: Callable[..., subprocess.Popen[str]],
) -> None:
    loaded = loaded_when_ready(start_program(SCRIPT, "record", "--world", "desktop", "--no-video"), "F5 start and stop")
    assert "understudy.worlds.desktop.world" in loaded
    assert loaded & {*UNNEEDED, "torch", "onnx", "pygame"} == set()


@pytest.mark.desktop
def test_play_loads_what_it_plays_with_and_nothing_that_only_training_needs(
    start_program: Callable[..., subprocess.Popen[str]], desktop_environment: dict[str, str], tmp_path: Path
) -> None:
    models = write_brain(tmp_path / "models")
    game = PaperGame(desktop_environment)
    try:
        run = start_program(
            SCRIPT, *("run", "--world", "desktop", "--window", TITLE, "--models", str(models), "--test-mode")
        )
        loaded = loaded_when_ready(run, "TEST MODE")
    finally:
        game.close()
    assert {"torch", "onnxruntime"} <= loaded
    assert loaded & UNNEEDED == set()


def loaded_when_ready(process: "subprocess.Popen[str]", words: str) -> set[str]:
    """Reads up to the line by which a verb is ready."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            break
    return loaded_at(lines, words)
