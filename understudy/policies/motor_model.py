"""Motor model: executes a chosen gesture or key press over several ticks with the person's timing.

Movement times follow Fitts' law (Fitts 1954; index of difficulty by MacKenzie 1992). All distributions are quantile
tables fitted to recordings (`learning.data.motor_model_fit`): movement time by difficulty, speed profile, dwell before
a click, duration of button and key presses, and click offsets on objects. A gesture follows a moving target, and is
cancelled when the target disappears.
"""

import numba
import numpy as np

from understudy.contract.intent import Phase
from understudy.contract.observation import ALL_BUTTONS, Button
from understudy.policies.click_semantics import (
    KEY_SHIFT,
    MAX_KEYS,
    NUM_CLICKING,
    SORT_LANDMARK,
    SORT_TRACK,
    slot_of,
    to_window,
)

NUM_QUANTILES = 16
NUM_DIFFICULTIES = 6
NUM_KNOTS = 13
NUM_SORTS = 5
NUM_OFFSETS = 64
MAX_DIFFICULTY = 6.0
POINT_SIZE = 0.04
"""Nominal target size of a point in space or on the minimap (window fractions), for the index of difficulty."""
EDGE = 0.9999
"""Largest cursor coordinate, window fractions, so that the cursor stays inside the window."""
ALL, RIGHT = np.uint32(ALL_BUTTONS), int(Button.RIGHT)
IDLE, MOVE, DWELL, PRESS = int(Phase.IDLE), int(Phase.MOVE), int(Phase.DWELL), int(Phase.PRESS)

MOTOR_MODEL = np.dtype(
    [
        ("duration", "f4", (NUM_DIFFICULTIES, NUM_QUANTILES)),  # ticks of motion, by index of difficulty
        ("profile", "f4", (NUM_KNOTS,)),  # share of the way covered at evenly spaced shares of the time
        ("dwell", "f4", (NUM_QUANTILES,)),  # ticks between arrival and press
        ("press", "f4", (NUM_SORTS, NUM_QUANTILES)),  # ticks the button stays down, by ClickKind
        ("key_press", "f4", (MAX_KEYS, NUM_QUANTILES)),  # ticks a key stays down
        ("track_offset", "f4", (NUM_OFFSETS, 2)),  # clicks relative to an object's centre, in half-sizes
        ("landmark_offset", "f4", (NUM_OFFSETS, 2)),  # clicks relative to a landmark, map fractions
        # shares of the buttons and keys of gestures without the left button, by that of the gesture before
        ("other_button", "f4", (NUM_CLICKING, NUM_CLICKING)),
    ],
)
"""Motor model of one person."""

MOTOR_STATE = np.dtype(
    [
        ("phase", "i4"),  # a contract.intent.Phase
        ("elapsed", "i4"),  # ticks in this phase
        ("duration", "i4"),
        ("dwell", "i4"),
        ("press", "i4"),
        ("button", "i4"),  # of this gesture or the last one, a bit as of `clicking_inputs`
        ("sort", "i4"),
        ("target", "i4"),  # track id or landmark index
        ("start_x", "f4"),
        ("start_y", "f4"),
        ("offset_x", "f4"),
        ("offset_y", "f4"),
        ("goal_x", "f4"),  # current end point, window fractions
        ("goal_y", "f4"),
        ("key_ticks", "i4", (MAX_KEYS,)),  # ticks for which each key still stays down
        ("lost", "i4"),  # gestures cancelled because their target disappeared
    ],
)


@numba.njit(cache=True)
def difficulty(away, size):  # type: ignore[no-untyped-def]
    """Returns the index of difficulty in Fitts' law, bits (Shannon formulation, MacKenzie 1992)."""
    return np.log2(1.0 + away / max(size, 1e-3))


@numba.njit(cache=True)
def difficulty_bin(bits):  # type: ignore[no-untyped-def]
    """Returns the row of the duration table for an index of difficulty."""
    return int(min(max(bits / MAX_DIFFICULTY, 0.0), 0.999) * NUM_DIFFICULTIES)


@numba.njit(cache=True)
def sample_quantile(table, uniform):  # type: ignore[no-untyped-def]
    """Samples a quantile table by inverse transform, with linear interpolation."""
    position = uniform * (len(table) - 1)
    low = min(int(position), len(table) - 2)
    return table[low] + (position - low) * (table[low + 1] - table[low])


