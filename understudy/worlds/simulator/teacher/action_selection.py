"""Selects the teacher's desired click and key from its mode and target; NOTHING when no input is needed.

A desired click (the fields `wish*` of the carry) is not yet an action: it must persist for a reaction time before the
motor model starts a gesture (``step``). One click is executed at a time; keys are independent of it.
"""

import math

from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.readings import AMMO, LASER, LOADED, ROCKET
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.game_knowledge import (
    LASER_RANGE,
    LOOT,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    Click,
    distance,
    is_free,
    is_open,
)
from understudy.worlds.simulator.teacher.mode_selection import (
    CAUTIOUS,
    EXPLORE,
    FIGHT,
    FLEE,
    PATIENCE,
    STANDING,
    TAKE,
    at_portal,
    enemy_distance_from,
    speed_of,
)
from understudy.worlds.simulator.teacher.navigation import explore, flee, retreat
from understudy.worlds.simulator.teacher.state import (
    ERRAND_PORTAL,
    MINIMAP,
    NO_ERRAND,
    NOTHING,
    OBJECT,
    SPACE,
    draw_ticks,
)

WINDOW_SHARE = 0.15
LEAD_S = 0.8
"""Seconds ahead for which a target's position is extrapolated."""


@njit
def choose_click(c: Record, o: Record, g: Record, s: Record) -> Click:
    """Returns the desired click: (what, id, x, y), the position in window fractions."""
    if o.player.alive == 0:
        return NOTHING, 0, 0.0, 0.0
    if c.mode == FIGHT and c.target_slot >= 0:
        return _fight(c, o, g, s)
    if c.mode == TAKE and c.target_slot >= 0:
        return _fetch(c, o)
    if c.mode == FLEE:
        return flee(c, o, g)
    if c.mode == CAUTIOUS:
        return _play_cautiously(c, o, g, s)
    if c.mode == EXPLORE:
        return explore(c, o, g, s)
    return NOTHING, 0, 0.0, 0.0


@njit
def _fight(c: Record, o: Record, g: Record, s: Record) -> Click:
    """Selects the target, then orbits it."""
    target = o.tracks[c.target_slot]
    if target.selected == 0 and is_open(g, target.x, target.y):
        return OBJECT, target.id, float(target.x), float(target.y)
    if c.tick < c.move_due:
        return NOTHING, 0, 0.0, 0.0
    return _orbit(c, o, g, s, target)


@njit
def _orbit(c: Record, o: Record, g: Record, s: Record, target: Record) -> Click:
    """Returns the next point of the orbit: free space at the fighting distance, one step on in turning direction.

    Leads the target by LEAD_S, and increases the radius when the target is too close.
    """
    centre_x = target.x + LEAD_S * (target.vx + o.player.vx)
    centre_y = target.y + LEAD_S * (target.vy + o.player.vy)
    x, y = (0.5 - centre_x) * VIEW_WIDTH, (0.5 - centre_y) * VIEW_HEIGHT
    radius = s.fight_distance + max(0.0, s.fight_distance - math.hypot(x, y))
    angle = math.atan2(y, x)
    turning = x * o.player.vy * VIEW_HEIGHT - y * o.player.vx * VIEW_WIDTH
    way = 1.0 if turning >= 0.0 else -1.0
    for attempt in range(10):
        side = way if attempt % 2 == 0 else -way
        step = side * s.orbit_step * (1.0 + 0.5 * (attempt // 2))
        place_x = centre_x + radius * math.cos(angle + step) / VIEW_WIDTH
        place_y = centre_y + radius * math.sin(angle + step) / VIEW_HEIGHT
        if is_free(o, g, place_x, place_y) and _on_the_map(o, place_x, place_y):
            return SPACE, 0, place_x, place_y
    return retreat(c, o, g)


@njit
def _on_the_map(o: Record, x: float, y: float) -> bool:
    """Whether a window position lies inside the map; the window shows about a seventh of it in each axis."""
    map_x, map_y = o.player.x + WINDOW_SHARE * (x - 0.5), o.player.y + WINDOW_SHARE * (y - 0.5)
    return bool(min(map_x, map_y) > 0.005 and max(map_x, map_y) < 0.995)


@njit
def _fetch(c: Record, o: Record) -> Click:
    """Clicks the box, unless the ship is already flying to it."""
    box = o.tracks[c.target_slot]
    under_way = c.sent == OBJECT and c.sent_id == box.id
    if under_way and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING):
        return NOTHING, 0, 0.0, 0.0
    return OBJECT, box.id, float(box.x), float(box.y)


@njit
def _play_cautiously(c: Record, o: Record, g: Record, s: Record) -> Click:
    """Fetches an unguarded box, or retreats from nearby aliens; otherwise waits for repairs."""
    if c.target_slot >= 0 and o.tracks[c.target_slot].role == LOOT:
        return _fetch(c, o)
    if o.player.safe != 0 or c.tick < c.move_due:
        return NOTHING, 0, 0.0, 0.0
    if enemy_distance_from(o, 0.5, 0.5) < s.keep_away:
        return retreat(c, o, g)
    return NOTHING, 0, 0.0, 0.0


@njit
def choose_key(c: Record, o: Record, g: Record, s: Record) -> int:
    """Returns the desired key, as a bit of the profile's keys; 0 for none."""
    if o.player.alive == 0:
        return 0
    if c.mode == EXPLORE and c.sent == MINIMAP and c.sent_id == ERRAND_PORTAL:
        return int(g.key_jump) if at_portal(o) else 0
    if c.mode == CAUTIOUS and o.player.switches[LASER] != 0:
        return int(g.key_laser)
    if c.mode != FIGHT or c.target_slot < 0:
        return 0
    target = o.tracks[c.target_slot]
    if target.selected == 0:
        return 0
    away = distance(target.x, target.y)
    if o.player.switches[LASER] == 0 and away < LASER_RANGE:
        return int(g.key_laser)
    kind = _choose_ammo(o, g, s, target.kind)
    if kind > 0 and kind != o.player.selectors[LOADED]:
        return int(g.key_ammo[kind - 1])
    if o.player.gauges[ROCKET] >= 1.0 and away < LASER_RANGE:
        return int(g.key_rocket)
    return 0


@njit
def _choose_ammo(o: Record, g: Record, s: Record, kind: int) -> int:
    """Returns ammunition for a target: better kinds for stronger aliens, if available; 0 keeps the loaded kind."""
    over = g.strength[kind] / s.strong_ammo_from
    preferred = 1 + min(3, int(over))
    for ammo in range(preferred, 0, -1):
        if o.player.gauges[AMMO + ammo - 1] > 0.02:
            return ammo
    return 0


@njit
def on_click_done(c: Record, s: Record) -> None:
    """Updates the carry after a click was executed: clears the goal, and delays the next flight through free space."""
    if c.sent == MINIMAP:
        c.goal_errand = NO_ERRAND
    if c.sent == SPACE:
        c.move_due = c.tick + draw_ticks(c, s.move_every_s, 0.3)
