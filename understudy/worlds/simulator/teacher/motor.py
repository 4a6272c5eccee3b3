"""The teacher's motor model: moves the cursor like a person, dwells, presses for a few ticks, and releases.

Moves follow a minimum-jerk profile (Flash and Hogan 1985) with a duration by Fitts' law (1954), curve slightly to one
side, and track a moving target. The cursor's speed never exceeds ``CURSOR_SPEED_LIMIT``.
"""

import math

from understudy.contract.intent import Phase
from understudy.contract.observation import TICK_S, Button
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.rng import uniform
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.game_knowledge import find_track
from understudy.worlds.simulator.teacher.state import (
    MINIMAP,
    NOTHING,
    OBJECT,
    draw_normal,
    draw_ticks,
)

CURSOR_SPEED_LIMIT = 4.0
"""Largest speed of the cursor, window widths a second."""
FITTS_START_S = 0.10
FITTS_PER_BIT_S = 0.095
"""Movement time is FITTS_START_S + FITTS_PER_BIT_S * log2(distance / size + 1) (MacKenzie 1992, for mice)."""
SPACE_SIZE = 0.05
MINIMAP_SIZE = 0.02
"""Effective target size, window widths, of a point in free space or on the minimap."""
ASPECT = 16.0 / 9.0

IDLE, MOVE, DWELL, PRESS = int(Phase.IDLE), int(Phase.MOVE), int(Phase.DWELL), int(Phase.PRESS)
LEFT = int(Button.LEFT)


@njit
def begin_gesture(c: Record, o: Record, s: Record) -> None:
    """Starts a gesture from the cursor's position to the desired click."""
    c.gesture, c.gesture_id = c.wish, c.wish_id
    c.from_x, c.from_y = c.cursor_x, c.cursor_y
    c.to_x, c.to_y = c.wish_x, c.wish_y
    size = SPACE_SIZE
    size_y = SPACE_SIZE * ASPECT
    if c.gesture == MINIMAP:
        size, size_y = MINIMAP_SIZE, MINIMAP_SIZE * ASPECT
    slot = find_track(o, c.gesture_id) if c.gesture == OBJECT else -1
    if slot >= 0:
        size, size_y = max(0.005, o.tracks[slot].width), max(0.005, o.tracks[slot].height)
    c.offset_x = min(0.45, max(-0.45, s.aim_noise * draw_normal(c))) * size
    c.offset_y = min(0.45, max(-0.45, s.aim_noise * draw_normal(c))) * size_y
    if uniform(c) < s.slip_chance:
        angle = 2.0 * math.pi * uniform(c)
        c.offset_x, c.offset_y = 0.9 * size * math.cos(angle), 0.9 * size_y * math.sin(angle)
    length = math.hypot(c.to_x - c.from_x, (c.to_y - c.from_y) / ASPECT)
    duration_s = FITTS_START_S + FITTS_PER_BIT_S * math.log2(length / size + 1.0)
    c.bend = 0.06 * draw_normal(c)
    _enter(c, MOVE, max(2, draw_ticks(c, duration_s / s.hand_speed, 0.15)))


@njit
def advance_gesture(c: Record, o: Record) -> int:
    """Advances the gesture by one tick, updates the cursor in the carry, and returns the held button."""
    if c.phase == IDLE:
        return 0
    _follow_target(c, o)
    if c.phase == MOVE:
        share = (c.tick - c.phase_start + 1.0) / (c.phase_end - c.phase_start)
        done = share * share * share * (10.0 + share * (6.0 * share - 15.0))
        bow = c.bend * math.sin(math.pi * done)
        x, y = c.to_x - c.from_x, c.to_y - c.from_y
        _put_cursor(c, c.from_x + x * done - y / ASPECT * bow, c.from_y + y * done + x * ASPECT * bow)
    else:
        _put_cursor(c, c.to_x, c.to_y)
    pressed = LEFT if c.phase == PRESS else 0
    if c.tick + 1 >= c.phase_end:
        _next_phase(c)
    return pressed


@njit
def _follow_target(c: Record, o: Record) -> None:
    """Moves the end of the gesture to the target's extrapolated position at arrival."""
    if c.gesture != OBJECT:
        return
    slot = find_track(o, c.gesture_id)
    if slot < 0:
        return
    track = o.tracks[slot]
    ahead_s = TICK_S
    if c.phase == MOVE:
        ahead_s += max(0.0, (c.phase_end - c.tick - 1) * TICK_S)
    c.to_x = min(0.995, max(0.005, track.x + c.offset_x + track.vx * ahead_s))
    c.to_y = min(0.995, max(0.005, track.y + c.offset_y + track.vy * ahead_s))


@njit
def _put_cursor(c: Record, x: float, y: float) -> None:
    step_x, step_y = x - c.cursor_x, y - c.cursor_y
    length = math.hypot(step_x, step_y / ASPECT)
    longest = CURSOR_SPEED_LIMIT * TICK_S
    share = 1.0 if length <= longest else longest / length
    c.cursor_x = min(1.0, max(0.0, c.cursor_x + share * step_x))
    c.cursor_y = min(1.0, max(0.0, c.cursor_y + share * step_y))


@njit
def _next_phase(c: Record) -> None:
    if c.phase == MOVE:
        _enter(c, DWELL, draw_ticks(c, 0.08, 0.35))
    elif c.phase == DWELL:
        _enter(c, PRESS, draw_ticks(c, 0.09, 0.25))
    else:
        c.phase = IDLE
        c.sent, c.sent_id, c.sent_tick = c.gesture, c.gesture_id, c.tick
        c.gesture, c.gesture_id = NOTHING, 0
        # the next desired click needs a new reaction time
        c.wish, c.wish_id = NOTHING, 0


@njit
def _enter(c: Record, phase: int, num_ticks: int) -> None:
    # MOVE starts in the tick that begins the gesture, the other phases in the following tick.
    first = c.tick if phase == MOVE else c.tick + 1
    c.phase, c.phase_start, c.phase_end = phase, first, first + num_ticks
