"""The game's data as it is written down: the aliens and maps of the TOML files, and the player's ship."""

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
    """One kind of alien. Lengths in map units, damage in points."""

    name: str
    """Its name in the game's profile."""
    hull: float
    shield: float
    speed: float
    """Map units a second when it hunts; it wanders at 0.4 of it."""
    damage: float
    """Of one hit."""
    reload_s: float
    hit_chance: float
    range: float
    sight: float
    """How near the player has to come before an aggressive one attacks."""
    temper: Aggression
    size: float
    """Side of its box."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A safe place: no alien attacks, the player does not fire, and is repaired."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A way to another map."""

    x: float
    y: float
    to: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A round part of a map with its aliens: how many of each kind."""

    x: float
    y: float
    radius: float
    aliens: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Map:
    """One map."""

    name: str
    base: Base
    bonus_boxes: int
    portals: tuple[Portal, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Aliens:
    """The file aliens.toml."""

    aliens: tuple[Alien, ...]


@dataclass(frozen=True, kw_only=True)
class Maps:
    """The file maps.toml."""

    width: float
    height: float
    maps: tuple[Map, ...]


@dataclass(frozen=True, kw_only=True)
class Ship:
    """The player's ship and the constants of play. Lengths in map units, times in seconds, damage in points."""

    view_width: float = 1600.0
    """What the window shows."""
    view_height: float = 900.0
    hull: float = 100.0
    shield: float = 60.0
    absorption: float = 0.75
    """Share of a hit that a shield takes while it lasts; of aliens too."""
    speed: float = 320.0
    response: float = 0.30
    """Share of the difference to the wanted velocity that is made good in a tick: a little inertia."""
    laser_range: float = 600.0
    laser_reload_s: float = 1.0
    laser_damage: float = 6.0
    """Of ammunition 1; ammunition k does k times as much."""
    laser_hit_chance: float = 0.85
    laser_lost: float = 1200.0
    """The laser switches off when the target is farther."""
    selection_lost: float = 1600.0
    """The target is forgotten when it is farther."""
    rocket_reload_s: float = 3.0
    rocket_damage: float = 18.0
    rocket_hit_chance: float = 0.85
    ammo_hold: tuple[float, ...] = (3000.0, 300.0, 200.0, 100.0)
    """Rounds of a full hold, kinds 1-4."""
    ammo_start: tuple[float, ...] = (3000.0, 150.0, 80.0, 30.0)
    box_ammo: tuple[float, ...] = (100.0, 8.0, 4.0, 2.0)
    """Rounds in a box."""
    click_margin: float = 1.15
    """A click counts as on an object up to this multiple of its box."""
    box_size: float = 40.0
    collect_radius: float = 30.0
    portal_size: float = 200.0
    portal_radius: float = 150.0
    base_size: float = 520.0
    shield_wait_s: float = 4.0
    """Without being hit, before the shield regenerates."""
    shield_rate: float = 0.06
    """Share of the full shield a second."""
    hull_wait_s: float = 8.0
    """Out of combat, before the hull is repaired."""
    hull_rate: float = 0.015
    base_rate: float = 0.10
    """Share of the full hull and shield a second in a base."""
    death_s: float = 3.0
    attacking_s: float = 2.0
    """How long an alien counts as attacking after a shot."""
    pack_radius: float = 600.0
    chase_lost: float = 1100.0
    """A hunting alien gives up when the player is farther."""
    chase_limit: float = 1500.0
    """A hunting alien turns back this far outside its field."""
    cargo_chance: float = 0.30
    cargo_s: float = 60.0
    box_respawn_s: float = 25.0
    alien_respawn_s: float = 15.0
