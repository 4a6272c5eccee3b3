"""What a teacher would click or press at this moment, given its mode and target; NOTHING when all is in train.

A wish is no action yet: it has to last for a reaction time before the hand sets out (``teacher.py``), and one wish
is served at a time. Keys are pressed by the other hand.
"""

import math

from understudy.contract.observation import MAX_TRACKS
from understudy.worlds.simulator.compiled import njit
from understudy.worlds.simulator.dice import chance
from understudy.worlds.simulator.state import Record
from understudy.worlds.simulator.teacher_game import (
    BASE,
    ENEMY,
    LASER_RANGE,
    LOOT,
    PORTAL,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    distance,
    find_landmark,
    is_free,
    is_open,
)
from understudy.worlds.simulator.teacher_memory import (
    ERRAND_BASE,
    ERRAND_PATROL,
    ERRAND_PORTAL,
    MINIMAP,
    NO_ERRAND,
    NOTHING,
    OBJECT,
    SPACE,
    draw_ticks,
)
from understudy.worlds.simulator.teacher_mind import (
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

Click = tuple[int, int, float, float]
"""A wish, its id, and the place to click on in window fractions."""
WINDOW_SHARE = 0.15
LEAD_S = 0.8
"""How far ahead it reckons where a target will be."""
FLIGHT_STEP = 340.0
"""Length of a flight through free space away from danger."""


@njit
def wish_for_click(c: Record, o: Record, g: Record, s: Record) -> Click:
    """What to click on: (wish, id, x, y), the place in window fractions."""
    if o.player.alive == 0:
        return NOTHING, 0, 0.0, 0.0
    if c.mode == FIGHT and c.target_slot >= 0:
        return _fight(c, o, g, s)
    if c.mode == TAKE and c.target_slot >= 0:
        return _fetch(c, o)
    if c.mode == FLEE:
        return _flee(c, o, g)
    if c.mode == CAUTIOUS:
        return _take_care(c, o, g, s)
    if c.mode == EXPLORE:
        return _explore(c, o, g, s)
    return NOTHING, 0, 0.0, 0.0


@njit
def _fight(c: Record, o: Record, g: Record, s: Record) -> Click:
    target = o.tracks[c.target_slot]
    if target.selected == 0 and is_open(g, target.x, target.y):
        return OBJECT, target.id, float(target.x), float(target.y)
    if c.tick < c.move_due:
        return NOTHING, 0, 0.0, 0.0
    return _circle(o, g, s, target)


@njit
def _circle(o: Record, g: Record, s: Record, target: Record) -> Click:
    """A free place at the fighting distance from the target, a step further round it the way the ship is turning.

    It leads the target by a moment, and backs off farther when the target is too close.
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
    return _away(o, g, 0.0, 0.0)


@njit
def _on_the_map(o: Record, x: float, y: float) -> bool:
    """Whether a place of the window is inside the map; the window shows about a seventh of it each way."""
    map_x, map_y = o.player.x + WINDOW_SHARE * (x - 0.5), o.player.y + WINDOW_SHARE * (y - 0.5)
    return bool(min(map_x, map_y) > 0.005 and max(map_x, map_y) < 0.995)


@njit
def _fetch(c: Record, o: Record) -> Click:
    box = o.tracks[c.target_slot]
    under_way = c.sent == OBJECT and c.sent_id == box.id
    if under_way and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING):
        return NOTHING, 0, 0.0, 0.0
    return OBJECT, box.id, float(box.x), float(box.y)


@njit
def _away(o: Record, g: Record, pull_x: float, pull_y: float) -> Click:
    """A free place away from the aliens in sight and from the map's edge, drawn by the pull (units of one alien)."""
    x, y = pull_x, pull_y
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY:
            away = max(60.0, distance(track.x, track.y))
            weight = (2.0 if track.attacking != 0 else 1.0) * 300.0 / (away * away)
            x += (0.5 - track.x) * VIEW_WIDTH * weight
            y += (0.5 - track.y) * VIEW_HEIGHT * weight
    x += 2.0 * max(0.0, 0.08 - o.player.x) / 0.08 - 2.0 * max(0.0, o.player.x - 0.92) / 0.08
    y += 2.0 * max(0.0, 0.08 - o.player.y) / 0.08 - 2.0 * max(0.0, o.player.y - 0.92) / 0.08
    angle = math.atan2(y, x)
    for attempt in range(9):
        turn = (0.4 if attempt % 2 == 0 else -0.4) * ((attempt + 1) // 2)
        place_x = 0.5 + FLIGHT_STEP * math.cos(angle + turn) / VIEW_WIDTH
        place_y = 0.5 + FLIGHT_STEP * math.sin(angle + turn) / VIEW_HEIGHT
        if is_free(o, g, place_x, place_y):
            return SPACE, 0, place_x, place_y
    return NOTHING, 0, 0.0, 0.0


@njit
def _on_minimap(g: Record, errand: int, x: float, y: float) -> Click:
    inside_x, inside_y = min(0.98, max(0.02, x)), min(0.98, max(0.02, y))
    return MINIMAP, errand, g.minimap[0] + inside_x * g.minimap[2], g.minimap[1] + inside_y * g.minimap[3]


@njit
def _flee(c: Record, o: Record, g: Record) -> Click:
    if o.player.safe != 0:
        return NOTHING, 0, 0.0, 0.0
    base = find_landmark(o, BASE)
    home_bound = c.sent == MINIMAP and c.sent_id == ERRAND_BASE
    if base >= 0 and not (home_bound and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING)):
        return _on_minimap(g, ERRAND_BASE, o.landmarks[base].x, o.landmarks[base].y)
    if base >= 0 or c.tick < c.move_due:
        return NOTHING, 0, 0.0, 0.0
    return _away(o, g, 0.0, 0.0)


@njit
def _take_care(c: Record, o: Record, g: Record, s: Record) -> Click:
    if c.target_slot >= 0 and o.tracks[c.target_slot].role == LOOT:
        return _fetch(c, o)
    if o.player.safe != 0 or c.tick < c.move_due:
        return NOTHING, 0, 0.0, 0.0
    if enemy_distance_from(o, 0.5, 0.5) < s.keep_away:
        base = find_landmark(o, BASE)
        if base >= 0:
            x, y = o.landmarks[base].x - o.player.x, o.landmarks[base].y - o.player.y
            length = max(0.02, math.hypot(x, y))
            return _away(o, g, 0.7 * x / length, 0.7 * y / length)
        return _away(o, g, 0.0, 0.0)
    return NOTHING, 0, 0.0, 0.0


@njit
def _explore(c: Record, o: Record, g: Record, s: Record) -> Click:
    if c.goal_errand == NO_ERRAND:
        exploring = c.sent == MINIMAP and c.sent_id != ERRAND_BASE
        if exploring and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING):
            return NOTHING, 0, 0.0, 0.0
        _choose_goal(c, o, g, s)
    return _on_minimap(g, c.goal_errand, c.goal_x, c.goal_y)


