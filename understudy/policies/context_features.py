"""Context features of the whole scene: positions, reference frames, health bars, and times since past events.

These are the columns that all games have; what else a profile declares comes after them (policies/declared). Features
that change sign under a left-right mirror come first, then those of an up-down mirror, then the rest.
"""

import numba
import numpy as np

from understudy.contract.observation import MAX_TRACKS
from understudy.policies.click_semantics import (
    BASE,
    COMMON_CHOICES,
    ENEMY,
    LOOT,
    MAX_MAPS,
    NUM_HEALTH,
    NUM_STORES,
    PORTAL,
    distance,
    gauge_of,
    known_kind,
    slot_of,
    switch_of,
)
from understudy.policies.reference_frames import (
    FIGHT_FRAME,
    FLIGHT_FRAME,
    FRAME_VECTORS,
    NUM_FRAMES,
    along,
    fight_frame,
    flight_frame,
    nearest,
    nearest_landmark,
)
from understudy.policies.temporal_features import FOREVER, NUM_TIMERS, T_MINIMAP, T_SPACE

NUM_PLACES = 13
NUM_MIRRORED = NUM_PLACES + NUM_FRAMES * FRAME_VECTORS
"""Number of context features that change sign with x, and of those that do with y."""

TIMER_FEATURES = 4
NUM_LEVELS = 8
"""Soft thresholds for each health bar or distance, which make sharp decision thresholds easy to learn."""
NUM_FLIGHTS = 6
NUM_CHOICES = 1 + COMMON_CHOICES
NUM_FRAME_FACTS = 6
NUM_PLAIN = 63 + NUM_FRAMES * NUM_FRAME_FACTS + 4 * NUM_LEVELS + NUM_FLIGHTS + NUM_CHOICES * NUM_LEVELS
SWITCH_AT = 2 * NUM_MIRRORED + 14
"""Column of whether the switch of a weapon is on."""
CHOICE_AT = 2 * NUM_MIRRORED + 20 + 3 * NUM_LEVELS
"""First of NUM_CHOICES columns: one-hot of the first selector's choice, 0 for unknown."""
FLIGHT_AT = CHOICE_AT + NUM_CHOICES + MAX_MAPS + 4 + 16 + 8 + NUM_LEVELS
"""First of NUM_FLIGHTS columns: one-hot of the ship's last destination."""
CONTEXT_WIDTH = 2 * NUM_MIRRORED + NUM_PLAIN + TIMER_FEATURES * NUM_TIMERS
"""Number of context features that all games have; FeatureLayout.width counts those of one game."""
MAX_WIDTH = 4096
"""Limit of a policy's layer width."""
RELOADED = 0.999


@numba.njit(cache=True)
def encode_context(observation, carry, geometry, context):  # type: ignore[no-untyped-def]
    """Writes the features of one tick to `context`, which starts at zero; `carry` has been updated with the tick."""
    _encode_positions(observation, carry, geometry, context)
    end = _encode_vitals(observation, carry, geometry, context, 2 * NUM_MIRRORED)
    end = _encode_scene(observation, carry, geometry, context, end)
    end = _encode_frames(observation, carry, geometry, context, end)
    assert end == 2 * NUM_MIRRORED + NUM_PLAIN
    for i in range(NUM_TIMERS):
        _encode_timer(carry.timers[i], context, end + TIMER_FEATURES * i)
    for i in range(CONTEXT_WIDTH):
        if context[i] != context[i]:  # an unreadable minimap or counter: zero, as for everything unknown
            context[i] = 0.0


@numba.njit(cache=True)
def _encode_timer(ticks, out, at):  # type: ignore[no-untyped-def]
    """Encodes the time since an event as exponentials with decay constants of 3, 10, 40, 200 ticks (0.15 to 10 s)."""
    out[at] = np.exp(-ticks / 3.0)
    out[at + 1] = np.exp(-ticks / 10.0)
    out[at + 2] = np.exp(-ticks / 40.0)
    out[at + 3] = np.exp(-ticks / 200.0)


@numba.njit(cache=True)
def encode_thresholds(value, first, step, out, at):  # type: ignore[no-untyped-def]
    """Encodes a value as NUM_LEVELS soft thresholds (tanh) at `first`, `first + step`, ..."""
    for level in range(NUM_LEVELS):
        out[at + level] = np.tanh(1.2 / step * (value - first - step * level))


