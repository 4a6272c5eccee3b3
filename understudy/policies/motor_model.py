"""Motor model: executes a chosen gesture or key press over several ticks with the person's timing.

Movement times follow Fitts' law (Fitts 1954; index of difficulty by MacKenzie 1992) with the person's own deviations
from it, and the cursor follows one of the person's own curves, drawn among those of like length, direction and
duration. Dwell before a click, duration of button and key presses and click offsets on objects are quantile tables or
samples, fitted to recordings (`learning.data.motor_model_fit`). A gesture follows a moving target, and is cancelled
when the target disappears. Where the Executor predicts when the press comes, motion and dwell are planned to fill that
time. A hover presses nothing: the cursor follows its object for as long as the person's do.

Earlier checkpoints hold movement times by six bins of difficulty and one mean speed profile instead; a motor model
without curves plays as before.
"""

import numba
import numpy as np
from jaxtyping import Float

from understudy.contract.intent import Phase
from understudy.contract.observation import ALL_BUTTONS, Button
from understudy.policies.click_semantics import (
    HOVER,
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
NUM_CURVES, LONGEST_CURVE = 64, 52
"""Curves of a motor model, and ticks of the longest."""
NUM_SORTS = 5
NUM_OFFSETS = 64
NUM_DRAGS = 32
NUM_UNIFORMS = 7
"""Of a gesture: offset and curve, movement time, dwell, press, whether it is a drag, which, and overlap."""
MAX_DIFFICULTY = 6.0
POINT_SIZE = 0.04
"""Nominal target size of a point in space or on the minimap (window fractions), for the index of difficulty."""
LEAST_SPREAD = 0.25
"""Smallest mean deviation from Fitts' law, ticks."""
KERNEL_LENGTH, KERNEL_DIRECTION, KERNEL_DURATION = 0.5, 0.6, 0.25
"""Standard deviations of the Gaussian kernel by which curves are drawn: octaves, radians, octaves."""
MOST_HURRY = 0.6
"""Octaves; a curve keeps its own duration unless that differs by more from the one that was drawn."""
SHORTEST_WAY = 0.005
"""Shorter ways (window widths) count as this long for the choice of a curve."""
EDGE = 0.9999
"""Largest cursor coordinate, window fractions, so that the cursor stays inside the window."""
BY_TABLE = -1
"""In place of the ticks from onset to press: as drawn from the person's movement times and dwells."""
ALL, RIGHT, _CLICKING = np.uint32(ALL_BUTTONS), int(Button.RIGHT), np.uint32(HOVER - 1)
IDLE, MOVE, DWELL, PRESS = int(Phase.IDLE), int(Phase.MOVE), int(Phase.DWELL), int(Phase.PRESS)

MOTOR_MODEL = np.dtype(
    [
        # of earlier checkpoints, zeros in a motor model with curves:
        ("duration", "f4", (NUM_DIFFICULTIES, NUM_QUANTILES)),  # ticks of motion, by index of difficulty
        ("profile", "f4", (NUM_KNOTS,)),  # share of the way covered at evenly spaced shares of the time
        ("dwell", "f4", (NUM_QUANTILES,)),  # ticks between arrival and press; -1 for a press in the last tick of motion
        ("press", "f4", (NUM_SORTS, NUM_QUANTILES)),  # ticks the button stays down, by ClickKind
        ("key_press", "f4", (MAX_KEYS, NUM_QUANTILES)),  # ticks a key stays down
        ("track_offset", "f4", (NUM_OFFSETS, 2)),  # clicks relative to an object's centre, in half-sizes
        ("landmark_offset", "f4", (NUM_OFFSETS, 2)),  # clicks relative to a landmark, map fractions
        # shares of the buttons and keys of gestures without the left button, by that of the gesture before
        ("other_button", "f4", (NUM_CLICKING, NUM_CLICKING)),
        ("still", "f4"),  # share of the presses within half the target's size that come without a motion
        ("fitts", "f4", (2,)),  # Fitts' law: ticks of motion at no difficulty, and per bit
        ("fitts_spread", "f4", (2,)),  # mean deviation from it, ticks: at no difficulty, and per bit
        ("fitts_residual", "f4", (NUM_QUANTILES,)),  # deviations from it, in units of that mean
        # the person's curves after each tick, in lengths of the straight way: along it, and to its right
        ("curve", "f4", (NUM_CURVES, LONGEST_CURVE + 1, 2)),
        ("curve_way", "f4", (NUM_CURVES, 2)),  # straight way of each, window widths
        ("curve_ticks", "f4", (NUM_CURVES,)),  # duration of each; 0: no curves
        ("drag", "f4", (NUM_SORTS,)),  # share of the presses during which the cursor moves on, by ClickKind
        # its way from press to release, window widths: onwards from the motion before, and to the right of that
        ("drag_way", "f4", (NUM_DRAGS, 2)),
        ("drag_ticks", "f4", (NUM_DRAGS,)),  # ticks that the button stays down
        ("overlap", "f4", (NUM_QUANTILES,)),  # ticks that the button is still down when the next motion may begin
        # share of hovers among the gestures without the left button to kinds that are hovered
        ("hover_share", "f4"),
        ("hover", "f4", (NUM_QUANTILES,)),  # ticks for which the cursor rests there
    ],
)
"""Motor model of one person."""

CURVE_FIELDS = ("still", "fitts", "fitts_spread", "fitts_residual", "curve", "curve_way", "curve_ticks")
"""Fields that checkpoints written before there were curves do not have."""
DRAG_FIELDS = ("drag", "drag_way", "drag_ticks", "overlap")
"""Fields that earlier checkpoints do not have, and motor models of people without drags and overlaps."""

HOVER_FIELDS = ("hover_share", "hover")
"""Likewise, and of people who do not hover."""

MOTOR_STATE = np.dtype(
    [
        ("phase", "i4"),  # a contract.intent.Phase
        ("elapsed", "i4"),  # ticks in this phase
        ("duration", "i4"),
        ("dwell", "i4"),
        ("press", "i4"),
        ("overlap", "i4"),  # ticks before the release at which the hand is free again
        ("held", "i4"),  # button of the gesture before, a bit as of `clicking_inputs`
        ("held_ticks", "i4"),  # ticks for which that still stays down
        ("button", "i4"),  # of this gesture or the last one, a bit as of `clicking_inputs`
        ("sort", "i4"),
        ("target", "i4"),  # track id or landmark index
        ("curve", "i4"),  # of the person's curves; -1 for the mean speed profile
        ("drag", "i4"),  # of the person's drags, from 1; 0: the cursor rests during the press
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


def has_curves(hand: np.void) -> bool:
    """Returns whether a motor model holds the person's curves; those of earlier checkpoints do not."""
    return bool(hand["curve_ticks"][0] > 0)


def typical_duration(hand: np.void, bits: float) -> float:
    """Returns the median movement time for an index of difficulty, ticks."""
    middle = NUM_QUANTILES // 2
    if not has_curves(hand):
        return float(hand["duration"][difficulty_bin(bits), middle])
    return float(_duration_by_fitts(hand, bits, hand["fitts_residual"][middle]))


def typical_profile(hand: np.void) -> Float[np.ndarray, " N"]:
    """Returns the mean share of the way covered at evenly spaced shares of the time."""
    if not has_curves(hand):
        return np.asarray(hand["profile"])
    shares = np.linspace(0.0, 1.0, NUM_KNOTS)
    ticks = np.arange(LONGEST_CURVE + 1)
    curves = zip(hand["curve"][:, :, 0], hand["curve_ticks"], strict=True)
    return np.asarray(np.mean([np.interp(shares * own, ticks, curve) for curve, own in curves], axis=0))


@numba.njit(cache=True)
def _duration_by_fitts(hand, bits, residual):  # type: ignore[no-untyped-def]
    """Returns the movement time of Fitts' law with a deviation in units of the mean one, ticks."""
    spread = max(hand.fitts_spread[0] + bits * hand.fitts_spread[1], LEAST_SPREAD)
    return max(hand.fitts[0] + bits * hand.fitts[1] + residual * spread, 1.0)


@numba.njit(cache=True)
def begin_gesture(state, hand, observation, geometry, sort, target, x, y, button, uniforms, press_in):  # type: ignore[no-untyped-def]
    """Starts a motion towards a track, a landmark or a point (window fractions), to press `press_in` ticks later."""
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
    if hand.curve_ticks[0] > 0:
        _track_target(state, observation, geometry)
        # the rest of the number that drew the offset is uniform as well
        _draw_motion(state, hand, geometry.aspect, size, uniforms[1], uniforms[0] * NUM_OFFSETS % 1.0, press_in)
    else:
        away = np.sqrt((x - state.start_x) ** 2 + (y - state.start_y) ** 2)
        table = hand.duration[difficulty_bin(difficulty(away, size))]
        state.duration, state.curve = max(int(np.round(sample_quantile(table, uniforms[1]))), 0), -1
    # no dwell where the cursor is on the target already: the gesture begins with the press
    state.dwell = max(int(np.round(sample_quantile(hand.dwell, uniforms[2]))), -1) if state.duration > 0 else 0
    if press_in != BY_TABLE and hand.curve_ticks[0] > 0 and state.duration > 0:
        _meet_press(state, hand, geometry.aspect, size, max(press_in, 1), uniforms[0] * NUM_OFFSETS % 1.0)
    state.press, state.drag = max(int(np.round(sample_quantile(hand.press[sort], uniforms[3]))), 1), 0
    if uniforms[4] < hand.drag[sort]:
        state.drag = 1 + int(uniforms[5] * NUM_DRAGS) % NUM_DRAGS
        state.press = int(hand.drag_ticks[state.drag - 1])
    state.overlap = int(np.round(sample_quantile(hand.overlap, uniforms[6]))) if state.drag == 0 else 0
    if button == HOVER:
        state.dwell, state.drag, state.overlap = 0, 0, 0
        state.press = max(int(np.round(sample_quantile(hand.hover, uniforms[3]))), 1)


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
    while row < NUM_CLICKING - 1 and previous != HOVER and previous >> row > 1:
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
def _draw_motion(state, hand, aspect, size, uniform, curve_uniform, press_in):  # type: ignore[no-untyped-def]
    """Draws the duration by Fitts' law and the person's deviations from it, and one of the person's curves."""
    way_x, way_y = state.goal_x - state.start_x, (state.goal_y - state.start_y) * aspect
    away = np.sqrt(way_x * way_x + way_y * way_y)
    if away <= 0.5 * size:
        if press_in == 0 or (press_in == BY_TABLE and uniform < hand.still):
            state.duration, state.curve = 0, 0
            return
        if press_in == BY_TABLE:
            uniform = (uniform - hand.still) / max(1.0 - hand.still, 1e-6)
    residual = sample_quantile(hand.fitts_residual, uniform)
    state.duration = int(np.round(_duration_by_fitts(hand, difficulty(away, size), residual)))
    state.curve = _sample_curve(hand, way_x, way_y, state.duration, curve_uniform)
    own = hand.curve_ticks[state.curve]
    if abs(np.log2(state.duration / own)) <= MOST_HURRY:
        state.duration = int(own)  # stretched curves lose their peaks between the ticks


@numba.njit(cache=True)
def _meet_press(state, hand, aspect, size, press_in, curve_uniform):  # type: ignore[no-untyped-def]
    """Fits the motion into the ticks before the press: after the dwell that was drawn, as far as the person's movement
    times for such a way reach; what is left is dwell, and in a hurry the press comes in the last tick of the motion."""
    way_x, way_y = state.goal_x - state.start_x, (state.goal_y - state.start_y) * aspect
    bits = difficulty(np.sqrt(way_x * way_x + way_y * way_y), size)
    shortest = int(np.round(_duration_by_fitts(hand, bits, hand.fitts_residual[0])))
    longest = int(np.round(_duration_by_fitts(hand, bits, hand.fitts_residual[-1])))
    ticks = max(min(max(press_in - state.dwell, shortest), longest, press_in + 1), 1)
    state.curve = _sample_curve(hand, way_x, way_y, ticks, curve_uniform)
    own = int(hand.curve_ticks[state.curve])
    state.duration = own if own <= press_in + 1 and abs(np.log2(ticks / own)) <= MOST_HURRY else ticks
    state.dwell = press_in - state.duration


@numba.njit(cache=True)
def _sample_curve(hand, way_x, way_y, ticks, uniform):  # type: ignore[no-untyped-def]
    """Samples a curve with weights that fall with its distance in length, direction and duration."""
    weights = np.empty(NUM_CURVES)
    for curve in range(NUM_CURVES):
        weights[curve] = _curve_distance(hand, curve, way_x, way_y, ticks)
    return sample_index(np.exp(weights.min() - weights), uniform)


@numba.njit(cache=True)
def _curve_distance(hand, curve, way_x, way_y, ticks):  # type: ignore[no-untyped-def]
    """Returns half the squared distance between a curve and a planned motion, in units of the KERNEL_ widths."""
    length, own = np.hypot(way_x, way_y), np.hypot(hand.curve_way[curve, 0], hand.curve_way[curve, 1])
    across = way_x * hand.curve_way[curve, 1] - way_y * hand.curve_way[curve, 0]
    along = way_x * hand.curve_way[curve, 0] + way_y * hand.curve_way[curve, 1]
    longer = np.log2(max(length, SHORTEST_WAY) / max(own, SHORTEST_WAY)) / KERNEL_LENGTH
    turned = np.arctan2(across, along) / KERNEL_DIRECTION
    slower = np.log2(max(ticks, 1) / max(hand.curve_ticks[curve], 1.0)) / KERNEL_DURATION
    return 0.5 * (longer * longer + turned * turned + slower * slower)


@numba.njit(cache=True)
def _curve_at(hand, curve, time):  # type: ignore[no-untyped-def]
    """Returns the place on a curve after a share of its time, in lengths of the way: along it, and to its right."""
    tick = time * hand.curve_ticks[curve]
    before = min(max(int(tick), 0), LONGEST_CURVE - 1)
    points, part = hand.curve[curve], tick - before
    along = points[before, 0] + part * (points[before + 1, 0] - points[before, 0])
    return along, points[before, 1] + part * (points[before + 1, 1] - points[before, 1])


@numba.njit(cache=True)
def press_key(state, hand, key, uniform):  # type: ignore[no-untyped-def]
    """Presses a key for a duration sampled from the person's."""
    state.key_ticks[key] = max(int(np.round(sample_quantile(hand.key_press[key], uniform))), 1)


@numba.njit(cache=True)
def _track_target(state, observation, geometry):  # type: ignore[no-untyped-def]
    """Moves the end point with the target until the press; cancels the gesture if the target disappears before.

    A hover follows its target to the end.
    """
    if state.phase == PRESS and state.button != HOVER:
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
    state.lost += state.phase != PRESS  # a hover whose target goes has got there
    state.phase = IDLE


@numba.njit(cache=True)
def _drag_to(state, hand, aspect):  # type: ignore[no-untyped-def]
    """Returns where the cursor is in this tick of a press: on the drag's way, which begins as the motion ended."""
    way_x, way_y = state.goal_x - state.start_x, (state.goal_y - state.start_y) * aspect
    length = np.hypot(way_x, way_y)
    ahead_x, ahead_y = (way_x / length, way_y / length) if length > SHORTEST_WAY else (1.0, 0.0)
    share = (state.elapsed - 1) / max(state.press - 1, 1)
    share = share * share * (3.0 - 2.0 * share)
    along, beside = hand.drag_way[state.drag - 1, 0] * share, hand.drag_way[state.drag - 1, 1] * share
    x = state.goal_x + along * ahead_x - beside * ahead_y
    return x, state.goal_y + (along * ahead_y + beside * ahead_x) / aspect


@numba.njit(cache=True)
def step_motor(state, hand, observation, geometry, action):  # type: ignore[no-untyped-def]
    """Advances the motor model by one tick and writes cursor, button and keys to `action`."""
    action.cursor_x, action.cursor_y = observation.cursor_x, observation.cursor_y
    action.button, action.keys = 0, 0
    for key in range(MAX_KEYS):
        if state.key_ticks[key] > 0:
            state.key_ticks[key] -= 1
            action.keys |= np.uint32(1) << np.uint32(key)
    if state.phase != IDLE:
        _track_target(state, observation, geometry)
        _next_phase(state)
    if state.held_ticks > 0:
        state.held_ticks -= 1
        _hold(action, state.held)
    if state.phase == IDLE:
        return
    state.elapsed += 1
    share, beside = 1.0, 0.0
    if state.phase == MOVE and state.curve >= 0:
        share, beside = _curve_at(hand, state.curve, state.elapsed / state.duration)
    elif state.phase == MOVE:
        share = sample_quantile(hand.profile, state.elapsed / state.duration)
    if state.phase != PRESS or state.elapsed == 1 or state.sort != SORT_TRACK or state.button == HOVER:
        way_x, way_y = state.goal_x - state.start_x, state.goal_y - state.start_y
        x, y = state.start_x + share * way_x, state.start_y + share * way_y
        if beside != 0.0:  # at a right angle on the screen, not in window fractions
            x, y = x - beside * way_y * geometry.aspect, y + beside * way_x / geometry.aspect
        action.cursor_x, action.cursor_y = min(max(x, 0.0), EDGE), min(max(y, 0.0), EDGE)
    if state.phase == PRESS and state.drag > 0:
        x, y = _drag_to(state, hand, geometry.aspect)
        action.cursor_x, action.cursor_y = min(max(x, 0.0), EDGE), min(max(y, 0.0), EDGE)
    if state.phase == PRESS:
        _hold(action, state.button)


@numba.njit(cache=True)
def _hold(action, button):  # type: ignore[no-untyped-def]
    action.button |= np.uint32(button) & ALL
    action.keys |= (np.uint32(button) & _CLICKING) >> KEY_SHIFT


@numba.njit(cache=True)
def _next_phase(state):  # type: ignore[no-untyped-def]
    """Enters the next phase when one has lasted its ticks. IDLE lasts at least the tick in which the button rises."""
    if state.phase == MOVE and state.elapsed >= state.duration + min(state.dwell, 0):
        state.phase, state.elapsed = DWELL, 0
    if state.phase == DWELL and state.elapsed >= state.dwell:
        if state.held_ticks > 0 and state.held & state.button:  # it has to go up first
            state.held_ticks, state.elapsed, state.dwell = 0, 0, 1
        else:
            state.phase, state.elapsed = PRESS, 0
    if state.phase == PRESS and state.elapsed >= max(state.press - state.overlap, 1):
        state.held, state.held_ticks = state.button, state.press - state.elapsed
        state.phase = IDLE