@njit
def _choose_goal(c: Record, o: Record, g: Record, s: Record) -> None:
    """Where to explore next: through a portal now and then, else a place at the length of a patrol."""
    portal = _choose_portal(c, o, g, s)
    if portal >= 0:
        c.goal_x, c.goal_y, c.goal_errand = o.landmarks[portal].x, o.landmarks[portal].y, ERRAND_PORTAL
        return
    c.goal_errand = ERRAND_PATROL
    base = find_landmark(o, BASE)
    for _ in range(20):
        angle, length = 2.0 * math.pi * chance(c), s.roam * (0.5 + chance(c))
        c.goal_x = o.player.x + length * math.cos(angle)
        c.goal_y = o.player.y + length * math.sin(angle)
        inside = min(c.goal_x, c.goal_y) > 0.04 and max(c.goal_x, c.goal_y) < 0.96
        if inside and (base < 0 or _from_landmark(o, base, c.goal_x, c.goal_y) < s.tether):
            return
    if base >= 0:
        # strayed too far: the next patrol leads back
        share = min(1.0, s.roam / max(0.01, _from_landmark(o, base, o.player.x, o.player.y)))
        c.goal_x = o.player.x + share * (o.landmarks[base].x - o.player.x)
        c.goal_y = o.player.y + share * (o.landmarks[base].y - o.player.y)


