"""Behaviour of the aliens: wander in their field, chase, keep their distance, shoot, give up."""

from understudy.contract.observation import TICK_S
from understudy.worlds.simulator.engine.combat import strike_player
from understudy.worlds.simulator.engine.effect_log import log_effect
from understudy.worlds.simulator.engine.game_data import Aggression
from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.rng import distance, uniform
from understudy.worlds.simulator.engine.spawning import spawn_alien, wander
from understudy.worlds.simulator.engine.state import Effect, Record

ALIEN_HIT, ALIEN_MISS = int(Effect.ALIEN_HIT), int(Effect.ALIEN_MISS)
AGGRESSIVE = int(Aggression.AGGRESSIVE)
NEAR = 1300.0
"""Within this distance of the player, map units, an alien is updated every tick; farther away every 16th tick."""
QUIET_TICKS = 160
"""Ticks without a hit after which an alien repairs itself."""


@njit_part
def move_aliens(w: Record, r: Record) -> None:
    """Advances all aliens of the map by one tick."""
    for j in range(w.num_aliens):
        w.alien_x[j] += w.alien_vx[j] * TICK_S
        w.alien_y[j] += w.alien_vy[j] * TICK_S
    for j in range(w.num_aliens):
        dx, dy = w.x - w.alien_x[j], w.y - w.alien_y[j]
        if dx * dx + dy * dy < NEAR * NEAR or (w.tick + j) % 16 == 0:
            think(w, r, j, dx, dy)


@njit_part
def think(w: Record, r: Record, j: int, dx: float, dy: float) -> None:
    """Updates one alien's behaviour; (dx, dy) is the vector to the player, map units."""
    far = distance(dx, dy)
    if w.alien_hull[j] <= 0.0:
        if w.tick >= w.alien_until[j]:
            spawn_alien(w, r, j)
        return
    kind = w.alien_kind[j]
    prey = w.alive and not w.safe
    if not w.alien_engaged[j] and prey and int(r.alien_temper[kind]) == AGGRESSIVE and far < r.alien_sight[kind]:
        w.alien_engaged[j] = 1
    if w.alien_engaged[j] and (not prey or far > r.chase_lost or too_far_from_home(w, r, j)):
        w.alien_engaged[j] = 0
        wander(w, r, j)
    if w.alien_engaged[j]:
        hunt(w, r, j, dx, dy, far)
        attack(w, r, j, far)
    else:
        rest(w, r, j)


@njit_part
def too_far_from_home(w: Record, r: Record, j: int) -> bool:
    """Whether an alien has left its field by more than the chase limit."""
    m, f = w.map_index, w.alien_field[j]
    away = distance(w.alien_x[j] - r.field_x[m, f], w.alien_y[j] - r.field_y[m, f])
    return bool(away > r.field_radius[m, f] + r.chase_limit)


@njit_part
def hunt(w: Record, r: Record, j: int, dx: float, dy: float, far: float) -> None:
    """Steers towards the player, then around it at about 0.75 of the alien's range."""
    kind = w.alien_kind[j]
    wish = 0.75 * r.alien_range[kind]
    towards = min(max((far - wish) / (0.3 * wish), -0.5), 1.0)
    around = (1.0 - abs(towards)) * (0.5 if w.alien_id[j] % 2 == 0 else -0.5)
    scale = r.alien_speed[kind] / (far + 1.0)
    vx, vy = (dx * towards - dy * around) * scale, (dy * towards + dx * around) * scale
    w.alien_vx[j] += (vx - w.alien_vx[j]) * 0.2
    w.alien_vy[j] += (vy - w.alien_vy[j]) * 0.2


@njit_part
def attack(w: Record, r: Record, j: int, far: float) -> None:
    """Fires one shot, if reloaded and in range."""
    kind = w.alien_kind[j]
    if far > r.alien_range[kind] or w.tick < w.alien_ready[j]:
        return
    w.alien_ready[j] = w.tick + int(r.alien_reload[kind] * (0.85 + 0.3 * uniform(w)))
    w.alien_shot[j] = w.tick
    if uniform(w) < r.alien_hit_chance[kind]:
        strike_player(w, r, r.alien_damage[kind])
        log_effect(w, ALIEN_HIT, kind, w.alien_x[j], w.alien_y[j], w.x, w.y, r.alien_damage[kind])
    else:
        log_effect(w, ALIEN_MISS, kind, w.alien_x[j], w.alien_y[j], w.x, w.y, 0.0)


@njit_part
def rest(w: Record, r: Record, j: int) -> None:
    """Wanders, and repairs itself after QUIET_TICKS without a hit."""
    if w.tick >= w.alien_until[j]:
        wander(w, r, j)
    if w.tick - w.alien_hurt[j] > QUIET_TICKS:
        kind = w.alien_kind[j]
        w.alien_hull[j] = min(w.alien_hull[j] + 0.05 * TICK_S * r.alien_hull[kind], r.alien_hull[kind])
        w.alien_shield[j] = min(w.alien_shield[j] + 0.05 * TICK_S * r.alien_shield[kind], r.alien_shield[kind])
