"""Many machines: what a part costs, what a worker costs to start, and how much faster more workers are.

    python benchmarks/cluster.py --models FOLDER      # some ten minutes on two cores
    python benchmarks/cluster.py --smallest

1. Parts, measured: CPU seconds of each block of 64 worlds that `evaluate` or `gate` plays, alone in this process; of a
   rollout of `practise` and of the update that follows it, on which the others wait.
2. Speed-up, on paper: the measured parts handed to 1, 2, 8 and 64 workers, each to the worker that is free first, after
   the measured start of a worker. Without the network, through which a part sends
   some 2 MB and brings 0.1 MB (an evaluation) or 46 MB (practice).
3. A Ray cluster of two nodes on this machine, for real: results equal to those of this process, also with one node lost
   in the middle.
"""

import heapq
import pickle
import resource
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from smallest import flags, require

from tests.support.ray_nodes import add_node, head_node
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.worker_pool import InProcess, PartExecutor
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.episode_stats import EpisodeStats
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import BLOCK, rollout
from understudy.learning.rl.ppo_trainer import PPOTrainer, PPOTrainerConfig
from understudy.learning.rl.rl_checkpoint import RLCheckpoint, load_policy_and_reference
from understudy.policies.policy_bundle import load_policies
from understudy.practice.rollout_collector import GROUP, CollectorConfig, RolloutCollector
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile

WORKERS = (1, 2, 8, 64)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is played."""

    models: Path = Path("models/v2")
    """Folder of the three policies."""
    blocks: int = 4
    """Blocks of 64 worlds that are measured, and that the cluster plays."""
    seconds: float = 120.0
    """Game time in each world."""
    rollouts: int = 3
    """Rollouts of practice that are measured, after one more."""
    blocks_on_paper: int = 64
    """Blocks that are handed to the workers on paper: 64 are 2048 worlds of two pilots."""


class TimedParts(InProcess):
    """Carries parts out here, and notes the CPU seconds of each and the megabytes that it would send and bring."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu_s: list[float] = []
        self.megabytes = (0.0, 0.0)

    def submit(self, function, /, *arguments, **named):  # type: ignore[no-untyped-def]
        """Runs and measures."""
        sent = len(pickle.dumps(arguments)) / 1e6
        begun = time.process_time()
        future = super().submit(function, *arguments, **named)
        self.cpu_s.append(time.process_time() - begun)
        self.megabytes = (sent, len(pickle.dumps(future.result())) / 1e6)
        return future


def makespan(parts_s: Sequence[float], workers: int, start_s: float) -> float:
    """Returns when the last part is done, if each goes to the worker that is free first."""
    free = [start_s] * workers
    for part_s in parts_s:
        heapq.heapreplace(free, free[0] + part_s)
    return max(free) if parts_s else 0.0


def start_of_a_worker() -> float:
    """Returns the CPU seconds of a process of the local pool that plays one world for one tick and ends."""
    pilot_seeds = seeds_for(Purpose.CHOOSE, 1, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with part_executor(2) as pool:
        rollout(BASELINES["do_nothing"](load_profile("darkorbit")), pilot_seeds, 0.05, executor=pool)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_practice(settings: Settings) -> tuple[list[float], list[float], tuple[float, float]]:
    """Returns CPU seconds of each rollout of 64 worlds, of each update from 128, and the megabytes of a rollout."""
    store = RLCheckpoint(settings.models, Path("cluster-practice"))
    model, reference = load_policy_and_reference(store)
    policies = load_policies(settings.models)
    trainer = PPOTrainer(model, reference, policies.sampling, PPOTrainerConfig(value_warmup_rollouts=1))
    hierarchy = HierarchicalPolicy(policies, load_profile("darkorbit"))
    timed, updates = TimedParts(), []
    collector = RolloutCollector(hierarchy, CollectorConfig(worlds=2 * GROUP), executor=timed)
    for number in range(settings.rollouts + 1):
        experience, _ = collector.play()
        begun = time.process_time()
        trainer.learn(experience)
        if number:
            updates.append(time.process_time() - begun)
    return timed.cpu_s[2:], updates, timed.megabytes


def equal(a: EpisodeStats, b: EpisodeStats) -> bool:
    """Whether all outcomes are equal to the bit."""
    return bool(np.array_equal(a.events, b.events) and np.array_equal(a.ticks, b.ticks))


def on_a_cluster(play: Callable[[PartExecutor], EpisodeStats], expected: EpisodeStats) -> None:
    """Plays on two nodes of this machine, whole and with one killed, and compares."""
    with head_node() as cluster:
        for lost in (False, True):
            node = add_node(cluster)
            with part_executor(1, cluster.address) as executor:
                begun = time.perf_counter()
                killer = threading.Thread(target=_kill_when_busy, args=(cluster, node, executor))
                if lost:
                    killer.start()
                stats = play(executor)
                seconds = time.perf_counter() - begun
                if lost:
                    killer.join()
            require(equal(stats, expected), "the cluster's results differ")
            what = "one of two nodes killed in the middle" if lost else "two nodes"
            print(f"Ray, {what}: results equal, {seconds:.1f} s by the clock, start of the workers included")
            if not lost:
                cluster.remove_node(node)


def _kill_when_busy(cluster, node, executor: PartExecutor) -> None:  # type: ignore[no-untyped-def]
    before = executor.units
    while executor.units == before:
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)


def main() -> None:
    """Prints the figures."""
    settings = tyro.cli(
        Settings,
        args=flags(
            *["--models", "{models}", "--blocks", "2", "--seconds", "3", "--rollouts", "1", "--blocks-on-paper", "8"]
        ),
    )
    pilot = HierarchicalPolicy(load_policies(settings.models), load_profile("darkorbit"))
    seeds = seeds_for(Purpose.CHOOSE, settings.blocks * BLOCK, 0)

    def play(executor: PartExecutor) -> EpisodeStats:
        return rollout(pilot, seeds, settings.seconds, executor=executor)

    timed = TimedParts()
    expected = play(timed)
    part_s = statistics.median(timed.cpu_s)
    start_s = start_of_a_worker()
    rollouts_s, updates_s, practice_mb = measure_practice(settings)
    rollout_s, update_s = statistics.median(rollouts_s), statistics.median(updates_s)
    sent, brought = timed.megabytes
    print(f"a block of 64 worlds x {settings.seconds:g} s: {part_s:.2f} CPU s; {sent:.1f} MB sent, {brought:.2f} back")
    print(f"a worker's start: {start_s:.1f} CPU s")
    print(f"practice: a rollout of 64 worlds {rollout_s:.2f} CPU s ({practice_mb[0]:.1f} MB sent, "
          f"{practice_mb[1]:.1f} back), an update from 128 {update_s:.2f}")  # fmt: skip
    print("| workers | evaluation, first command | evaluation, workers kept | practice, 64 worlds a worker |")
    print("|---|---|---|---|")
    blocks = [part_s] * settings.blocks_on_paper
    for workers in WORKERS:
        first, kept = (makespan(blocks, workers, start) for start in (start_s, 0.0))
        alone = sum(blocks)
        per_world = (rollout_s + update_s * workers / 2) / workers  # an update costs by the worlds that it learns from
        faster = (rollout_s + update_s / 2) / per_world
        print(f"| {workers} | {alone / first:.1f} | {alone / kept:.1f} | {faster:.2f} |")
    on_a_cluster(play, expected)


if __name__ == "__main__":
    main()
