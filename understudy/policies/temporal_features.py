"""Temporal features: the encoder's state of past ticks, which gives feed-forward networks access to reaction times.

One ENCODING_CARRY record for each world: ages of tracks, times since events, moving averages, the last destination.
"""

import numba
import numpy as np

from understudy.contract.observation import MAX_GAUGES, MAX_TRACKS
from understudy.policies.click_semantics import (
    BASE,
    ENEMY,
    LOOT,
    MAX_KEYS,
    NUM_HEALTH,
    SORT_NOTHING,
    SORT_SPACE,
    SORT_TRACK,
    classify_click,
    clicking_inputs,
    gauge_of,
    switch_of,
    to_map,
)

# Timers of the carry, in ticks; the keys' timers follow.
(T_PRESS, T_ENEMY, T_LOOT, T_MINIMAP, T_SPACE, T_HURT, T_HIT, T_KILL, T_LOOTED, T_DEATH) = range(10)
(T_SELECTED, T_ENEMY_SEEN, T_LOOT_SEEN, T_STOPPED, T_TARGET_LOST) = range(10, 15)
NUM_TIMERS = 15 + MAX_KEYS
FOREVER = 6000.0
"""Ticks at which a timer saturates; also its value before the first event."""
MOVING_SPEED = 0.01
"""Speed in window fractions a second below which the ship counts as stopped."""

ENCODING_CARRY = np.dtype(
    [
        ("timers", "f4", (NUM_TIMERS,)),
        ("ids", "i4", (MAX_TRACKS,)),
        ("age", "f4", (MAX_TRACKS,)),  # ticks since first seen
        ("hp", "f4", (MAX_TRACKS,)),  # last known, NaN when it never was
        ("hp_trend", "f4", (MAX_TRACKS,)),  # slow average of hp change per tick
        ("clicked", "f4", (MAX_TRACKS,)),  # ticks since it was clicked
        ("clicked_id", "i4"),
        ("selected_id", "i4"),
        ("click_sort", "i4"),  # a ClickKind, of the last click
        ("click_role", "i4"),  # the Role clicked, where it was a track
        ("switched", "i4"),  # whether the switch of the geometry was on
        ("flight", "i4"),  # the ship's last destination: 0 none, 1 box, 2 space, 3 minimap, 4 base, 5 portal
        ("minimap_x", "f4"),  # last minimap click, map fractions
        ("minimap_y", "f4"),
        ("space_x", "f4"),  # last space click, window fractions
        ("space_y", "f4"),
        ("button", "u4"),
        ("keys", "u4"),
        ("health_fast", "f4", (NUM_HEALTH,)),  # averages over about 10 ticks; NaN until there is a reading
        ("health_slow", "f4", (NUM_HEALTH,)),  # over about 50
        ("more_fast", "f4", (MAX_GAUGES,)),  # the same of the gauges without a common place
        ("more_slow", "f4", (MAX_GAUGES,)),
    ],
)


def initial_state(num_worlds: int) -> np.ndarray:
    """Returns initial states, records of dtype ENCODING_CARRY, shape (num_worlds,)."""
    carry = np.zeros(num_worlds, ENCODING_CARRY)
    carry["timers"] = FOREVER
    carry["space_x"] = carry["space_y"] = 0.5  # the centre, which every mirror maps to itself
    carry["health_fast"] = carry["health_slow"] = carry["more_fast"] = carry["more_slow"] = np.nan
    return carry


@numba.njit(cache=True)
def update_tracks(observation, carry):  # type: ignore[no-untyped-def]
    """Updates age, hit points and click time of each track, matched by id, and the timers of new tracks."""
    old_ids, old_age, old_hp = carry.ids.copy(), carry.age.copy(), carry.hp.copy()
    old_trend, old_clicked = carry.hp_trend.copy(), carry.clicked.copy()
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        carry.ids[slot] = track.id
        carry.age[slot], carry.hp[slot], carry.hp_trend[slot], carry.clicked[slot] = 0.0, track.gauges[0], 0.0, FOREVER
        if track.id <= 0:
            continue
        known = False
        for old in range(MAX_TRACKS):
            if old_ids[old] == track.id:
                known = True
                carry.age[slot] = min(old_age[old] + 1.0, FOREVER)
                change = track.gauges[0] - old_hp[old]
                carry.hp_trend[slot] = 0.95 * old_trend[old] + (0.05 * change if change == change else 0.0)
                if track.gauges[0] != track.gauges[0]:
                    carry.hp[slot] = old_hp[old]
                carry.clicked[slot] = min(old_clicked[old] + 1.0, FOREVER)
                break
        if not known and track.role == ENEMY:
            carry.timers[T_ENEMY_SEEN] = -1.0
        elif not known and track.role == LOOT:
            carry.timers[T_LOOT_SEEN] = -1.0


