"""Corrections on disk: lines are appended and replaced one at a time, each whole or absent after a crash.

Each line is one `write` to a file opened for appending, followed by a sync. A crash within a line leaves it without
its newline; the reader drops such a tail, and the next writer terminates the torn line first. The file is reopened
for each line under the lock of its folder, because `corrections edit` may replace the file.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from understudy.contract.errors import FlagError, WireError
from understudy.contract.folder_lock import folder_lock
from understudy.contract.safe_files import create_new, open_to_append, replace_bytes
from understudy.feedback.correction import Correction, from_line, to_line

FOLDER = Path("logs/vlm_corrections")
PREFIX, SUFFIX = "corrections_", ".jsonl"


def new_path(folder: Path, moment: datetime | None = None) -> Path:
    """Returns `corrections_20261122_193045.jsonl` in the folder, with a number appended if the name is taken."""
    return next(path for path in _names(folder, moment) if not path.exists())


def _names(folder: Path, moment: datetime | None = None) -> Iterator[Path]:
    stem = f"{PREFIX}{(moment or datetime.now()):%Y%m%d_%H%M%S}"
    yield folder / f"{stem}{SUFFIX}"
    for number in count(2):
        yield folder / f"{stem}_{number}{SUFFIX}"


class CorrectionLog:
    """Appends corrections to one file, which is created with the first line. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Args: `path`, appended to if it exists; `CorrectionLog.create` makes a file of its own."""
        self.path = path
        self.num_lines = 0
        self._names: Iterator[Path] | None = None

    @classmethod
    def create(cls, folder: Path, moment: datetime | None = None) -> "CorrectionLog":
        """Returns a log with a file of its own, even if another session begins in the same second."""
        log = cls(new_path(folder, moment))
        log._names = _names(folder, moment)
        return log

    def append(self, correction: Correction) -> None:
        """Writes one line and syncs it to disk; waits while another process edits a file of the folder.

        Raises:
            OSError: if the line cannot be written; earlier lines are untouched.
        """
        content = (to_line(correction) + "\n").encode("ascii")
        self._claim()
        with folder_lock(self.path.parent), open_to_append(self.path) as file:
            # Terminate a line that a crash or an editor left without its newline, so that it does not corrupt this one.
            _write_whole(file, b"\n" + content if _is_torn(self.path) else content)
        self.num_lines += 1

    def keep_frame(self, number: int, picture: bytes) -> str:
        """Writes one JPEG beside the file and returns its name relative to the folder.

        Raises:
            OSError: if it cannot be written.
        """
        self._claim()
        folder = self.path.with_suffix("")
        if folder.is_symlink():
            raise NotADirectoryError(f"{folder} is a symbolic link")
        folder.mkdir(parents=True, exist_ok=True)
        name = next(name for name in map("{:06d}.jpg".format, count(number)) if not os.path.lexists(folder / name))
        replace_bytes(folder / name, picture)
        return f"{folder.name}/{name}"

    def close(self) -> None:
        """Does nothing, because no file stays open between lines. May be called twice."""

    def _claim(self) -> None:
        """Creates the file; for a log of its own, under a name that no other process has."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while self._names is not None:
            self.path = next(self._names)
            try:
                create_new(self.path).close()
            except FileExistsError:
                continue
            self._names = None


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _write_whole(file: BinaryIO, content: bytes) -> None:
    before = os.fstat(file.fileno()).st_size
    rest = memoryview(content)
    try:
        while rest:  # a full disk may accept only part
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), before)
        raise


def replace_line(path: Path, number: int, correction: Correction | None, expected: Correction | None = None) -> None:
    """Replaces or deletes one line; every other line stays identical to the byte.

    Args:
        path: the file, replaced atomically; concurrent writers wait.
        number: of the line, from 1.
        correction: the new content; None deletes the line.
        expected: content that the caller read; None where no other process can have changed the file since.

    Raises:
        FlagError: if the line differs from `expected`; the file is unchanged.
        OSError: if the file cannot be written; the file is unchanged.
    """
    with folder_lock(path.parent):
        lines = path.read_bytes().split(b"\n")
        if not 1 <= number <= len(lines) or (expected is not None and not _holds(lines[number - 1], expected)):
            raise FlagError(
                f"Line {number} of {path} has been changed meanwhile, and stays as it is: look it up again with "
                "understudy corrections list."
            )
        lines[number - 1 : number] = [] if correction is None else [to_line(correction).encode("ascii")]
        replace_bytes(path, b"\n".join(lines))


def _holds(line: bytes, expected: Correction) -> bool:
    try:
        return from_line(line.decode("utf-8", errors="replace")) == expected
    except WireError:
        return False
