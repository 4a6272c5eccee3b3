"""Locks on folders of policies: one process at a time changes what plays, and one at a time trains into a folder.

Each is the lock of a hidden file, which says who has it; the system takes it back when that process dies, however it
does. The file stays behind: taking it away would let two processes hold a lock of the same name.

models/v2/.promotion.lock              what plays is being changed: for milliseconds, others wait
models/v2/executor/.training.lock      somebody trains into this folder: for minutes or hours, others are refused
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from understudy.contract.errors import CheckpointError, TrainingError, UnderstudyError
from understudy.contract.file_lock import is_locked, wait_for_lock
from understudy.contract.safe_files import open_to_append
from understudy.contract.terminal_text import printable

PROMOTION_LOCK, TRAINING_LOCK = ".promotion.lock", ".training.lock"
PATIENCE_S = 20.0
"""A promotion waits for another one so long."""
LOOK_S = 0.5
"""Somebody who only looks whether a folder is being trained into is gone after so long."""
MAX_HOLDER = 200
"""Characters that are shown of what a lock file says."""


@contextmanager
def promotion_lock(models: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Nobody else changes what plays in a folder of policies until the end of the block; waits for whoever does.

    One lock for all three policies: a candidate is checked against those that play beside it.

    Raises:
        CheckpointError: if another process still has it after `patience_s`, or the folder cannot be written to.
    """
    with _hold(models / PROMOTION_LOCK, CheckpointError, patience_s):
        yield


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Nobody else trains into a folder until the end of the block.

    Raises:
        TrainingError: if somebody does already, who is named, or the folder cannot be written to.
    """
    with _hold(folder / TRAINING_LOCK, TrainingError, LOOK_S):
        yield


def expect_no_training(folder: Path, error: type[UnderstudyError] = TrainingError) -> None:
    """Refuses to touch a folder that somebody trains into.

    Raises:
        UnderstudyError: of the kind `error`; names whoever trains.
    """
    path = folder / TRAINING_LOCK
    if is_locked(path):
        raise error(_refusal(path))


@contextmanager
def _hold(path: Path, error: type[UnderstudyError], patience_s: float) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open_to_append(path)
    except OSError as problem:
        raise error(
            f"{path} cannot be written ({problem.strerror or problem}): check the permissions of its folder, and that "
            "nothing else has this name."
        ) from problem
    with file:
        if not wait_for_lock(file, patience_s):
            raise error(_refusal(path))
        with suppress(OSError):  # a full disk takes the lock, if not the name
            file.truncate(0)
            file.write(_ourselves().encode("utf-8", "backslashreplace"))
        yield


def _refusal(path: Path) -> str:
    what, otherwise = (
        ("What plays in {} is being changed", "try again")
        if path.name == PROMOTION_LOCK
        else ("{} is being trained into", "give another folder")
    )
    return f"{what.format(path.parent)} already, by {_holder(path)}: wait until that has ended, or {otherwise}."


def _holder(path: Path) -> str:
    """Who has a lock, as its file says."""
    try:
        with path.open("rb") as file:
            said = file.read(2 * MAX_HOLDER).decode("utf-8", "replace").strip()
    except OSError:
        said = ""
    return printable(said, MAX_HOLDER) or "another process"


def _ourselves() -> str:
    program = Path(sys.argv[0]).stem if sys.argv else ""
    program = "understudy" if program in ("main", "__main__", "-c", "") else program
    command = " ".join([program, *sys.argv[1:]])
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return f"process {os.getpid()} on {platform.node()} since {since} ({command})"
