"""Plays contestants in the same worlds and compares them, by the protocol of DESIGN.md.

Every comparison is paired: all play the same seeds, and every bootstrap replicate uses the same resampled worlds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt64

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Pilot
from understudy.contract.workers.worker_pool import PartExecutor
from understudy.evaluation.comparison.bootstrap import (
    Bootstrapped,
    Resampling,
    bootstrap,
    difference,
    normalised,
    probability_of_improvement,
    ratio,
    resample_worlds,
)
from understudy.evaluation.comparison.comparison_result import (
    ComparisonResult,
    EntryResult,
    Kind,
    MapRow,
    ModeRow,
    TravelResult,
)
from understudy.evaluation.comparison.statistics import Estimate, mean, poisson_rate, union, wilson
from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES, EpisodeStats, concatenate
from understudy.evaluation.rollouts.play_style import behaviour_of
from understudy.evaluation.rollouts.seeds import map_names, purpose_of
from understudy.evaluation.rollouts.vector_rollout import Progress, rollout_all


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A contestant: one pilot for each training seed."""

    name: str
    kind: Kind
    pilots: tuple[Pilot, ...]
    """One for each training seed; a teacher or a baseline is one pilot."""


@dataclass(frozen=True, kw_only=True)
class EntryRollouts:
    """Statistics of a contestant's worlds, one for each training seed, all on the same seeds."""

    kind: Kind
    runs: tuple[EpisodeStats, ...]

    def per_run(self, event: str) -> Float64[np.ndarray, "R B"]:
        """Returns the rate of an event in each run and world, per minute."""
        return np.stack([run.per_minute(event) for run in self.runs])

    @property
    def scores(self) -> Float64[np.ndarray, "R B"]:
        """Points per minute in each run and world."""
        return np.stack([run.scores for run in self.runs])

    @property
    def whole(self) -> EpisodeStats:
        """Concatenates all runs."""
        return concatenate(self.runs)


def compare(
    contestants: Sequence[Entry],
    seeds: UInt64[np.ndarray, " B"],
    seconds: float,
    *,
    person: str,
    random: str,
    reference: str | None = None,
    executor: PartExecutor | None = None,
    progress: Progress | None = None,
) -> ComparisonResult:
    """Plays all contestants in the same worlds, spread evenly over the maps, and compares them.

    Args:
        contestants: with distinct names.
        seeds: of one purpose, see `seeds_for`.
        seconds: game time in each world.
        person: name of the contestant whose score counts as 1.
        random: name of the contestant whose score counts as 0.
        reference: name of the contestant to compare with; the person when None.
        executor: plays the worlds; None for this process. Does not change the result.
        progress: called with the number of world-ticks done and the total.
    """
    played = play_contestants(contestants, seeds, seconds, executor=executor, progress=progress)
    return summarise(played, person=person, random=random, reference=reference)


def play_contestants(
    contestants: Sequence[Entry],
    seeds: UInt64[np.ndarray, " B"],
    seconds: float,
    *,
    executor: PartExecutor | None = None,
    progress: Progress | None = None,
) -> dict[str, EntryRollouts]:
    """Plays all contestants in the same worlds; arguments as for `compare`."""
    names = [one.name for one in contestants]
    assert len(set(names)) == len(names)
    pilots = {f"{one.name}/{run}": pilot for one in contestants for run, pilot in enumerate(one.pilots)}
    outcomes = rollout_all(pilots, seeds, seconds, progress=progress, executor=executor)
    return {
        one.name: EntryRollouts(
            kind=one.kind, runs=tuple(outcomes[f"{one.name}/{run}"] for run in range(len(one.pilots)))
        )
        for one in contestants
    }


