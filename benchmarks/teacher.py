"""How well each style of the teacher and each baseline plays, and how the teacher spends its time.

`python benchmarks/teacher.py` plays 64 worlds of 5 minutes, all four maps alike, in about a minute on one core.
"""

import argparse
import time

import numpy as np
from smallest import flags

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.episode_stats import EpisodeStats
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout_all
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.style import read_styles
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator


class OpenTeacher(Teacher):
    """A teacher that says which mode it is in, so that its time can be counted by mode."""

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """The same decision, with its true intent."""
        decision = super().decide(observation, carry)
        return Decision(decision.action, self.oracle(decision.carry), decision.carry)


def row(name: str, outcomes: EpisodeStats) -> str:
    """One line of the table."""
    spread = 1.96 * outcomes.scores.std(ddof=1) / np.sqrt(len(outcomes))
    figures = [outcomes.per_minute("kills").mean(), outcomes.per_minute("loot").mean()]
    rates = [60 * outcomes.per_minute("deaths").mean(), 60 * outcomes.per_minute("jumps").mean()]
    ticks = outcomes.ticks.sum(axis=(0, 1))
    shares = [f"{100 * ticks[mode] / ticks.sum():.1f}" if ticks[:NUM_MODES].any() else "" for mode in Mode]
    cells = [name, f"{outcomes.scores.mean():.1f} +-{spread:.1f}", *(f"{figure:.2f}" for figure in figures)]
    return "| " + " | ".join([*cells, *(f"{rate:.1f}" for rate in rates), *shares]) + " |"


def decisions_per_second(num_worlds: int, num_ticks: int) -> float:
    """Decisions of one process in a second of its CPU time, in play; the game's own time is not counted."""
    seeds = seeds_for(Purpose.CHOOSE, num_worlds)
    world, teacher = Simulator(seeds), Teacher("hunter", load_profile())
    carry, spent = teacher.start(seeds), 0.0
    for tick in range(num_ticks + 1):
        observation = world.observe()
        begun = time.process_time()
        decision = teacher.decide(observation, carry)
        spent += time.process_time() - begun if tick > 0 else 0.0
        world.act(decision.action)
    return num_worlds * num_ticks / spent


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--ticks", type=int, default=20_000, help="of one world, to count decisions")
    options = parser.parse_args(flags("--worlds", "4", "--minutes", "0.1", "--ticks", "100"))
    profile = load_profile()
    pilots = {style: OpenTeacher(style, profile) for style in read_styles()}
    pilots |= {name: make(profile) for name, make in BASELINES.items()}
    outcomes = rollout_all(pilots, seeds_for(Purpose.CHOOSE, options.worlds), 60 * options.minutes)
    titles = ["", "score/min", "kills/min", "boxes/min", "deaths/h", "jumps/h", *(f"{mode.name} %" for mode in Mode)]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
    for name, result in outcomes.items():
        print(row(name, result))
    for num_worlds, num_ticks in ((1, options.ticks), (64, options.ticks // 10)):
        speed = decisions_per_second(num_worlds, num_ticks)
        print(f"decisions per CPU-second, {num_worlds} worlds: {speed:,.0f}")


if __name__ == "__main__":
    main()
