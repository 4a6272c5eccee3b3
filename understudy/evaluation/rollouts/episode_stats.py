"""Episode statistics: events and ticks of every world, split by map and mode.

One array holds everything, so totals, per-map and per-mode tables are sums over different axes of the same numbers
and cannot contradict each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, Int64, UInt64

from understudy.contract.intent import NUM_MODES
from understudy.contract.observation import EVENTS, TICK_RATE_HZ
from understudy.evaluation.rollouts.play_counters import PlayCounters, concatenate_habits

EVENT_NAMES: tuple[str, ...] = tuple(EVENTS.names or ())
DEATH_COST = 10.0
"""Points that the score loses for a death (DESIGN.md)."""
NO_MODE = NUM_MODES
"""Index on the mode axis for ticks of a pilot without modes."""
NUM_MODE_SLOTS = NUM_MODES + 1
Number = TypeVar("Number", float, np.ndarray)


def score_per_minute(value: Number, deaths: Number, minutes: float) -> Number:
    """Returns the score in points a minute; this is its one definition."""
    return (value - DEATH_COST * deaths) / minutes


@dataclass(frozen=True, kw_only=True)
class EpisodeStats:
    """Statistics of B worlds, each played for the same time."""

    seeds: UInt64[np.ndarray, " B"]
    start_maps: Int64[np.ndarray, " B"]
    """Index of the map that each world began on: the strata of every interval."""
    ticks: Int64[np.ndarray, "B maps modes"]
    """Ticks spent; the last mode slot is for a pilot without modes."""
    events: Float64[np.ndarray, "B maps modes events"]
    """Event totals in the order of EVENT_NAMES, counted at the map and mode of the action that caused the event."""
    habits: PlayCounters
    """Counters for the style metrics."""

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def minutes(self) -> float:
        """Minutes played in each world."""
        return float(self.ticks[0].sum()) / TICK_RATE_HZ / 60

    def total(self, event: str) -> Float64[np.ndarray, " B"]:
        """Returns the total of one event in each world."""
        return np.asarray(self.events[..., EVENT_NAMES.index(event)].sum(axis=(1, 2)))

    def per_minute(self, event: str) -> Float64[np.ndarray, " B"]:
        """Returns the rate of one event in each world, per minute."""
        return self.total(event) / self.minutes

    @property
    def scores(self) -> Float64[np.ndarray, " B"]:
        """(value of kills and boxes - 10 x deaths) per minute."""
        return score_per_minute(self.total("value"), self.total("deaths"), self.minutes)

    @property
    def maps_visited(self) -> Int64[np.ndarray, " B"]:
        """Number of maps on which each world was played."""
        return np.asarray((self.ticks.sum(axis=2) > 0).sum(axis=1))

    def __getitem__(self, worlds: slice | np.ndarray) -> "EpisodeStats":
        """Selects some of the worlds."""
        return EpisodeStats(
            seeds=self.seeds[worlds],
            start_maps=self.start_maps[worlds],
            ticks=self.ticks[worlds],
            events=self.events[worlds],
            habits=self.habits[worlds],
        )


def concatenate(parts: Sequence[EpisodeStats]) -> EpisodeStats:
    """Concatenates the worlds of several statistics."""
    return EpisodeStats(
        seeds=np.concatenate([part.seeds for part in parts]),
        start_maps=np.concatenate([part.start_maps for part in parts]),
        ticks=np.concatenate([part.ticks for part in parts]),
        events=np.concatenate([part.events for part in parts]),
        habits=concatenate_habits([part.habits for part in parts]),
    )


class EpisodeStatsCollector:
    """Accumulates the statistics of B worlds, tick by tick."""

    def __init__(self, num_worlds: int, num_maps: int) -> None:
        self._worlds = np.arange(num_worlds)
        self._num_maps = num_maps
        self.ticks = np.zeros((num_worlds, num_maps, NUM_MODE_SLOTS), np.int64)
        self.events = np.zeros((num_worlds, num_maps, NUM_MODE_SLOTS, len(EVENT_NAMES)))

    def add(self, map_index: np.ndarray, mode: np.ndarray, events: np.ndarray) -> None:
        """Adds one tick of every world.

        Args:
            map_index: map at the time of the action, shape (B,).
            mode: mode at the time of the action, -1 for none, shape (B,).
            events: records of dtype EVENTS from the next observation, shape (B,).
        """
        place = np.clip(map_index, 0, self._num_maps - 1)
        slot = np.where(mode < 0, NO_MODE, mode)
        self.ticks[self._worlds, place, slot] += 1
        self.events[self._worlds, place, slot] += np.ascontiguousarray(events).view("f4").reshape(len(events), -1)
