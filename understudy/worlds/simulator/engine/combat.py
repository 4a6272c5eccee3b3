"""Combat rules of the player: laser, rocket, ammunition, damage, loot, portals, repair, death and respawn."""

from understudy.contract.observation import TICK_S
from understudy.worlds.simulator.engine.effect_log import log_effect
from understudy.worlds.simulator.engine.game_data import Aggression
from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.rng import distance, point_in_disc, randint, uniform
from understudy.worlds.simulator.engine.spawning import drop_cargo, enter_map, take_box
from understudy.worlds.simulator.engine.state import PARKED, Effect, Record

LASER_HIT, LASER_MISS = int(Effect.LASER_HIT), int(Effect.LASER_MISS)
ROCKET_HIT, ROCKET_MISS = int(Effect.ROCKET_HIT), int(Effect.ROCKET_MISS)
KILL, LOOT, DEATH = int(Effect.KILL), int(Effect.LOOT), int(Effect.DEATH)
JUMP, RESPAWN = int(Effect.JUMP), int(Effect.RESPAWN)
PACK = int(Aggression.PACK)


@njit_part
def use_keys(w: Record, r: Record, pressed: int) -> None:
    """Executes the keys pressed in this tick."""
    for k in range(4):
        if pressed & r.key_ammo[k]:
            w.ammo_kind = k + 1
    if pressed & r.key_laser and w.selected >= 0:
        w.laser_on = 1 - w.laser_on
    if pressed & r.key_rocket:
        fire_rocket(w, r)
    if pressed & r.key_jump:
        jump(w, r)


@njit_part
def target_distance(w: Record) -> float:
    """Returns the distance to the selected alien, map units."""
    return distance(w.alien_x[w.selected] - w.x, w.alien_y[w.selected] - w.y)


@njit_part
def fire_laser(w: Record, r: Record) -> None:
    """Fires one salvo a second at the selected alien while the laser is on; drops a target that is too far."""
    if w.selected < 0:
        w.laser_on = 0
        return
    far = target_distance(w)
    if far > r.laser_lost:
        w.laser_on = 0
    if far > r.selection_lost:
        w.selected = -1
        return
    if not w.laser_on or w.safe or far > r.laser_range or w.tick < w.laser_ready:
        return
    if w.ammo[w.ammo_kind - 1] < 1.0:
        w.ammo_kind = 1
    if w.ammo[w.ammo_kind - 1] < 1.0:
        return
    w.ammo[w.ammo_kind - 1] = w.ammo[w.ammo_kind - 1] - 1.0
    w.laser_ready = w.tick + int(r.laser_reload_s)
    shoot(w, r, w.ammo_kind * r.laser_damage, r.laser_hit_chance, LASER_HIT, LASER_MISS)


@njit_part
def fire_rocket(w: Record, r: Record) -> None:
    """Fires one rocket at the selected alien, if it is in range and the launcher is ready."""
    if w.selected < 0 or w.safe or w.tick < w.rocket_ready or target_distance(w) > r.laser_range:
        return
    w.rocket_ready = w.tick + int(r.rocket_reload_s)
    shoot(w, r, r.rocket_damage, r.rocket_hit_chance, ROCKET_HIT, ROCKET_MISS)


@njit_part
def shoot(w: Record, r: Record, damage: float, hit_chance: float, hit: int, miss: int) -> None:
    """Resolves one shot of the player at the selected alien, which is provoked by a hit and a miss alike."""
    j = w.selected
    x, y, kind = w.alien_x[j], w.alien_y[j], w.alien_kind[j]
    w.fight_tick = w.tick
    provoke(w, r, j)
    if uniform(w) < hit_chance:
        w.events.hits += 1.0
        log_effect(w, hit, kind, w.x, w.y, x, y, damage)
        strike_alien(w, r, j, damage)
    else:
        w.events.misses += 1.0
        log_effect(w, miss, kind, w.x, w.y, x, y, 0.0)


@njit_part
def provoke(w: Record, r: Record, j: int) -> None:
    """Makes an alien that was shot at chase the player; a pack alien also provokes its neighbours."""
    w.alien_engaged[j] = 1
    w.alien_hurt[j] = w.tick
    kind = w.alien_kind[j]
    if int(r.alien_temper[kind]) != PACK:
        return
    for i in range(w.num_aliens):
        near = distance(w.alien_x[i] - w.alien_x[j], w.alien_y[i] - w.alien_y[j]) < r.pack_radius
        if near and w.alien_kind[i] == kind:
            w.alien_engaged[i] = 1


@njit_part
def strike_alien(w: Record, r: Record, j: int, damage: float) -> None:
    """Applies a hit to an alien: to the shield first, then to the hull."""
    absorbed = min(w.alien_shield[j], r.absorption * damage)
    dealt = absorbed + min(w.alien_hull[j], damage - absorbed)
    w.alien_shield[j] = w.alien_shield[j] - absorbed
    w.alien_hull[j] = w.alien_hull[j] - (dealt - absorbed)
    w.events.damage_dealt += dealt / r.hull
    if w.alien_hull[j] <= 1.0e-9:
        kill_alien(w, r, j)


