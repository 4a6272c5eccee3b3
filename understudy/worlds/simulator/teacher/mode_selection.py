"""How a teacher makes up its mind: which mode the scene asks for, and which alien or box it is after.

Everything is judged from the observation and a memory of seconds (the present mode, the present target, when it was
last shot at), so that whoever watches the same screen could come to the same decisions.
"""

import math

from understudy.contract.intent import Mode
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ
from understudy.worlds.simulator.engine.njit import njit
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
"""Aliens this close to a target are reckoned to join in."""
UNHURT = 0.6
"""From this health on it is not afraid of numbers alone."""
CALM_TICKS = 3 * TICK_RATE_HZ
"""So long after the last shot it feels that nobody is after it."""
STAY_WITH_IT = 1.6
"""By how much the target that it already has is worth more than another like it."""
JUMP_RANGE = 120.0
"""So near to a portal it presses the jump key."""
STANDING = 25.0
"""Below this speed, units a second, the ship stands."""
PATIENCE = TICK_RATE_HZ
"""It gives the ship this long to answer a click before it judges the answer."""


@njit
def health(o: Record) -> float:
    """Hull and shield together, 0..1; an unreadable bar counts as half."""
    hp = 0.5 if math.isnan(o.player.hp) else o.player.hp
    shield = 0.5 if math.isnan(o.player.shield) else o.player.shield
    return float(0.7 * hp + 0.3 * shield)


@njit
def speed_of(o: Record) -> float:
    """Speed of the ship in units a second."""
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
    """How many aliens shoot at the player, and their strengths added up."""
    number, strength = 0, 0.0
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY and track.attacking != 0:
            number += 1
            strength += g.strength[track.kind]
    return number, strength


@njit
def enemy_distance_from(o: Record, x: float, y: float) -> float:
    """Distance from a point in window fractions to the alien nearest to it."""
    nearest = math.inf
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id != 0 and track.role == ENEMY:
            nearest = min(nearest, distance(track.x - x + 0.5, track.y - y + 0.5))
    return nearest


@njit
def _odds(o: Record, g: Record, slot: int) -> float:
    """How strong a fight against an alien would be: its own strength by what is left, and a third of its pack's."""
    target = o.tracks[slot]
    left = 1.0 if math.isnan(target.hp) else target.hp
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
    """The alien most worth fighting in the present state, and its worth in points a second; slot -1 for none."""
    bold = min(1.0, max(0.0, (well - s.flee_below) / (s.resume_above - s.flee_below)))
    limit = s.max_strength * (0.35 + 0.65 * bold)
    best, best_worth = -1, 0.0
    for slot in range(MAX_TRACKS):
        track = o.tracks[slot]
        if track.id == 0 or track.role != ENEMY:
            continue
        mine = track.id == c.target_id
        if _odds(o, g, slot) > (1.5 * limit if mine or track.attacking != 0 else limit):
            continue
        left = 1.0 if math.isnan(track.hp) else track.hp
        way_s = max(0.0, distance(track.x, track.y) - s.fight_distance) / 300.0
        worth = g.value[track.kind] ** s.value_taste / (2.0 + way_s + 22.0 * g.strength[track.kind] * left)
        if mine:
            worth *= STAY_WITH_IT
        if track.attacking != 0:
            worth *= 2.0
        if track.selected != 0 and left < 0.98:
            worth *= 2.0
        if worth > best_worth:
            best, best_worth = slot, worth
    return best, best_worth


@njit
def best_box(c: Record, o: Record, g: Record, s: Record, careful: bool) -> tuple[int, float]:
    """The box most worth fetching and its worth in points a second; the careful take none that an alien is near."""
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
            worth *= STAY_WITH_IT
        if worth > best_worth:
            best, best_worth = slot, worth
    return best, best_worth


@njit
def _must_flee(c: Record, o: Record, g: Record, s: Record, well: float) -> bool:
    """Whether to break off: earlier the stronger those are who shoot; once fleeing, until it is over."""
    number, strength = attackers(o, g)
    hunted = number > 0 or c.tick - c.attacked_tick < CALM_TICKS
    excess = max(0.0, strength / s.max_strength - 1.0)
    threshold = min(0.85, s.flee_below * (1.0 + 0.22 * excess))
    if c.mode == FLEE:
        # it stops when nobody follows and it is not about to die, or when it is safe and a little repaired
        return bool((hunted and o.player.safe == 0) or well < threshold + 0.1)
    crowded = number > s.max_attackers and well < UNHURT and not _on_a_journey(c, o)
    return bool(well < threshold or crowded)


@njit
def _on_a_journey(c: Record, o: Record) -> bool:
    """Whether it is on its way to a portal: it then leaves everything aside."""
    bound = c.mode == EXPLORE and c.sent == MINIMAP and c.sent_id == ERRAND_PORTAL
    return bool(bound and (c.tick - c.sent_tick < PATIENCE or speed_of(o) > STANDING or at_portal(o)))


@njit
def think(c: Record, o: Record, g: Record, s: Record) -> None:
    """Updates mode and target in the carry; a change of mode takes a reaction time."""
    number, _ = attackers(o, g)
    if number > 0:
        c.attacked_tick = c.tick
    if o.events.jumps > 0.0 or o.player.alive == 0:
        # elsewhere all of a sudden: where it was bound for means nothing any more
        c.sent, c.goal_errand, c.target_id, c.target_slot = NOTHING, NO_ERRAND, 0, -1
    if o.player.alive == 0:
        return
    well = health(o)
    wanted, target = _judge(c, o, g, s, well)
    if wanted != c.next_mode:
        after_s = s.notice_s if wanted in (FLEE, CAUTIOUS) else s.reaction_s
        c.next_mode, c.mode_due = wanted, c.tick + draw_ticks(c, after_s, 0.3)
    if c.mode != c.next_mode and c.tick >= c.mode_due:
        c.mode = c.next_mode
        c.goal_errand = NO_ERRAND
    if c.mode == wanted:
        c.target_id = o.tracks[target].id if target >= 0 else 0
    c.target_slot = find_track(o, c.target_id)
    if c.target_slot < 0:
        c.target_id = 0


@njit
def _judge(c: Record, o: Record, g: Record, s: Record, well: float) -> tuple[int, int]:
    """The mode that the scene asks for and the track slot to go for in it, -1 for none."""
    if _must_flee(c, o, g, s, well):
        return FLEE, -1
    if _on_a_journey(c, o):
        return EXPLORE, -1
    tired = c.mode == FLEE or c.mode == CAUTIOUS
    weak = well < (s.resume_above if tired else s.cautious_below)
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
