"""Locks on folders of policies: one process at a time changes the active weights, and one at a time trains in a folder.

Each is an operating system's lock on a hidden file that names its holder; it is released when that process dies. The
file stays: deleting it would let two processes hold a lock of the same name.

models/v2/.promotion.lock              active weights are being changed: for milliseconds, other processes wait
models/v2/executor/.training.lock      training writes to this folder: for minutes or hours, others are refused
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
"""Maximum wait of a promotion for another one."""
LOOK_S = 0.5
"""Maximum wait for a process that only checks whether a folder is being trained into."""
MAX_HOLDER = 200
"""Characters of a lock file that are shown."""


@contextmanager
def promotion_lock(models: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Locks the active weights of a folder of policies for the block; waits for the present holder.

    One lock for all three policies: a candidate is checked against those that are active beside it.

    Raises:
        CheckpointError: if another process still holds it after `patience_s`, or the folder is not writable.
    """
    with _hold(models / PROMOTION_LOCK, CheckpointError, patience_s):
        yield


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Locks a folder for training for the block.

    Raises:
        TrainingError: if another process trains into it (the message names it), or the folder is not writable.
    """
    with _hold(folder / TRAINING_LOCK, TrainingError, LOOK_S):
        yield


def expect_no_training(folder: Path, error: type[UnderstudyError] = TrainingError) -> None:
    """Refuses to touch a folder that a process trains into.

    Raises:
        UnderstudyError: of the class `error`; names the process that trains.
    """
    path = folder / TRAINING_LOCK
    if is_locked(path):
        raise error(_refusal(path))


def training_holder(folder: Path) -> str:
    """Returns the process that trains into a folder, as it named itself; empty if none does."""
    path = folder / TRAINING_LOCK
    return _holder(path) if is_locked(path) else ""


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
        with suppress(OSError):  # on a full disk the lock works, though not the name
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
    """Returns the holder of a lock, as named in its file."""
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
