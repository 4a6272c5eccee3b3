"""One correction: the bot's mode at a moment, the mode it should have had, the reason, and the state to learn from.

A line of the guide's `logs/vlm_corrections/corrections_TIMESTAMP.jsonl`. Lines with `bot_action == vlm_correction` are
agreements: the reviewer found no mistake, which fine-tuning needs as much as the mistakes.
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
"""Characters; a line written here has about 25,000."""
LONGEST_REASON = 500
"""Characters of a reason that are stored."""
MAX_NAME = 200
"""Characters of a model's name, a time or a file name."""
MAX_TIME_S = 1e12
"""Largest absolute time of any clock, seconds."""
SOURCES = ("vlm", "rules", "person")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One line of a corrections file, the guide's five fields first."""

    state: State
    """The observation."""
    bot_action: Mode
    """The bot's mode at the moment of the frame."""
    vlm_correction: Mode
    """The right mode; equal to the bot's where there was nothing to correct."""
    reason: str = ""
    confidence: float = 1.0
    """Confidence of the reviewer, 0..1."""
    bot_target: int = 0
    """Id of the bot's target object; 0 for none."""
    target: int | None = None
    """Id of the right target, 0 for none; None where the reviewer named none."""
    source: str = "vlm"
    """`vlm`, `rules`, or `person`."""
    model: str = ""
    """Name of the model, if any."""
    time_s: float = 0.0
    """Monotonic seconds, on the clock of the observations."""
    when: str = ""
    """The same moment in UTC, ISO 8601."""
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
        if not abs(self.time_s) <= MAX_TIME_S:  # also refuses NaN
            raise ValueError(f"a time of {self.time_s:g} s")
        if self.frame is not None and not _is_plain(self.frame):
            frame = serialization.shown(self.frame)
            raise ValueError(f"the frame {frame} does not lie in the folder of the corrections")

    @property
    def differs(self) -> bool:
        """Whether the modes differ: a correction; else an agreement."""
        return self.bot_action != self.vlm_correction


def _is_plain(name: str) -> bool:
    """Returns whether a file name stays inside the folder that it is relative to, on any system."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if path.is_absolute() or path.drive or ".." in path.parts:
            return False
    return bool(name) and name.isprintable()


def to_line(correction: Correction) -> str:
    """Encodes a correction as one line of JSON, without the newline; it cannot contain infinities or NaN."""
    return json.dumps(serialization.to_plain(correction), separators=(", ", ": "), allow_nan=False, ensure_ascii=True)


def from_line(line: str) -> Correction:
    """Decodes one line strictly.

    Raises:
        WireError: if the line is too long, not JSON, too deeply nested, has a duplicate key, or misfits the schema.
    """
    if len(line) > LONGEST_LINE:
        raise WireError(f"a line of {len(line)} characters: at most {LONGEST_LINE} are read")
    plain = parse_json(line, allow_nan=False)
    return serialization.from_plain(Correction, plain, "correction")
