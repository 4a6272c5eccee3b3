"""Decisions drawn from hazards: one stream of chance per world, so that a world plays alike in any batch."""

import numba
import numpy as np

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, Button
from understudy.policies.click_semantics import (
    SORT_LANDMARK,
    SORT_MINIMAP,
    SORT_SPACE,
    SORT_TRACK,
    classify_click,
    to_window,
)
from understudy.policies.motor_model import IDLE, begin_gesture, press_key, step_motor

_MINIMAP = MAX_TRACKS + MAX_LANDMARKS
_LEFT, _RIGHT = int(Button.LEFT), int(Button.RIGHT)
_MOST_DRAWS = 10
"""So often a point is drawn anew before a bad one is taken."""
_MARGIN = 0.98
"""Points of a density stay this far inside (of -1..1): the outermost pixels belong to other things."""

SAMPLED = np.dtype(
    [
        ("x", "f4"),  # the point drawn, -1..1 as in the density, before it is kept inside; 0 where there is none
        ("y", "f4"),
        ("hazard", "f4"),  # how many gestures and key presses were to be expected of this tick
        ("keys_up", "u4"),  # bit k: key k could have gone down
        ("keys", "u4"),  # bit k: key k went down
        ("candidate", "i2"),  # where the gesture goes that began; -1 when none did
        ("free", "u1"),  # a gesture could have begun
        ("right", "u1"),  # it is made with the right button
    ],
)
"""What chance decided in one tick: enough to say how likely it was."""


@numba.njit(cache=True)
def splitmix64_uniform(rng_states, world):  # type: ignore[no-untyped-def]
    """The next number in [0, 1) of one world's stream (splitmix64, Steele et al. 2014)."""
    rng_states[world] += np.uint64(0x9E3779B97F4A7C15)
    z = rng_states[world]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def sample_categorical(probabilities, chance):  # type: ignore[no-untyped-def]
    """Index drawn from (nearly normalised) probabilities."""
    total = 0.0
    for i in range(len(probabilities)):
        total += probabilities[i]
    left = chance * total
    last = 0
    for i in range(len(probabilities)):
        if probabilities[i] > 0.0:
            last = i
            left -= probabilities[i]
            if left < 0.0:
                return i
    return last


@numba.njit(cache=True)
def _normal(rng_states, world):  # type: ignore[no-untyped-def]
    radius = np.sqrt(-2.0 * np.log(max(splitmix64_uniform(rng_states, world), 1e-12)))
    return radius * np.cos(2.0 * np.pi * splitmix64_uniform(rng_states, world))


@numba.njit(cache=True)
def _point(density, rng_states, world):  # type: ignore[no-untyped-def]
    """A point drawn from a mixture; components are (probability, mean x, y, two vectors that spread it)."""
    component = density[sample_categorical(density[:, 0], splitmix64_uniform(rng_states, world))]
    first, second = _normal(rng_states, world), _normal(rng_states, world)
    x = component[1] + first * component[3] + second * component[5]
    y = component[2] + first * component[4] + second * component[6]
    return x, y


@numba.njit(cache=True)
def _sample_valid_point(choice, density, observation, geometry, rng_states, world):  # type: ignore[no-untyped-def]
    """A point drawn anew until a click there means what was chosen: a density knows of no panels, objects or edges."""
    wanted = SORT_MINIMAP if choice == _MINIMAP else SORT_SPACE
    x, y = 0.0, 0.0
    for _ in range(_MOST_DRAWS):
        x, y = _point(density, rng_states, world)
        click_x, click_y = _click_at(choice, x, y, geometry)
        sort, _ = classify_click(observation, geometry, click_x, click_y)
        if sort == wanted and x == _inside(x) and y == _inside(y):
            break
    return x, y


@numba.njit(cache=True)
def _candidate(pointer, observation, geometry, rng_states, world):  # type: ignore[no-untyped-def]
    """A candidate drawn anew until a click can reach it: some objects are seen through a panel."""
    choice = 0
    for _ in range(_MOST_DRAWS):
        choice = sample_categorical(pointer, splitmix64_uniform(rng_states, world))
        if choice >= MAX_TRACKS:
            break
        track = observation.tracks[choice]
        sort, _ = classify_click(observation, geometry, track.x, track.y)
        if sort == SORT_TRACK:
            break
    return choice


