"""Hindsight labels: infers mode, target, route and a summary of the future of each tick from what happens after it.

The idea is that of hindsight relabelling (Andrychowicz et al. 2017, arXiv 1707.01495): the outcome that followed names
the intent. Only observations, their events and the actions are used, nothing that a demonstrator publishes about
itself. The rules are simple on purpose and independent of one game's constants: shots that follow mean FIGHT.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.intent import Mode
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ, Observation
from understudy.contract.protocols import InputEvent
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.learning.data.hover_segmentation import with_hovers
from understudy.policies.click_semantics import ENEMY, LOOT, SORT_TRACK, gauge_of
from understudy.policies.conditioning import FUTURE_WAY, NUM_FUTURE

FIGHT, LOOTING, FLEEING, EXPLORING, CAUTIOUS = (int(mode) for mode in Mode)

FIGHT_S = 2.5
"""Seconds after a tick in which a shot means FIGHT; shots up to half as long before it count too."""
NEXT_S = 4.0
"""Seconds within which the next click names the target and mode."""
HURT_S = 5.0
FUTURE_S = 10.0
ROUTE_S = 2.0
TRAVELLING = 0.08
"""Distance (window fractions) within ROUTE_S above which the ship counts as travelling."""
LOW_HEALTH = 0.5
FULL_HEALTH = 0.9
"""Thresholds on the mean gauge of health: a retreat below LOW_HEALTH is FLEE, a rest below FULL_HEALTH CAUTIOUS."""

SHOTS, DAMAGE, KILLS, BOXES, DEATHS, WAY_X, WAY_Y = range(7)
"""Columns of the cumulative statistics."""


@dataclass(frozen=True)
class HindsightLabels:
    """Labels of one episode of T ticks."""

    gestures: np.ndarray
    """Records of dtype GESTURE."""
    modes: Int64[np.ndarray, " T"]
    targets: Int64[np.ndarray, " T"]
    """Track slot of the person's target, MAX_TRACKS for none."""
    routes: Float32[np.ndarray, "T 2"]
    """Displacement of the ship in the next ROUTE_S, window widths / heights."""
    future_summary: Float32[np.ndarray, "T future"]
    """Summary of the next FUTURE_S: clicks by type, events, displacement, change of the vital gauge."""


def label_hindsight(
    observation: Observation,
    actions: np.ndarray,
    geometry: np.void,
    inputs: Sequence[InputEvent] = (),
    keys: Sequence[str] = (),
) -> HindsightLabels:
    """Computes the labels of T ticks of one world, with the gestures as of `segment_gestures` and `with_hovers`."""
    gestures = segment_gestures(observation, actions, geometry, inputs, keys)
    gestures = with_hovers(gestures, observation, actions, geometry)
    ticks = len(observation)
    modes = np.zeros(ticks, np.int64)
    targets = np.zeros(ticks, np.int64)
    routes = np.zeros((ticks, 2), np.float32)
    futures = np.zeros((ticks, NUM_FUTURE), np.float32)
    stats = _cumulative_stats(observation.records)
    _label(observation.records, gestures, stats, geometry, modes, targets)
    _measure(observation.records, gestures, stats, geometry, routes, futures)
    return HindsightLabels(gestures, _smooth(modes), targets, routes, futures)


def _cumulative_stats(records: np.ndarray) -> Float32[np.ndarray, "T stats"]:
    """Returns cumulative sums over ticks: shots, damage taken, kills, loot, deaths, path x, y (seven columns)."""
    events, player = records["events"], records["player"]
    jumped = (events["jumps"] > 0) | (events["deaths"] > 0) | (player["alive"] == 0)
    columns = [
        events["hits"] + events["misses"],
        events["damage_taken"],
        events["kills"],
        events["loot"],
        events["deaths"],
        np.where(jumped, 0.0, player["vx"] / TICK_RATE_HZ),
        np.where(jumped, 0.0, player["vy"] / TICK_RATE_HZ),
    ]
    known = np.nan_to_num(np.stack(columns, axis=1))  # a NaN speed would make all later sums NaN
    return np.cumsum(known, axis=0, dtype=np.float64).astype(np.float32)


@numba.njit(cache=True)
def _between(cumulative_stats, column, begin, end):  # type: ignore[no-untyped-def]
    """Returns the sum of a column over the ticks in (begin, end]."""
    last = len(cumulative_stats) - 1
    return cumulative_stats[max(min(end, last), 0), column] - cumulative_stats[max(min(begin, last), 0), column]


@numba.njit(cache=True)
def _attackers(observation):  # type: ignore[no-untyped-def]
    """Returns (number, mean x, mean y) of the objects that shoot at the player."""
    count, x, y = 0, 0.0, 0.0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.attacking != 0:
            count += 1
            x += track.x - 0.5
            y += track.y - 0.5
    return count, x / max(count, 1), y / max(count, 1)


@numba.njit(cache=True)
def _label(records, gestures, cumulative_stats, geometry, modes, targets):  # type: ignore[no-untyped-def]
    upcoming = 0
    for t in range(len(records)):
        while upcoming < len(gestures) and gestures[upcoming].press < t:
            upcoming += 1
        modes[t] = _mode(records, gestures, cumulative_stats, geometry, t, upcoming)
        targets[t] = _target(records, gestures, cumulative_stats, t, upcoming)


