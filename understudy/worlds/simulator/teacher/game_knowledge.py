"""Prior knowledge of the game, as any player has it: kinds, keys, panels, and which portal leads where.

Distances are in game units: the window shows 1600 x 900 of them with the player in the middle.
"""

import math

import numpy as np

from understudy.contract.observation import MAX_TRACKS, Role
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.compiled_rules import MAX_MAPS, MAX_PORTALS, compile_rules
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.state import Record

Click = tuple[int, int, float, float]
"""A desired click: OBJECT, SPACE, MINIMAP or NOTHING; its id; x and y in window fractions."""
VIEW_WIDTH = 1600.0
VIEW_HEIGHT = 900.0
LASER_RANGE = 600.0
MAX_KINDS = 64
MAX_PANELS = 16
WINDOW_MARGIN = 0.03
"""Clicks on space stay this far inside the window."""

GAME = np.dtype(
    [
        ("value", "f8", (MAX_KINDS,)),
        ("strength", "f8", (MAX_KINDS,)),
        ("minimap", "f8", (4,)),  # left, top, width, height
        ("panels", "f8", (MAX_PANELS, 4)),
        ("num_panels", "i4"),
        ("key_laser", "u4"),
        ("key_rocket", "u4"),
        ("key_jump", "u4"),
        ("key_ammo", "u4", (4,)),
        ("num_portals", "i4", (MAX_MAPS,)),
        ("portal_x", "f8", (MAX_MAPS, MAX_PORTALS)),  # map fractions
        ("portal_y", "f8", (MAX_MAPS, MAX_PORTALS)),
        ("portal_to", "i4", (MAX_MAPS, MAX_PORTALS)),  # map indices
    ],
    align=True,
)

ENEMY, LOOT, PORTAL, BASE = int(Role.ENEMY), int(Role.LOOT), int(Role.PORTAL), int(Role.BASE)


def game_record(profile: Profile) -> np.ndarray:
    """Converts a profile to one record of dtype GAME, shape (1,), for compiled code."""
    record = np.zeros(1, GAME)
    game = record[0]
    for index, kind in enumerate(profile.kinds):
        game["value"][index], game["strength"][index] = kind.value, kind.strength
    for index, panel in enumerate(profile.panels):
        game["panels"][index] = (panel.left, panel.top, panel.width, panel.height)
    minimap = profile.minimap
    game["minimap"] = (minimap.left, minimap.top, minimap.width, minimap.height)
    game["num_panels"] = len(profile.panels)
    game["key_laser"], game["key_rocket"] = profile.key_bit("ctrl"), profile.key_bit("space")
    game["key_jump"] = profile.key_bit("j")
    game["key_ammo"] = [profile.key_bit(name) for name in "1234"]
    _write_portals(game, compile_rules(profile)[0])
    return record


def _write_portals(game: np.void, rules: np.void) -> None:
    """Writes the portals of all maps, positions in map fractions."""
    game["num_portals"], game["portal_to"] = rules["num_portals"], rules["portal_to"]
    game["portal_x"] = rules["portal_x"] / rules["map_width"]
    game["portal_y"] = rules["portal_y"] / rules["map_height"]


@njit
def distance(x: float, y: float) -> float:
    """Returns the distance in units from the player to a point in window fractions."""
    return math.hypot((x - 0.5) * VIEW_WIDTH, (y - 0.5) * VIEW_HEIGHT)


@njit
def find_track(o: Record, object_id: int) -> int:
    """Returns the track slot of an object, -1 when it is not visible."""
    if object_id != 0:
        for slot in range(MAX_TRACKS):
            if o.tracks[slot].id == object_id:
                return slot
    return -1


@njit
def find_landmark(o: Record, role: int) -> int:
    """Returns the index of the nearest landmark of a role, -1 for none."""
    best, best_distance = -1, 1e9
    for index in range(len(o.landmarks)):
        mark = o.landmarks[index]
        if mark.role == role:
            away = math.hypot(mark.x - o.player.x, mark.y - o.player.y)
            if away < best_distance:
                best, best_distance = index, away
    return best


@njit
def is_open(g: Record, x: float, y: float) -> bool:
    """Whether a window point shows the world: inside the margins and not under a panel."""
    if min(x, y) < WINDOW_MARGIN or max(x, y) > 1.0 - WINDOW_MARGIN:
        return False
    for index in range(g.num_panels):
        left, top = g.panels[index, 0], g.panels[index, 1]
        if left <= x < left + g.panels[index, 2] and top <= y < top + g.panels[index, 3]:
            return False
    return True


@njit
def is_free(o: Record, g: Record, x: float, y: float) -> bool:
    """Whether a click there flies: open space with no alien or box within a margin of the cursor."""
    if not is_open(g, x, y):
        return False
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id == 0:
            break
        near_x = abs(track.x - x) < 0.5 * track.width + 0.012
        near_y = abs(track.y - y) < 0.5 * track.height + 0.02
        if near_x and near_y and (track.role == ENEMY or track.role == LOOT):
            return False
    return True
