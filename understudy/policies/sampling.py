"""Samples actions from the Executor's output distributions, with one random stream for each world; the rollout step.

With its own stream a world plays the same in any batch. `start` and `keys` are hazards: probabilities that a gesture
or key press begins in this tick, given that none is in progress.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, Button
from understudy.policies.click_semantics import (
    HOVER,
    SORT_LANDMARK,
    SORT_MINIMAP,
    SORT_SPACE,
    SORT_TRACK,
    classify_click,
    known_kind,
    to_window,
)
from understudy.policies.motor_model import (
    BY_TABLE,
    IDLE,
    NUM_UNIFORMS,
    begin_gesture,
    draw_other_button,
    press_key,
    step_motor,
)

_MINIMAP = MAX_TRACKS + MAX_LANDMARKS
_LEFT = int(Button.LEFT)
_MAX_DRAWS = 10
"""Limit on rejection sampling; the last draw is used even if it is invalid."""
_MARGIN = 0.98
"""Sampled points are clamped to this range (of -1..1), because the outermost pixels belong to other elements."""

SAMPLED = np.dtype(
    [
        ("x", "f4"),  # the sampled point, -1..1 as in the density, before clamping; 0 where there is none
        ("y", "f4"),
        ("hazard", "f4"),  # sum of the hazards of the gesture and key presses that could begin in this tick
        ("keys_up", "u4"),  # bit k: key k could have gone down
        ("keys", "u4"),  # bit k: key k went down
        ("candidate", "i2"),  # pointer candidate of the gesture that began; -1 for none
        ("free", "u1"),  # a gesture could have begun
        ("right", "u1"),  # the gesture uses another button than the left, or a key
    ],
)
"""Random draws of one tick: with the Executor's output they determine the log-probability of the action."""


class ActionProbabilities(NamedTuple):
    """Probabilities of B worlds' next tick: the Executor's outputs that `sample_actions` draws from."""

    start: Float32[np.ndarray, " B"]
    """A gesture begins."""
    pointer: Float32[np.ndarray, "B C"]
    """Its target."""
    right: Float32[np.ndarray, " B"]
    """It is made with another button than the left, or with a key that clicks."""
    minimap: Float32[np.ndarray, "B X 7"]
    """Mixture of its point on the minimap: (probability, mean x, y, two columns of the covariance factor), -1..1."""
    space: Float32[np.ndarray, "B X 7"]
    """Likewise of its point in space."""
    keys: Float32[np.ndarray, "B K"]
    """Each key goes down."""
    press_times: Float32[np.ndarray, "B C M 3"]
    """Mixtures over the ticks from onset to press: (probability, mean, scale); with M = 0 the motor model draws."""


@dataclass(frozen=True)
class ExecutorStep:
    """Rollout step: the Executor's inputs in one tick and what was sampled from its output, for RL and online learning.

    A tick of B worlds (or B ticks of one). The arrays are not changed after it is made.
    """

    context: Float32[np.ndarray, "B F"]
    conditioning: Float32[np.ndarray, "B A"]
    """Outputs of the Strategist and the Tactician that the Executor is conditioned on."""
    tracks: Float32[np.ndarray, "B N track_features"]
    kinds: Int64[np.ndarray, "B N"]
    target_probs: Float32[np.ndarray, "B N"]
    """The Tactician's target probabilities, each in the slot where its object is now."""
    landmarks: Float32[np.ndarray, "B L landmark_features"]
    sampled: np.ndarray
    """Records of dtype SAMPLED, shape (B,)."""


@numba.njit(cache=True)
def splitmix64_uniform(rng_states, world):  # type: ignore[no-untyped-def]
    """Draws a uniform number in [0, 1) from one world's stream (splitmix64, Steele et al. 2014)."""
    rng_states[world] += np.uint64(0x9E3779B97F4A7C15)
    z = rng_states[world]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def sample_categorical(probabilities, chance):  # type: ignore[no-untyped-def]
    """Samples an index by inverse transform from probabilities that are normalised up to rounding."""
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
def _sample_mixture(density, rng_states, world):  # type: ignore[no-untyped-def]
    """Samples a Gaussian mixture; components are (probability, mean x, y, two columns of the covariance factor)."""
    component = density[sample_categorical(density[:, 0], splitmix64_uniform(rng_states, world))]
    first, second = _normal(rng_states, world), _normal(rng_states, world)
    x = component[1] + first * component[3] + second * component[5]
    y = component[2] + first * component[4] + second * component[6]
    return x, y