@numba.njit(cache=True)
def _mode(records, gestures, cumulative_stats, geometry, t, upcoming):  # type: ignore[no-untyped-def]
    player = records[t].player
    soon = upcoming < len(gestures) and gestures[upcoming].press - t <= NEXT_S * TICK_RATE_HZ
    role = gestures[upcoming].role if soon else 0
    last_role = gestures[upcoming - 1].role if upcoming > 0 else 0
    fight_ticks = int(FIGHT_S * TICK_RATE_HZ)
    shots = _between(cumulative_stats, SHOTS, t - fight_ticks // 2, t + fight_ticks)
    shots_ahead = _between(cumulative_stats, SHOTS, t, t + fight_ticks)
    hurt = _between(cumulative_stats, DAMAGE, t - int(HURT_S * TICK_RATE_HZ), t)
    count, enemy_x, enemy_y = _attackers(records[t])
    ahead = t + int(ROUTE_S * TICK_RATE_HZ)
    route_x, route_y = _between(cumulative_stats, WAY_X, t, ahead), _between(cumulative_stats, WAY_Y, t, ahead)
    leaving = count == 0 or route_x * enemy_x + route_y * enemy_y < 0
    travelling = abs(route_x) + abs(route_y) > TRAVELLING
    health = _health(player, geometry)
    if player.alive == 0:
        return CAUTIOUS
    if (
        shots_ahead == 0
        and role != ENEMY
        and (hurt > 0 or health < LOW_HEALTH)
        and travelling
        and leaving
        and role != LOOT
    ):
        return FLEEING
    if shots > 0 or role == ENEMY:
        return FIGHT
    if role == LOOT or (last_role == LOOT and _between(cumulative_stats, BOXES, t, t + int(NEXT_S * TICK_RATE_HZ)) > 0):
        return LOOTING
    if health < FULL_HEALTH and (not travelling or player.safe != 0):
        return CAUTIOUS
    return EXPLORING


@numba.njit(cache=True)
def _health(player, geometry):  # type: ignore[no-untyped-def]
    """Returns the mean of those gauges of health that are readable; 1, undamaged, where none is."""
    total, count = np.float32(0.0), 0
    for number in range(geometry.num_health):
        reading = gauge_of(player, geometry.all_health[number])
        if reading == reading:
            total += reading
            count += 1
    return total / np.float32(count) if count else np.float32(1.0)


@numba.njit(cache=True)
def _target(records, gestures, cumulative_stats, t, upcoming):  # type: ignore[no-untyped-def]
    wanted = 0
    soon = int(NEXT_S * TICK_RATE_HZ)
    for i in range(upcoming, len(gestures)):
        if gestures[i].press - t > soon:
            break
        if gestures[i].track_id > 0:
            wanted = gestures[i].track_id
            break
    shooting = _between(cumulative_stats, SHOTS, t, t + soon // 2) > 0
    for slot in range(MAX_TRACKS):
        track = records[t].tracks[slot]
        if track.id > 0 and shooting and track.selected != 0:
            return slot
    for slot in range(MAX_TRACKS):
        if wanted > 0 and records[t].tracks[slot].id == wanted:
            return slot
    return MAX_TRACKS


@numba.njit(cache=True)
def _measure(records, gestures, cumulative_stats, geometry, routes, future_summary):  # type: ignore[no-untyped-def]
    first, horizon = 0, int(FUTURE_S * TICK_RATE_HZ)
    for t in range(len(records)):
        ahead = t + int(ROUTE_S * TICK_RATE_HZ)
        routes[t, 0], routes[t, 1] = (
            _between(cumulative_stats, WAY_X, t, ahead),
            _between(cumulative_stats, WAY_Y, t, ahead),
        )
        while first < len(gestures) and gestures[first].press < t:
            first += 1
        row = future_summary[t]
        for i in range(first, len(gestures)):
            g = gestures[i]
            if g.press > t + horizon:
                break
            column = 0 if g.role == ENEMY else 1 if g.role == LOOT else 2 if g.sort == SORT_TRACK else 1 + g.sort
            row[column] += 0.5
        end = t + horizon
        for column in range(5):
            row[6 + column] = _between(cumulative_stats, column, t, end)
        row[6], row[7] = 0.2 * row[6], 3.0 * row[7]
        row[FUTURE_WAY], row[FUTURE_WAY + 1] = (
            _between(cumulative_stats, WAY_X, t, end),
            _between(cumulative_stats, WAY_Y, t, end),
        )
        later = records[min(end, len(records) - 1)].player
        change = gauge_of(later, geometry.health[0]) - gauge_of(records[t].player, geometry.health[0])
        row[FUTURE_WAY + 2] = change if change == change else 0.0


def _smooth(modes: Int64[np.ndarray, " T"]) -> Int64[np.ndarray, " T"]:
    """Smooths modes by majority vote over one second."""
    window = np.ones(min(TICK_RATE_HZ, len(modes)))
    votes = [np.convolve(modes == mode, window, mode="same") for mode in Mode]
    return np.asarray(np.argmax(np.stack(votes), axis=0), dtype=np.int64)
