"""Applies the player's mouse and keys and moves the ship.

A left press on the minimap flies to that position of the map, on a panel does nothing, on an alien selects it, on a box
flies there and collects it, elsewhere flies to that point. Holding a press on free space or on the minimap keeps
steering. The right and the middle button do nothing.
"""

from math import isfinite

import numpy as np

from understudy.contract.observation import ALL_BUTTONS, TICK_S, Button
from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.rng import distance
from understudy.worlds.simulator.engine.state import Record

LEFT, ALL = np.uint32(Button.LEFT), np.uint32(ALL_BUTTONS)
STEER_SPACE = 1
STEER_MINIMAP = 2


@njit_part
def read_action(w: Record, a: Record, r: Record) -> tuple[int, bool]:
    """Stores cursor, button and keys of an action; returns the keys and whether the left button, or a key that
    clicks, went down in this tick.

    Invalid input (a cursor that is NaN, an unknown button) counts as no input.
    """
    if isfinite(a.cursor_x):
        w.cursor_x = min(max(float(a.cursor_x), 0.0), 1.0)
    if isfinite(a.cursor_y):
        w.cursor_y = min(max(float(a.cursor_y), 0.0), 1.0)
    keys = a.keys & r.known_keys
    button = a.button if a.button <= ALL else np.uint32(0)
    pressed = keys & ~w.keys
    clicked = (button & ~w.button & LEFT) | (pressed & r.click_keys) != 0
    w.keys, w.button = keys, button
    return pressed, clicked


@njit_part
def use_mouse(w: Record, r: Record, clicked: bool) -> None:
    """Handles a new press, or continues steering with a held one."""
    if clicked:
        press(w, r)
    elif (w.button & LEFT) | (w.keys & r.click_keys) == 0:
        w.steering = 0
    elif w.steering == STEER_SPACE:
        fly_to(w, r, cursor_on_map_x(w, r), cursor_on_map_y(w, r))
    elif w.steering == STEER_MINIMAP and inside(w.cursor_x, w.cursor_y, r.minimap):
        fly_by_minimap(w, r)


@njit_part
def press(w: Record, r: Record) -> None:
    """Handles a new left press by the object under the cursor."""
    w.steering = 0
    if inside(w.cursor_x, w.cursor_y, r.minimap):
        w.steering = STEER_MINIMAP
        fly_by_minimap(w, r)
        return
    if on_panel(w, r):
        return
    x, y = cursor_on_map_x(w, r), cursor_on_map_y(w, r)
    alien = alien_at(w, r, x, y)
    if alien >= 0:
        select(w, alien)
        return
    box = box_at(w, r, x, y)
    if box >= 0:
        fly_to(w, r, w.box_x[box], w.box_y[box])
        w.box_goal = box
        return
    w.steering = STEER_SPACE
    fly_to(w, r, x, y)


@njit_part
def inside(x: float, y: float, edges: np.ndarray) -> bool:
    """Whether a point lies in a rectangle given as left, top, right, bottom."""
    return bool(edges[0] <= x < edges[2] and edges[1] <= y < edges[3])


@njit_part
def on_panel(w: Record, r: Record) -> bool:
    """Whether the cursor is over a panel."""
    for p in range(r.num_panels):  # noqa: SIM110 - numba knows no generators
        if inside(w.cursor_x, w.cursor_y, r.panels[p]):
            return True
    return False


@njit_part
def cursor_on_map_x(w: Record, r: Record) -> float:
    """Returns the map x under the cursor, map units."""
    return float(w.x + (w.cursor_x - 0.5) * r.view_width)


@njit_part
def cursor_on_map_y(w: Record, r: Record) -> float:
    """Returns the map y under the cursor, map units."""
    return float(w.y + (w.cursor_y - 0.5) * r.view_height)


@njit_part
def fly_to(w: Record, r: Record, x: float, y: float) -> None:
    """Sets the ship's goal to a point of the map."""
    w.goal_x = min(max(x, 0.0), r.map_width)
    w.goal_y = min(max(y, 0.0), r.map_height)
    w.box_goal = -1


@njit_part
def fly_by_minimap(w: Record, r: Record) -> None:
    """Sets the ship's goal to the minimap position under the cursor."""
    across = (w.cursor_x - r.minimap[0]) / (r.minimap[2] - r.minimap[0])
    down = (w.cursor_y - r.minimap[1]) / (r.minimap[3] - r.minimap[1])
    fly_to(w, r, across * r.map_width, down * r.map_height)


@njit_part
def alien_at(w: Record, r: Record, x: float, y: float) -> int:
    """Returns the index of the alien whose box plus margin contains the point; the nearest of several; -1 for none."""
    found, nearest = -1, 1.0e18
    for j in range(w.num_aliens):
        reach = 0.5 * r.click_margin * r.kind_size[w.alien_kind[j]]
        dx, dy = w.alien_x[j] - x, w.alien_y[j] - y
        if abs(dx) <= reach and abs(dy) <= reach and dx * dx + dy * dy < nearest:
            found, nearest = j, dx * dx + dy * dy
    return found


@njit_part
def box_at(w: Record, r: Record, x: float, y: float) -> int:
    """Returns the index of the box under the point, as in `alien_at`."""
    found, nearest = -1, 1.0e18
    reach = 0.5 * r.click_margin * r.box_size
    for k in range(w.num_boxes):
        dx, dy = w.box_x[k] - x, w.box_y[k] - y
        if abs(dx) <= reach and abs(dy) <= reach and dx * dx + dy * dy < nearest:
            found, nearest = k, dx * dx + dy * dy
    return found


@njit_part
def select(w: Record, alien: int) -> None:
    """Selects an alien as the target; a new target switches the laser off until Ctrl is pressed again."""
    if w.selected != alien:
        w.selected = alien
        w.laser_on = 0


@njit_part
def move_ship(w: Record, r: Record) -> None:
    """Moves the ship towards its goal by one tick, slowing down near it."""
    dx, dy = w.goal_x - w.x, w.goal_y - w.y
    length = distance(dx, dy)
    speed = min(r.speed, 4.0 * length)
    if length > 1.0:
        dx, dy = dx / length * speed, dy / length * speed
    else:
        dx, dy = 0.0, 0.0
    w.vx = w.vx + (dx - w.vx) * r.response
    w.vy = w.vy + (dy - w.vy) * r.response
    w.x = min(max(w.x + w.vx * TICK_S, 0.0), r.map_width)
    w.y = min(max(w.y + w.vy * TICK_S, 0.0), r.map_height)
    m = w.map_index
    w.safe = 1 if distance(w.x - r.base_x[m], w.y - r.base_y[m]) < r.base_radius[m] else 0
