"""Game events from consecutive observations: the lines of a log, or without one what outcome_detector.py infers."""

import math

import numpy as np

from understudy.contract.observation import Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Screen
from understudy.perception.outcomes.outcome_detector import VISION_CONFIG, OutcomeDetector

ATTRIBUTION_WINDOW_S = 3.0
"""A kill is attributed to the enemy last seen selected within this time."""
MIN_BAR_DROP = 0.004
"""Smallest bar drop that counts: bars are read to a pixel, about half a per cent."""


class EventDetector:
    """Compares each observation with the previous one."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        self._values = [kind.value for kind in profile.kinds]
        self._hulls = [screen.hulls.get(kind.name, math.nan) for kind in profile.kinds]
        self._shields = [screen.shields.get(kind.name, math.nan) for kind in profile.kinds]
        self._shield_worth = screen.shield_worth
        self._has_log = screen.log is not None
        self._aspect = profile.window_height / profile.window_width
        self._outcomes = OutcomeDetector(profile, VISION_CONFIG)
        self.reset()

    def reset(self) -> None:
        """Forgets the previous observation after a gap, so that changes during the gap make no events."""
        self._before: np.void | None = None
        self._carry = self._outcomes.start(1)
        self._hp, self._shield = math.nan, math.nan
        self._bars: dict[int, tuple[float, float]] = {}
        self._selected: np.void | None = None
        self._selected_s = math.nan

    def detect(self, now: np.void, lines: dict[str, int], *, died: bool, jumped: bool) -> list[int]:
        """Writes the events of an observation record; returns the ids of objects of which the log says they are gone.

        Args:
            now: record of dtype OBSERVATION, complete but for its events.
            lines: number of new log lines by event.
            died: whether the ship was lost since the previous observation.
            jumped: whether the ship came to another map.
        """
        events, before = now["events"], self._before
        events["deaths"], events["jumps"] = float(died), float(jumped)
        removed_ids: list[int] = []
        if not self._has_log:
            self._infer(now)
        elif before is not None and not jumped:
            self._count(now, before, lines, removed_ids)
        self._damage(now, died=died)
        self._before = now.copy()
        for track in now["tracks"][now["tracks"]["selected"] > 0]:
            self._selected, self._selected_s = track.copy(), float(now["time_s"])
        return removed_ids

    def _count(self, now: np.void, before: np.void, lines: dict[str, int], removed_ids: list[int]) -> None:
        events = now["events"]
        there = set(now["tracks"]["id"][now["tracks"]["id"] > 0].tolist())
        vanished = [track for track in before["tracks"] if track["id"] > 0 and int(track["id"]) not in there]
        killed = [track for track in vanished if track["role"] == Role.ENEMY and track["selected"] and _inside(track)]
        collected = [track for track in vanished if track["role"] == Role.LOOT and self._is_at_ship(track)]
        for name in ("hits", "misses", "kills", "loot"):
            events[name] = float(lines.get(name, 0))
        for name, role, candidates in (("kills", Role.ENEMY, killed), ("loot", Role.LOOT, collected)):
            for number in range(int(events[name])):
                which = candidates[number] if number < len(candidates) else _likeliest_object(before, role)
                if which is None and role is Role.ENEMY and now["time_s"] - self._selected_s < ATTRIBUTION_WINDOW_S:
                    which = self._selected  # hidden by the blast or by the others when it died
                if which is not None:
                    events["value"] += self._values[int(which["kind"])]
                    removed_ids.append(int(which["id"]))

    def _infer(self, now: np.void) -> None:
        """Writes what consecutive observations show of a game without a log."""
        found = self._outcomes.update(Observation(np.array([now])), self._carry)[0]
        events = now["events"]
        for name in ("hits", "misses", "kills", "loot"):
            events[name] = found[name]
        events["value"] = found["kill_value"] + found["loot_value"]

    def _is_at_ship(self, track: np.void) -> bool:
        return math.hypot(track["x"] - 0.5, (track["y"] - 0.5) * self._aspect) < VISION_CONFIG.collect_reach

    def _damage(self, now: np.void, *, died: bool) -> None:
        """Writes damage taken and dealt, from drops of the player's bars and of the selected enemies' bars."""
        events, player = now["events"], now["player"]
        hp, shield = (float(player["hp"]), float(player["shield"]))
        candidates = _bar_drop(self._hp, hp) + self._shield_worth * _bar_drop(self._shield, shield)
        if candidates > 0 and not died:
            events["damage_taken"] = candidates
        elif died and not math.isnan(self._hp):
            events["damage_taken"] = self._hp
        self._hp, self._shield = (
            old if math.isnan(new) else new for old, new in ((self._hp, hp), (self._shield, shield))
        )
        bars: dict[int, tuple[float, float]] = {}
        for track in now["tracks"]:
            if track["id"] <= 0 or track["role"] != Role.ENEMY:
                continue
            number, kind = int(track["id"]), int(track["kind"])
            was = self._bars.get(number, (math.nan, math.nan))
            is_now = (float(track["hp"]), float(track["shield"]))
            if track["selected"]:
                dealt = (
                    _bar_drop(was[0], is_now[0]) * self._hulls[kind]
                    + _bar_drop(was[1], is_now[1]) * self._shields[kind]
                )
                events["damage_dealt"] += 0.0 if math.isnan(dealt) else dealt
            bars[number] = (
                was[0] if math.isnan(is_now[0]) else is_now[0],
                was[1] if math.isnan(is_now[1]) else is_now[1],
            )
        self._bars = bars


def _bar_drop(before: float, now: float) -> float:
    """Returns the drop of a bar; 0 where it rose or either reading is NaN."""
    return before - now if before - now > MIN_BAR_DROP else 0.0


def _inside(track: np.void) -> bool:
    edge = VISION_CONFIG.edge
    return bool(edge < track["x"] < 1 - edge and edge < track["y"] < 1 - edge)


def _likeliest_object(before: np.void, role: Role) -> np.void | None:
    """Returns the likeliest object of a log line without a vanished object: the selected enemy, or the nearest box."""
    tracks = before["tracks"][(before["tracks"]["id"] > 0) & (before["tracks"]["role"] == role)]
    if role is Role.ENEMY:
        tracks = tracks[tracks["selected"] > 0]
    return tracks[0] if len(tracks) else None
