"""Thresholds of the rule-based provider; a module of its own, which a command line can show without numpy."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """Thresholds of the rules. Health is 0.7 of the vital gauge and 0.3 of the others of health, 0..1."""

    flee_below: float = 0.28
    """Below this health the rules flee when under fire, and begin no fight otherwise."""
    crowd_flee_below: float = 0.32
    """The same with `crowd` or more enemies nearby."""
    crowd: int = 3
    bold_above: float = 0.85
    """Above this health the rules do not flee from weak attackers."""
    weak: float = 0.3
    """Attackers whose summed strength is below this are weak."""