@numba.njit(cache=True)
def _sample_valid_point(choice, density, observation, geometry, rng_states, world):  # type: ignore[no-untyped-def]
    """Samples a point by rejection until a click there has the chosen meaning: densities ignore panels and objects."""
    wanted = SORT_MINIMAP if choice == _MINIMAP else SORT_SPACE
    x, y = 0.0, 0.0
    for _ in range(_MAX_DRAWS):
        x, y = _sample_mixture(density, rng_states, world)
        click_x, click_y = _click_position(choice, x, y, geometry)
        sort, _ = classify_click(observation, geometry, click_x, click_y)
        if sort == wanted and x == _clamp(x) and y == _clamp(y):
            break
    return x, y


@numba.njit(cache=True)
def _sample_candidate(pointer, observation, geometry, rng_states, world):  # type: ignore[no-untyped-def]
    """Samples a candidate by rejection until a click can reach it: some objects are visible through a panel."""
    choice = 0
    for _ in range(_MAX_DRAWS):
        choice = sample_categorical(pointer, splitmix64_uniform(rng_states, world))
        if choice >= MAX_TRACKS:
            break
        track = observation.tracks[choice]
        sort, _ = classify_click(observation, geometry, track.x, track.y)
        if sort == SORT_TRACK:
            break
    return choice


@numba.njit(cache=True)
def _sample_press_time(timing, rng_states, world):  # type: ignore[no-untyped-def]
    """Samples the whole ticks from onset to press; components are (probability, mean, scale)."""
    component = timing[sample_categorical(timing[:, 0], splitmix64_uniform(rng_states, world))]
    uniform = min(max(splitmix64_uniform(rng_states, world), 1e-6), 1.0 - 1e-6)
    return max(int(np.round(component[1] + component[2] * np.log(uniform / (1.0 - uniform)))), 0)


@numba.njit(cache=True)
def _click_position(choice, x, y, geometry):  # type: ignore[no-untyped-def]
    """Converts a point sampled for the minimap or for space to window fractions."""
    x, y = 0.5 * (_clamp(x) + 1.0), 0.5 * (_clamp(y) + 1.0)
    return to_window(geometry, x, y) if choice == _MINIMAP else (x, y)


@numba.njit(cache=True)
def _clamp(place):  # type: ignore[no-untyped-def]
    return min(max(place, -_MARGIN), _MARGIN)


def sample_actions(  # type: ignore[no-untyped-def]
    records, states, hand, geometry, rng_states, probabilities: ActionProbabilities, actions, drawn=None
) -> None:
    """Samples the gestures and key presses that begin in this tick, and steps the motor model of every world.

    Args:
        records: OBSERVATION records of B worlds.
        states: MOTOR_STATE records, updated in place.
        hand, geometry: one record each, of dtype MOTOR_MODEL and UI_GEOMETRY.
        rng_states: uint64 (B,), updated in place.
        probabilities: of what begins.
        actions: ACTION records, written.
        drawn: SAMPLED records, written; a scratch array when None.
    """
    drawn = np.zeros(len(records), SAMPLED) if drawn is None else drawn
    _act_worlds(records, states, hand, geometry, rng_states, *probabilities, actions, drawn)


