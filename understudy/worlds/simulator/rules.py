"""The rules as data: what the ship can do, which aliens there are, where they live. TOML, compiled to one record.

The engine sees only the record (dtype RULES), so that a change of numbers needs no compilation.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.wire import read_toml
from understudy.worlds.simulator.state import MAX_ALIENS, MAX_BOXES

DATA = Path(__file__).parent / "data"
MAX_MAPS = 4
MAX_PORTALS = 4
MAX_FIELDS = 8
MAX_PANELS = 8
MAX_KINDS = 24


class Temper(IntEnum):
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
    temper: Temper
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
    leash: float = 1500.0
    """A hunting alien turns back this far outside its field."""
    cargo_chance: float = 0.30
    cargo_s: float = 60.0
    box_respawn_s: float = 25.0
    alien_respawn_s: float = 15.0


ALIEN_COLUMNS = ("hull", "shield", "speed", "damage", "reload", "hit_chance", "range", "sight", "temper")

RULES = np.dtype(
    [
        *[(name, "f8") for name, kind in Ship.__annotations__.items() if kind is float],
        ("ammo_hold", "f8", (4,)),
        ("ammo_start", "f8", (4,)),
        ("box_ammo", "f8", (4,)),
        # by kind, as the profile numbers them
        ("role", "i4", (MAX_KINDS,)),
        ("kind_size", "f8", (MAX_KINDS,)),
        ("kind_value", "f8", (MAX_KINDS,)),
        *[("alien_" + name, "f8", (MAX_KINDS,)) for name in ALIEN_COLUMNS],
        ("bonus_box_kind", "i4"),
        ("cargo_box_kind", "i4"),
        ("portal_kind", "i4"),
        ("base_kind", "i4"),
        ("map_width", "f8"),
        ("map_height", "f8"),
        ("num_maps", "i4"),
        ("base_x", "f8", (MAX_MAPS,)),
        ("base_y", "f8", (MAX_MAPS,)),
        ("base_radius", "f8", (MAX_MAPS,)),
        ("bonus_boxes", "i4", (MAX_MAPS,)),
        ("num_portals", "i4", (MAX_MAPS,)),
        ("portal_x", "f8", (MAX_MAPS, MAX_PORTALS)),
        ("portal_y", "f8", (MAX_MAPS, MAX_PORTALS)),
        ("portal_to", "i4", (MAX_MAPS, MAX_PORTALS)),
        ("portal_exit", "i4", (MAX_MAPS, MAX_PORTALS)),  # which portal of the other map one comes out of
        ("num_fields", "i4", (MAX_MAPS,)),
        ("field_x", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_y", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_radius", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_aliens", "i4", (MAX_MAPS, MAX_FIELDS, MAX_KINDS)),
        ("minimap", "f8", (4,)),  # left, top, right, bottom in window fractions
        ("panels", "f8", (MAX_PANELS, 4)),
        ("num_panels", "i4"),
        ("known_keys", "u4"),
        ("key_laser", "u4"),
        ("key_rocket", "u4"),
        ("key_jump", "u4"),
        ("key_ammo", "u4", (4,)),
    ],
    align=True,
)
"""Everything that the engine knows besides the state; times in ticks where the ship's are in seconds."""


@cache
def compile_rules(profile: Profile, ship: Ship | None = None) -> np.ndarray:
    """The rules of the embedded game as one read-only record of dtype RULES, shape (1,)."""
    rules = np.zeros(1, RULES)
    _write_ship(rules[0], ship or Ship())
    _write_profile(rules[0], profile)
    names = [kind.name for kind in profile.kinds]
    for alien in read_toml(Aliens, DATA / "aliens.toml").aliens:
        _write_alien(rules[0], alien, names.index(alien.name))
    _write_maps(rules[0], read_toml(Maps, DATA / "maps.toml"), names)
    rules.setflags(write=False)
    return rules


def _write_ship(record: np.void, ship: Ship) -> None:
    for name in Ship.__annotations__:
        value = getattr(ship, name)
        in_ticks = name.endswith("_s")
        record[name] = value * TICK_RATE_HZ if in_ticks else value


def _write_profile(record: np.void, profile: Profile) -> None:
    names = [kind.name for kind in profile.kinds]
    for place, kind in enumerate(profile.kinds):
        record["role"][place] = kind.role
        record["kind_value"][place] = kind.value
    for name in ("bonus_box", "cargo_box", "portal", "base"):
        record[name + "_kind"] = names.index(name)
    for name, size in (
        ("bonus_box", "box_size"),
        ("cargo_box", "box_size"),
        ("portal", "portal_size"),
        ("base", "base_size"),
    ):
        record["kind_size"][names.index(name)] = record[size]
    edges = [
        (box.left, box.top, box.left + box.width, box.top + box.height) for box in (profile.minimap, *profile.panels)
    ]
    record["minimap"] = edges[0]
    record["num_panels"] = len(profile.panels)
    record["panels"][: len(profile.panels)] = edges[1:]
    record["known_keys"] = (1 << len(profile.keys)) - 1
    record["key_laser"], record["key_rocket"] = profile.key_bit("ctrl"), profile.key_bit("space")
    record["key_jump"] = profile.key_bit("j")
    record["key_ammo"] = [profile.key_bit(digit) for digit in "1234"]


def _write_alien(record: np.void, alien: Alien, kind: int) -> None:
    for name in ALIEN_COLUMNS:
        if name != "reload":
            record["alien_" + name][kind] = getattr(alien, name)
    record["kind_size"][kind] = alien.size
    record["alien_reload"][kind] = alien.reload_s * TICK_RATE_HZ


def _write_maps(record: np.void, maps: Maps, kinds: list[str]) -> None:
    names = [plan.name for plan in maps.maps]
    record["map_width"], record["map_height"], record["num_maps"] = maps.width, maps.height, len(maps.maps)
    for m, plan in enumerate(maps.maps):
        record["base_x"][m], record["base_y"][m], record["base_radius"][m] = plan.base.x, plan.base.y, plan.base.radius
        record["bonus_boxes"][m] = plan.bonus_boxes
        record["num_portals"][m], record["num_fields"][m] = len(plan.portals), len(plan.fields)
        for p, portal in enumerate(plan.portals):
            record["portal_x"][m, p], record["portal_y"][m, p] = portal.x, portal.y
            record["portal_to"][m, p] = names.index(portal.to)
            back = [there.to for there in maps.maps[names.index(portal.to)].portals]
            record["portal_exit"][m, p] = back.index(plan.name)
        for f, field in enumerate(plan.fields):
            record["field_x"][m, f], record["field_y"][m, f] = field.x, field.y
            record["field_radius"][m, f] = field.radius
            for name, count in field.aliens.items():
                record["field_aliens"][m, f, kinds.index(name)] = count
    assert record["field_aliens"].sum(axis=(1, 2)).max() <= MAX_ALIENS and max(record["bonus_boxes"]) < MAX_BOXES
