"""What `understudy doctor --desktop` and `understudy profile` print with --json."""

from dataclasses import dataclass
from pathlib import Path

from understudy.worlds.desktop.desktop_checks import Finding


@dataclass(frozen=True, kw_only=True)
class DesktopFindings:
    """Result of `understudy doctor --desktop`."""

    findings: tuple[Finding, ...]
    """One for each check, in the order of the checks."""


@dataclass(frozen=True, kw_only=True)
class ProfileCheck:
    """Result of `understudy profile check` and `understudy profile new`."""

    game: str
    """Name of the profile."""
    profile: Path | None
    """The profile that was written; null after `check`."""
    picture: Path | None
    """The annotated screenshot; null if none was written."""
    hp: float | None
    """Fill of the bar hp, 0 to 1; null if it is unknown."""
    shield: float | None
    """Fill of the bar shield, 0 to 1; null if it is unknown."""
    gauges: dict[str, float]
    """Gauge -> fill, 0 to 1; those that cannot be read are left out."""
    map: str | None
    """Name of the map; null if it is unknown."""
    x: float | None
    """Horizontal position on the map, 0 to 1; null if it is unknown."""
    y: float | None
    """Vertical position on the map, 0 to 1; null if it is unknown."""
    landmarks: tuple[str, ...]
    """Roles of the landmarks on the minimap."""
    objects: dict[str, int]
    """Kind -> number of objects in sight."""
    has_detector: bool
    """Whether objects were looked for."""
    unread_bars: tuple[str, ...]
    """Bars that cannot be read; the exit code is then 1."""
