"""What the doctor says: one Sign for each thing looked at, whether it is fine or not."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much it matters."""

    FINE = 0
    NOTE = 1
    """Worth knowing; nothing has to be done."""
    WARNING = 2
    """The understudy will play worse for it."""
    SERIOUS = 3
    """Training refuses it, or its figures cannot be trusted."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    """For programs, such as `idle_share`."""
    severity: Severity
    what: str
    """What was looked at, or what is wrong, in plain words."""
    figure: str
    """The number, for people."""
    advice: str = ""
    """What to do; empty where all is fine."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Everything that was looked at in some recordings."""

    num_recordings: int
    minutes: float
    """Of play that training would learn from."""
    signs: tuple[Finding, ...]
    """The worst first."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that are not fine."""
        return tuple(sign for sign in self.signs if sign.severity != Severity.FINE)


def finding(name: str, fine: str, figure: str, *problem: tuple[bool, Severity, str, str]) -> Finding:
    """The first problem that is there, or that all is fine.

    Args:
        name: for programs.
        fine: what was looked at.
        figure: the number, for people.
        problem: (whether it is there, how much it matters, what is wrong, what to do), the worst first.
    """
    for there, severity, what, advice in problem:
        if there:
            return Finding(name=name, severity=severity, what=what, figure=figure, advice=advice)
    return Finding(name=name, severity=Severity.FINE, what=fine, figure=figure)