@numba.njit(cache=True)
def update_inputs(observation, carry, geometry):  # type: ignore[no-untyped-def]
    """Updates the timers of clicks and key presses that began in the previous tick, and what was clicked."""
    for i in range(NUM_TIMERS):
        carry.timers[i] = min(carry.timers[i] + 1.0, FOREVER)
    pressed_keys = observation.keys & ~(carry.keys & ~geometry.wheel)
    for k in range(MAX_KEYS):
        if (pressed_keys >> np.uint32(k)) & np.uint32(1):
            carry.timers[NUM_TIMERS - MAX_KEYS + k] = 0.0
    clicking = clicking_inputs(observation.button, observation.keys, geometry)
    if clicking & ~clicking_inputs(carry.button, carry.keys, geometry):
        _remember_click(observation, carry, geometry)
    carry.button, carry.keys = observation.button, observation.keys


@numba.njit(cache=True)
def _remember_click(observation, carry, geometry):  # type: ignore[no-untyped-def]
    x, y = observation.cursor_x, observation.cursor_y
    sort, index = classify_click(observation, geometry, x, y)
    carry.timers[T_PRESS] = 0.0
    carry.click_sort, carry.click_role = sort, 0
    if sort == SORT_TRACK:
        track = observation.tracks[index]
        carry.clicked_id, carry.click_role, carry.clicked[index] = track.id, track.role, 0.0
        carry.timers[T_LOOT if track.role == LOOT else T_ENEMY] = 0.0
        if track.role == LOOT:
            carry.flight = 1
    elif sort == SORT_SPACE:
        carry.space_x, carry.space_y, carry.flight = x, y, 2
        carry.timers[T_SPACE] = 0.0
    elif sort != SORT_NOTHING:
        carry.minimap_x, carry.minimap_y = to_map(geometry, x, y)
        carry.flight = 3
        if index >= 0:
            carry.flight = 4 if observation.landmarks[index].role == BASE else 5
        carry.timers[T_MINIMAP] = 0.0


@numba.njit(cache=True)
def update_events(observation, carry, geometry):  # type: ignore[no-untyped-def]
    """Updates the timers of game events, motion and selection, and the moving averages of the gauges."""
    events, player = observation.events, observation.player
    if events.damage_taken > 0:
        carry.timers[T_HURT] = 0.0
    if events.hits + events.misses > 0:
        carry.timers[T_HIT] = 0.0
    if events.kills > 0:
        carry.timers[T_KILL] = 0.0
    if events.loot > 0:
        carry.timers[T_LOOTED] = 0.0
    if events.deaths > 0:
        carry.timers[T_DEATH] = 0.0
    if events.deaths + events.jumps > 0:
        carry.flight = 0
    if abs(player.vx) + abs(player.vy) > MOVING_SPEED:
        carry.timers[T_STOPPED] = 0.0
    selected, switched = 0, switch_of(player, geometry.switch)
    for slot in range(MAX_TRACKS):
        if observation.tracks[slot].id > 0 and observation.tracks[slot].selected:
            selected = observation.tracks[slot].id
    if selected != carry.selected_id:
        carry.timers[T_TARGET_LOST if selected == 0 else T_SELECTED] = 0.0
    elif selected > 0 and switched != carry.switched:
        carry.timers[T_SELECTED] = 0.0  # switching a weapon restarts the reaction time, as a new selection does
    carry.selected_id, carry.switched = selected, switched
    for number in range(NUM_HEALTH):
        reading = gauge_of(player, geometry.health[number])
        carry.health_fast[number] = _update_average(carry.health_fast[number], reading, 0.10)
        carry.health_slow[number] = _update_average(carry.health_slow[number], reading, 0.02)
    for number in range(geometry.num_more_gauges):
        reading = gauge_of(player, geometry.more_gauges[number])
        carry.more_fast[number] = _update_average(carry.more_fast[number], reading, 0.10)
        carry.more_slow[number] = _update_average(carry.more_slow[number], reading, 0.02)


@numba.njit(cache=True)
def _update_average(average, reading, share):  # type: ignore[no-untyped-def]
    """Updates an exponential moving average with weight `share`; ignores NaN, and starts at the first other reading."""
    if average != average:
        return reading
    return average + share * (reading - average) if reading == reading else average
