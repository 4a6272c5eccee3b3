"""Selects the teacher's mode and its target, an alien or a box.

Uses only the observation and a short memory (present mode, present target, time of the last attack), so a learner with
the same observations can reproduce the decisions.
"""

import math

from understudy.contract.intent import Mode
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.readings import HP, SHIELD
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.game_knowledge import (
    ENEMY,
    LASER_RANGE,
    LOOT,
    PORTAL,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    distance,
    find_track,
    is_open,
)
from understudy.worlds.simulator.teacher.state import ERRAND_PORTAL, MINIMAP, NO_ERRAND, NOTHING, draw_ticks

FIGHT, TAKE, FLEE = int(Mode.FIGHT), int(Mode.LOOT), int(Mode.FLEE)
EXPLORE, CAUTIOUS = int(Mode.EXPLORE), int(Mode.CAUTIOUS)
PACK_RADIUS = 380.0
"""Aliens this close to a target count as part of the fight, units."""
HEALTHY = 0.6
"""From this health on, the number of attackers alone does not make it flee."""
CALM_TICKS = 3 * TICK_RATE_HZ
"""Ticks after the last attack until it no longer counts as chased."""
TARGET_HYSTERESIS = 1.6
"""Hysteresis: factor on the worth of the present target."""
JUMP_RANGE = 120.0
"""Distance to a portal within which it presses the jump key, units."""
STANDING = 25.0
"""Below this speed, units a second, the ship counts as standing."""
PATIENCE = TICK_RATE_HZ
"""Ticks that the ship has to react to a click before the click counts as failed."""


@njit
def health(o: Record) -> float:
    """Returns the weighted mean of hull and shield, 0..1; an unreadable bar counts as half."""
    hp = 0.5 if math.isnan(o.player.gauges[HP]) else o.player.gauges[HP]
    shield = 0.5 if math.isnan(o.player.gauges[SHIELD]) else o.player.gauges[SHIELD]
    return float(0.7 * hp + 0.3 * shield)


@njit
def speed_of(o: Record) -> float:
    """Returns the speed of the ship in units a second."""
    return math.hypot(o.player.vx * VIEW_WIDTH, o.player.vy * VIEW_HEIGHT)


@njit
def at_portal(o: Record) -> bool:
    """Whether the ship is near enough to a portal to jump."""
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == PORTAL and distance(track.x, track.y) < JUMP_RANGE:
            return True
    return False


@njit
def attackers(o: Record, g: Record) -> tuple[int, float]:
    """Returns the number of aliens that attack the player, and the sum of their strengths."""
    number, strength = 0, 0.0
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY and track.attacking != 0:
            number += 1
            strength += g.strength[track.kind]
    return number, strength


@njit
def enemy_distance_from(o: Record, x: float, y: float) -> float:
    """Returns the distance in units from a point (window fractions) to the nearest alien."""
    nearest = math.inf
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY:
            nearest = min(nearest, distance(track.x - x + 0.5, track.y - y + 0.5))
    return nearest


@njit
def _fight_strength(o: Record, g: Record, slot: int) -> float:
    """Estimates the strength of a fight: the alien's own strength by its remaining hull, plus 0.35 of its pack's."""
    target = o.tracks[slot]
    left = 1.0 if math.isnan(target.gauges[HP]) else target.gauges[HP]
    odds = g.strength[target.kind] * (0.4 + 0.6 * left)
    for other in range(MAX_TRACKS):
        track = o.tracks[other]
        if other != slot and track.id != 0 and track.role == ENEMY:
            near = distance(track.x - target.x + 0.5, track.y - target.y + 0.5) < PACK_RADIUS
            if near or track.attacking != 0:
                odds += 0.35 * g.strength[track.kind]
    return float(odds)


@njit
def best_enemy(c: Record, o: Record, g: Record, s: Record, well: float) -> tuple[int, float]:
    """Returns the slot and worth (points a second) of the best alien to fight; slot -1 for none."""
    bold = min(1.0, max(0.0, (well - s.flee_below) / (s.resume_above - s.flee_below)))
    limit = s.max_strength * (0.35 + 0.65 * bold)
    best, best_worth = -1, 0.0
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id == 0 or track.role != ENEMY:
            continue
        mine = track.id == c.target_id
        if _fight_strength(o, g, slot) > (1.5 * limit if mine or track.attacking != 0 else limit):
            continue
        left = 1.0 if math.isnan(track.gauges[HP]) else track.gauges[HP]
        way_s = max(0.0, distance(track.x, track.y) - s.fight_distance) / 300.0
        worth = g.value[track.kind] ** s.value_taste / (2.0 + way_s + 22.0 * g.strength[track.kind] * left)
        if mine:
            worth *= TARGET_HYSTERESIS
        if track.attacking != 0:
            worth *= 2.0
        if track.selected != 0 and left < 0.98:
            worth *= 2.0
        if worth > best_worth:
            best, best_worth = slot, worth
    return best, best_worth


