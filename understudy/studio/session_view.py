"""One recorded session as the timeline shows it: ticks as small records for the browser, lanes in bins, and events.

A browser gets records of dtype TICK as bytes, with their layout beside them: `drawn from the observation` needs no
picture from the server, so seeking costs a few kilobytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from understudy.contract.action import Actor
from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import MAX_TRACKS, Role
from understudy.contract.profile import Profile
from understudy.learning.data.hindsight_labels import HindsightLabels, label_hindsight
from understudy.policies.click_semantics import NUM_HEALTH, geometry_of
from understudy.recordings.episode import Episode
from understudy.viewer.timeline import marked_ticks

TRACK = np.dtype(
    [
        ("id", "<i4"),
        ("x", "<u2"),  # window fractions -0.5 .. 1.5 in steps of 2 / 65534; 65535 for unknown
        ("y", "<u2"),
        ("width", "<u2"),
        ("height", "<u2"),
        ("kind", "<i2"),
        ("role", "u1"),
        ("hp", "u1"),  # percent; 255 for unknown
        ("selected", "u1"),
        ("share", "u1"),  # probability as a target, percent
    ]
)
"""One object, 20 bytes."""
TICK = np.dtype(
    [
        ("seconds", "<f4"),  # since the first tick
        ("cursor_x", "<f4"),
        ("cursor_y", "<f4"),
        ("gesture_x", "<f4"),
        ("gesture_y", "<f4"),
        ("health", "<f4", (NUM_HEALTH,)),  # the first gauges of health; NaN for unknown
        ("map_x", "<f4"),
        ("map_y", "<f4"),
        ("keys", "<u4"),
        ("target_id", "<i4"),
        ("map_index", "<i2"),
        ("mode", "i1"),  # of the intent; -1 for none
        ("did", "i1"),  # hindsight label: what the play that followed was
        ("actor", "i1"),
        ("button", "u1"),
        ("phase", "u1"),
        ("num_tracks", "u1"),
        ("modes", "u1", (NUM_MODES,)),  # probabilities, percent
        ("pad", "u1", (3,)),
        ("tracks", TRACK, (MAX_TRACKS,)),
    ]
)
"""One tick, 460 bytes."""
TICKS_A_BLOCK = 128
"""Ticks that the browser fetches together: 6.4 s, 59 kB."""
MAX_BINS = 2000
MAX_EVENTS = 3000
"""Events that are listed; the lanes show all."""
COUNTED = ("kills", "loot", "deaths", "jumps")
"""Game events that are listed."""
EXPERTS = (Actor.PERSON, Actor.TEACHER)


@dataclass(frozen=True)
class SessionEvent:
    """One thing that happened, to be listed and jumped to."""

    tick: int
    kind: str
    """kills, loot, deaths, jumps, mark, disagreement or actor."""
    label: str


class SessionView:
    """One episode, prepared for the timeline. The episode has at least one tick."""

    def __init__(self, episode: Episode, intents: np.ndarray | None = None) -> None:
        """Args:
        episode: the session.
        intents: records of dtype INTENT, shape (T,), shown in place of the recorded ones.
        """
        assert len(episode) > 0
        self.episode = episode
        self.intents = episode.intents if intents is None else intents
        times = episode.observations["time_s"]
        self.seconds = np.asarray(times - times[0])
        """Seconds since the first tick, shape (T,)."""

    def __len__(self) -> int:
        return len(self.episode)

    @cached_property
    def labels(self) -> HindsightLabels:
        """Hindsight labels: mode of each tick, and the gestures."""
        profile = self.episode.info.profile
        return label_hindsight(
            self.episode.observation, self.episode.actions, geometry_of(profile), self.episode.inputs, profile.keys
        )

    @cached_property
    def disagreements(self) -> Int64[np.ndarray, " D"]:
        """Ticks at which a person or teacher began to click an object that was not the policy's likeliest target."""
        if self.intents is None:
            return np.zeros(0, np.int64)
        gestures = self.labels.gestures
        onsets = np.clip(gestures["onset"], 0, len(self) - 1).astype(np.int64)
        meant = self.intents[onsets]
        other = (gestures["track_id"] > 0) & (meant["mode"] >= 0) & (meant["target_id"] != gestures["track_id"])
        return np.asarray(onsets[other & np.isin(self.episode.actors[onsets], EXPERTS)], np.int64)

    @cached_property
    def clicks_on_objects(self) -> int:
        """Number of clicks on objects by a person or teacher, the disagreements' whole."""
        gestures = self.labels.gestures
        onsets = np.clip(gestures["onset"], 0, len(self) - 1)
        return int(((gestures["track_id"] > 0) & np.isin(self.episode.actors[onsets], EXPERTS)).sum())

    @property
    def _health(self) -> list[int]:
        """Places of the first gauges of health."""
        return list(self.episode.info.profile.health_places[:NUM_HEALTH])

    def _vital(self, gauges: np.ndarray) -> np.ndarray:
        return gauges[:, self._health[0]] if self._health else np.full(len(gauges), np.nan, np.float32)

    def ticks(self, first: int, count: int) -> bytes:
        """Returns ticks as bytes of dtype TICK; fewer at the end.

        Args:
            first: of the ticks; anything outside the session gives none.
            count: at most TICKS_A_BLOCK.
        """
        first = min(first, len(self))
        return self._ticks_at(np.arange(first, min(first + min(count, TICKS_A_BLOCK), len(self))))

    def ticks_of_bins(self, first: int, last: int, bins: int) -> bytes:
        """Returns the first tick of each bin of `lanes` as bytes of dtype TICK, all that dragging needs."""
        return self._ticks_at(self._edges(first, last, bins)[:-1])

    def _edges(self, first: int, last: int, bins: int) -> Int64[np.ndarray, " N"]:
        """Returns the first tick of each bin, and the tick after the last."""
        first = min(max(first, 0), len(self) - 1)
        last = min(max(last, first + 1), len(self))
        return np.linspace(first, last, min(max(bins, 1), MAX_BINS, last - first) + 1).round().astype(np.int64)

    def _ticks_at(self, part: Int64[np.ndarray, " N"]) -> bytes:
        seen = self.episode.observations[part]
        rows = np.zeros(len(seen), TICK)
        rows["seconds"] = self.seconds[part]
        for name in ("cursor_x", "cursor_y", "keys"):
            rows[name] = seen[name]
        rows["button"] = np.minimum(seen["button"], 255)
        player = seen["player"]
        rows["health"] = np.nan
        for number, place in enumerate(self._health):
            rows["health"][:, number] = player["gauges"][:, place]
        rows["map_x"], rows["map_y"], rows["map_index"] = player["x"], player["y"], player["map_index"]
        rows["actor"], rows["did"] = self.episode.actors[part], self.labels.modes[part]
        self._write_tracks(rows, seen["tracks"])
        rows["mode"] = -1
        if self.intents is not None:
            meant = self.intents[part]
            rows["mode"], rows["target_id"] = meant["mode"], meant["target_id"]
            rows["modes"] = _percent(meant["mode_probabilities"])
            rows["tracks"]["share"] = _percent(meant["target_probabilities"])
            rows["phase"] = np.clip(meant["phase"], 0, 255)
            rows["gesture_x"], rows["gesture_y"] = meant["gesture_x"], meant["gesture_y"]
        return rows.tobytes()

    @staticmethod
    def _write_tracks(rows: np.ndarray, tracks: np.ndarray) -> None:
        rows["num_tracks"] = (tracks["id"] > 0).sum(axis=1)
        for name in ("id", "kind", "role", "selected"):
            rows["tracks"][name] = tracks[name]
        rows["tracks"]["hp"] = _percent(tracks["gauges"][..., 0])
        for name in ("x", "y", "width", "height"):
            with np.errstate(invalid="ignore", over="ignore"):
                steps = np.clip((tracks[name].astype(np.float64) + 0.5) / 2.0, 0.0, 1.0) * 65534
            rows["tracks"][name] = np.where(np.isfinite(steps), np.nan_to_num(steps), 65535).round()

    def lanes(self, first: int, last: int, bins: int) -> dict[str, Any]:
        """Returns the lanes of some ticks in bins, as plain values.

        Args:
            first: of the ticks.
            last: the tick after them.
            bins: number of bins, at most MAX_BINS and the number of ticks.
        """
        edges = self._edges(first, last, bins)
        first, last = int(edges[0]), int(edges[-1])
        starts, part = edges[:-1] - first, slice(first, last)
        seen = self.episode.observations[part]
        lanes: dict[str, Any] = {
            "first": first,
            "last": last,
            "at": edges[:-1].tolist(),
            "actor": _most_frequent(self.episode.actors[part], starts, len(Actor)),
            "did": _most_frequent(self.labels.modes[part], starts, NUM_MODES),
            "health": _rounded(np.fmin.reduceat(self._vital(seen["player"]["gauges"]), starts)),
            "gestures": self._gesture_shares(first, last, starts),
        }
        if self.intents is not None:
            meant = self.intents[part]
            lengths = np.diff(np.append(starts, last - first))
            share = np.add.reduceat(np.nan_to_num(meant["mode_probabilities"]), starts) / lengths[:, None]
            lanes["modes"] = [_rounded(share[:, mode]) for mode in Mode]
            likeliest = np.nan_to_num(meant["target_probabilities"]).max(axis=1)
            lanes["target"] = _rounded(np.add.reduceat(likeliest, starts) / lengths)
        return lanes

    def _gesture_shares(self, first: int, last: int, starts: Int64[np.ndarray, " N"]) -> list[float | None]:
        busy = np.zeros(last - first, np.float64)
        for gesture in self.labels.gestures:
            begin, end = max(int(gesture["onset"]) - first, 0), int(gesture["release"]) + 1 - first
            if end > 0:
                busy[begin:end] = 1.0
        return _rounded(np.maximum.reduceat(busy, starts))

    def events(self) -> list[SessionEvent]:
        """Returns what happened, in order, at most MAX_EVENTS."""
        found = [*self._game_events(), *self._changes_of_actor()]
        found += [SessionEvent(tick, "mark", "marked (F2)") for tick in marked_ticks(self.episode)]
        found += [SessionEvent(tick, "disagreement", "the policy meant another object") for tick in self.disagreements]
        found.sort(key=lambda event: event.tick)
        return found[:MAX_EVENTS]

    def _game_events(self) -> Iterable[SessionEvent]:
        events, words = self.episode.observations["events"], {"loot": "box", "kills": "kill", "deaths": "death"}
        for kind in COUNTED:
            for tick in np.flatnonzero(events[kind] > 0)[:MAX_EVENTS]:
                yield SessionEvent(int(tick), kind, words.get(kind, "jump"))

    def _changes_of_actor(self) -> Iterable[SessionEvent]:
        actors = self.episode.actors
        for tick in (np.flatnonzero(np.diff(actors)) + 1)[:MAX_EVENTS]:
            yield SessionEvent(int(tick), "actor", f"{Actor(int(actors[tick])).name.lower()} acts")


