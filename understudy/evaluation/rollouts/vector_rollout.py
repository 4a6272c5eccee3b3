"""Vectorised rollouts: one pilot plays many seeded worlds in lockstep batches, and their statistics are collected.

Worlds are played in blocks of a fixed size, and each process plays whole blocks. So the batch shapes of a network, and
with them the last bits of its output, do not depend on the number of processes: results are identical.
"""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt64

from understudy.contract.child_process import CONTEXT, children_without_interrupts
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.episode_stats import EpisodeStats, EpisodeStatsCollector, concatenate
from understudy.evaluation.rollouts.play_counters import PlayCounterCollector
from understudy.evaluation.rollouts.seeds import spread_over_maps
from understudy.worlds.simulator.world import Simulator

BLOCK = 64
"""Worlds in one batch. A constant and not a setting, because results depend on it in the last bits."""
REPORT_EVERY = 20
"""Ticks between two calls of `progress`."""
PILOT_SEED_XOR = np.uint64(0x9C5B2A7D41E8F063)
"""Separates a pilot's random stream from its world's: with equal seeds both would draw the same numbers."""
Progress = Callable[[int, int], None]
"""Called with the number of world-ticks done and the total."""


def rollout(
    pilot: Pilot,
    seeds: UInt64[np.ndarray, " B"],
    seconds: float,
    start_maps: Sequence[str] | None = None,
    progress: Progress | None = None,
    processes: int = 1,
) -> EpisodeStats:
    """Plays one pilot in many worlds.

    Args:
        pilot: must be picklable when processes is above 1.
        seeds: one for each world.
        seconds: game time that each world is played for.
        start_maps: name of the map that each world begins on; spread evenly, by seed, when None.
        progress: called from this thread.
        processes: how many play at the same time; does not change the result.
    """
    return rollout_all({"pilot": pilot}, seeds, seconds, start_maps, progress, processes)["pilot"]


def rollout_all(
    pilots: Mapping[str, Pilot],
    seeds: UInt64[np.ndarray, " B"],
    seconds: float,
    start_maps: Sequence[str] | None = None,
    progress: Progress | None = None,
    processes: int = 1,
) -> dict[str, EpisodeStats]:
    """Plays several pilots, each in the same worlds; arguments as for `rollout`."""
    maps = tuple(start_maps) if start_maps is not None else spread_over_maps(seeds)
    assert len(maps) == len(seeds) > 0
    num_ticks = max(1, round(seconds * TICK_RATE_HZ))
    blocks = [slice(first, first + BLOCK) for first in range(0, len(seeds), BLOCK)]
    jobs = [
        _Job(name=name, pilot=pilot, seeds=seeds[block], start_maps=maps[block], num_ticks=num_ticks)
        for name, pilot in pilots.items()
        for block in blocks
    ]
    whole = len(pilots) * len(seeds) * num_ticks
    report = _Report(progress, whole)
    played = _play_here(jobs, report) if processes <= 1 or len(jobs) == 1 else _play_spread(jobs, report, processes)
    parts: dict[str, list[EpisodeStats]] = {name: [] for name in pilots}
    for job, outcomes in zip(jobs, played, strict=True):
        parts[job.name].append(outcomes)
    return {name: concatenate(outcomes) for name, outcomes in parts.items()}


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One pilot in one block of worlds."""

    name: str
    pilot: Pilot
    seeds: UInt64[np.ndarray, " B"]
    start_maps: tuple[str, ...]
    num_ticks: int


class _Report:
    """Sums the progress of all jobs and reports it."""

    def __init__(self, progress: Progress | None, whole: int) -> None:
        self._progress = progress
        self._whole = whole
        self._done = 0

    def add(self, world_ticks: int) -> None:
        self.set(self._done + world_ticks)

    def set(self, world_ticks: int) -> None:
        self._done = world_ticks
        if self._progress is not None:
            self._progress(self._done, self._whole)


def _play_block(job: _Job, add_progress: Callable[[int], None]) -> EpisodeStats:
    world = Simulator(job.seeds, job.start_maps)
    stats = EpisodeStatsCollector(len(job.seeds), len(world.profile.maps))
    habits = PlayCounterCollector(len(job.seeds), world.profile)
    carry = job.pilot.start(job.seeds ^ PILOT_SEED_XOR)
    observation = world.observe()
    for tick in range(1, job.num_ticks + 1):
        decision = job.pilot.decide(observation, carry)
        carry = decision.carry
        habits.add(observation, decision.action)
        map_index = observation.records["player"]["map_index"].copy()
        mode = decision.intent.records["mode"].copy()
        world.act(decision.action)
        observation = world.observe()
        stats.add(map_index, mode, observation.records["events"])
        if tick % REPORT_EVERY == 0 or tick == job.num_ticks:
            add_progress(len(job.seeds) * ((tick - 1) % REPORT_EVERY + 1))
    start_maps = np.array([world.profile.maps.index(name) for name in job.start_maps], np.int64)
    world.close()
    return EpisodeStats(
        seeds=job.seeds, start_maps=start_maps, ticks=stats.ticks, events=stats.events, habits=habits.habits()
    )


def _play_here(jobs: Sequence[_Job], report: _Report) -> list[EpisodeStats]:
    with _one_torch_thread():
        return [_play_block(job, report.add) for job in jobs]


def _play_spread(jobs: Sequence[_Job], report: _Report, processes: int) -> list[EpisodeStats]:
    """Plays the jobs in worker processes, spawned and not forked: numba's and torch's threads do not survive a fork.

    Whatever ends it early, Ctrl-C above all, ends the processes at once: nothing of what they do is kept.
    """
    done = CONTEXT.Value("q", 0)
    with ProcessPoolExecutor(
        min(processes, len(jobs)), mp_context=CONTEXT, initializer=_enter_worker, initargs=(done,)
    ) as pool:
        try:
            with children_without_interrupts():
                futures = [pool.submit(_play_in_worker, job) for job in jobs]
            waiting: set[Future[EpisodeStats]] = set(futures)
            while waiting:
                _, waiting = wait(waiting, timeout=0.2)
                report.set(done.value)
            return [future.result() for future in futures]
        except BaseException:
            for process in (pool._processes or {}).values():  # Python 3.14 has kill_workers() for this
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_worker_progress: Any = None
"""The counter shared with the parent; set once as a worker process starts, never in the parent."""


def _enter_worker(done: Any) -> None:
    global _worker_progress
    _worker_progress = done
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers


def _play_in_worker(job: _Job) -> EpisodeStats:
    with _one_torch_thread():
        return _play_block(job, _add_shared)


def _add_shared(world_ticks: int) -> None:
    with _worker_progress.get_lock():
        _worker_progress.value += world_ticks


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Limits torch, if loaded, to one thread: faster for small batches, and sums are equal on every machine."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
