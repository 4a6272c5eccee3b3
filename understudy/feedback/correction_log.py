"""Corrections on disk: appended a line at a time, each whole or absent after a crash, and read back with suspicion.

One `write` of one line on a file opened for appending, then a sync. A crash in the middle of the line leaves it without
its end; the reader drops such a tail, and whoever goes on writing to the file ends the torn line first.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from understudy.contract.errors import FlagError, WireError
from understudy.feedback.correction import LONGEST_LINE, Correction, from_line, to_line

FOLDER = Path("logs/vlm_corrections")
PREFIX, SUFFIX = "corrections_", ".jsonl"


def new_path(folder: Path, moment: datetime | None = None) -> Path:
    """`corrections_20261122_193045.jsonl` in the folder, or a number behind it where two begin in the same second."""
    stem = f"{PREFIX}{(moment or datetime.now()):%Y%m%d_%H%M%S}"
    path, number = folder / f"{stem}{SUFFIX}", 2
    while path.exists():
        path, number = folder / f"{stem}_{number}{SUFFIX}", number + 1
    return path


class CorrectionLog:
    """A file that corrections are appended to. Belongs to one thread; made with the first line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_lines = 0
        self._file: int | None = None

    def append(self, correction: Correction) -> None:
        """Writes one line and puts it on disk.

        Raises:
            OSError: if it cannot be written; what was there before is untouched.
        """
        if self._file is None:
            self._file = self._open()
        content = (to_line(correction) + "\n").encode("ascii")
        before = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, content)
            while written < len(content):  # a full disk may take a part
                written += os.write(self._file, content[written:])
        except OSError:
            os.ftruncate(self._file, before)
            raise
        os.fsync(self._file)
        self.num_lines += 1

    def keep_frame(self, number: int, picture: bytes) -> str:
        """Writes one JPEG beside the file, and gives its name relative to the folder."""
        folder = self.path.with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{number:06d}.jpg"
        unfinished = folder / f".{name}.tmp"
        unfinished.write_bytes(picture)
        unfinished.replace(folder / name)
        return f"{folder.name}/{name}"

    def close(self) -> None:
        """Closes the file. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        size = os.fstat(file).st_size
        if size:
            os.lseek(file, size - 1, os.SEEK_SET)
            if os.read(file, 1) != b"\n":
                os.write(file, b"\n")  # ends a line that a crash tore, so that it spoils no other
        return file


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One correction and where it stands."""

    path: Path
    line: int
    """From 1."""
    correction: Correction

    @property
    def frame(self) -> Path | None:
        """The annotated picture, where it is there."""
        name = self.correction.frame
        path = None if name is None else self.path.parent / name
        return path if path is not None and path.is_file() else None


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a folder of corrections holds."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]
    """One sentence for each line that was not taken."""
    paths: tuple[Path, ...]


def find_files(place: Path) -> list[Path]:
    """The corrections files of a folder, or the one file, in order of name.

    Raises:
        FlagError: if there is none.
    """
    found = [place] if place.is_file() else sorted(place.glob(f"*{SUFFIX}"))
    if not found:
        raise FlagError(
            f"No corrections lie in {place}: let the understudy play with its critic (understudy run), "
            f"or give the folder with --corrections_dir."
        )
    return found


def read_corrections(place: Path) -> Read:
    """All lines of a folder or file that can be read; the others are named, and spoil none of those.

    Raises:
        FlagError: if there is no file.
    """
    paths = find_files(place)
    entries: list[Entry] = []
    problems: list[str] = []
    for path in paths:
        for number, line in _lines(path, problems):
            try:
                entries.append(Entry(path=path, line=number, correction=from_line(line)))
            except WireError as problem:
                problems.append(f"{path.name}, line {number}: {problem}")
    return Read(entries=tuple(entries), problems=tuple(problems), paths=tuple(paths))


def _lines(path: Path, problems: list[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines; a line that is too long is passed over without being held in memory."""
    try:
        with path.open("rb") as file:
            number = 0
            while content := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(content) > LONGEST_LINE:
                    problems.append(f"{path.name}, line {number}: longer than {LONGEST_LINE} characters")
                    while not content.endswith(b"\n") and (content := file.readline(LONGEST_LINE)):
                        continue
                elif content.strip():
                    yield number, content.decode("utf-8", errors="replace")
    except OSError as problem:
        problems.append(f"{path.name} cannot be read ({problem.strerror or problem})")


def replace_line(path: Path, number: int, correction: Correction | None) -> None:
    """Puts another correction in the place of a line, or nothing; every other line stays, byte for byte.

    Args:
        path: of the file, which is replaced whole or not at all.
        number: of the line, from 1.
        correction: what shall stand there; None takes the line out.
    """
    lines = path.read_bytes().split(b"\n")
    assert 1 <= number <= len(lines)
    lines[number - 1 : number] = [] if correction is None else [to_line(correction).encode("ascii")]
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(b"\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
