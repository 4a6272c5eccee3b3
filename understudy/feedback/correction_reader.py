"""Reads corrections back with suspicion: a line that does not fit is named and left out, and hides no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.contract.errors import FlagError, WireError
from understudy.feedback.correction import LONGEST_LINE, Correction, from_line
from understudy.feedback.correction_log import SUFFIX

MOST_PROBLEMS = 100
"""Lines of one file that are named when they cannot be read; further ones are counted."""
JPEG = b"\xff\xd8"
"""How a picture begins."""
MAX_FRAME_BYTES = 10_000_000
"""Of a picture; one of ours has 60,000."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One correction and where it stands."""

    path: Path
    line: int
    """From 1."""
    correction: Correction

    @property
    def frame(self) -> Path | None:
        """The annotated picture, where it is there: a file below the folder, reached by no link that leads out."""
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
        """The picture's JPEG; None where there is none, or something else in its place."""
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
    try:
        found = [place] if place.is_file() else sorted(path for path in place.glob(f"*{SUFFIX}") if path.is_file())
    except OSError:  # a name that is too long
        found = []
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
        unread = _Problems(path.name)
        for number, line in _lines(path, unread):
            try:
                entries.append(Entry(path=path, line=number, correction=from_line(line)))
            except WireError as problem:
                unread.add(f"line {number}: {problem}")
        problems += unread.sentences()
    return Read(entries=tuple(entries), problems=tuple(problems), paths=tuple(paths))


class _Problems:
    """What is wrong with one file: the first lines by name, further ones by number, so that no flood is kept."""

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
    """Numbered lines; a line that is too long is passed over without being held in memory."""
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
