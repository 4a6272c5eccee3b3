"""Click semantics: classifies a click as an object, a landmark, the minimap, open space, or a panel without effect.

The encoder (in play and training), hindsight labels, sampling and motor model share this one definition; compiled by
numba.
"""

from enum import IntEnum
from pathlib import Path

import numba
import numpy as np

from understudy.contract.errors import WorldError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.numba_cache import forget_stale_code
from understudy.contract.observation import ALL_BUTTONS, MAX_GAUGES, MAX_LANDMARKS, MAX_SWITCHES, MAX_TRACKS, Role
from understudy.contract.profile import Profile

MAX_KINDS = 32
MAX_PANELS = 8
MAX_KEYS = 8
MAX_MAPS = 8
NUM_HEALTH = 2
NUM_STORES = 4
COMMON_CHOICES = 4
"""Choices of the first selector for which every game has features; so for the gauges above, and for one switch."""
UNDECLARED = -1
"""Place of a gauge or switch that the profile does not declare."""
NUM_BUTTONS = ALL_BUTTONS.bit_length()
ENEMY, LOOT, PORTAL, BASE = int(Role.ENEMY), int(Role.LOOT), int(Role.PORTAL), int(Role.BASE)
"""Roles as plain numbers, for compiled code."""
HIT_MARGIN = 1.3
"""A click this many half-sizes from an object's centre still means the object: people aim at sprites, not at boxes."""
LOG_WORTH_SCALE = 3.5
"""log(1 + points) of the most valuable kinds (about 30 points), which scales worth to about 0..1."""
LANDMARK_RADIUS = 0.04
"""A minimap click this close to a landmark (map fractions) means the landmark."""

# All modules with compiled functions in policies and learning import this file, so this runs before any of them.
forget_stale_code(Path(__file__).parent, Path(__file__).parents[1] / "learning")


class ClickKind(IntEnum):
    """Meaning of a click."""

    NOTHING = 0
    TRACK = 1
    LANDMARK = 2
    MINIMAP = 3
    SPACE = 4


SORT_NOTHING, SORT_TRACK, SORT_LANDMARK, SORT_MINIMAP, SORT_SPACE = (int(kind) for kind in ClickKind)
"""Members of ClickKind as plain numbers, for compiled code."""

KEY_SHIFT = np.uint32(NUM_BUTTONS)
NUM_CLICKING = NUM_BUTTONS + MAX_KEYS
"""Inputs that may click: mouse buttons and keys."""
HOVER = 1 << NUM_CLICKING
"""In place of a button: the gesture presses nothing, and the cursor rests on its object."""

UI_GEOMETRY = np.dtype(
    [
        ("aspect", "f4"),  # window height / width, to measure distances in window widths
        ("minimap_left", "f4"),
        ("minimap_top", "f4"),
        ("minimap_width", "f4"),
        ("minimap_height", "f4"),
        ("panels", "f4", (MAX_PANELS, 4)),  # left, top, width, height
        ("num_panels", "i4"),
        ("num_keys", "i4"),
        ("click_keys", "u4"),  # bits of the keys that click at the cursor
        ("wheel", "u4"),  # bits of the mouse wheel, which clicks in each tick with its bit and is never held
        ("hover", "u1", (MAX_KINDS,)),  # 1: the cursor rests on such objects without a press
        ("strength", "f4", (MAX_KINDS,)),
        ("worth", "f4", (MAX_KINDS,)),  # value, compressed to about 0..1
        ("health", "i4", (NUM_HEALTH,)),  # places of the first gauges of health, the vital one first
        ("cooldown", "i4"),  # place of the first gauge that refills after each use
        ("stores", "i4", (NUM_STORES,)),  # places of the first gauges that fall by each use
        ("switch", "i4"),  # place of the first switch of a weapon, else of the first switch
        ("more_gauges", "i4", (MAX_GAUGES,)),  # places of the gauges that are in none of the above
        ("num_more_gauges", "i4"),
        ("more_switches", "i4", (MAX_SWITCHES,)),  # places of the other switches
        ("num_more_switches", "i4"),
        ("more_choices", "i4"),  # choices of the first selector after COMMON_CHOICES
        ("second_choices", "i4"),  # of the second selector, with one for unknown; 0 without a second selector
        ("all_health", "i4", (MAX_GAUGES,)),  # places of all gauges of health
        ("num_health", "i4"),
    ],
)
"""The parts of a profile that compiled functions use."""


