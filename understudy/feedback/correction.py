"""One correction: what the bot was about to do, what it should have done instead, why, and enough to learn from it.

A line of the guide's `logs/vlm_corrections/corrections_TIMESTAMP.jsonl`. Lines with `bot_action == vlm_correction` are
agreements: somebody looked and found nothing wrong, which fine-tuning needs to know as much as the mistakes.
"""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from understudy.contract import serialization
from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import WireError
from understudy.contract.intent import Mode
from understudy.feedback.state_snapshot import MAX_ID, State

LONGEST_LINE = 1_000_000
"""Characters; one of ours has about 25,000."""
LONGEST_REASON = 500
"""Characters of a reason that are kept."""
MAX_NAME = 200
"""Characters of a model's name, a time or a file name."""
MAX_TIME_S = 1e12
"""Either side of 0, of any clock."""
SOURCES = ("vlm", "rules", "person")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One line of a corrections file, the guide's five fields first."""

    state: State
    """What the bot saw."""
    bot_action: Mode
    """The mode it was in at the moment of the frame."""
    vlm_correction: Mode
    """The mode it should have been in; the same where there was nothing to correct."""
    reason: str = ""
    confidence: float = 1.0
    """How sure, 0..1."""
    bot_target: int = 0
    """Id of the object that the bot was after; 0 for none."""
    target: int | None = None
    """Id of the object that it should have been after, 0 for none; None where nothing was said."""
    source: str = "vlm"
    """`vlm`, `rules`, or `person`."""
    model: str = ""
    """Which model, where it was one."""
    time_s: float = 0.0
    """Monotonic, on the clock of the observations."""
    when: str = ""
    """ISO 8601, UTC, of the same moment."""
    frame: str | None = None
    """File name of the annotated picture, relative to the folder of the corrections."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"a confidence of {self.confidence:g} lies outside 0..1")
        if len(self.reason) > LONGEST_REASON:
            raise ValueError(f"a reason of {len(self.reason)} characters: at most {LONGEST_REASON} are kept")
        if self.source not in SOURCES:
            raise ValueError(f"the source {serialization.shown(self.source)} is none of {', '.join(SOURCES)}")
        if max(len(self.model), len(self.when), len(self.frame or "")) > MAX_NAME:
            raise ValueError(f"the name of a model or frame, or a time, of more than {MAX_NAME} characters")
        if not all(0 <= number <= MAX_ID for number in (self.bot_target, self.target or 0)):
            raise ValueError("a target that is no number of an object")
        if not abs(self.time_s) <= MAX_TIME_S:  # NaN is not either
            raise ValueError(f"a time of {self.time_s:g} s")
        if self.frame is not None and not _is_plain(self.frame):
            frame = serialization.shown(self.frame)
            raise ValueError(f"the frame {frame} does not lie in the folder of the corrections")

    @property
    def differs(self) -> bool:
        """Whether it corrects anything; else it is an agreement."""
        return self.bot_action != self.vlm_correction


def _is_plain(name: str) -> bool:
    """Whether a file name stays below the folder that it is relative to, on any system."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.is_absolute() or path.drive or ".." in path.parts:
            return False
    return bool(name) and name.isprintable()


def to_line(correction: Correction) -> str:
    """One line of JSON, without its end; infinities and NaN cannot be in it."""
    return json.dumps(serialization.to_plain(correction), separators=(", ", ": "), allow_nan=False, ensure_ascii=True)


def from_line(line: str) -> Correction:
    """Reads one line, strictly.

    Raises:
        WireError: if it is too long, not JSON, too deep, has a key twice, or does not fit.
    """
    if len(line) > LONGEST_LINE:
        raise WireError(f"a line of {len(line)} characters: at most {LONGEST_LINE} are read")
    plain = parse_json(line, allow_nan=False)
    return serialization.from_plain(Correction, plain, "correction")
