"""Builds the observation record from a world's state."""

import numpy as np

from understudy.contract.observation import MAX_GAUGES, MAX_LANDMARKS, MAX_TRACKS, TICK_S, Role
from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, LOADED, NUM_AMMO, ROCKET, SHIELD
from understudy.worlds.simulator.engine.state import MAX_ALIENS, MAX_BOXES, Record

BOX = MAX_ALIENS
"""Object codes: aliens from 0, boxes from BOX, then portals and the base."""
PORTAL = MAX_ALIENS + MAX_BOXES
BASE = PORTAL + 16
ROLE_PORTAL, ROLE_BASE = int(Role.PORTAL), int(Role.BASE)
NAN = np.nan


@njit_part
def observe(w: Record, o: Record, r: Record) -> None:
    """Writes a complete observation record."""
    o.time_s = w.tick * TICK_S
    write_player(w, o.player, r)
    write_events(w, o.events)
    write_landmarks(w, o, r)
    count = collect_visible(w, r)
    for n in range(count):
        write_track(w, o.tracks[n], r, w.seen[n])
    for n in range(count, MAX_TRACKS):
        clear_track(o.tracks[n])
    o.cursor_x, o.cursor_y = w.cursor_x, w.cursor_y
    o.keys, o.button = w.keys, w.button


@njit_part
def write_player(w: Record, p: Record, r: Record) -> None:
    """Writes the player's own readings."""
    p.gauges[HP], p.gauges[SHIELD] = w.hull / r.hull, w.shield / r.shield
    p.x, p.y = w.x / r.map_width, w.y / r.map_height
    p.vx, p.vy = w.vx / r.view_width, w.vy / r.view_height
    p.gauges[ROCKET] = 1.0 - max(w.rocket_ready - w.tick, 0) / r.rocket_reload_s
    for a in range(NUM_AMMO):
        p.gauges[AMMO + a] = w.ammo[a] / r.ammo_hold[a]
    for other in range(AMMO + NUM_AMMO, MAX_GAUGES):
        p.gauges[other] = NAN
    p.selectors[LOADED], p.map_index = w.ammo_kind, w.map_index
    p.switches[LASER], p.safe, p.alive = w.laser_on, w.safe, w.alive


@njit_part
def write_events(w: Record, e: Record) -> None:
    """Writes the events of this tick."""
    e.hits, e.misses, e.kills = w.events.hits, w.events.misses, w.events.kills
    e.loot, e.deaths, e.jumps = w.events.loot, w.events.deaths, w.events.jumps
    e.damage_dealt, e.damage_taken = w.events.damage_dealt, w.events.damage_taken
    e.value = w.events.value


@njit_part
def write_landmarks(w: Record, o: Record, r: Record) -> None:
    """Writes base and portals of the map."""
    m = w.map_index
    for n in range(MAX_LANDMARKS):
        mark = o.landmarks[n]
        if n == 0:
            mark.role, mark.x, mark.y = ROLE_BASE, r.base_x[m] / r.map_width, r.base_y[m] / r.map_height
        elif n <= r.num_portals[m]:
            mark.role = ROLE_PORTAL
            mark.x, mark.y = r.portal_x[m, n - 1] / r.map_width, r.portal_y[m, n - 1] / r.map_height
        else:
            mark.role, mark.x, mark.y = 0, 0.0, 0.0


@njit_part
def collect_visible(w: Record, r: Record) -> int:
    """Collects the objects in the window, nearest first; returns their number."""
    m, count = w.map_index, 0
    for j in range(w.num_aliens):
        count = insert_by_distance(w, r, count, j, w.alien_x[j], w.alien_y[j])
    for k in range(w.num_boxes):
        count = insert_by_distance(w, r, count, BOX + k, w.box_x[k], w.box_y[k])
    for p in range(r.num_portals[m]):
        count = insert_by_distance(w, r, count, PORTAL + p, r.portal_x[m, p], r.portal_y[m, p])
    return insert_by_distance(w, r, count, BASE, r.base_x[m], r.base_y[m])


@njit_part
def insert_by_distance(w: Record, r: Record, count: int, code: int, x: float, y: float) -> int:
    """Inserts one object by its distance, if its centre is in the window; returns the new number of objects."""
    dx, dy = x - w.x, y - w.y
    if abs(dx) > 0.5 * r.view_width or abs(dy) > 0.5 * r.view_height:
        return count
    far = dx * dx + dy * dy
    if count == MAX_TRACKS:
        if far >= w.seen_distance[MAX_TRACKS - 1]:
            return count
        count -= 1
    place = count
    while place > 0 and w.seen_distance[place - 1] > far:
        w.seen_distance[place], w.seen[place] = w.seen_distance[place - 1], w.seen[place - 1]
        place -= 1
    w.seen_distance[place], w.seen[place] = far, code
    return count + 1


@njit_part
def write_track(w: Record, t: Record, r: Record, code: int) -> None:
    """Writes one object into a track slot."""
    if code < BOX:
        write_alien(w, t, r, code)
        return
    if code < PORTAL:
        k = code - BOX
        write_common_fields(w, t, r, w.box_id[k], w.box_kind[k], w.box_x[k], w.box_y[k], 0.0, 0.0)
    elif code < BASE:
        p = code - PORTAL
        number = 10 + 10 * w.map_index + p
        write_common_fields(
            w, t, r, number, r.portal_kind, r.portal_x[w.map_index, p], r.portal_y[w.map_index, p], 0.0, 0.0
        )
    else:
        m = w.map_index
        write_common_fields(w, t, r, 1 + m, r.base_kind, r.base_x[m], r.base_y[m], 0.0, 0.0)
    t.gauges[HP], t.gauges[SHIELD] = NAN, NAN
    t.attacking, t.selected = 0, 0


@njit_part
def write_alien(w: Record, t: Record, r: Record, j: int) -> None:
    """Writes one alien into a track slot."""
    kind = w.alien_kind[j]
    write_common_fields(w, t, r, w.alien_id[j], kind, w.alien_x[j], w.alien_y[j], w.alien_vx[j], w.alien_vy[j])
    t.gauges[HP], t.gauges[SHIELD] = w.alien_hull[j] / r.alien_hull[kind], w.alien_shield[j] / r.alien_shield[kind]
    t.attacking = 1 if w.tick - w.alien_shot[j] <= r.attacking_s else 0
    t.selected = 1 if w.selected == j else 0


@njit_part
def write_common_fields(
    w: Record, t: Record, r: Record, number: int, kind: int, x: float, y: float, vx: float, vy: float
) -> None:
    """Writes the fields common to all objects."""
    t.id, t.kind, t.role = number, kind, r.role[kind]
    t.x, t.y = 0.5 + (x - w.x) / r.view_width, 0.5 + (y - w.y) / r.view_height
    t.width, t.height = r.kind_size[kind] / r.view_width, r.kind_size[kind] / r.view_height
    t.vx, t.vy = (vx - w.vx) / r.view_width, (vy - w.vy) / r.view_height


@njit_part
def clear_track(t: Record) -> None:
    """Clears a track slot."""
    t.id, t.kind, t.role = 0, 0, 0
    t.x, t.y, t.width, t.height = 0.0, 0.0, 0.0, 0.0
    t.vx, t.vy, t.gauges[HP], t.gauges[SHIELD] = 0.0, 0.0, 0.0, 0.0
    t.attacking, t.selected = 0, 0