def geometry_of(profile: Profile) -> np.void:
    """Converts a profile to one record of dtype UI_GEOMETRY.

    Raises:
        WorldError: if the game has more kinds, panels or keys than the policies have room for.
    """
    for what, given, most in (
        ("kinds of object", len(profile.kinds), MAX_KINDS),
        ("panels", len(profile.panels), MAX_PANELS),
        ("keys", len(profile.keys), MAX_KEYS),
    ):
        if given > most:
            raise WorldError(
                f"The game {profile.name!r} has {given} {what} and the policies have places for {most}: "
                "leave some out of its profile."
            )
    record: np.void = np.zeros(1, UI_GEOMETRY)[0]
    record["aspect"] = profile.window_height / profile.window_width
    record["minimap_left"], record["minimap_top"] = profile.minimap.left, profile.minimap.top
    record["minimap_width"], record["minimap_height"] = profile.minimap.width, profile.minimap.height
    for i, panel in enumerate(profile.panels):
        record["panels"][i] = (panel.left, panel.top, panel.width, panel.height)
    record["num_panels"] = len(profile.panels)
    record["num_keys"] = len(profile.keys)
    record["click_keys"] = sum(profile.key_bit(name) for name in profile.click_keys)
    record["wheel"] = sum(profile.key_bit(name) for name in profile.wheel)
    for i, kind in enumerate(profile.kinds):
        record["hover"][i], record["strength"][i] = kind.hover, kind.strength
        record["worth"][i] = np.log1p(max(kind.value, 0.0)) / LOG_WORTH_SCALE
    _write_places(record, profile)
    return record


def _write_places(record: np.void, profile: Profile) -> None:
    """Writes which gauges and switches the features are of, by their roles in the profile's order."""
    for name in ("health", "stores", "cooldown", "switch"):
        record[name] = UNDECLARED
    places: dict[GaugeRole, list[int]] = {role: [] for role in GaugeRole}
    for place, gauge in enumerate(profile.gauges):
        places[gauge.role].append(place)
    health = profile.health_places if places[GaugeRole.VITAL] else (UNDECLARED, *profile.health_places)
    for number, place in enumerate(health[:NUM_HEALTH]):
        record["health"][number] = place
    for number, place in enumerate(places[GaugeRole.STORE][:NUM_STORES]):
        record["stores"][number] = place
    for place in places[GaugeRole.COOLDOWN][:1]:
        record["cooldown"] = place
    weapons = [place for place, switch in enumerate(profile.switches) if switch.weapon]
    for place in [*weapons, *range(len(profile.switches))][:1]:
        record["switch"] = place
    common = {*record["health"].tolist(), *record["stores"].tolist(), int(record["cooldown"])}
    _write_list(record, "more_gauges", [place for place in range(len(profile.gauges)) if place not in common])
    _write_list(record, "more_switches", [place for place in range(len(profile.switches)) if place != record["switch"]])
    choices = [selector.num_choices for selector in profile.selectors]
    record["more_choices"] = max(choices[0] - COMMON_CHOICES, 0) if choices else 0
    record["second_choices"] = sum(1 + count for count in choices[1:])
    _write_list(record, "all_health", list(profile.health_places), "num_health")


def _write_list(record: np.void, name: str, places: list[int], count: str = "") -> None:
    record[name], record[count or f"num_{name}"] = UNDECLARED, len(places)
    record[name][: len(places)] = places


@numba.njit(cache=True)
def gauge_of(player, place):  # type: ignore[no-untyped-def]
    """Returns the reading of a gauge, NaN where it is undeclared or unknown."""
    return player.gauges[place] if place >= 0 else np.float32(np.nan)


