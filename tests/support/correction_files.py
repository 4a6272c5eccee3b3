"""A file of corrections for the tests of the studio."""

from pathlib import Path

from tests.support.review_moments import PROFILE, record
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.state_snapshot import describe


def write_corrections(folder: Path) -> Path:
    """Three corrections of the rules, an agreement, and a line that cannot be read; returns the file."""
    log = CorrectionLog(folder / "corrections_1.jsonl")
    for number, right in enumerate((Mode.FLEE, Mode.FLEE, Mode.LOOT, Mode.FIGHT)):
        log.append(
            Correction(
                state=describe(record(hp=0.1 + 0.1 * number, attackers=2)[0], PROFILE),
                bot_action=Mode.FIGHT,
                vlm_correction=right,
                reason=f"<b>{number}</b>",
                confidence=0.9,
                target=11,
                source="rules",
            )
        )
    with log.path.open("a", encoding="ascii") as file:
        file.write("nonsense\n")
    return log.path


def write_many_corrections(folder: Path, count: int) -> None:
    """A file of corrections that want to flee or to loot in turn."""
    log = CorrectionLog(folder / "corrections_2.jsonl")
    for number in range(count):
        log.append(
            Correction(
                state=describe(record(hp=0.1 + 0.8 * number / count, attackers=2)[0], PROFILE),
                bot_action=Mode.FIGHT,
                vlm_correction=(Mode.FLEE, Mode.LOOT)[number % 2],
                reason=f"moment {number}",
                confidence=0.9,
                target=11,
                source="rules",
            )
        )
    log.close()


def said(folder: Path) -> list[tuple[str, str, str]]:
    """Reason, right mode and source of each line."""
    entries = [entry.correction for entry in read_corrections(folder).entries]
    return [(one.reason, one.vlm_correction.name, one.source) for one in entries]
