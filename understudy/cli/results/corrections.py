"""What `understudy corrections` and `understudy critic` print with --json."""

from dataclasses import dataclass
from pathlib import Path

from understudy.evaluation.comparison.statistics import Estimate


@dataclass(frozen=True, kw_only=True)
class ListedCorrection:
    """One correction, or an agreement."""

    number: int
    """Its number, by which `corrections show` and `edit` find it."""
    path: Path
    """Its file."""
    line: int
    """Its line there, counted from 1."""
    when: str
    """Time of the moment, ISO 8601, UTC."""
    source: str
    """`vlm`, `rules` or `person`."""
    model: str
    """Name of the model; empty without one."""
    bot_mode: str
    """The bot's mode."""
    mode: str
    """The right mode; equal to the bot's in an agreement."""
    bot_target: int
    """Id of the bot's target; 0 for none."""
    target: int | None
    """Id of the right target, 0 for none; null where the reviewer named none."""
    confidence: float
    """Confidence of the reviewer, 0 to 1."""
    reason: str
    """Its reason."""
    state: str
    """The situation in words."""


@dataclass(frozen=True, kw_only=True)
class CorrectionsList:
    """Result of `understudy corrections list`."""

    corrections: tuple[ListedCorrection, ...]
    """The corrections, with --all the agreements too."""
    num_corrections: int
    """Number of corrections in all files."""
    num_agreements: int
    """Number of agreements in all files."""
    paths: tuple[Path, ...]
    """The files."""
    problems: tuple[str, ...]
    """Lines that cannot be read; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class CorrectionsShow:
    """Result of `understudy corrections show`."""

    page: Path
    """The HTML file."""
    numbers: tuple[int, ...]
    """Numbers of the corrections on it."""


@dataclass(frozen=True, kw_only=True)
class CorrectionsEdit:
    """Result of `understudy corrections edit`."""

    number: int
    """Number of the correction."""
    deleted: bool
    """Whether it was deleted; those after it then count one less."""
    mode: str | None
    """The right mode now; null if it was deleted."""
    confidence: float | None
    """The confidence now; null if it was deleted."""
    reason: str | None
    """The reason now; null if it was deleted."""


@dataclass(frozen=True, kw_only=True)
class CriticEvaluate:
    """Result of `understudy critic evaluate`."""

    critic: str
    """The offline rules, or the model and its endpoint."""
    num_questions: int
    """Number of moments."""
    num_answered: int
    """Moments with a usable answer."""
    num_malformed: int
    """Answers that could not be read."""
    num_failed: int
    """Requests without an answer."""
    ended: str | None
    """Why it stopped before the last moment; null if it did not."""
    seconds_each: float
    """Mean time of an answer in seconds."""
    num_wrong: int
    """Answers about moments in which the bot's mode was wrong."""
    num_corrections: int
    """Answers that differ from the bot's mode."""
    num_spoilt: int
    """Corrections of a mode that was right."""
    agreement: Estimate
    """Share of the answers that are right."""
    corrections: Estimate
    """Share of the corrections that are right."""
    chance: float
    """Share of right answers by always giving the most common one."""
    kappa: float
    """Cohen's kappa."""
    calibration_error: float
    """Expected calibration error."""
    confusion: dict[str, dict[str, int]]
    """True mode -> answered mode -> number of moments."""
    problems: dict[str, int]
    """Problem of a request -> how often."""
    picture: Path
    """The plot."""


@dataclass(frozen=True, kw_only=True)
class CriticCollect:
    """Result of `understudy critic collect`."""

    critic: str
    """The offline rules, or the model and its endpoint."""
    path: Path | None
    """The file of corrections; null if nothing was written."""
    minutes: float
    """Minutes of play, all games together."""
    num_corrections: int
    """Corrections."""
    num_agreements: int
    """Agreements."""
    num_malformed: int
    """Answers that could not be read."""
    num_failed: int
    """Requests without an answer."""
    ended: str | None
    """Why the reviewer stopped before the end; null if it did not."""
    problems: dict[str, int]
    """Problem of a request -> how often."""
