"""One kind of file that is mutated and opened, and what became of the cases.

Opening may refuse with an UnderstudyError; anything else that it raises is a fault, and so is a result that breaks a
promise (`WrongAcceptance`), a case over 10 s, one that takes over 1 GB (itself or a child), and a mark that a hostile
file would leave.
"""

import contextlib
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from understudy.contract.errors import UnderstudyError

LONGEST_S = 10.0
MOST_BYTES = 10**9
MARK = Path("executed")
"""The folder that hostile files of the mutators would make if something of them were run."""


class WrongAcceptance(Exception):
    """A file that breaks a promise was read without a word."""


@dataclass(frozen=True)
class Fuzz:
    """One kind of file."""

    name: str
    suffix: str
    make: Callable[[Path], bytes]
    """A good file's bytes; may write in the folder that it is given."""
    mutate: Callable[[bytes, random.Random], bytes]
    open: Callable[[Path], None]
    """Raises UnderstudyError where the file is refused, WrongAcceptance where it should have been."""


@dataclass
class FuzzReport:
    """What became of the cases of one kind."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    """`accepted`, `refused`, and the faults: `traceback`, `slow`, `memory`, `wrong`, `executed`."""
    details: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    most_bytes: int = 0
    """The most that the process or one of its children grew to."""

    @property
    def num_faults(self) -> int:
        """Cases that went wrong."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in ("accepted", "refused"))


def run(kind: Fuzz, count: int, seed: int, folder: Path) -> FuzzReport:
    """Opens `count` mutations in a folder of its own, which becomes the working folder: there a hostile file's mark is
    looked for.
    """
    report, good = FuzzReport(kind.name), kind.make(folder)
    with contextlib.chdir(folder):
        for number in range(count):
            path = Path(f"case{kind.suffix}")
            path.write_bytes(kind.mutate(good, random.Random(f"{kind.name} {seed} {number}")))
            _one_case(kind, report, number, path)
    return report


def _one_case(kind: Fuzz, report: FuzzReport, number: int, path: Path) -> None:
    before, begun_s = _grown(), time.perf_counter()
    outcome = "accepted"
    try:
        kind.open(path)
    except UnderstudyError as refusal:
        outcome = "refused" if _is_one_sentence(str(refusal)) else "traceback"
        if outcome == "traceback":
            report.details.append(f"case {number}: not one sentence: {str(refusal)[:300]!r}")
    except WrongAcceptance as wrong:
        outcome = "wrong"
        report.details.append(f"case {number}: {wrong}")
    except Exception:
        outcome = "traceback"
        report.details.append(f"case {number}: {traceback.format_exc()[-1500:]}")
    spent_s, grown = time.perf_counter() - begun_s, _grown() - before
    report.longest_s, report.most_bytes = max(report.longest_s, spent_s), max(report.most_bytes, grown)
    report.outcomes[outcome] += 1
    for fault, happened in (
        ("slow", spent_s > LONGEST_S),
        ("memory", grown > MOST_BYTES),
        ("executed", MARK.exists()),
    ):
        if happened:
            report.outcomes[fault] += 1
            report.details.append(f"case {number}: {fault}, {spent_s:.1f} s, {grown / 1e6:.0f} MB more than before")
    if MARK.is_dir():
        MARK.rmdir()


def _is_one_sentence(text: str) -> bool:
    return bool(text) and "\n" not in text and len(text) < 2000


def _grown() -> int:
    """The most bytes that this process has held so far, or a child of it that has ended."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return unit * most