@njit_part
def kill_alien(w: Record, r: Record, j: int) -> None:
    """Kills an alien: adds its value, sometimes drops cargo, and schedules its respawn."""
    kind, x, y = w.alien_kind[j], w.alien_x[j], w.alien_y[j]
    w.events.kills += 1.0
    w.events.value += r.kind_value[kind]
    log_effect(w, KILL, kind, x, y, x, y, r.kind_value[kind])
    if uniform(w) < r.cargo_chance:
        drop_cargo(w, r, x, y)
    w.alien_hull[j], w.alien_engaged[j] = 0.0, 0
    w.alien_x[j], w.alien_y[j], w.alien_vx[j], w.alien_vy[j] = PARKED, PARKED, 0.0, 0.0
    w.alien_until[j] = w.tick + int(r.alien_respawn_s * (0.7 + 0.6 * uniform(w)))
    w.selected, w.laser_on = -1, 0


@njit_part
def strike_player(w: Record, r: Record, damage: float) -> None:
    """Applies a hit to the player: the shield absorbs a fraction while it lasts."""
    absorbed = min(w.shield, r.absorption * damage)
    taken = absorbed + min(w.hull, damage - absorbed)
    w.shield = w.shield - absorbed
    w.hull = max(w.hull - (damage - absorbed), 0.0)
    w.hurt_tick, w.fight_tick = w.tick, w.tick
    w.events.damage_taken += taken / r.hull


@njit_part
def collect(w: Record, r: Record) -> None:
    """Collects the targeted box once the ship has reached it."""
    k = w.box_goal
    if k < 0 or distance(w.box_x[k] - w.x, w.box_y[k] - w.y) > r.collect_radius:
        return
    kind = w.box_kind[k]
    for a in range(4):
        w.ammo[a] = min(w.ammo[a] + r.box_ammo[a], r.ammo_hold[a])
    w.events.loot += 1.0
    w.events.value += r.kind_value[kind]
    log_effect(w, LOOT, kind, w.box_x[k], w.box_y[k], w.box_x[k], w.box_y[k], r.kind_value[kind])
    take_box(w, r, k)


@njit_part
def jump(w: Record, r: Record) -> None:
    """Jumps through the portal that the ship is in, to the other map's portal that leads back."""
    m = w.map_index
    for p in range(r.num_portals[m]):
        if distance(r.portal_x[m, p] - w.x, r.portal_y[m, p] - w.y) < r.portal_radius:
            to, out = r.portal_to[m, p], r.portal_exit[m, p]
            enter_map(w, r, to, r.portal_x[to, out], r.portal_y[to, out])
            w.events.jumps += 1.0
            log_effect(w, JUMP, -1, w.x, w.y, w.x, w.y, 0.0)
            return


@njit_part
def regenerate(w: Record, r: Record) -> None:
    """Regenerates shield and hull out of combat; faster in a base, which also refills ammunition 1."""
    if w.safe:
        w.hull = min(w.hull + r.base_rate * r.hull * TICK_S, r.hull)
        w.shield = min(w.shield + r.base_rate * r.shield * TICK_S, r.shield)
        w.ammo[0] = r.ammo_hold[0]
        return
    if w.tick - w.hurt_tick > r.shield_wait_s:
        w.shield = min(w.shield + r.shield_rate * r.shield * TICK_S, r.shield)
    if w.tick - w.fight_tick > r.hull_wait_s:
        w.hull = min(w.hull + r.hull_rate * r.hull * TICK_S, r.hull)


@njit_part
def die(w: Record, r: Record) -> None:
    """Destroys the ship and schedules its respawn."""
    w.alive = 0
    w.events.deaths += 1.0
    log_effect(w, DEATH, -1, w.x, w.y, w.x, w.y, 0.0)
    w.respawn_tick = w.tick + int(r.death_s)
    w.selected, w.box_goal, w.laser_on, w.steering = -1, -1, 0, 0
    w.vx, w.vy, w.goal_x, w.goal_y = 0.0, 0.0, w.x, w.y


@njit_part
def return_to_base(w: Record, r: Record) -> None:
    """Respawns the ship in the base of the same map."""
    dx, dy = point_in_disc(w)
    w.x = r.base_x[w.map_index] + dx * 0.5 * r.base_radius[w.map_index]
    w.y = r.base_y[w.map_index] + dy * 0.5 * r.base_radius[w.map_index]
    w.vx, w.vy, w.goal_x, w.goal_y = 0.0, 0.0, w.x, w.y
    w.hull, w.shield, w.alive, w.safe = r.hull, r.shield, 1, 1
    log_effect(w, RESPAWN, -1, w.x, w.y, w.x, w.y, 0.0)


@njit_part
def begin(w: Record, r: Record, start_map: int) -> None:
    """Starts a new game on a map; -1 draws a random map."""
    m = start_map if start_map >= 0 else randint(w, r.num_maps)
    w.next_id = 100
    enter_map(w, r, m, r.base_x[m], r.base_y[m])
    return_to_base(w, r)
    w.num_effects = 0
    for a in range(4):
        w.ammo[a] = r.ammo_start[a]
    w.ammo_kind = 1
    w.cursor_x, w.cursor_y = 0.5, 0.5
    w.hurt_tick, w.fight_tick = -1000, -1000