@numba.njit(cache=True)
def switch_of(player, place):  # type: ignore[no-untyped-def]
    """Returns whether a switch is on, 0 where it is undeclared."""
    return player.switches[place] if place >= 0 else np.uint8(0)


@numba.njit(cache=True)
def clicking_inputs(button, keys, geometry):  # type: ignore[no-untyped-def]
    """Returns the held inputs that click as a bit mask: the mouse buttons, above them the keys that click.

    Args:
        button, keys: of an observation or action, or arrays of them.
        geometry: record of dtype UI_GEOMETRY.
    """
    return button | ((keys & geometry.click_keys) << KEY_SHIFT)


@numba.njit(cache=True)
def known_kind(kind):  # type: ignore[no-untyped-def]
    """Clamps a kind to the rows of the tables, because compiled code does not check bounds."""
    return min(max(kind, 0), MAX_KINDS - 1)


@numba.njit(cache=True)
def distance(geometry, x, y):  # type: ignore[no-untyped-def]
    """Returns the length of a window-fraction vector in window widths."""
    return np.sqrt(x * x + (y * geometry.aspect) ** 2)


@numba.njit(cache=True)
def to_map(geometry, x, y):  # type: ignore[no-untyped-def]
    """Converts a point on the minimap from window fractions to map fractions."""
    return (x - geometry.minimap_left) / geometry.minimap_width, (y - geometry.minimap_top) / geometry.minimap_height


@numba.njit(cache=True)
def to_window(geometry, x, y):  # type: ignore[no-untyped-def]
    """Converts map fractions to the point on the minimap in window fractions."""
    return geometry.minimap_left + x * geometry.minimap_width, geometry.minimap_top + y * geometry.minimap_height


@numba.njit(cache=True)
def slot_of(observation, track_id):  # type: ignore[no-untyped-def]
    """Returns the slot of the track with this id, -1 when it is not visible."""
    for slot in range(MAX_TRACKS):
        if observation.tracks[slot].id == track_id and track_id > 0:
            return slot
    return -1


@numba.njit(cache=True)
def track_under(observation, x, y):  # type: ignore[no-untyped-def]
    """Returns the slot of the object under a point, -1 for none; of several the nearest, in units of its half-size."""
    best, best_distance = -1, HIT_MARGIN
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0:
            away_x = abs(x - track.x) / max(0.5 * track.width, 1e-4)
            away_y = abs(y - track.y) / max(0.5 * track.height, 1e-4)
            away = max(away_x, away_y)
            if away < best_distance:
                best, best_distance = slot, away
    return best


@numba.njit(cache=True)
def landmark_near(observation, map_x, map_y):  # type: ignore[no-untyped-def]
    """Returns the index of the landmark within LANDMARK_RADIUS of a map point, -1 when there is none."""
    best, best_distance = -1, LANDMARK_RADIUS
    for i in range(MAX_LANDMARKS):
        mark = observation.landmarks[i]
        if mark.role > 0:
            away = np.sqrt((mark.x - map_x) ** 2 + (mark.y - map_y) ** 2)
            if away < best_distance:
                best, best_distance = i, away
    return best


@numba.njit(cache=True)
def classify_click(observation, geometry, x, y):  # type: ignore[no-untyped-def]
    """Classifies a click at (x, y), window fractions.

    Returns:
        (kind, index): a ClickKind, and the track slot or landmark index where the kind has one (else -1).
    """
    map_x, map_y = to_map(geometry, x, y)
    if 0.0 <= map_x < 1.0 and 0.0 <= map_y < 1.0:
        mark = landmark_near(observation, map_x, map_y)
        return (SORT_LANDMARK, mark) if mark >= 0 else (SORT_MINIMAP, -1)
    for i in range(geometry.num_panels):
        panel = geometry.panels[i]
        if panel[0] <= x < panel[0] + panel[2] and panel[1] <= y < panel[1] + panel[3]:
            return SORT_NOTHING, -1
    slot = track_under(observation, x, y)
    return (SORT_TRACK, slot) if slot >= 0 else (SORT_SPACE, -1)
