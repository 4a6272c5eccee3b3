"""Output paths of a verb: annotated on the fields of its dataclass, and tried in one place before anything is run.

    out: OutputFolder = Path("out/evaluation")

A path is tried by doing what the verb will do: missing folders are made and a few kilobytes are written. Asking for
permissions instead would say yes to root in /proc, and nothing of a full disk or a name that is too long. Whatever the
trial makes it removes; a file that exists is opened and left as it is.
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
    """The verb writes here."""

    kind: Literal["file", "folder"]
    when: Callable[[Any], bool] = lambda command: True
    """Given the dataclass, whether it does write."""
    place: Callable[[Path], Path] = lambda path: path
    """Given the flag's value, what is written to."""
    default: Path | None = None
    """Where it writes if the flag is None; None for nowhere that is known beforehand."""
    remedy: str = ""
    """What else helps than another path."""


OutputFile = Annotated[Path, Output(kind="file")]
OutputFolder = Annotated[Path, Output(kind="folder")]


def check_outputs(command: Any) -> None:
    """Tries every output path of a verb's dataclass.

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
    """Writes to a file, or to a new file in a folder, and removes what it made.

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
                file.write(b"")  # a device that is full refuses even this
        else:
            _make_and_remove(path)


def _open_at_once(path: str, flags: int) -> int:
    """A named pipe that nobody reads is refused rather than waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def _existing(folder: Path) -> Iterator[Path]:
    """A folder that exists inside the `with` block; afterwards what was missing is missing again."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            made.append(each)
        yield folder
    finally:
        for each in reversed(made):
            with contextlib.suppress(OSError):  # somebody else has put something into it meanwhile
                each.rmdir()


def _make_and_remove(path: Path) -> None:
    with contextlib.ExitStack() as after_closing, path.open("xb") as file:
        after_closing.callback(path.unlink)
        file.write(TRIAL)
