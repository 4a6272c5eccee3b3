"""Navigation of the teacher: to the base when fleeing, away from danger when cautious, across the maps when exploring.

Returns desired clicks, as ``action_selection`` does.
"""

import math

from understudy.contract.observation import MAX_TRACKS
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.rng import uniform
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.game_knowledge import (
    BASE,
    ENEMY,
    PORTAL,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    Click,
    distance,
    find_landmark,
    is_free,
)
from understudy.worlds.simulator.teacher.mode_selection import PATIENCE, STANDING, speed_of
from understudy.worlds.simulator.teacher.state import (
    ERRAND_BASE,
    ERRAND_PATROL,
    ERRAND_PORTAL,
    MINIMAP,
    NO_ERRAND,
    NOTHING,
    SPACE,
)

FLIGHT_STEP = 400.0
"""Length of a flight through free space away from danger."""
BLOCKING = 220.0
"""Distance in units within which an alien can block the way to the base."""
EDGE = 0.08
"""Within this fraction of the map from its edge, the edge repels."""
AT_HOME = 0.12
"""Factor on the chance of taking a portal on the home map."""


@njit
def flee(c: Record, o: Record, g: Record) -> Click:
    """Flies to the base by the minimap, avoiding attackers on the way; NOTHING in the safe zone."""
    if o.player.safe != 0:
        return NOTHING, 0, 0.0, 0.0
    base = find_landmark(o, BASE)
    if base < 0 or _blocked(o, o.landmarks[base].x - o.player.x, o.landmarks[base].y - o.player.y):
        return retreat(c, o, g) if c.tick >= c.move_due else (NOTHING, 0, 0.0, 0.0)
    home_bound = c.sent == MINIMAP and c.sent_id == ERRAND_BASE
    if home_bound and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING):
        return NOTHING, 0, 0.0, 0.0
    return _on_minimap(g, ERRAND_BASE, o.landmarks[base].x, o.landmarks[base].y)


@njit
def _blocked(o: Record, way_x: float, way_y: float) -> bool:
    """Whether an attacking alien is close ahead in a direction across the map."""
    length = math.hypot(way_x * VIEW_WIDTH, way_y * VIEW_HEIGHT)
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id == 0 or track.role != ENEMY or track.attacking == 0:
            continue
        x, y = (track.x - 0.5) * VIEW_WIDTH, (track.y - 0.5) * VIEW_HEIGHT
        far = math.hypot(x, y)
        ahead = (x * way_x * VIEW_WIDTH + y * way_y * VIEW_HEIGHT) / max(1e-6, far * length)
        if far < BLOCKING and ahead > 0.8:
            return True
    return False


@njit
def retreat(c: Record, o: Record, g: Record) -> Click:
    """Returns a free point away from visible aliens and the map's edge, attracted by the base (a potential field)."""
    x, y = _attraction(o)
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY:
            near = max(60.0, distance(track.x, track.y))
            weight = (2.0 if track.attacking != 0 else 1.0) * 300.0 / (near * near)
            x += (0.5 - track.x) * VIEW_WIDTH * weight
            y += (0.5 - track.y) * VIEW_HEIGHT * weight
    angle = math.atan2(y, x)
    for attempt in range(9):
        turn = (0.4 if attempt % 2 == 0 else -0.4) * ((attempt + 1) // 2)
        place_x = 0.5 + FLIGHT_STEP * math.cos(angle + turn) / VIEW_WIDTH
        place_y = 0.5 + FLIGHT_STEP * math.sin(angle + turn) / VIEW_HEIGHT
        if is_free(o, g, place_x, place_y):
            return SPACE, 0, place_x, place_y
    return NOTHING, 0, 0.0, 0.0


@njit
def _attraction(o: Record) -> tuple[float, float]:
    """Returns the attraction of the base and repulsion of the map's edge, in units of one alien's repulsion."""
    x = 2.0 * max(0.0, EDGE - o.player.x) / EDGE - 2.0 * max(0.0, o.player.x - 1.0 + EDGE) / EDGE
    y = 2.0 * max(0.0, EDGE - o.player.y) / EDGE - 2.0 * max(0.0, o.player.y - 1.0 + EDGE) / EDGE
    base = find_landmark(o, BASE)
    if base >= 0:
        far = max(0.02, _from_landmark(o, base, o.player.x, o.player.y))
        x += 0.7 * (o.landmarks[base].x - o.player.x) / far
        y += 0.7 * (o.landmarks[base].y - o.player.y) / far
    return x, y


@njit
def explore(c: Record, o: Record, g: Record, s: Record) -> Click:
    """Flies from goal to goal by the minimap; NOTHING while the ship is under way."""
    if c.goal_errand == NO_ERRAND:
        exploring = c.sent == MINIMAP and c.sent_id != ERRAND_BASE
        if exploring and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING):
            return NOTHING, 0, 0.0, 0.0
        _choose_goal(c, o, g, s)
    return _on_minimap(g, c.goal_errand, c.goal_x, c.goal_y)


