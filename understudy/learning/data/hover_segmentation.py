"""Hover segmentation: finds the motions that end in a rest on an object without a press, and tells them from wandering.

A rest counts while the cursor stays over one object and hardly moves in relation to it, so the cursor may follow an
object that moves. A rest to which no motion led, because the object came under the cursor, is none.
"""

import numba
import numpy as np

from understudy.contract.observation import Observation
from understudy.learning.data.gesture_segmentation import FAST, GESTURE, MAX_DWELL, MAX_TICKS, describe_click
from understudy.policies.click_semantics import (
    HOVER,
    SORT_TRACK,
    classify_click,
    clicking_inputs,
)

STILL = 0.0008
"""Speed (window fractions a tick) below which the cursor rests."""
SHORTEST_HOVER = 6
"""Ticks of rest; a cursor that passes over an object is there for less."""
MOST_DRIFT = 0.01
"""Speed in relation to the object (window fractions a tick) above which the cursor moves on."""
LONGEST_CORRECTION = 10
"""Ticks after which a rest on the same object is another hover."""


def find_hovers(observation: Observation, actions: np.ndarray, gestures: np.ndarray, geometry: np.void) -> np.ndarray:
    """Finds all hovers of one episode, whatever the profile says of their kinds.

    Args:
        observation: T ticks of one world.
        actions: records of dtype ACTION, shape (T,).
        gestures: records of dtype GESTURE; hovers lie between them.
        geometry: record of dtype UI_GEOMETRY.

    Returns:
        Records of dtype GESTURE in order of time, with HOVER for a button; `press` and `release` are the first and the
        last tick of the rest.
    """
    busy = np.zeros(len(actions), np.bool_)
    for gesture in gestures:
        busy[gesture["onset"] : gesture["release"] + 1] = True
    busy |= clicking_inputs(actions["button"], actions["keys"], geometry) != 0
    out = np.zeros(len(actions) // SHORTEST_HOVER + 1, GESTURE)
    return out[: _find(observation.records, actions, busy, geometry, out)]


def kinds_hovered(observation: Observation, hovers: np.ndarray) -> np.ndarray:
    """Returns the kind of each hover's object."""
    tracks = observation.records["tracks"][hovers["press"]]
    slots = np.argmax(tracks["id"] == hovers["track_id"][:, None], axis=1)
    return np.asarray(tracks["kind"][np.arange(len(hovers)), slots])


def with_hovers(gestures: np.ndarray, observation: Observation, actions: np.ndarray, geometry: np.void) -> np.ndarray:
    """Returns the gestures and the hovers over kinds of which the profile says `hover`, in order of time."""
    if not geometry["hover"].any():
        return gestures
    hovers = find_hovers(observation, actions, gestures, geometry)
    wanted = geometry["hover"][np.clip(kinds_hovered(observation, hovers), 0, len(geometry["hover"]) - 1)] != 0
    both = np.concatenate([gestures, hovers[wanted]])
    return both[np.argsort(both["press"], kind="stable")]


@numba.njit(cache=True)
def _over(records, actions, t, geometry):  # type: ignore[no-untyped-def]
    """Returns the id of the object under the cursor at the end of a tick, and the cursor in relation to its centre."""
    x, y = actions[t].cursor_x, actions[t].cursor_y
    sort, index = classify_click(records[t], geometry, x, y)
    if sort != SORT_TRACK:
        return 0, x, y
    track = records[t].tracks[index]
    return track.id, x - track.x, y - track.y


@numba.njit(cache=True)
def _find(records, actions, busy, geometry, out):  # type: ignore[no-untyped-def]
    count, earliest, begin = 0, 0, -1
    before, before_x, before_y = 0, np.float32(0.0), np.float32(0.0)
    for t in range(len(actions) + 1):
        over, x, y = 0, np.float32(0.0), np.float32(0.0)
        if t < len(actions) and not busy[t]:
            over, x, y = _over(records, actions, t, geometry)
        rests = over > 0 and over == before and np.hypot(x - before_x, y - before_y) <= MOST_DRIFT
        if begin >= 0 and not rests:
            if t - begin >= SHORTEST_HOVER:
                count = _add(records, actions, begin, t - 1, earliest, geometry, out, count)
                earliest = out[count - 1].release if count > 0 else earliest
            begin = -1
        if rests and begin < 0:
            begin = t
        if t < len(actions) and busy[t]:
            earliest = t
        before, before_x, before_y = over, x, y
    return count


@numba.njit(cache=True)
def _speed(actions, t):  # type: ignore[no-untyped-def]
    x = actions[t].cursor_x - actions[t - 1].cursor_x
    y = actions[t].cursor_y - actions[t - 1].cursor_y
    return np.sqrt(x * x + y * y)


@numba.njit(cache=True)
def _find_onset(actions, begin, earliest):  # type: ignore[no-untyped-def]
    """Returns (onset, arrival) of the motion before a rest; (begin, begin - 1) for a rest without motion."""
    t = begin
    while t > earliest and begin - t < MAX_DWELL and _speed(actions, t) < FAST:
        t -= 1
    if t <= earliest or begin - t >= MAX_DWELL:
        return begin, begin - 1
    last_moving_tick = t
    while t - 1 > earliest and begin - t < MAX_TICKS and _speed(actions, t - 1) >= STILL:
        t -= 1
    return t, min(last_moving_tick, begin - 1)  # a cursor that still moves as the rest begins arrived the tick before


@numba.njit(cache=True)
def _add(records, actions, begin, end, earliest, geometry, out, count):  # type: ignore[no-untyped-def]
    """Adds a rest as a hover, or to the one that it continues; returns the number of hovers."""
    over, _, _ = _over(records, actions, begin, geometry)
    goes_on = count > 0 and out[count - 1].track_id == over and earliest == out[count - 1].release
    if goes_on and begin - earliest <= LONGEST_CORRECTION:
        out[count - 1].release = end
        return count
    g = out[count]
    g.onset, g.arrival = _find_onset(actions, begin, earliest)
    if g.onset == begin:
        return count
    g.press, g.release, g.button = begin, end, HOVER
    g.x, g.y = actions[begin].cursor_x, actions[begin].cursor_y
    g.start_x, g.start_y = actions[g.onset - 1].cursor_x, actions[g.onset - 1].cursor_y
    describe_click(records, geometry, out[count : count + 1])
    return count + 1
