"""Events from what is seen: the log's new lines where there is a log, else what vanished and which bars fell."""

import math

import numpy as np

from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Screen

EDGE = 0.04
"""An object this near the window's edge that is not found any more has left, and did not die (window fractions)."""
REACH = 0.06
"""A box this near the ship that is not found any more has been collected (window widths)."""
LATELY_S = 3.0
"""A kill is laid to the enemy that was last seen selected within so long."""
FALL = 0.004
"""Bars are read to a pixel, about half a per cent: a smaller fall is none."""


class EventDetector:
    """Compares each observation with the one before."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        self._values = [kind.value for kind in profile.kinds]
        self._hulls = [screen.hulls.get(kind.name, math.nan) for kind in profile.kinds]
        self._shields = [screen.shields.get(kind.name, math.nan) for kind in profile.kinds]
        self._shield_worth = screen.shield_worth
        self._has_log = screen.log is not None
        self.reset()

    def reset(self) -> None:
        """Nobody looked for a while: what changed meanwhile is not laid to what was done before."""
        self._before: np.void | None = None
        self._hp, self._shield = math.nan, math.nan
        self._bars: dict[int, tuple[float, float]] = {}
        self._selected: np.void | None = None
        self._selected_s = math.nan

    def detect(self, now: np.void, lines: dict[str, int], *, died: bool, jumped: bool) -> list[int]:
        """Writes the events of an observation record and gives back the ids of objects that are gone for good.

        Args:
            now: of dtype OBSERVATION, complete but for its events.
            lines: new lines of the log by event.
            died: the ship was lost since the observation before.
            jumped: it came to another map.
        """
        events, before = now["events"], self._before
        events["deaths"], events["jumps"] = float(died), float(jumped)
        gone: list[int] = []
        if before is not None and not jumped:
            self._count(now, before, lines, gone)
        self._damage(now, died=died)
        self._before = now.copy()
        for track in now["tracks"][now["tracks"]["selected"] > 0]:
            self._selected, self._selected_s = track.copy(), float(now["time_s"])
        return gone

    def _count(self, now: np.void, before: np.void, lines: dict[str, int], gone: list[int]) -> None:
        events = now["events"]
        there = set(now["tracks"]["id"][now["tracks"]["id"] > 0].tolist())
        lost = [track for track in before["tracks"] if track["id"] > 0 and int(track["id"]) not in there]
        aliens = [track for track in lost if track["role"] == Role.ENEMY and track["selected"] and _inside(track)]
        boxes = [track for track in lost if track["role"] == Role.LOOT and _at_ship(track)]
        if self._has_log:
            for name in ("hits", "misses", "kills", "loot"):
                events[name] = float(lines.get(name, 0))
        else:
            events["kills"], events["loot"] = float(len(aliens)), float(len(boxes))
        for name, role, taken in (("kills", Role.ENEMY, aliens), ("loot", Role.LOOT, boxes)):
            for number in range(int(events[name])):
                which = taken[number] if number < len(taken) else _likeliest(before, role)
                if which is None and role is Role.ENEMY and now["time_s"] - self._selected_s < LATELY_S:
                    which = self._selected  # hidden by the blast or by the others when it died
                if which is not None:
                    events["value"] += self._values[int(which["kind"])]
                    gone.append(int(which["id"]))

    def _damage(self, now: np.void, *, died: bool) -> None:
        """What fell of the player's bars, and of the bars of those shot at."""
        events, player = now["events"], now["player"]
        hp, shield = (float(player["hp"]), float(player["shield"]))
        taken = _fall(self._hp, hp) + self._shield_worth * _fall(self._shield, shield)
        if taken > 0 and not died:
            events["damage_taken"] = taken
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
                dealt = _fall(was[0], is_now[0]) * self._hulls[kind] + _fall(was[1], is_now[1]) * self._shields[kind]
                events["damage_dealt"] += 0.0 if math.isnan(dealt) else dealt
            bars[number] = (
                was[0] if math.isnan(is_now[0]) else is_now[0],
                was[1] if math.isnan(is_now[1]) else is_now[1],
            )
        self._bars = bars


def _fall(before: float, now: float) -> float:
    """By how much a bar fell; 0 where it rose or one of the two is unknown."""
    return before - now if before - now > FALL else 0.0


def _inside(track: np.void) -> bool:
    return bool(EDGE < track["x"] < 1 - EDGE and EDGE < track["y"] < 1 - EDGE)


def _at_ship(track: np.void) -> bool:
    return math.hypot(track["x"] - 0.5, track["y"] - 0.5) < REACH


def _likeliest(before: np.void, role: Role) -> np.void | None:
    """What a line of the log that no vanished object explains was about: the selected enemy, the nearest box."""
    tracks = before["tracks"][(before["tracks"]["id"] > 0) & (before["tracks"]["role"] == role)]
    if role is Role.ENEMY:
        tracks = tracks[tracks["selected"] > 0]
    return tracks[0] if len(tracks) else None
