"""What `understudy detector look` prints with --json."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class DetectedObject:
    """One object; lengths are fractions of the picture's width or height."""

    label: str
    """Class of the detector."""
    kind: str | None
    """Kind of the profile; null if it has none for this class."""
    confidence: float
    """Confidence, 0 to 1."""
    x: float
    """Horizontal centre."""
    y: float
    """Vertical centre."""
    width: float
    """Width."""
    height: float
    """Height."""


@dataclass(frozen=True, kw_only=True)
class DetectorLook:
    """Result of `understudy detector look`."""

    objects: tuple[DetectedObject, ...]
    """The objects."""
    took_ms: float
    """Duration of one detection in milliseconds."""
    cpu_ms: float
    """Processor time of one detection in milliseconds."""
    runs_on: str
    """Where the detector runs."""
    out: Path | None
    """The picture with boxes; null if none was written."""