@njit
def _choose_goal(c: Record, o: Record, g: Record, s: Record) -> None:
    """Draws the next goal: occasionally a portal, else a point at the length of a patrol."""
    portal = _choose_portal(c, o, g, s)
    if portal >= 0:
        c.goal_x, c.goal_y, c.goal_errand = o.landmarks[portal].x, o.landmarks[portal].y, ERRAND_PORTAL
        return
    c.goal_errand = ERRAND_PATROL
    base = find_landmark(o, BASE)
    for _ in range(20):
        angle, length = 2.0 * math.pi * uniform(c), s.roam * (0.5 + uniform(c))
        c.goal_x = o.player.x + length * math.cos(angle)
        c.goal_y = o.player.y + length * math.sin(angle)
        inside = min(c.goal_x, c.goal_y) > 0.04 and max(c.goal_x, c.goal_y) < 0.96
        if inside and (base < 0 or _from_landmark(o, base, c.goal_x, c.goal_y) < s.tether):
            return
    if base >= 0:
        # too far from the base: the next patrol leads back
        share = min(1.0, s.roam / max(0.01, _from_landmark(o, base, o.player.x, o.player.y)))
        c.goal_x = o.player.x + share * (o.landmarks[base].x - o.player.x)
        c.goal_y = o.player.y + share * (o.landmarks[base].y - o.player.y)


@njit
def _choose_portal(c: Record, o: Record, g: Record, s: Record) -> int:
    """Chooses the portal to take, -1 for none: the one that leads closest to the home map; on that map rarely one."""
    best, best_score = -1, -1e9
    for index in range(len(o.landmarks)):
        mark = o.landmarks[index]
        if mark.role != PORTAL:
            continue
        there = _leads_to(g, o.player.map_index, mark.x, mark.y)
        score = 0.5 * uniform(c) - abs(there - s.home_map)
        if score > best_score:
            best, best_score = index, score
    eager = s.jump_chance * (1.0 if o.player.map_index != int(s.home_map) else AT_HOME)
    return best if uniform(c) < eager else -1


@njit
def _leads_to(g: Record, map_index: int, x: float, y: float) -> int:
    """Returns the index of the map behind the portal at this map position; the same map if unknown."""
    for portal in range(g.num_portals[map_index]):
        if math.hypot(g.portal_x[map_index, portal] - x, g.portal_y[map_index, portal] - y) < 0.03:
            return int(g.portal_to[map_index, portal])
    return map_index


@njit
def _from_landmark(o: Record, landmark: int, x: float, y: float) -> float:
    """Returns the distance of a point from a landmark, map fractions."""
    return math.hypot(x - o.landmarks[landmark].x, y - o.landmarks[landmark].y)


@njit
def _on_minimap(g: Record, errand: int, x: float, y: float) -> Click:
    inside_x, inside_y = min(0.98, max(0.02, x)), min(0.98, max(0.02, y))
    return MINIMAP, errand, g.minimap[0] + inside_x * g.minimap[2], g.minimap[1] + inside_y * g.minimap[3]