@njit
def best_box(c: Record, o: Record, g: Record, s: Record, careful: bool) -> tuple[int, float]:
    """Returns the slot and worth (points a second) of the best box to fetch; `careful` skips boxes near an alien."""
    best, best_worth = -1, 0.0
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id == 0 or track.role != LOOT or not is_open(g, track.x, track.y):
            continue
        away = distance(track.x, track.y)
        if away > s.loot_reach or (careful and enemy_distance_from(o, track.x, track.y) < s.keep_away):
            continue
        worth = s.loot_weight * g.value[track.kind] / (1.5 + away / 300.0)
        if track.id == c.target_id:
            worth *= TARGET_HYSTERESIS
        if worth > best_worth:
            best, best_worth = slot, worth
    return best, best_worth


@njit
def _must_flee(c: Record, o: Record, g: Record, s: Record, well: float) -> bool:
    """Whether to flee: at a higher health against stronger attackers; once fleeing, with hysteresis."""
    number, strength = attackers(o, g)
    chased = number > 0 or c.tick - c.attacked_tick < CALM_TICKS
    excess = max(0.0, strength / s.max_strength - 1.0)
    threshold = min(0.85, s.flee_below * (1.0 + 0.22 * excess))
    if c.mode == FLEE:
        # stops when it is not chased, or is in the safe zone, and health is above the threshold plus a margin
        return bool((chased and o.player.safe == 0) or well < threshold + 0.1)
    outnumbered = number > s.max_attackers and well < HEALTHY and not _is_travelling(c, o)
    return bool(well < threshold or outnumbered)


@njit
def _is_travelling(c: Record, o: Record) -> bool:
    """Whether it is flying to a portal; it then ignores everything else."""
    bound = c.mode == EXPLORE and c.sent == MINIMAP and c.sent_id == ERRAND_PORTAL
    return bool(bound and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING or at_portal(o)))


@njit
def update_mode(c: Record, o: Record, g: Record, s: Record) -> None:
    """Updates mode and target in the carry; a new mode takes effect after a reaction time."""
    number, _ = attackers(o, g)
    if number > 0:
        c.attacked_tick = c.tick
    if o.events.jumps > 0.0 or o.player.alive == 0:
        # the position changed abruptly: the last destination is no longer valid
        c.sent, c.goal_errand, c.target_id, c.target_slot = NOTHING, NO_ERRAND, 0, -1
    if o.player.alive == 0:
        return
    well = health(o)
    selected, target = _select_mode(c, o, g, s, well)
    if selected != c.next_mode:
        after_s = s.notice_s if selected in (FLEE, CAUTIOUS) else s.reaction_s
        c.next_mode, c.mode_due = selected, c.tick + draw_ticks(c, after_s, 0.3)
    if c.mode != c.next_mode and c.tick >= c.mode_due:
        c.mode = c.next_mode
        c.goal_errand = NO_ERRAND
    if c.mode == selected:
        c.target_id = o.tracks[target].id if target >= 0 else 0
    c.target_slot = find_track(o, c.target_id)
    if c.target_slot < 0:
        c.target_id = 0


@njit
def _select_mode(c: Record, o: Record, g: Record, s: Record, well: float) -> tuple[int, int]:
    """Returns the appropriate mode and the track slot of its target, -1 for none."""
    if _must_flee(c, o, g, s, well):
        return FLEE, -1
    if _is_travelling(c, o):
        return EXPLORE, -1
    recovering = c.mode == FLEE or c.mode == CAUTIOUS
    weak = well < (s.resume_above if recovering else s.cautious_below)
    enemy, enemy_worth = best_enemy(c, o, g, s, well)
    box, box_worth = best_box(c, o, g, s, weak)
    if weak and not (enemy >= 0 and (o.tracks[enemy].attacking != 0 or c.mode == FIGHT)):
        return CAUTIOUS, box
    if weak and c.mode != FIGHT and distance(o.tracks[enemy].x, o.tracks[enemy].y) > LASER_RANGE:
        return CAUTIOUS, box
    if box >= 0 and box_worth > enemy_worth:
        return TAKE, box
    if enemy >= 0:
        return FIGHT, enemy
    return EXPLORE, -1
