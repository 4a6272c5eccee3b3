"""The results of `understudy doctor`: one Finding for each check, also for the passed ones."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """Severity of a finding."""

    FINE = 0
    NOTE = 1
    """Worth knowing; nothing has to be done."""
    WARNING = 2
    """The trained policy will play worse."""
    SERIOUS = 3
    """Training refuses the recordings, or its metrics are not reliable."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check."""

    name: str
    """Identifier, such as `idle_share`."""
    severity: Severity
    """`FINE` if the check passed."""
    what: str
    """What was checked, or what is wrong, in plain words."""
    figure: str
    """The number, for people."""
    advice: str = ""
    """Recommended action; empty if the check passed."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """All findings on some recordings."""

    num_recordings: int
    """Number of recordings that were examined."""
    minutes: float
    """Minutes of play that training would use."""
    signs: tuple[Finding, ...]
    """Sorted by severity, the worst first."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of checks that failed."""
        return tuple(sign for sign in self.signs if sign.severity != Severity.FINE)


def finding(name: str, fine: str, figure: str, *problem: tuple[bool, Severity, str, str]) -> Finding:
    """Returns the first problem that is present, or a finding that the check passed.

    Args:
        name: identifier.
        fine: what was checked.
        figure: the number, for people.
        problem: (whether it is present, severity, what is wrong, what to do), the worst first.
    """
    for there, severity, what, advice in problem:
        if there:
            return Finding(name=name, severity=severity, what=what, figure=figure, advice=advice)
    return Finding(name=name, severity=Severity.FINE, what=fine, figure=figure)
