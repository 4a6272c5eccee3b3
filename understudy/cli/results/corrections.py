"""What `understudy corrections` prints with --json."""

from dataclasses import dataclass
from pathlib import Path


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
