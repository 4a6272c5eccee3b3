"""The guide's script names: they are where it says, run as it says, and explain themselves."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from understudy.cli.guide_scripts import SCRIPT_COMMANDS, open_door, venv_python

SCRIPTS = {
    "bot_controller_v2": "darkorbit_bot/v2/bot_controller_v2.py",
    "recorder_v2": "darkorbit_bot/v2/recording/recorder_v2.py",
    "train_strategist": "darkorbit_bot/v2/training/train_strategist.py",
    "train_tactician": "darkorbit_bot/v2/training/train_tactician.py",
    "train_executor": "darkorbit_bot/v2/training/train_executor.py",
    "finetune_with_vlm": "darkorbit_bot/v2/training/finetune_with_vlm.py",
}


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment or None, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python without any of the project's libraries."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=sys.platform != "win32")
    return tmp_path / "bare" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def test_there_is_a_script_for_every_door_and_a_door_for_every_script(project_root: Path) -> None:
    assert set(SCRIPTS) == set(SCRIPT_COMMANDS)
    found = {path.relative_to(project_root).as_posix() for path in (project_root / "darkorbit_bot").rglob("*.py")}
    assert {path for path in found if not path.endswith("__init__.py")} == set(SCRIPTS.values())


TRAINERS = {name: script for name, script in SCRIPTS.items() if name.startswith("train_")}


@pytest.mark.parametrize(("name", "script"), TRAINERS.items())
def test_a_script_explains_its_flags_from_the_project_root(name: str, script: str, project_root: Path) -> None:
    finished = run([sys.executable, script, "--help"], project_root)
    assert finished.returncode == 0, finished.stderr
    assert f"usage: {name}.py" in finished.stdout
    for flag in ("--data-dir", "--output-dir", "--epochs", "--batch-size", "--lr", "--device"):
        assert flag in finished.stdout


@pytest.mark.parametrize("script", SCRIPTS.values())
def test_a_script_runs_as_a_module_too(script: str, project_root: Path) -> None:
    module = script.removesuffix(".py").replace("/", ".")
    finished = run([sys.executable, "-m", module, "--help"], project_root)
    assert finished.returncode == 0, finished.stderr


def test_a_python_without_the_libraries_gets_a_sentence(bare_python: Path, project_root: Path, tmp_path: Path) -> None:
    copy = copy_of_the_doors(project_root, tmp_path)
    finished = run([str(bare_python), SCRIPTS["train_executor"], "--epochs", "1"], copy)
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "start.py" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for .venv is a shell script")
def test_a_python_without_the_libraries_hands_over_to_the_one_in_the_venv(
    bare_python: Path, project_root: Path, tmp_path: Path
) -> None:
    copy = copy_of_the_doors(project_root, tmp_path)
    python = venv_python(copy)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "taken over: $@"\nexit 5\n', encoding="utf-8")
    python.chmod(0o755)
    finished = run([str(bare_python), SCRIPTS["train_executor"], "--epochs", "1"], copy)
    assert finished.returncode == 5
    assert finished.stdout == f"taken over: {SCRIPTS['train_executor']} --epochs 1\n"


def copy_of_the_doors(project_root: Path, folder: Path) -> Path:
    """A project folder with nothing in it but the doors, so that its .venv can be whatever the test needs."""
    copy = folder / "project"
    for name in (
        *SCRIPTS.values(),
        "understudy/__init__.py",
        "understudy/cli/__init__.py",
        "understudy/cli/entry/__init__.py",
        "understudy/cli/entry/exit_codes.py",
        "understudy/cli/guide_scripts.py",
    ):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((project_root / name).read_bytes())
    return copy


def test_the_guides_line_for_trouble_with_shadow_learning_goes_as_far_as_the_missing_policies(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_door("bot_controller_v2", ["--shadow", "--debug"]) == 2
    said = capsys.readouterr().err
    assert "understudy train" in said and "--debug" not in said