@numba.njit(cache=True)
def _encode_positions(observation, carry, geometry, out):  # type: ignore[no-untyped-def]
    """Writes features that change sign under a mirror: x parts in [0, NUM_MIRRORED), then y parts in the same order."""
    player, second = observation.player, NUM_MIRRORED
    out[0], out[second] = 2.0 * (player.x - 0.5), 2.0 * (player.y - 0.5)
    out[1], out[second + 1] = 2.0 * player.vx, 2.0 * player.vy
    out[2], out[second + 2] = 2.0 * (observation.cursor_x - 0.5), 2.0 * (observation.cursor_y - 0.5)
    slots = (
        slot_of(observation, carry.selected_id),
        nearest(observation, geometry, ENEMY),
        nearest(observation, geometry, LOOT),
        slot_of(observation, carry.clicked_id),
    )
    for i in range(4):
        if slots[i] >= 0:
            track = observation.tracks[slots[i]]
            out[3 + i], out[second + 3 + i] = 2.0 * (track.x - 0.5), 2.0 * (track.y - 0.5)
    if slots[0] >= 0:
        track = observation.tracks[slots[0]]
        out[7], out[second + 7] = track.vx + player.vx, track.vy + player.vy
    out[8] = 4.0 * (carry.minimap_x - player.x) if carry.timers[T_MINIMAP] < FOREVER else 0.0
    out[second + 8] = 4.0 * (carry.minimap_y - player.y) if carry.timers[T_MINIMAP] < FOREVER else 0.0
    if carry.timers[T_SPACE] < FOREVER:
        out[9], out[second + 9] = 2.0 * (carry.space_x - 0.5), 2.0 * (carry.space_y - 0.5)
    attackers = 0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.attacking:
            attackers += 1
            out[10] += 2.0 * (track.x - 0.5)
            out[second + 10] += 2.0 * (track.y - 0.5)
    if attackers > 0:
        out[10] /= attackers
        out[second + 10] /= attackers
    for i in range(2):
        mark = nearest_landmark(observation, BASE if i == 0 else PORTAL)
        if mark >= 0:
            out[11 + i] = 2.0 * (observation.landmarks[mark].x - player.x)
            out[second + 11 + i] = 2.0 * (observation.landmarks[mark].y - player.y)


@numba.njit(cache=True)
def _encode_vitals(observation, carry, geometry, out, at):  # type: ignore[no-untyped-def]
    player = observation.player
    health = np.zeros(NUM_HEALTH, np.float32)
    for number in range(NUM_HEALTH):
        reading = gauge_of(player, geometry.health[number])
        known = reading == reading
        health[number] = reading if known else np.float32(0.0)
        out[at + 2 * number], out[at + 2 * number + 1] = health[number], known
        if known:
            change = at + 4 + 2 * number
            out[change] = 5.0 * (reading - carry.health_fast[number])
            out[change + 1] = 3.0 * (reading - carry.health_slow[number])
    ready = gauge_of(player, geometry.cooldown)
    out[at + 8], out[at + 9] = ready, ready >= RELOADED
    for number in range(NUM_STORES):
        out[at + 10 + number] = gauge_of(player, geometry.stores[number])
    out[at + 14], out[at + 15], out[at + 16] = switch_of(player, geometry.switch), player.safe, player.alive
    out[at + 17] = 4.0 * distance(geometry, player.vx, player.vy)
    out[at + 18], out[at + 19] = np.sin(3.0 * health[0]), np.sin(6.0 * health[0])
    at += 20
    for number in range(NUM_HEALTH):
        encode_thresholds(health[number], 0.1, 0.1, out, at + number * NUM_LEVELS)
    encode_thresholds(0.5 * (health[0] + health[1]), 0.1, 0.1, out, at + NUM_HEALTH * NUM_LEVELS)
    at += (NUM_HEALTH + 1) * NUM_LEVELS
    assert at == CHOICE_AT
    if 0 <= player.selectors[0] < NUM_CHOICES:
        out[at + player.selectors[0]] = 1.0
    at += NUM_CHOICES
    if 0 <= player.map_index < MAX_MAPS:
        out[at + player.map_index] = 1.0
    return at + MAX_MAPS


