"""Every command of the guide that runs bot_controller_v2.py is understood as it was meant."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from understudy.cli.entry.verbs import VERBS
from understudy.cli.guide_scripts import SCRIPT_COMMANDS
from understudy.cli.live.run import Run
from understudy.cli.main import main
from understudy.worlds.catalog import load_profile

SCRIPT = "darkorbit_bot/v2/bot_controller_v2.py"
COMMANDS = [
    (f"python {SCRIPT} --shadow-train --save-recordings", {"shadow_train": True, "save_recordings": True}),
    (f"python {SCRIPT} --shadow-train", {"shadow_train": True, "save_recordings": False, "shadow_lr": 1e-4}),
    (f"python {SCRIPT} --shadow-train --shadow-lr 1e-4", {"shadow_train": True, "shadow_lr": 1e-4}),
    (f"python {SCRIPT} --test_mode", {"test_mode": True, "no_online_learning": False}),
    (f"python {SCRIPT}", {"test_mode": False, "shadow_train": False, "models": Path("models/v2")}),
    (f"python {SCRIPT} --shadow", {"shadow_train": True}),
    (f"python {SCRIPT} --test_mode --no_online_learning", {"test_mode": True, "no_online_learning": True}),
    (f"python {SCRIPT} --no_online_learning", {"no_online_learning": True}),
]


def parse(words: list[str]) -> Run:
    return tyro.cli(Run, args=words)


@pytest.mark.parametrize(("command", "meant"), COMMANDS, ids=[command for command, _ in COMMANDS])
@pytest.mark.parametrize("spelling", ["-", "_"])
def test_a_command_of_the_guide_means_what_it_says_in_either_spelling(
    command: str, meant: dict[str, object], spelling: str
) -> None:
    words = shlex.split(command)[2:]
    spelt = [
        f"--{word[2:].replace('-', spelling).replace('_', spelling)}" if word[:2] == "--" else word for word in words
    ]
    understood = parse(spelt)
    for setting, value in meant.items():
        assert getattr(understood, setting) == value, setting


def test_the_script_is_the_verb_run() -> None:
    assert SCRIPT_COMMANDS["bot_controller_v2"] == VERBS["run"]


def test_the_script_explains_its_flags_from_the_project_root(project_root: Path) -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, "--help"], cwd=project_root, capture_output=True, text=True, check=False, timeout=300
    )
    assert finished.returncode == 0, finished.stderr
    assert "usage: bot_controller_v2.py" in finished.stdout
    for flag in (
        "--test-mode",
        "--no-online-learning",
        "--shadow-train",
        "--shadow",
        "--save-recordings",
        "--shadow-lr",
    ):
        assert flag in finished.stdout


@pytest.mark.parametrize(
    "flags",
    [["--size", "10", "10"], ["--minutes", "-1"], ["--hand-back-s", "0"], ["--seed", "-1"], ["--shadow-lr", "0"]],
)
def test_numbers_that_make_no_session_are_refused(flags: list[str]) -> None:
    assert main(["run", *flags]) == 2


def test_without_trained_policies_one_sentence_says_so(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--debug"]) == 2
    assert "understudy train" in capsys.readouterr().err


def test_it_says_how_to_stop_and_only_what_is_true() -> None:
    from understudy.cli.live.run import _charge, _corner

    on_screen = Run(world="desktop")
    assert "take over" in _charge(on_screen) and "corner" in _corner(on_screen)
    assert "Nothing is sent" in _charge(Run(test_mode=True)) and not _corner(Run(test_mode=True, world="desktop"))
    assert not _corner(Run())


def test_normal_operation_learns_online_unless_told_not_to() -> None:
    from understudy.cli.live.run import _online_of

    profile = load_profile()
    assert (_online_of(Run(), profile).off, _online_of(Run(), profile).learning_rate) == (False, 1e-5)
    assert _online_of(Run(no_online_learning=True), profile).off
    assert _online_of(Run(test_mode=True), profile).off
