"""How a teacher likes to play, as data: what it fights, when it flees, how steady its hand is.

The styles themselves stand in ``data/styles.toml``. A style is all that tells one teacher from another; the rules
of ``teacher_mind`` and the hand of ``teacher_hand`` are the same for all. Compiled code takes a style as one record.
"""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.serialization import read_toml

STYLES_FILE = Path(__file__).parents[1] / "data" / "styles.toml"


@dataclass(frozen=True, kw_only=True)
class Style:
    """One way to play. Distances are units of the game (the window shows 1600 x 900), health is 0..1."""

    flee_below: float
    """Health below which it breaks off and flies for the base."""
    resume_above: float
    """Health from which it is bold again after fleeing or taking care."""
    cautious_below: float
    """Health below which it begins no new fight."""
    max_strength: float
    """Strength of the strongest alien that it attacks at full health (a kind's `strength`)."""
    max_attackers: float
    """Flees when more aliens than this shoot at it at once."""
    value_taste: float
    """Exponent on an alien's worth: high goes for the big ones, low for whatever is near."""
    fight_distance: float
    """Distance that it keeps from its target."""
    orbit_step: float
    """Angle in radians by which each move carries it round its target."""
    move_every_s: float
    """Mean time between two moves in a fight."""
    loot_weight: float
    """Worth of a box to it beside the same points earned by a fight."""
    loot_reach: float
    """How far it flies for a box."""
    roam: float
    """Length of a patrol flight, as a fraction of the map."""
    tether: float
    """How far from the base its patrols go, as a fraction of the map."""
    jump_chance: float
    """Chance that it takes a portal, each time it decides where to explore."""
    home_map: float
    """Index of the map that it likes best; portals are taken mostly when it is elsewhere."""
    keep_away: float
    """Distance that it keeps from aliens while it is cautious."""
    strong_ammo_from: float
    """Strength from which a target is worth the better ammunition."""
    reaction_s: float
    """Mean reaction time to a change of the scene."""
    notice_s: float
    """Mean time until it notices that its bars call for caution or flight: the eyes are on the target."""
    aim_noise: float
    """Standard deviation of a click, as a fraction of the target's size."""
    slip_chance: float
    """Chance that a click misses altogether."""
    hand_speed: float
    """Factor on how fast its hand moves."""


STYLE = np.dtype([(field.name, "f8") for field in fields(Style)])


def read_styles() -> dict[str, Style]:
    """All styles by name, in the order of the file."""
    return read_toml(dict[str, Style], STYLES_FILE)


def find_style(name: str) -> Style:
    """One style by name.

    Raises:
        FlagError: if there is no such style; names those that there are.
    """
    styles = read_styles()
    if name not in styles:
        raise FlagError(f"There is no teacher named {name!r}; choose one of {', '.join(styles)}.")
    return styles[name]


def style_record(style: Style) -> np.ndarray:
    """The style as one record of dtype STYLE, shape (1,), for compiled code."""
    return np.array([astuple(style)], STYLE)
