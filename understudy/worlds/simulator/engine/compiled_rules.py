"""The rules as one record of dtype RULES, built from the game's profile and data.

The compiled engine reads only this record, so a change of numbers needs no recompilation.
"""

from functools import cache

import numpy as np

from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.game_data import DATA, Alien, Aliens, Maps, Ship
from understudy.worlds.simulator.engine.readings import require_readings
from understudy.worlds.simulator.engine.state import MAX_ALIENS, MAX_BOXES

MAX_MAPS = 4
MAX_PORTALS = 4
MAX_FIELDS = 8
MAX_PANELS = 8
MAX_KINDS = 24
ALIEN_COLUMNS = ("hull", "shield", "speed", "damage", "reload", "hit_chance", "range", "sight", "temper")

RULES = np.dtype(
    [
        *[(name, "f8") for name, kind in Ship.__annotations__.items() if kind is float],
        ("ammo_hold", "f8", (4,)),
        ("ammo_start", "f8", (4,)),
        ("box_ammo", "f8", (4,)),
        # indexed by the profile's kinds
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
        ("portal_exit", "i4", (MAX_MAPS, MAX_PORTALS)),  # index of the exit portal on the other map
        ("num_fields", "i4", (MAX_MAPS,)),
        ("field_x", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_y", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_radius", "f8", (MAX_MAPS, MAX_FIELDS)),
        ("field_aliens", "i4", (MAX_MAPS, MAX_FIELDS, MAX_KINDS)),
        ("minimap", "f8", (4,)),  # left, top, right, bottom in window fractions
        ("panels", "f8", (MAX_PANELS, 4)),
        ("num_panels", "i4"),
        ("known_keys", "u4"),
        ("click_keys", "u4"),  # they act as the left mouse button
        ("key_laser", "u4"),
        ("key_rocket", "u4"),
        ("key_jump", "u4"),
        ("key_ammo", "u4", (4,)),
    ],
    align=True,
)
"""All constants of the engine; times in ticks, where `Ship` has seconds."""


@cache
def compile_rules(profile: Profile, ship: Ship | None = None) -> np.ndarray:
    """Builds the rules of the embedded game: one read-only record of dtype RULES, shape (1,).

    Raises:
        WorldError: if the profile is of another game.
    """
    _require_embedded_game(profile)
    require_readings(profile)
    rules = np.zeros(1, RULES)
    _write_ship(rules[0], ship or Ship())
    _write_profile(rules[0], profile)
    names = [kind.name for kind in profile.kinds]
    for alien in read_toml(Aliens, DATA / "aliens.toml").aliens:
        _write_alien(rules[0], alien, names.index(alien.name))
    _write_maps(rules[0], read_toml(Maps, DATA / "maps.toml"), names)
    rules.setflags(write=False)
    return rules


def _require_embedded_game(profile: Profile) -> None:
    own = load_profile()
    kinds, keys = {kind.name for kind in profile.kinds}, set(profile.keys)
    missing = [kind.name for kind in own.kinds if kind.name not in kinds] + [key for key in own.keys if key not in keys]
    if missing or len(profile.kinds) > MAX_KINDS or len(profile.panels) > MAX_PANELS:
        raise WorldError(
            f"The embedded game cannot be played with the profile {profile.name!r}, which is of another game: it needs "
            f"{', '.join(missing[:5]) or 'fewer kinds and panels'}; use the profile darkorbit or a copy of it."
        )


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
    record["click_keys"] = sum(profile.key_bit(name) for name in profile.click_keys)
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
