"""Entry points of the guide's scripts: each script under `darkorbit_bot/` calls `open_door` with its own name.

The guide runs `python darkorbit_bot/v2/training/train_strategist.py ...` with any `python`. So only the standard
library is imported before it is known that this Python has the project's libraries; if it has not, the script is
started again with the project's own `.venv`.
"""

from __future__ import annotations  # so that an older Python can parse this file and print the message below

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from understudy.cli.entry.exit_codes import EXIT_MISTAKE

SCRIPT_COMMANDS: dict[str, tuple[str, str]] = {
    "bot_controller_v2": ("understudy.cli.live.run", "Run"),
    "recorder_v2": ("understudy.cli.live.recorder", "RecorderV2"),
    "train_strategist": ("understudy.cli.train", "TrainStrategist"),
    "train_tactician": ("understudy.cli.train", "TrainTactician"),
    "train_executor": ("understudy.cli.train", "TrainExecutor"),
    "finetune_with_vlm": ("understudy.cli.finetune", "Finetune"),
}
"""Script name -> the module that holds its command and the dataclass there, as in the table of verbs."""

NEEDED_LIBRARIES = ("tyro", "numpy", "torch", "jaxtyping")
OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parents[2]


def open_door(name: str, arguments: Sequence[str] | None = None) -> int:
    """Runs the command behind a script of the guide and returns its exit code; `name` is a key of SCRIPT_COMMANDS."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not has_libraries():
        return _hand_over(name, arguments)
    from understudy.cli.main import run_command

    return run_command(*SCRIPT_COMMANDS[name], arguments, program=f"{name}.py")


def has_libraries() -> bool:
    """Whether this Python is new enough and finds the libraries of the project."""
    found = all(importlib.util.find_spec(library) is not None for library in NEEDED_LIBRARIES)
    return sys.version_info >= OLDEST_PYTHON and found


def venv_python(root: Path) -> Path:
    """Returns the path at which start.py installs the project's own Python."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _hand_over(name: str, arguments: list[str]) -> int:
    """Starts the same script with the project's own Python, or prints how to install it."""
    python = venv_python(ROOT)
    already_there = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    if already_there or not python.exists():
        sys.stderr.write(
            f"{name}.py needs the project's libraries, which {sys.executable} does not have: "
            f"run  python3 start.py --help  once in {ROOT}, which installs them into .venv, then repeat the command.\n"
        )
        return EXIT_MISTAKE
    command = [str(python), sys.argv[0], *arguments]
    if os.name != "nt":  # exec on Windows returns to the shell while the new process still runs
        os.execv(command[0], command)
    return subprocess.call(command)
