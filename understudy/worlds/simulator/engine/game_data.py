"""The game's data: aliens and maps, as in the TOML files, and the constants of the player's ship."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


class Aggression(IntEnum):
    """When an alien attacks."""

    PASSIVE = 0
    AGGRESSIVE = 1
    PACK = 2


@dataclass(frozen=True, kw_only=True)
class Alien:
    """One kind of alien. Lengths in map units, damage in points, times in seconds."""

    name: str
    """Name in the game's profile."""
    hull: float
    shield: float
    speed: float
    """Map units a second while chasing; it wanders at 0.4 of this."""
    damage: float
    """Damage of one hit."""
    reload_s: float
    hit_chance: float
    range: float
    sight: float
    """Distance to the player within which an aggressive alien attacks."""
    temper: Aggression
    size: float
    """Side of its bounding box."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A safe zone: aliens do not attack, the player cannot fire and is repaired."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A portal to another map."""

    x: float
    y: float
    to: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A round spawn area of a map, with the number of aliens of each kind."""

    x: float
    y: float
    radius: float
    aliens: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Map:
    """One map: base, portals, fields and bonus boxes."""

    name: str
    base: Base
    bonus_boxes: int
    portals: tuple[Portal, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Aliens:
    """Content of aliens.toml."""

    aliens: tuple[Alien, ...]


@dataclass(frozen=True, kw_only=True)
class Maps:
    """Content of maps.toml."""

    width: float
    height: float
    maps: tuple[Map, ...]


@dataclass(frozen=True, kw_only=True)
class Ship:
    """The player's ship and the game's constants. Lengths in map units, times in seconds, damage in points."""

    view_width: float = 1600.0
    """Width of the window's view."""
    view_height: float = 900.0
    hull: float = 100.0
    shield: float = 60.0
    absorption: float = 0.75
    """Fraction of a hit that a shield absorbs while it lasts; for aliens too."""
    speed: float = 320.0
    response: float = 0.30
    """Fraction of the difference to the desired velocity that is corrected per tick (inertia)."""
    laser_range: float = 600.0
    laser_reload_s: float = 1.0
    laser_damage: float = 6.0
    """Damage of ammunition 1; ammunition k does k times as much."""
    laser_hit_chance: float = 0.85
    laser_lost: float = 1200.0
    """Distance beyond which the laser switches off."""
    selection_lost: float = 1600.0
    """Distance beyond which the target is deselected."""
    rocket_reload_s: float = 3.0
    rocket_damage: float = 18.0
    rocket_hit_chance: float = 0.85
    ammo_hold: tuple[float, ...] = (3000.0, 300.0, 200.0, 100.0)
    """Capacity in rounds, kinds 1-4."""
    ammo_start: tuple[float, ...] = (3000.0, 150.0, 80.0, 30.0)
    box_ammo: tuple[float, ...] = (100.0, 8.0, 4.0, 2.0)
    """Rounds in a box, kinds 1-4."""
    click_margin: float = 1.15
    """A click selects an object within this multiple of its box."""
    box_size: float = 40.0
    collect_radius: float = 30.0
    portal_size: float = 200.0
    portal_radius: float = 150.0
    base_size: float = 520.0
    shield_wait_s: float = 4.0
    """Time without a hit before the shield regenerates."""
    shield_rate: float = 0.06
    """Fraction of the full shield regenerated per second."""
    hull_wait_s: float = 8.0
    """Time out of combat before the hull is repaired."""
    hull_rate: float = 0.015
    base_rate: float = 0.10
    """Fraction of the full hull and shield restored per second in a base."""
    death_s: float = 3.0
    attacking_s: float = 2.0
    """Time for which an alien counts as attacking after a shot."""
    pack_radius: float = 600.0
    chase_lost: float = 1100.0
    """Distance to the player beyond which a chasing alien gives up."""
    chase_limit: float = 1500.0
    """Distance outside its field at which a chasing alien turns back."""
    cargo_chance: float = 0.30
    cargo_s: float = 60.0
    box_respawn_s: float = 25.0
    alien_respawn_s: float = 15.0
