"""Every training command of the guide, word for word, is understood as it was meant."""

import importlib
import shlex
from pathlib import Path

import pytest
import tyro

from understudy.cli.guide_scripts import SCRIPT_COMMANDS

# The guide's Step 1.2, Quick Reference, and its settings for small data, large data and quick iteration.
COMMANDS = [
    (
        "python darkorbit_bot/v2/training/train_strategist.py --data_dir recordings/v2_training "
        "--output_dir models/v2/strategist --epochs 100 --batch_size 32 --lr 1e-4 --device cuda",
        {"epochs": 100, "batch_size": 32, "lr": 1e-4, "device": "cuda", "data_dir": Path("recordings/v2_training")},
    ),
    (
        "python darkorbit_bot/v2/training/train_tactician.py --data_dir recordings/v2_training "
        "--output_dir models/v2/tactician --epochs 80 --batch_size 64 --lr 1e-4 --device cuda",
        {"epochs": 80, "batch_size": 64, "lr": 1e-4, "output_dir": Path("models/v2/tactician")},
    ),
    (
        "python darkorbit_bot/v2/training/train_executor.py --data_dir recordings/v2_training "
        "--output_dir models/v2/executor --epochs 60 --batch_size 128 --lr 3e-4 --device cuda",
        {"epochs": 60, "batch_size": 128, "lr": 3e-4, "output_dir": Path("models/v2/executor")},
    ),
    (
        "python darkorbit_bot/v2/training/train_strategist.py --data_dir recordings/v2_training --epochs 100",
        {"epochs": 100, "output_dir": Path("models/v2/strategist")},
    ),
    ("train_strategist.py --epochs 150 --batch_size 16", {"epochs": 150, "batch_size": 16}),
    ("train_tactician.py --epochs 120 --batch_size 32", {"epochs": 120, "batch_size": 32}),
    ("train_executor.py --epochs 100 --batch_size 64", {"epochs": 100, "batch_size": 64}),
    ("train_strategist.py --epochs 80 --batch_size 64", {"epochs": 80, "batch_size": 64}),
    ("train_tactician.py --epochs 60 --batch_size 128", {"epochs": 60, "batch_size": 128}),
    ("train_executor.py --epochs 40 --batch_size 256", {"epochs": 40, "batch_size": 256}),
    ("train_strategist.py --epochs 20 --batch_size 32 --lr 3e-4", {"epochs": 20, "lr": 3e-4}),
    ("train_tactician.py --epochs 15 --batch_size 64 --lr 3e-4", {"epochs": 15, "lr": 3e-4}),
    ("train_executor.py --epochs 10 --batch_size 128 --lr 5e-4", {"epochs": 10, "lr": 5e-4}),
]


def parse(command: str) -> object:
    """What a command line is read as; the script's name picks the door."""
    words = shlex.split(command.removeprefix("python "))
    module, name = SCRIPT_COMMANDS[Path(words[0]).stem]
    return tyro.cli(getattr(importlib.import_module(module), name), args=words[1:])


@pytest.mark.parametrize(("command", "meant"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_of_the_guide_means_what_it_says(command: str, meant: dict[str, object]) -> None:
    understood = parse(command)
    for setting, value in meant.items():
        assert getattr(understood, setting) == value, setting


@pytest.mark.parametrize(("command", "meant"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_hyphens_mean_the_same_as_underscores(command: str, meant: dict[str, object]) -> None:
    hyphens = " ".join(word.replace("_", "-") if word.startswith("--") else word for word in command.split())
    assert parse(hyphens) == parse(command)


@pytest.mark.parametrize("name", [name for name in SCRIPT_COMMANDS if name.startswith("train_")])
def test_left_out_settings_are_those_of_the_guide(name: str) -> None:
    full = next(command for command, _ in COMMANDS if f"{name}.py" in command)
    understood, default = parse(full), parse(f"{name}.py")
    for setting in ("output_dir", "epochs", "batch_size", "lr"):
        assert getattr(default, setting) == getattr(understood, setting), setting
