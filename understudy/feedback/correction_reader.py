"""Reads corrections from disk and validates each line; an invalid line is reported and skipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.contract.errors import FlagError, WireError
from understudy.feedback.correction import LONGEST_LINE, Correction, from_line
from understudy.feedback.correction_log import SUFFIX

MOST_PROBLEMS = 100
"""Unreadable lines of one file that are reported individually; further ones are only counted."""
JPEG = b"\xff\xd8"
"""Magic bytes of a JPEG."""
MAX_FRAME_BYTES = 10_000_000
"""Largest picture; those written here have about 60,000 bytes."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One correction with its file and line number."""

    path: Path
    line: int
    """Line number, from 1."""
    correction: Correction

    @property
    def frame(self) -> Path | None:
        """Path of the annotated picture if it exists: a file inside the folder, not behind a link out of it."""
        if self.correction.frame is None:
            return None
        folder = self.path.parent
        path = folder / self.correction.frame
        try:
            inside = path.is_file() and path.resolve().is_relative_to(folder.resolve())
        except OSError:
            return None
        return path if inside else None

    def read_frame(self) -> bytes | None:
        """Returns the picture's JPEG; None if it is missing or not a JPEG."""
        path = self.frame
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FRAME_BYTES + 1)
        except OSError:
            return None
        return content if content.startswith(JPEG) and len(content) <= MAX_FRAME_BYTES else None


@dataclass(frozen=True, kw_only=True)
class Read:
    """Contents of a folder of corrections."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]
    """One sentence for each line that was skipped."""
    paths: tuple[Path, ...]


def find_files(place: Path) -> list[Path]:
    """Returns the corrections files of a folder, or the one file, sorted by name.

    Raises:
        FlagError: if there is none.
    """
    try:
        found = [place] if place.is_file() else sorted(path for path in place.glob(f"*{SUFFIX}") if path.is_file())
    except OSError:  # the name is too long
        found = []
    if not found:
        raise FlagError(
            f"No corrections lie in {place}: let the understudy play with its critic (understudy run), "
            f"or give the folder with --corrections_dir."
        )
    return found


def read_corrections(place: Path) -> Read:
    """Reads all valid lines of a folder or file and reports the others.

    Raises:
        FlagError: if there is no file.
    """
    paths = find_files(place)
    entries: list[Entry] = []
    problems: list[str] = []
    for path in paths:
        unread = _Problems(path.name)
        for number, line in _lines(path, unread):
            try:
                entries.append(Entry(path=path, line=number, correction=from_line(line)))
            except WireError as problem:
                unread.add(f"line {number}: {problem}")
        problems += unread.sentences()
    return Read(entries=tuple(entries), problems=tuple(problems), paths=tuple(paths))


class _Problems:
    """Problems of one file: the first lines in full, further ones as a count, so that memory stays bounded."""

    def __init__(self, name: str) -> None:
        self._name, self._first, self._count = name, list[str](), 0

    def add(self, problem: str) -> None:
        self._count += 1
        if len(self._first) < MOST_PROBLEMS:
            self._first.append(f"{self._name}, {problem}")

    def sentences(self) -> list[str]:
        more = self._count - len(self._first)
        return [*self._first, *([f"{self._name}: {more} more lines cannot be read"] if more else [])]


def _lines(path: Path, problems: _Problems) -> Iterator[tuple[int, str]]:
    """Yields numbered lines; skips a line that is too long without holding it in memory."""
    try:
        with path.open("rb") as file:
            number = 0
            while content := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(content) > LONGEST_LINE:
                    problems.add(f"line {number}: longer than {LONGEST_LINE} characters")
                    while not content.endswith(b"\n") and (content := file.readline(LONGEST_LINE)):
                        continue
                elif content.strip():
                    yield number, content.decode("utf-8", errors="replace")
    except OSError as problem:
        problems.add(f"which cannot be read ({problem.strerror or problem})")
