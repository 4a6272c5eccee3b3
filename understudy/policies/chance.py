"""Decisions drawn from hazards: one stream of chance per world, so that a world plays alike in any batch."""

import numba
import numpy as np

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, Button
from understudy.policies.geometry import SORT_LANDMARK, SORT_MINIMAP, SORT_SPACE, SORT_TRACK, to_window
from understudy.policies.hand import IDLE, begin_gesture, move_hand, press_key

_MINIMAP = MAX_TRACKS + MAX_LANDMARKS
_LEFT, _RIGHT = int(Button.LEFT), int(Button.RIGHT)
_MARGIN = 0.98
"""Points of a density stay this far inside (of -1..1): the outermost pixels belong to other things."""


@numba.njit(cache=True)
def uniform(streams, world):  # type: ignore[no-untyped-def]
    """The next number in [0, 1) of one world's stream (splitmix64, Steele et al. 2014)."""
    streams[world] += np.uint64(0x9E3779B97F4A7C15)
    z = streams[world]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def pick(probabilities, chance):  # type: ignore[no-untyped-def]
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
def _normal(streams, world):  # type: ignore[no-untyped-def]
    radius = np.sqrt(-2.0 * np.log(max(uniform(streams, world), 1e-12)))
    return radius * np.cos(2.0 * np.pi * uniform(streams, world))


@numba.njit(cache=True)
def _point(density, streams, world):  # type: ignore[no-untyped-def]
    """A point in -1..1 drawn from a mixture; components are (probability, mean x, y, scale x, y)."""
    component = density[pick(density[:, 0], uniform(streams, world))]
    x = component[1] + component[3] * _normal(streams, world)
    y = component[2] + component[4] * _normal(streams, world)
    return min(max(x, -_MARGIN), _MARGIN), min(max(y, -_MARGIN), _MARGIN)


@numba.njit(cache=True)
def act_worlds(  # type: ignore[no-untyped-def]
    records, states, hand, geometry, streams, start, pointer, right, minimap, space, keys, actions
):
    """Draws what begins in this tick and moves every hand on by one tick.

    Args:
        records: OBSERVATION records of B worlds.
        states: HAND_STATE records, updated.
        hand, geometry: one record each.
        streams: uint64 (B,), updated.
        start, right: (B,) probabilities; pointer: (B, C); keys: (B, K).
        minimap, space: (B, X, 5) mixtures as (probability, mean x, y, scale x, y), -1..1.
        actions: ACTION records, written.
    """
    chances = np.empty(4)
    for b in range(len(records)):
        state = states[b]
        begins = uniform(streams, b) < start[b]
        if state.phase == IDLE and begins and records[b].player.alive != 0:
            choice = pick(pointer[b], uniform(streams, b))
            button = _RIGHT if uniform(streams, b) < right[b] else _LEFT
            for i in range(4):
                chances[i] = uniform(streams, b)
            _begin(choice, state, hand, records[b], geometry, minimap[b], space[b], streams, b, button, chances)
        for key in range(geometry.num_keys):
            # a key that is seen down cannot go down, and its hazard was never trained
            up = state.key_ticks[key] == 0 and (records[b].keys >> np.uint32(key)) & np.uint32(1) == 0
            if uniform(streams, b) < keys[b, key] and up:
                press_key(state, hand, key, uniform(streams, b))
        move_hand(state, hand, records[b], geometry, actions[b])


@numba.njit(cache=True)
def _begin(choice, state, hand, observation, geometry, minimap, space, streams, b, button, chances):  # type: ignore[no-untyped-def]
    if choice < MAX_TRACKS:
        track = observation.tracks[choice]
        begin_gesture(state, hand, observation, SORT_TRACK, track.id, track.x, track.y, button, chances)
    elif choice < _MINIMAP:
        mark = observation.landmarks[choice - MAX_TRACKS]
        x, y = to_window(geometry, mark.x, mark.y)
        begin_gesture(state, hand, observation, SORT_LANDMARK, choice - MAX_TRACKS, x, y, button, chances)
    elif choice == _MINIMAP:
        map_x, map_y = _point(minimap, streams, b)
        x, y = to_window(geometry, 0.5 * (map_x + 1.0), 0.5 * (map_y + 1.0))
        begin_gesture(state, hand, observation, SORT_MINIMAP, -1, x, y, button, chances)
    else:
        x, y = _point(space, streams, b)
        begin_gesture(state, hand, observation, SORT_SPACE, -1, 0.5 * (x + 1.0), 0.5 * (y + 1.0), button, chances)