def layout() -> dict[str, Any]:
    """Returns where each value of a TICK stands, for the browser."""

    def offsets(dtype: np.dtype) -> dict[str, list[Any]]:
        return {name: [dtype.fields[name][1], dtype.fields[name][0].base.str] for name in dtype.names or ()}  # type: ignore[index]

    return {
        "tick": offsets(TICK),
        "tick_bytes": TICK.itemsize,
        "track": offsets(TRACK),
        "track_bytes": TRACK.itemsize,
        "block": TICKS_A_BLOCK,
    }


def names_of(profile: Profile) -> dict[str, list[str]]:
    """Returns the names that the numbers in a TICK stand for."""
    return {
        "kinds": [kind.name for kind in profile.kinds],
        "health": [profile.gauges[place].name for place in profile.health_places[:NUM_HEALTH]],
        "maps": list(profile.maps),
        "keys": list(profile.keys),
        "modes": [mode.name for mode in Mode],
        "roles": [role.name.lower() for role in Role],
        "actors": [actor.name.lower() for actor in Actor],
    }


def _percent(shares: np.ndarray) -> np.ndarray:
    """Returns shares as percent; 255 for unknown ones."""
    with np.errstate(invalid="ignore"):
        whole = np.clip(np.nan_to_num(shares.astype(np.float64)), 0.0, 1.0) * 100
    return np.where(np.isfinite(shares), whole.round(), 255).astype(np.uint8)


def _most_frequent(values: np.ndarray, starts: Int64[np.ndarray, " N"], num_values: int) -> list[int]:
    counts = np.stack([np.add.reduceat((values == value).astype(np.int64), starts) for value in range(num_values)])
    return np.asarray(counts.argmax(axis=0)).tolist()  # type: ignore[no-any-return]


def _rounded(values: Float[np.ndarray, " N"]) -> list[float | None]:
    return [round(float(value), 3) if np.isfinite(value) else None for value in values]
