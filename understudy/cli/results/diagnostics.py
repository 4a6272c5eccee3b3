"""What `understudy doctor --desktop` prints with --json."""

from dataclasses import dataclass

from understudy.worlds.desktop.desktop_checks import Finding


@dataclass(frozen=True, kw_only=True)
class DesktopFindings:
    """Result of `understudy doctor --desktop`."""

    findings: tuple[Finding, ...]
    """One for each check, in the order of the checks."""
