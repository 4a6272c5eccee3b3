"""Game events from consecutive observations: the lines of a log, or without one what outcome_detector.py infers."""

import math

import numpy as np

from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import MAX_GAUGES, MAX_TRACK_GAUGES, Observation, Role
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
        self._health = [(place, profile.gauges[place].worth) for place in profile.health_places]
        self._vital = [place for place, gauge in enumerate(profile.gauges) if gauge.role is GaugeRole.VITAL]
        self._full = [[gauge.full.get(kind.name, math.nan) for gauge in profile.track_gauges] for kind in profile.kinds]
        self._has_log = screen.log is not None
        self._aspect = profile.window_height / profile.window_width
        self._outcomes = OutcomeDetector(profile, VISION_CONFIG)
        self.reset()

    def reset(self) -> None:
        """Forgets the previous observation after a gap, so that changes during the gap make no events."""
        self._before: np.void | None = None
        self._carry = self._outcomes.start(1)
        self._gauges = [math.nan] * MAX_GAUGES
        self._bars: dict[int, list[float]] = {}
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
        events, gauges = now["events"], [float(value) for value in now["player"]["gauges"]]
        lost = sum(worth * _bar_drop(self._gauges[place], gauges[place]) for place, worth in self._health)
        left = [self._gauges[place] for place in self._vital if not math.isnan(self._gauges[place])]
        if lost > 0 and not died:
            events["damage_taken"] = lost
        elif died and left:
            events["damage_taken"] = left[0]
        self._gauges = _known(gauges, self._gauges)
        bars: dict[int, list[float]] = {}
        for track in now["tracks"]:
            if track["id"] <= 0 or track["role"] != Role.ENEMY:
                continue
            number, full = int(track["id"]), self._full[int(track["kind"])]
            was, is_now = self._bars.get(number, [math.nan] * MAX_TRACK_GAUGES), [float(bar) for bar in track["gauges"]]
            if track["selected"]:
                dealt = sum(_bar_drop(was[place], is_now[place]) * worth for place, worth in enumerate(full))
                events["damage_dealt"] += 0.0 if math.isnan(dealt) else dealt
            bars[number] = _known(is_now, was)
        self._bars = bars


def _known(now: list[float], before: list[float]) -> list[float]:
    """Returns the readings of now, and those of before where they are NaN."""
    return [old if math.isnan(new) else new for new, old in zip(now, before, strict=True)]


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
