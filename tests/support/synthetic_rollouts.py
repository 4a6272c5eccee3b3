"""Outcomes and a verdict made up so that every figure can be said beforehand."""

import numpy as np

from understudy.contract.intent import Mode
from understudy.evaluation.comparison.compare import EntryRollouts, summarise
from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES, NO_MODE, NUM_MODE_SLOTS, EpisodeStats
from understudy.evaluation.rollouts.play_counters import HABITS, PlayCounters
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for

NUM_WORLDS = 16
MINUTE = 1200


def made_up(value: np.ndarray, deaths: float = 0.0, mode: int = NO_MODE) -> EpisodeStats:
    """One minute on the start map in each world, in one mode, with so many points and deaths."""
    start_maps = np.arange(NUM_WORLDS) % 4
    ticks = np.zeros((NUM_WORLDS, 4, NUM_MODE_SLOTS), np.int64)
    events = np.zeros((NUM_WORLDS, 4, NUM_MODE_SLOTS, len(EVENT_NAMES)))
    worlds = np.arange(NUM_WORLDS)
    ticks[worlds, start_maps, mode] = MINUTE
    events[worlds, start_maps, mode, EVENT_NAMES.index("value")] = value
    events[worlds, start_maps, mode, EVENT_NAMES.index("deaths")] = deaths
    events[worlds, start_maps, mode, EVENT_NAMES.index("hits")] = 3
    events[worlds, start_maps, mode, EVENT_NAMES.index("misses")] = 1
    return EpisodeStats(
        seeds=seeds_for(Purpose.HOLDOUT, NUM_WORLDS),
        start_maps=start_maps,
        ticks=ticks,
        events=events,
        habits=PlayCounters(np.zeros(NUM_WORLDS, HABITS)),
    )


LUCK = np.linspace(10.0, 30.0, NUM_WORLDS)


def made_up_verdict() -> ComparisonResult:
    return summarise(
        {
            "understudy": EntryRollouts(
                kind="policy", runs=(made_up(LUCK - 4, mode=Mode.LOOT), made_up(LUCK - 6, mode=Mode.LOOT))
            ),
            "hunter": EntryRollouts(kind="person", runs=(made_up(LUCK, deaths=0.5),)),
            "random": EntryRollouts(kind="baseline", runs=(made_up(0 * LUCK, deaths=1.0),)),
        },
        person="hunter",
        random="random",
    )