@numba.njit(cache=True)
def begin_gesture(state, hand, observation, sort, target, x, y, button, uniforms):  # type: ignore[no-untyped-def]
    """Starts a motion towards a track, a landmark or a point (window fractions)."""
    state.phase, state.elapsed = MOVE, 0
    state.sort, state.target, state.button = sort, target, button
    state.start_x, state.start_y = observation.cursor_x, observation.cursor_y
    state.offset_x, state.offset_y, size = np.float32(0.0), np.float32(0.0), np.float32(POINT_SIZE)
    which = int(uniforms[0] * NUM_OFFSETS) % NUM_OFFSETS
    if sort == SORT_TRACK:
        state.offset_x, state.offset_y = hand.track_offset[which, 0], hand.track_offset[which, 1]
        slot = slot_of(observation, target)
        if slot >= 0:
            size = observation.tracks[slot].width
    elif sort == SORT_LANDMARK:
        state.offset_x, state.offset_y = hand.landmark_offset[which, 0], hand.landmark_offset[which, 1]
    state.goal_x, state.goal_y = x, y
    away = np.sqrt((x - state.start_x) ** 2 + (y - state.start_y) ** 2)
    table = hand.duration[difficulty_bin(difficulty(away, size))]
    state.duration = max(int(np.round(sample_quantile(table, uniforms[1]))), 0)
    # no dwell where the cursor is on the target already: the gesture begins with the press
    state.dwell = max(int(np.round(sample_quantile(hand.dwell, uniforms[2]))), 0) if state.duration > 0 else 0
    state.press = max(int(np.round(sample_quantile(hand.press[sort], uniforms[3]))), 1)


@numba.njit(cache=True)
def draw_other_button(hand, previous, uniform):  # type: ignore[no-untyped-def]
    """Samples the button or key of a gesture that does not use the left button, as bits of `clicking_inputs`.

    Two keys that a person presses in turn are pressed in turn, because the shares depend on the gesture before.

    Args:
        hand: one record of dtype MOTOR_MODEL.
        previous: bit of the gesture before, 0 for none.
        uniform: in [0, 1).
    """
    row = 0
    while row < NUM_CLICKING - 1 and previous >> row > 1:
        row += 1
    chosen = sample_index(hand.other_button[row], uniform)
    return 1 << chosen if chosen >= 0 else RIGHT


@numba.njit(cache=True)
def sample_index(weights, uniform):  # type: ignore[no-untyped-def]
    """Samples an index by inverse transform; -1 where all weights are 0."""
    left, last = uniform * weights.sum(), -1
    for index in range(len(weights)):
        if weights[index] > 0.0:
            last = index
            left -= weights[index]
            if left < 0.0:
                break
    return last


@numba.njit(cache=True)
def press_key(state, hand, key, uniform):  # type: ignore[no-untyped-def]
    """Presses a key for a duration sampled from the person's."""
    state.key_ticks[key] = max(int(np.round(sample_quantile(hand.key_press[key], uniform))), 1)


@numba.njit(cache=True)
def _track_target(state, observation, geometry):  # type: ignore[no-untyped-def]
    """Moves the end point with the target until the press; cancels the gesture if the target disappears before."""
    if state.phase == PRESS:
        return
    if state.sort == SORT_TRACK:
        slot = slot_of(observation, state.target)
        if slot < 0:
            _cancel_gesture(state)
            return
        track = observation.tracks[slot]
        state.goal_x = track.x + state.offset_x * 0.5 * track.width
        state.goal_y = track.y + state.offset_y * 0.5 * track.height
    elif state.sort == SORT_LANDMARK:
        mark = observation.landmarks[state.target]
        if mark.role <= 0:  # another map, with fewer landmarks
            _cancel_gesture(state)
            return
        state.goal_x, state.goal_y = to_window(geometry, mark.x + state.offset_x, mark.y + state.offset_y)


@numba.njit(cache=True)
def _cancel_gesture(state):  # type: ignore[no-untyped-def]
    state.phase = IDLE
    state.lost += 1


@numba.njit(cache=True)
def step_motor(state, hand, observation, geometry, action):  # type: ignore[no-untyped-def]
    """Advances the motor model by one tick and writes cursor, button and keys to `action`."""
    action.cursor_x, action.cursor_y = observation.cursor_x, observation.cursor_y
    action.button, action.keys = 0, 0
    for key in range(MAX_KEYS):
        if state.key_ticks[key] > 0:
            state.key_ticks[key] -= 1
            action.keys |= np.uint32(1) << np.uint32(key)
    if state.phase == IDLE:
        return
    _track_target(state, observation, geometry)
    _next_phase(state)
    if state.phase == IDLE:
        return
    state.elapsed += 1
    share = sample_quantile(hand.profile, state.elapsed / state.duration) if state.phase == MOVE else 1.0
    if state.phase != PRESS or state.elapsed == 1 or state.sort != SORT_TRACK:
        action.cursor_x = min(max(state.start_x + share * (state.goal_x - state.start_x), 0.0), EDGE)
        action.cursor_y = min(max(state.start_y + share * (state.goal_y - state.start_y), 0.0), EDGE)
    if state.phase == PRESS:
        action.button = np.uint32(state.button) & ALL
        action.keys |= np.uint32(state.button) >> KEY_SHIFT


@numba.njit(cache=True)
def _next_phase(state):  # type: ignore[no-untyped-def]
    """Enters the next phase when one has lasted its ticks. IDLE lasts at least the tick in which the button rises."""
    if state.phase == MOVE and state.elapsed >= state.duration:
        state.phase, state.elapsed = DWELL, 0
    if state.phase == DWELL and state.elapsed >= state.dwell:
        state.phase, state.elapsed = PRESS, 0
    if state.phase == PRESS and state.elapsed >= state.press:
        state.phase = IDLE
