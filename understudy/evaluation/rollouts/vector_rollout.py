"""Vectorised rollouts: one pilot plays many seeded worlds in lockstep batches, and their statistics are collected.

Worlds are played in blocks of a fixed size, and each block is one part for an executor (contract/workers). So the
batch shapes of a network, and with them the last bits of its output, do not depend on who plays them: results are
identical in this process, in several, and after a worker died.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt64

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Pilot
from understudy.contract.workers.worker_pool import InProcess, PartExecutor, add_progress, run_parts
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
    executor: PartExecutor | None = None,
) -> EpisodeStats:
    """Plays one pilot in many worlds.

    Args:
        pilot: must be picklable for an executor of processes.
        seeds: one for each world.
        seconds: game time that each world is played for.
        start_maps: name of the map that each world begins on; spread evenly, by seed, when None.
        progress: called from this thread.
        executor: plays the blocks; None for this process. Does not change the result.
    """
    return rollout_all({"pilot": pilot}, seeds, seconds, start_maps, progress, executor)["pilot"]


def rollout_all(
    pilots: Mapping[str, Pilot],
    seeds: UInt64[np.ndarray, " B"],
    seconds: float,
    start_maps: Sequence[str] | None = None,
    progress: Progress | None = None,
    executor: PartExecutor | None = None,
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

    def report(done: int) -> None:
        if progress is not None:
            progress(min(done, whole), whole)

    played = run_parts(executor or InProcess(), _play_block, jobs, report)
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


def _play_block(job: _Job) -> EpisodeStats:
    """Plays one block; a part for an executor."""
    with one_torch_thread():
        return _play(job)


def _play(job: _Job) -> EpisodeStats:
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


@contextmanager
def one_torch_thread() -> Iterator[None]:
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
