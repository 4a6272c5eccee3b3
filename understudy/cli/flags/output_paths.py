"""Output paths of a verb: annotated on the fields of its dataclass, and checked by a trial write before it runs.

    out: OutputFolder = Path("out/evaluation")

The trial does what the verb will do: it creates missing folders and writes a few kilobytes. Checking permissions
instead would allow root to write in /proc, and would not detect a full disk or a name that is too long. The trial
removes what it created; a file that exists is opened and not changed.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from understudy.cli.flags.number_ranges import annotated_fields, flag_of
from understudy.contract.errors import FlagError
from understudy.contract.safe_files import temporary_beside

TRIAL = bytes(4096)


@dataclass(frozen=True, kw_only=True)
class Output:
    """Annotation of a path that the verb writes to."""

    kind: Literal["file", "folder"]
    when: Callable[[Any], bool] = lambda command: True
    """Returns, given the dataclass, whether the verb writes at all."""
    place: Callable[[Path], Path] = lambda path: path
    """Returns, given the flag's value, the path that is written to."""
    default: Path | None = None
    """Path that is written to if the flag is None; None if it is not known beforehand."""
    remedy: str = ""
    """Advice besides another path."""


OutputFile = Annotated[Path, Output(kind="file")]
OutputFolder = Annotated[Path, Output(kind="folder")]


def check_outputs(command: Any) -> None:
    """Checks every output path of a verb's dataclass by a trial write.

    Raises:
        FlagError: if one cannot be written to; names the flag, the path and the reason.
    """
    for field, marks in annotated_fields(type(command)):
        for output in (mark for mark in marks if isinstance(mark, Output)):
            path = getattr(command, field.name) or output.default
            if path is None or not output.when(command):
                continue
            try:
                try_to_write(output.place(path), output.kind)
            except OSError as problem:
                remedies = " or ".join(filter(None, (f"name another {output.kind}", output.remedy)))
                raise FlagError(
                    f"{flag_of(field, marks)} {path} cannot be written to ({problem.strerror or problem}): {remedies}."
                ) from problem


def try_to_write(path: Path, kind: Literal["file", "folder"]) -> None:
    """Writes to a file, or to a new file in a folder, and removes what it created.

    Raises:
        OSError: if that fails.
    """
    with _existing(path if kind == "folder" else path.parent) as folder:
        if kind == "folder":
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(TRIAL)
        elif path.is_symlink() and not path.exists():  # is replaced, not followed
            _make_and_remove(temporary_beside(path))
        elif path.exists():
            with open(path, "ab", buffering=0, opener=_open_at_once) as file:
                file.write(b"")  # fails on a full device
        else:
            _make_and_remove(path)


def _open_at_once(path: str, flags: int) -> int:
    """Opens a file without blocking, so that a named pipe without a reader fails at once."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def _existing(folder: Path) -> Iterator[Path]:
    """Creates a folder for the duration of the `with` block, and removes the created parts afterwards."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            made.append(each)
        yield folder
    finally:
        for each in reversed(made):
            with contextlib.suppress(OSError):  # another program has written into it in the meantime
                each.rmdir()


def _make_and_remove(path: Path) -> None:
    with contextlib.ExitStack() as after_closing, path.open("xb") as file:
        after_closing.callback(path.unlink)
        file.write(TRIAL)