@numba.njit(cache=True)
def _act_worlds(  # type: ignore[no-untyped-def]
    records,
    states,
    hand,
    geometry,
    rng_states,
    start,
    pointer,
    right,
    minimap,
    space,
    keys,
    press_times,
    actions,
    drawn,
):
    uniforms = np.ones(NUM_UNIFORMS)
    num_uniforms = NUM_UNIFORMS if hand.drag.sum() > 0 or hand.overlap[-1] > 0 else NUM_UNIFORMS - 3
    for b in range(len(records)):
        state, sample = states[b], drawn[b]
        sample.x, sample.y, sample.hazard, sample.keys_up, sample.keys = 0.0, 0.0, 0.0, 0, 0
        sample.candidate, sample.free, sample.right = -1, 0, 0
        if state.phase == IDLE and records[b].player.alive != 0:
            sample.free, sample.hazard = 1, start[b]
        begins = splitmix64_uniform(rng_states, b) < start[b]
        if begins and sample.free != 0:
            choice = _sample_candidate(pointer[b], records[b], geometry, rng_states, b)
            chance, button = splitmix64_uniform(rng_states, b), _LEFT
            if chance < right[b]:
                button = _draw_button(choice, records[b], geometry, hand, state.button, chance / right[b])
            sample.candidate, sample.right = choice, button != _LEFT
            for i in range(num_uniforms):
                uniforms[i] = splitmix64_uniform(rng_states, b)
            x, y = 0.0, 0.0
            if choice >= _MINIMAP:
                density = minimap[b] if choice == _MINIMAP else space[b]
                x, y = _sample_valid_point(choice, density, records[b], geometry, rng_states, b)
                sample.x, sample.y = x, y
            press_in = BY_TABLE
            if press_times.shape[2] > 0:
                press_in = _sample_press_time(press_times[b, choice], rng_states, b)
            _begin_sampled_gesture(choice, x, y, state, hand, records[b], geometry, button, uniforms, press_in)
        for key in range(geometry.num_keys):
            if (geometry.click_keys >> np.uint32(key)) & np.uint32(1):
                continue  # gestures press it
            # a key that is held cannot go down, and its hazard was never trained
            held = records[b].keys & ~geometry.wheel
            up = state.key_ticks[key] == 0 and (held >> np.uint32(key)) & np.uint32(1) == 0
            if up:
                sample.keys_up |= np.uint32(1) << np.uint32(key)
                sample.hazard += keys[b, key]
            if splitmix64_uniform(rng_states, b) < keys[b, key] and up:
                sample.keys |= np.uint32(1) << np.uint32(key)
                press_key(state, hand, key, splitmix64_uniform(rng_states, b))
                if (geometry.wheel >> np.uint32(key)) & np.uint32(1):
                    state.key_ticks[key] = 1
        step_motor(state, hand, records[b], geometry, actions[b])


@numba.njit(cache=True)
def _draw_button(choice, seen, geometry, hand, previous, uniform):  # type: ignore[no-untyped-def]
    """Samples what a gesture without the left button presses; to kinds that are hovered mostly nothing (HOVER)."""
    if choice < MAX_TRACKS and geometry.hover[known_kind(seen.tracks[choice].kind)] != 0:
        if uniform < hand.hover_share:
            return HOVER
        uniform = (uniform - hand.hover_share) / max(1.0 - hand.hover_share, 1e-6)
    return draw_other_button(hand, previous, uniform)


@numba.njit(cache=True)
def _begin_sampled_gesture(choice, x, y, state, hand, seen, geometry, button, uniforms, press_in):  # type: ignore[no-untyped-def]
    if choice < MAX_TRACKS:
        track = seen.tracks[choice]
        begin_gesture(state, hand, seen, geometry, SORT_TRACK, track.id, track.x, track.y, button, uniforms, press_in)
    elif choice < _MINIMAP:
        mark, target = seen.landmarks[choice - MAX_TRACKS], choice - MAX_TRACKS
        x, y = to_window(geometry, mark.x, mark.y)
        begin_gesture(state, hand, seen, geometry, SORT_LANDMARK, target, x, y, button, uniforms, press_in)
    else:
        x, y = _click_position(choice, x, y, geometry)
        sort = SORT_MINIMAP if choice == _MINIMAP else SORT_SPACE
        begin_gesture(state, hand, seen, geometry, sort, -1, x, y, button, uniforms, press_in)