def typical_world(played: EntryRollouts) -> int:
    """Returns the index of the world with the median score of the first run, for a representative video."""
    order = np.argsort(played.runs[0].scores, kind="stable")
    return int(order[len(order) // 2])


def summarise(
    played: Mapping[str, EntryRollouts], *, person: str, random: str, reference: str | None = None
) -> ComparisonResult:
    """Compares finished rollouts; arguments as for `compare`."""
    reference = reference or person
    first = played[person].runs[0]
    drawn = resample_worlds(first.start_maps)
    bench = _Reference(drawn, first.start_maps, played[person], played[random], played[reference])
    return ComparisonResult(
        purpose=purpose_of(int(first.seeds[0])).name,
        first_seed=int(first.seeds[0]),
        num_worlds=len(first),
        seconds=first.minutes * 60,
        person=person,
        random=random,
        reference=reference,
        rows=tuple(_row(name, one, bench) for name, one in played.items()),
    )


@dataclass(frozen=True)
class _Reference:
    """The contestants and resampled worlds that every row is compared with."""

    drawn: Resampling
    start_maps: np.ndarray
    person: EntryRollouts
    random: EntryRollouts
    reference: EntryRollouts

    def iqm(self, played: EntryRollouts) -> Bootstrapped:
        return bootstrap(played.scores, self.drawn)

    def mean_score(self, played: EntryRollouts) -> Bootstrapped:
        return bootstrap(played.scores, self.drawn, mean)

    def rate(self, played: EntryRollouts, event: str) -> Bootstrapped:
        """Returns the rate of an event per minute."""
        return bootstrap(played.per_run(event), self.drawn, mean)


def _row(name: str, played: EntryRollouts, bench: _Reference) -> EntryResult:
    whole = played.whole
    score, mean_score = bench.iqm(played), bench.mean_score(played)
    hits, misses = float(whole.total("hits").sum()), float(whole.total("misses").sum())
    return EntryResult(
        name=name,
        kind=played.kind,
        num_runs=len(played.runs),
        score=score.estimate(),
        mean_score=mean_score.estimate(),
        normalised=normalised(score, bench.iqm(bench.random), bench.iqm(bench.person)).estimate(),
        normalised_mean=normalised(
            mean_score, bench.mean_score(bench.random), bench.mean_score(bench.person)
        ).estimate(),
        gap=difference(score, bench.iqm(bench.reference)).estimate(),
        improvement=probability_of_improvement(
            played.scores, bench.reference.scores, bench.start_maps, bench.drawn
        ).estimate(),
        kills_per_minute=bench.rate(played, "kills").estimate(),
        boxes_per_minute=bench.rate(played, "loot").estimate(),
        deaths_per_hour=_deaths_per_hour(played, whole, bench),
        deaths_ratio=ratio(bench.rate(played, "deaths"), bench.rate(bench.person, "deaths")).estimate(),
        damage_taken_per_minute=bench.rate(played, "damage_taken").estimate(),
        hit_rate=wilson(hits, hits + misses),
        maps=tuple(_map_row(index, map_name, played, whole) for index, map_name in enumerate(map_names())),
        modes=_mode_rows(whole),
        travel=_travel(played, bench),
        behaviour=behaviour_of(whole.habits),
    )


def _deaths_per_hour(played: EntryRollouts, whole: EpisodeStats, bench: _Reference) -> Estimate:
    """Returns the union of the Poisson interval, for few deaths, and the bootstrap's, for clustered deaths."""
    hours = len(whole) * whole.minutes / 60
    drawn = bench.rate(played, "deaths").estimate()
    per_hour = Estimate(value=drawn.value * 60, low=drawn.low * 60, high=drawn.high * 60)
    return union(per_hour, poisson_rate(float(whole.total("deaths").sum()), hours))


def _travel(played: EntryRollouts, bench: _Reference) -> TravelResult:
    def averaged(of_run: Callable[[EpisodeStats], np.ndarray]) -> Estimate:
        return bootstrap(
            np.stack([of_run(run) for run in played.runs]).astype(np.float64), bench.drawn, mean
        ).estimate()

    return TravelResult(
        maps_visited=averaged(lambda run: run.maps_visited),
        portals_per_minute=averaged(lambda run: run.per_minute("jumps")),
        returns_per_hour=averaged(lambda run: 60 * run.habits.records["returns"] / run.minutes),
        idle_share=averaged(lambda run: run.habits.records["idle_ticks"] / run.ticks.sum(axis=(1, 2))),
    )


def _cells(index: int, played: EntryRollouts, whole: EpisodeStats) -> tuple[float, ...]:
    """Returns the shares of the playing time in the cells of one map, row by row; empty for a baseline."""
    if played.kind == "baseline":
        return ()
    shares = whole.habits.records["place_ticks"][:, index].sum(axis=0, dtype=np.float64) / whole.ticks.sum()
    return tuple(round(share, 5) for share in shares.ravel().tolist())


def _map_row(index: int, map_name: str, played: EntryRollouts, whole: EpisodeStats) -> MapRow:
    began_here = played.runs[0].start_maps == index
    scores = played.scores[:, began_here]
    here = whole[whole.start_maps == index]
    nowhere = Estimate(value=float("nan"), low=float("nan"), high=float("nan"))
    return MapRow(
        map_name=map_name,
        num_worlds=int(began_here.sum()),
        score=bootstrap(scores, resample_worlds(np.zeros(scores.shape[1]))).estimate() if len(here) else nowhere,
        kills_per_minute=_mean(here.per_minute("kills")) if len(here) else float("nan"),
        boxes_per_minute=_mean(here.per_minute("loot")) if len(here) else float("nan"),
        deaths_per_hour=60 * _mean(here.per_minute("deaths")) if len(here) else float("nan"),
        time_share=float(whole.ticks[:, index].sum() / whole.ticks.sum()),
        cells=_cells(index, played, whole),
    )


def _mode_rows(whole: EpisodeStats) -> tuple[ModeRow, ...]:
    """Sums ticks and events over worlds and maps, for a pilot with modes."""
    ticks = whole.ticks.sum(axis=(0, 1))[:NUM_MODES]
    events = whole.events.sum(axis=(0, 1))[:NUM_MODES]
    if ticks.sum() == 0:
        return ()
    column = {name: events[:, EVENT_NAMES.index(name)] for name in ("value", "damage_taken", "deaths")}
    minutes = np.maximum(ticks, 1) / TICK_RATE_HZ / 60
    return tuple(
        ModeRow(
            mode=mode.name,
            time_share=float(ticks[mode] / whole.ticks.sum()),
            value_per_minute=float(column["value"][mode] / minutes[mode]),
            damage_taken_per_minute=float(column["damage_taken"][mode] / minutes[mode]),
            deaths=round(float(column["deaths"][mode])),
        )
        for mode in Mode
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean())