@njit
def _from_landmark(o: Record, landmark: int, x: float, y: float) -> float:
    """Distance of a place from a landmark, map fractions."""
    return math.hypot(x - o.landmarks[landmark].x, y - o.landmarks[landmark].y)


@njit
def _choose_portal(c: Record, o: Record, g: Record, s: Record) -> int:
    """The portal to take, -1 for none: the one that leads nearest to the map it likes; from there seldom any."""
    best, best_score = -1, -1e9
    for index in range(len(o.landmarks)):
        mark = o.landmarks[index]
        if mark.role != PORTAL:
            continue
        nearer = abs(o.player.map_index - s.home_map) - abs(
            _leads_to(g, o.player.map_index, mark.x, mark.y) - s.home_map
        )
        score = nearer + 0.5 * chance(c)
        if score > best_score:
            best, best_score = index, score
    eager = s.jump_chance * (1.0 if o.player.map_index != int(s.home_map) else 0.12)
    return best if chance(c) < eager else -1


@njit
def _leads_to(g: Record, map_index: int, x: float, y: float) -> int:
    """The map on the other side of the portal at this place of the minimap; the same map if nobody knows."""
    for portal in range(g.num_portals[map_index]):
        if math.hypot(g.portal_x[map_index, portal] - x, g.portal_y[map_index, portal] - y) < 0.03:
            return int(g.portal_to[map_index, portal])
    return map_index


@njit
def wish_for_key(c: Record, o: Record, g: Record, s: Record) -> int:
    """The key to press, as a bit of the profile's keys; 0 for none."""
    if o.player.alive == 0:
        return 0
    if c.mode == EXPLORE and c.sent == MINIMAP and c.sent_id == ERRAND_PORTAL:
        return int(g.key_jump) if at_portal(o) else 0
    if c.mode != FIGHT or c.target_slot < 0:
        return int(g.key_laser) if o.player.laser_on != 0 and c.mode != FIGHT else 0
    target = o.tracks[c.target_slot]
    if target.selected == 0:
        return 0
    away = distance(target.x, target.y)
    if o.player.laser_on == 0 and away < LASER_RANGE:
        return int(g.key_laser)
    kind = _choose_ammo(o, g, s, target.kind)
    if kind > 0 and kind != o.player.ammo_kind:
        return int(g.key_ammo[kind - 1])
    if o.player.rocket_ready >= 1.0 and away < LASER_RANGE:
        return int(g.key_rocket)
    return 0


@njit
def _choose_ammo(o: Record, g: Record, s: Record, kind: int) -> int:
    """The ammunition for a target: the better the stronger it is, as far as the hold has any; 0 for what is loaded."""
    over = g.strength[kind] / s.strong_ammo_from
    wanted = 1 + min(3, int(over))
    for ammo in range(wanted, 0, -1):
        if o.player.ammo[ammo - 1] > 0.02:
            return ammo
    return 0


@njit
def served(c: Record, s: Record) -> None:
    """Notes that the last click was made: a goal is used up, and the next free flight has to wait a while."""
    if c.sent == MINIMAP:
        c.goal_errand = NO_ERRAND
    if c.sent == SPACE:
        c.move_due = c.tick + draw_ticks(c, s.move_every_s, 0.3)