@numba.njit(cache=True)
def _encode_scene(observation, carry, geometry, out, at):  # type: ignore[no-untyped-def]
    """Writes counts, distances and strengths of objects, the last click, and the distance to the destination."""
    player = observation.player
    num_enemies, num_loot, num_attackers, danger = 0.0, 0.0, 0.0, 0.0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0:
            num_enemies += track.role == ENEMY
            num_loot += track.role == LOOT
            num_attackers += track.attacking
            danger += geometry.strength[known_kind(track.kind)] * track.attacking
    out[at], out[at + 1], out[at + 2], out[at + 3] = num_enemies / 5, num_loot / 5, num_attackers / 3, danger
    at += 4
    for slot in (
        slot_of(observation, carry.selected_id),
        nearest(observation, geometry, ENEMY),
        nearest(observation, geometry, LOOT),
        nearest(observation, geometry, PORTAL),
    ):
        if slot >= 0:
            track = observation.tracks[slot]
            away = distance(geometry, track.x - 0.5, track.y - 0.5)
            out[at], out[at + 1], out[at + 2] = 1.0, 3.0 * away, np.exp(-8.0 * away)
            out[at + 3] = track.gauges[0] if track.gauges[0] == track.gauges[0] else 0.0
        at += 4
    slot = slot_of(observation, carry.selected_id)
    if slot >= 0:
        out[at] = geometry.strength[known_kind(observation.tracks[slot].kind)]
        out[at + 1] = observation.tracks[slot].attacking * 1.0
    out[at + 2 + min(max(carry.click_sort, 0), 4)] = 1.0
    out[at + 7] = 1.0 if carry.click_role == LOOT else 0.0
    at += 8
    if slot >= 0:
        track = observation.tracks[slot]
        encode_thresholds(distance(geometry, track.x - 0.5, track.y - 0.5), 0.1, 0.05, out, at)
    assert at + NUM_LEVELS == FLIGHT_AT
    out[at + NUM_LEVELS + carry.flight] = 1.0
    at += NUM_LEVELS + NUM_FLIGHTS
    if slot >= 0 and 0 <= player.selectors[0] < NUM_CHOICES:
        # A choice is made a dozen times an hour, too rarely to learn how it depends on the target.
        strength = geometry.strength[known_kind(observation.tracks[slot].kind)]
        encode_thresholds(strength, 0.05, 0.1, out, at + player.selectors[0] * NUM_LEVELS)
    at += NUM_CHOICES * NUM_LEVELS
    if carry.timers[T_MINIMAP] < FOREVER:
        out[at] = 4.0 * np.sqrt((carry.minimap_x - player.x) ** 2 + (carry.minimap_y - player.y) ** 2)
        out[at + 1] = np.exp(-5.0 * out[at])
    return at + 2


@numba.njit(cache=True)
def _encode_frames(observation, carry, geometry, out, at):  # type: ignore[no-untyped-def]
    """Writes the axes of the reference frames to the mirrored features, and velocities along them."""
    player, aspect = observation.player, geometry.aspect
    frames = np.zeros((NUM_FRAMES, FRAME_VECTORS, 2), np.float32)
    slot = fight_frame(observation, carry, geometry, frames[FIGHT_FRAME])
    threat = flight_frame(observation, geometry, frames[FLIGHT_FRAME])
    for frame in range(NUM_FRAMES):
        for vector in range(FRAME_VECTORS):
            column = NUM_PLACES + FRAME_VECTORS * frame + vector
            out[column], out[NUM_MIRRORED + column] = frames[frame, vector, 0], frames[frame, vector, 1]
        for axis in range(1, FRAME_VECTORS):
            out[at + frame * NUM_FRAME_FACTS + axis] = 4.0 * along(frames[frame], axis, player.vx, player.vy, aspect)
    if slot >= 0:
        track = observation.tracks[slot]
        out[at] = 1.0
        x, y = track.vx + player.vx, track.vy + player.vy
        for axis in range(1, FRAME_VECTORS):
            out[at + 2 + axis] = 4.0 * along(frames[FIGHT_FRAME], axis, x, y, aspect)
        out[at + 5] = 2.0 * distance(geometry, track.x - 0.5, track.y - 0.5)
    at += NUM_FRAME_FACTS
    if threat > 0.0:
        out[at], out[at + 3] = 1.0, 0.3 * np.log(threat)
        base = nearest_landmark(observation, BASE)
        if base >= 0:
            mark = observation.landmarks[base]
            for axis in range(1, FRAME_VECTORS):
                out[at + 3 + axis] = 2.0 * along(
                    frames[FLIGHT_FRAME], axis, mark.x - player.x, mark.y - player.y, aspect
                )
    return at + NUM_FRAME_FACTS