@numba.njit(cache=True)
def _click_at(choice, x, y, geometry):  # type: ignore[no-untyped-def]
    """Window fractions of a point that was drawn for the minimap or for space."""
    x, y = 0.5 * (_inside(x) + 1.0), 0.5 * (_inside(y) + 1.0)
    return to_window(geometry, x, y) if choice == _MINIMAP else (x, y)


@numba.njit(cache=True)
def _inside(place):  # type: ignore[no-untyped-def]
    return min(max(place, -_MARGIN), _MARGIN)


def sample_actions(  # type: ignore[no-untyped-def]
    records, states, hand, geometry, rng_states, start, pointer, right, minimap, space, keys, actions, drawn=None
) -> None:
    """Draws what begins in this tick and moves every hand on by one tick.

    Args:
        records: OBSERVATION records of B worlds.
        states: HAND_STATE records, updated.
        hand, geometry: one record each.
        streams: uint64 (B,), updated.
        start, right: (B,) probabilities; pointer: (B, C); keys: (B, K).
        minimap, space: (B, X, 7) mixtures as (probability, mean x, y, two vectors that spread it), -1..1.
        actions: ACTION records, written.
        drawn: DRAWN records, written, for whoever wants to know what chance decided.
    """
    drawn = np.zeros(len(records), SAMPLED) if drawn is None else drawn
    _act_worlds(
        records, states, hand, geometry, rng_states, start, pointer, right, minimap, space, keys, actions, drawn
    )


@numba.njit(cache=True)
def _act_worlds(  # type: ignore[no-untyped-def]
    records, states, hand, geometry, rng_states, start, pointer, right, minimap, space, keys, actions, drawn
):
    chances = np.empty(4)
    for b in range(len(records)):
        state, told = states[b], drawn[b]
        told.x, told.y, told.hazard, told.keys_up, told.keys = 0.0, 0.0, 0.0, 0, 0
        told.candidate, told.free, told.right = -1, 0, 0
        if state.phase == IDLE and records[b].player.alive != 0:
            told.free, told.hazard = 1, start[b]
        begins = splitmix64_uniform(rng_states, b) < start[b]
        if begins and told.free != 0:
            choice = _candidate(pointer[b], records[b], geometry, rng_states, b)
            button = _RIGHT if splitmix64_uniform(rng_states, b) < right[b] else _LEFT
            told.candidate, told.right = choice, button == _RIGHT
            for i in range(4):
                chances[i] = splitmix64_uniform(rng_states, b)
            x, y = 0.0, 0.0
            if choice >= _MINIMAP:
                density = minimap[b] if choice == _MINIMAP else space[b]
                x, y = _sample_valid_point(choice, density, records[b], geometry, rng_states, b)
                told.x, told.y = x, y
            _begin(choice, x, y, state, hand, records[b], geometry, button, chances)
        for key in range(geometry.num_keys):
            # a key that is seen down cannot go down, and its hazard was never trained
            up = state.key_ticks[key] == 0 and (records[b].keys >> np.uint32(key)) & np.uint32(1) == 0
            if up:
                told.keys_up |= np.uint32(1) << np.uint32(key)
                told.hazard += keys[b, key]
            if splitmix64_uniform(rng_states, b) < keys[b, key] and up:
                told.keys |= np.uint32(1) << np.uint32(key)
                press_key(state, hand, key, splitmix64_uniform(rng_states, b))
        step_motor(state, hand, records[b], geometry, actions[b])


@numba.njit(cache=True)
def _begin(choice, x, y, state, hand, observation, geometry, button, chances):  # type: ignore[no-untyped-def]
    if choice < MAX_TRACKS:
        track = observation.tracks[choice]
        begin_gesture(state, hand, observation, SORT_TRACK, track.id, track.x, track.y, button, chances)
    elif choice < _MINIMAP:
        mark = observation.landmarks[choice - MAX_TRACKS]
        x, y = to_window(geometry, mark.x, mark.y)
        begin_gesture(state, hand, observation, SORT_LANDMARK, choice - MAX_TRACKS, x, y, button, chances)
    else:
        x, y = _click_at(choice, x, y, geometry)
        sort = SORT_MINIMAP if choice == _MINIMAP else SORT_SPACE
        begin_gesture(state, hand, observation, sort, -1, x, y, button, chances)
