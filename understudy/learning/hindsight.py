"""What the person was up to, read off what they did next: modes, targets, routes and a summary of the near future.

Only mouse, keys, observations and their events are used; nothing of what the demonstrator published about itself.
The rules are crude on purpose: they name a mode from its consequences (hits follow: FIGHT), not from a game's numbers.
"""

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.intent import Mode
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ, Observation
from understudy.learning.gestures import find_gestures

FIGHT_S = 2.5
"""Shots within this time, before or after, make it a fight."""
NEXT_S = 4.0
"""What is clicked within this time is what the person is up to."""
HURT_S = 5.0
FUTURE_S = 10.0
ROUTE_S = 2.0
NUM_FUTURE = 14


@dataclass(frozen=True)
class Hindsight:
    """Labels of one episode of T ticks."""

    gestures: np.ndarray
    """Records of dtype GESTURE."""
    modes: Int64[np.ndarray, " T"]
    targets: Int64[np.ndarray, " T"]
    """Track slot that the person is after, MAX_TRACKS for none."""
    routes: Float32[np.ndarray, "T 2"]
    """How far the ship goes in the next ROUTE_S, window widths / heights."""
    futures: Float32[np.ndarray, "T future"]
    """Summary of the next FUTURE_S: what is clicked, how far it goes, what happens."""


def look_back(observation: Observation, actions: np.ndarray, geometry: np.void) -> Hindsight:
    """Labels for T ticks of one world."""
    gestures = find_gestures(observation, actions, geometry)
    ticks = len(observation)
    modes = np.zeros(ticks, np.int64)
    targets = np.zeros(ticks, np.int64)
    routes = np.zeros((ticks, 2), np.float32)
    futures = np.zeros((ticks, NUM_FUTURE), np.float32)
    facts = _facts(observation.records)
    _label(observation.records, gestures, facts, modes, targets)
    _measure(observation.records, gestures, facts, routes, futures)
    return Hindsight(gestures, _smooth(modes), targets, routes, futures)


def _facts(records: np.ndarray) -> Float32[np.ndarray, "T facts"]:
    """Per tick: cumulative shots, damage taken, kills, loot, deaths, and path x, y (seven columns)."""
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
    return np.cumsum(np.stack(columns, axis=1), axis=0, dtype=np.float64).astype(np.float32)


@numba.njit(cache=True)
def _between(facts, column, begin, end):  # type: ignore[no-untyped-def]
    """Sum of a fact over the ticks in (begin, end]."""
    last = len(facts) - 1
    return facts[max(min(end, last), 0), column] - facts[max(min(begin, last), 0), column]


@numba.njit(cache=True)
def _attackers(observation):  # type: ignore[no-untyped-def]
    """(number, mean x, mean y) of the objects that shoot at the player."""
    count, x, y = 0, 0.0, 0.0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and (track.attacking != 0 or track.role == 1):
            weight = 1 if track.attacking != 0 else 0
            count += weight
            x += weight * (track.x - 0.5)
            y += weight * (track.y - 0.5)
    return count, x / max(count, 1), y / max(count, 1)


@numba.njit(cache=True)
def _label(records, gestures, facts, modes, targets):  # type: ignore[no-untyped-def]
    upcoming = 0
    for t in range(len(records)):
        while upcoming < len(gestures) and gestures[upcoming].press < t:
            upcoming += 1
        modes[t] = _mode(records, gestures, facts, t, upcoming)
        targets[t] = _target(records, gestures, facts, t, upcoming)


@numba.njit(cache=True)
def _mode(records, gestures, facts, t, upcoming):  # type: ignore[no-untyped-def]
    player = records[t].player
    soon = upcoming < len(gestures) and gestures[upcoming].press - t <= NEXT_S * TICK_RATE_HZ
    role = gestures[upcoming].role if soon else 0
    last_role = gestures[upcoming - 1].role if upcoming > 0 else 0
    fight_ticks = int(FIGHT_S * TICK_RATE_HZ)
    shots = _between(facts, 0, t - fight_ticks // 2, t + fight_ticks)
    shots_ahead = _between(facts, 0, t, t + fight_ticks)
    hurt = _between(facts, 1, t - int(HURT_S * TICK_RATE_HZ), t)
    count, enemy_x, enemy_y = _attackers(records[t])
    ahead = t + int(ROUTE_S * TICK_RATE_HZ)
    route_x, route_y = _between(facts, 5, t, ahead), _between(facts, 6, t, ahead)
    leaving = count == 0 or route_x * enemy_x + route_y * enemy_y < 0
    travelling = abs(route_x) + abs(route_y) > 0.08
    health = 0.5 * (_known(player.hp) + _known(player.shield))
    if player.alive == 0:
        return 4
    if shots_ahead == 0 and role != 1 and (hurt > 0 or health < 0.5) and travelling and leaving and role != 2:
        return 2
    if shots > 0 or role == 1:
        return 0
    if role == 2 or (last_role == 2 and _between(facts, 3, t, t + int(NEXT_S * TICK_RATE_HZ)) > 0):
        return 1
    if health < 0.9 and (not travelling or player.safe != 0):
        return 4
    return 3


@numba.njit(cache=True)
def _known(fraction):  # type: ignore[no-untyped-def]
    return fraction if fraction == fraction else 1.0


@numba.njit(cache=True)
def _target(records, gestures, facts, t, upcoming):  # type: ignore[no-untyped-def]
    wanted = 0
    soon = int(NEXT_S * TICK_RATE_HZ)
    for i in range(upcoming, len(gestures)):
        if gestures[i].press - t > soon:
            break
        if gestures[i].track_id > 0:
            wanted = gestures[i].track_id
            break
    shooting = _between(facts, 0, t, t + soon // 2) > 0
    for slot in range(MAX_TRACKS):
        track = records[t].tracks[slot]
        if track.id > 0 and shooting and track.selected != 0:
            return slot
    for slot in range(MAX_TRACKS):
        if wanted > 0 and records[t].tracks[slot].id == wanted:
            return slot
    return MAX_TRACKS


@numba.njit(cache=True)
def _measure(records, gestures, facts, routes, futures):  # type: ignore[no-untyped-def]
    first, horizon = 0, int(FUTURE_S * TICK_RATE_HZ)
    for t in range(len(records)):
        ahead = t + int(ROUTE_S * TICK_RATE_HZ)
        routes[t, 0], routes[t, 1] = _between(facts, 5, t, ahead), _between(facts, 6, t, ahead)
        while first < len(gestures) and gestures[first].press < t:
            first += 1
        row = futures[t]
        for i in range(first, len(gestures)):
            g = gestures[i]
            if g.press > t + horizon:
                break
            column = 0 if g.role == 1 else 1 if g.role == 2 else 2 if g.sort == 1 else 1 + g.sort
            row[column] += 0.5
        end = t + horizon
        for column in range(5):
            row[6 + column] = _between(facts, column, t, end)
        row[6], row[7] = 0.2 * row[6], 3.0 * row[7]
        row[11], row[12] = _between(facts, 5, t, end), _between(facts, 6, t, end)
        last = min(end, len(records) - 1)
        row[13] = _known(records[last].player.hp) - _known(records[t].player.hp)


def _smooth(modes: Int64[np.ndarray, " T"]) -> Int64[np.ndarray, " T"]:
    """Majority over one second, so that a mode is a stretch of play and not a flicker."""
    window = np.ones(TICK_RATE_HZ)
    votes = [np.convolve(modes == mode, window, mode="same") for mode in Mode]
    return np.asarray(np.argmax(np.stack(votes), axis=0), dtype=np.int64)
