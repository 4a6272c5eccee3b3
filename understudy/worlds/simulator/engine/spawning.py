"""Populates a map: the player's arrival, and spawning and respawning of aliens and boxes."""

from understudy.contract.observation import TICK_S
from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.rng import distance, point_in_disc, randint, uniform
from understudy.worlds.simulator.engine.state import MAX_ALIENS, MAX_BOXES, PARKED, Record

WANDER = 0.4
"""Fraction of its speed at which an alien wanders."""


@njit_part
def new_id(w: Record) -> int:
    """Returns a new id, unique in this world."""
    w.next_id = w.next_id + 1
    return int(w.next_id - 1)


@njit_part
def enter_map(w: Record, r: Record, map_index: int, x: float, y: float) -> None:
    """Places the player on a newly populated map."""
    w.map_index = map_index
    w.x, w.y, w.vx, w.vy = x, y, 0.0, 0.0
    w.goal_x, w.goal_y = x, y
    w.selected, w.box_goal, w.laser_on, w.steering = -1, -1, 0, 0
    populate_aliens(w, r)
    populate_boxes(w, r)


@njit_part
def populate_aliens(w: Record, r: Record) -> None:
    """Spawns the aliens of all fields of the map."""
    w.num_aliens = 0
    for f in range(r.num_fields[w.map_index]):
        for kind in range(len(r.kind_size)):
            for _ in range(r.field_aliens[w.map_index, f, kind]):
                if w.num_aliens < MAX_ALIENS:
                    w.alien_kind[w.num_aliens] = kind
                    w.alien_field[w.num_aliens] = f
                    spawn_alien(w, r, w.num_aliens)
                    w.num_aliens = w.num_aliens + 1


@njit_part
def spawn_alien(w: Record, r: Record, j: int) -> None:
    """Spawns an alien at a random point of its field, at a distance from the player."""
    x, y = point_in_field(w, r, w.alien_field[j])
    for _ in range(4):
        if distance(x - w.x, y - w.y) < 0.6 * r.view_width:
            x, y = point_in_field(w, r, w.alien_field[j])
    w.alien_x[j], w.alien_y[j] = x, y
    w.alien_vx[j], w.alien_vy[j] = 0.0, 0.0
    w.alien_hull[j] = r.alien_hull[w.alien_kind[j]]
    w.alien_shield[j] = r.alien_shield[w.alien_kind[j]]
    w.alien_id[j] = new_id(w)
    w.alien_engaged[j] = 0
    w.alien_until[j] = w.tick + randint(w, 100)
    w.alien_ready[j] = w.tick
    w.alien_hurt[j] = w.tick - 1000
    w.alien_shot[j] = w.tick - 1000


@njit_part
def point_in_field(w: Record, r: Record, f: int) -> tuple[float, float]:
    """Returns a random point of a field that lies on the map and outside the base."""
    m = w.map_index
    x, y = r.field_x[m, f], r.field_y[m, f]
    for _ in range(8):
        dx, dy = point_in_disc(w)
        new_x = r.field_x[m, f] + dx * r.field_radius[m, f]
        new_y = r.field_y[m, f] + dy * r.field_radius[m, f]
        on_map = 100.0 < new_x < r.map_width - 100.0 and 100.0 < new_y < r.map_height - 100.0
        if on_map and distance(new_x - r.base_x[m], new_y - r.base_y[m]) > r.base_radius[m] + 200.0:
            return new_x, new_y
    return x, y


@njit_part
def wander(w: Record, r: Record, j: int) -> None:
    """Sends an alien to another random point of its field."""
    x, y = point_in_field(w, r, w.alien_field[j])
    dx, dy = x - w.alien_x[j], y - w.alien_y[j]
    length = distance(dx, dy) + 1.0
    speed = WANDER * r.alien_speed[w.alien_kind[j]]
    w.alien_vx[j], w.alien_vy[j] = dx / length * speed, dy / length * speed
    w.alien_until[j] = w.tick + int(length / speed / TICK_S * (0.3 + 0.7 * uniform(w)))


@njit_part
def populate_boxes(w: Record, r: Record) -> None:
    """Places the map's bonus boxes and clears the cargo slots."""
    w.num_boxes = MAX_BOXES
    for k in range(MAX_BOXES):
        w.box_x[k], w.box_y[k], w.box_id[k], w.box_until[k] = PARKED, PARKED, 0, 0
        w.box_kind[k] = r.cargo_box_kind
        if k < r.bonus_boxes[w.map_index]:
            place_bonus_box(w, r, k)


@njit_part
def place_bonus_box(w: Record, r: Record, k: int) -> None:
    """Places a bonus box at a random point of the map."""
    w.box_kind[k] = r.bonus_box_kind
    w.box_x[k] = 150.0 + uniform(w) * (r.map_width - 300.0)
    w.box_y[k] = 150.0 + uniform(w) * (r.map_height - 300.0)
    w.box_id[k] = new_id(w)


@njit_part
def drop_cargo(w: Record, r: Record, x: float, y: float) -> None:
    """Drops cargo where an alien died, if a slot is free."""
    for k in range(r.bonus_boxes[w.map_index], MAX_BOXES):
        if w.box_id[k] == 0:
            w.box_x[k], w.box_y[k] = x, y
            w.box_id[k] = new_id(w)
            w.box_until[k] = w.tick + int(r.cargo_s)
            return


@njit_part
def take_box(w: Record, r: Record, k: int) -> None:
    """Removes a box; a bonus box respawns later, elsewhere."""
    w.box_x[k], w.box_y[k], w.box_id[k] = PARKED, PARKED, 0
    w.box_until[k] = w.tick + int(r.box_respawn_s * (0.5 + uniform(w)))
    if w.box_goal == k:
        w.box_goal = -1


@njit_part
def renew_boxes(w: Record, r: Record) -> None:
    """Respawns bonus boxes and removes expired cargo; checks one eighth of the slots per tick."""
    for k in range(w.tick % 8, MAX_BOXES, 8):
        if w.tick >= w.box_until[k]:
            if w.box_id[k] == 0 and k < r.bonus_boxes[w.map_index]:
                place_bonus_box(w, r, k)
            elif w.box_id[k] != 0 and k >= r.bonus_boxes[w.map_index]:
                take_box(w, r, k)
