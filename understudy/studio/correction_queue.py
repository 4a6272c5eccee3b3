"""Corrections to judge, one after the other: accept, change, reject, and take the last judgement back.

A judgement is what `understudy corrections edit` does: one line of the file is replaced or deleted (`replace_line`),
and only if it still says what was shown. Accepted and changed lines are a person's from then on.
"""

import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.contract.errors import FlagError
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction, to_line
from understudy.feedback.correction_log import CorrectionLog, replace_line
from understudy.feedback.correction_reader import Entry, find_files, read_corrections

MAX_UNDO = 100


@dataclass
class QueuedCorrection:
    """One line of a file, with the key by which a page names it."""

    key: str
    path: Path
    line: int
    """Line number, from 1; falls when a line before it is deleted."""
    correction: Correction

    @property
    def entry(self) -> Entry:
        """The line as the reader returns it."""
        return Entry(path=self.path, line=self.line, correction=self.correction)


@dataclass(frozen=True)
class Judgement:
    """One judgement, to be taken back."""

    key: str
    path: Path
    before: Correction
    after: Correction | None
    """None if the line was deleted."""


class CorrectionQueue:
    """The corrections of a folder. May be used by several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.RLock()
        self._stamp: tuple[tuple[Path, int, int], ...] = ()
        self._queue: dict[str, QueuedCorrection] = {}
        self._problems: tuple[str, ...] = ()
        self._judged: list[Judgement] = []

    def all(self) -> tuple[list[QueuedCorrection], tuple[str, ...]]:
        """Returns every correction in the order of the files, and a sentence for each line that cannot be read."""
        with self._lock:
            self._read_again()
            return list(self._queue.values()), self._problems

    def _read_again(self) -> None:
        try:
            stamp = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in find_files(self._folder))
        except FlagError:  # there are no files yet
            self._queue, self._problems, self._stamp = {}, (), ()
            return
        if stamp == self._stamp:
            return
        read = read_corrections(self._folder)
        self._queue = {}
        for entry in read.entries:
            key = self._free_key(entry)
            self._queue[key] = QueuedCorrection(key, entry.path, entry.line, entry.correction)
        self._problems, self._stamp = read.problems, stamp

    def _free_key(self, entry: Entry) -> str:
        """Returns a hash of the line, so that a page that was loaded before a change names no other line."""
        content = f"{entry.path.name}\n{to_line(entry.correction)}"
        for number in range(len(self._queue) + 1):
            key = hashlib.sha256(f"{number}\n{content}".encode()).hexdigest()[:16]
            if key not in self._queue:
                return key
        raise AssertionError("there is always a free key")

    def one(self, key: str) -> QueuedCorrection:
        """Returns one correction.

        Raises:
            FlagError: if it is not there any more.
        """
        with self._lock:
            if not self._queue:
                self._read_again()
            found = self._queue.get(key)
            if found is None:
                raise FlagError("This correction is not there any more: load the page again.")
            return found

    def accept(self, key: str) -> Correction:
        """Makes a correction the person's own, as it stands.

        Raises:
            FlagError: if its line was changed meanwhile.
        """
        with self._lock:
            return self._edit(key, replace(self.one(key).correction, source="person", model=""))

    def change(self, key: str, mode: Mode) -> Correction:
        """Gives a correction another mode; the bot's own makes it an agreement.

        Raises:
            FlagError: if its line was changed meanwhile.
        """
        with self._lock:
            before = self.one(key).correction
            target = before.target if mode == before.vlm_correction else None
            return self._edit(
                key, replace(before, vlm_correction=mode, source="person", model="", target=target, confidence=1.0)
            )

    def reject(self, key: str) -> None:
        """Deletes the line of a correction.

        Raises:
            FlagError: if it was changed meanwhile.
        """
        with self._lock:
            one = self.one(key)
            replace_line(one.path, one.line, None, one.correction)
            self._remember(Judgement(key, one.path, one.correction, None))
            del self._queue[key]
            for other in self._queue.values():
                if other.path == one.path and other.line > one.line:
                    other.line -= 1

    def _edit(self, key: str, after: Correction) -> Correction:
        one = self.one(key)
        replace_line(one.path, one.line, after, one.correction)
        self._remember(Judgement(key, one.path, one.correction, after))
        one.correction = after
        return after

    def _remember(self, judgement: Judgement) -> None:
        self._judged = [*self._judged[1 - MAX_UNDO :], judgement]

    def take_back(self) -> QueuedCorrection:
        """Undoes the last judgement of this run; a deleted line is appended to its file again.

        Raises:
            FlagError: if there is none, or its line was changed meanwhile.
        """
        with self._lock:
            if not self._judged:
                raise FlagError("There is no judgement of this run to take back.")
            last = self._judged[-1]
            if last.after is None:
                CorrectionLog(last.path).append(last.before)
                line = last.path.read_bytes().count(b"\n")
                self._queue[last.key] = QueuedCorrection(last.key, last.path, line, last.before)
            else:
                one = self.one(last.key)
                replace_line(one.path, one.line, last.before, last.after)
                one.correction = last.before
            self._judged.pop()
            return self._queue[last.key]
