"""The parameters of a teacher's play style: target selection, thresholds for fleeing, precision of the motor model.

The styles are in ``data/styles.toml``. Teachers differ in their style alone; the rules (``mode_selection``,
``action_selection``) and the motor model (``motor``) are the same for all. Compiled code takes a style as one record.
"""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.serialization import read_toml

STYLES_FILE = Path(__file__).parents[1] / "data" / "styles.toml"


@dataclass(frozen=True, kw_only=True)
class Style:
    """One play style. Distances in game units (the window shows 1600 x 900), health 0..1."""

    flee_below: float
    """Health below which it flees to the base."""
    resume_above: float
    """Health from which it plays normally again after FLEE or CAUTIOUS."""
    cautious_below: float
    """Health below which it starts no new fight."""
    max_strength: float
    """Largest strength of an alien that it attacks at full health (a kind's `strength`)."""
    max_attackers: float
    """Flees when more aliens than this attack it at once."""
    value_taste: float
    """Exponent on an alien's value: high prefers valuable aliens, low prefers near ones."""
    fight_distance: float
    """Distance that it keeps from its target."""
    orbit_step: float
    """Angle in radians of one move around its target."""
    move_every_s: float
    """Mean time between two moves in a fight."""
    loot_weight: float
    """Weight of a box's points relative to points from fights."""
    loot_reach: float
    """Largest distance that it flies for a box."""
    roam: float
    """Length of a patrol flight, as a fraction of the map."""
    tether: float
    """Largest distance of its patrols from the base, as a fraction of the map."""
    jump_chance: float
    """Probability of taking a portal at each choice of an exploration goal."""
    home_map: float
    """Index of its preferred map; it takes portals mostly on other maps."""
    keep_away: float
    """Distance that it keeps from aliens in CAUTIOUS mode."""
    strong_ammo_from: float
    """Strength from which it uses better ammunition on a target."""
    reaction_s: float
    """Mean reaction time to a change of the scene."""
    notice_s: float
    """Mean time until it reacts to low health; longer than `reaction_s`, because its attention is on the target."""
    aim_noise: float
    """Standard deviation of a click, as a fraction of the target's size."""
    slip_chance: float
    """Probability that a click misses its target completely."""
    hand_speed: float
    """Factor on the speed of its cursor movements."""


STYLE = np.dtype([(field.name, "f8") for field in fields(Style)])


def read_styles() -> dict[str, Style]:
    """Returns all styles by name, in the order of the file."""
    return read_toml(dict[str, Style], STYLES_FILE)


def find_style(name: str) -> Style:
    """Returns one style by name.

    Raises:
        FlagError: if there is no such style; the message lists the styles.
    """
    styles = read_styles()
    if name not in styles:
        raise FlagError(f"There is no teacher named {name!r}; choose one of {', '.join(styles)}.")
    return styles[name]


def style_record(style: Style) -> np.ndarray:
    """Returns the style as one record of dtype STYLE, shape (1,), for compiled code."""
    return np.array([astuple(style)], STYLE)
