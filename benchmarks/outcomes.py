"""How right outcomes are that are read off observations alone: `python benchmarks/outcomes.py`, about a CPU-minute.

Three styles of teacher and the random clicker play many seeded worlds on all maps. What `learning/outcomes.py` says of
each tick is held against what truly happened in it. An outcome counts as right only in the very tick; precision and
recall are shares of events, with 95 % Wilson intervals. Results: docs/log.md.
"""

import argparse

import numpy as np

from understudy.contract.protocols import Pilot
from understudy.evaluation.baselines import ClickRandomObject
from understudy.evaluation.seeds import Purpose, seeds_for
from understudy.evaluation.start_maps import spread_over_maps
from understudy.evaluation.statistics import wilson
from understudy.learning.outcomes import OutcomeWatch, WatchConfig
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

COUNTED = ("hits", "misses", "kills", "loot", "deaths")


class Tally:
    """Right, said and true events of each kind, and the damage."""

    def __init__(self) -> None:
        self.right = dict.fromkeys((*COUNTED, "damage"), 0.0)
        self.said = dict.fromkeys((*COUNTED, "damage"), 0.0)
        self.true = dict.fromkeys((*COUNTED, "damage"), 0.0)
        self.damage_said = self.damage_true = 0.0

    def add(self, said: np.ndarray, true: np.ndarray) -> None:
        """One tick of all worlds."""
        for name in COUNTED:
            self.right[name] += float(np.minimum(said[name], true[name]).sum())
            self.said[name] += float(said[name].sum())
            self.true[name] += float(true[name].sum())
        hurt, was_hurt = said["damage_taken"] > 0, true["damage_taken"] > 0
        self.right["damage"] += float((hurt & was_hurt).sum())
        self.said["damage"] += float(hurt.sum())
        self.true["damage"] += float(was_hurt.sum())
        self.damage_said += float(said["damage_taken"].sum())
        self.damage_true += float(true["damage_taken"].sum())


def watch(pilot: Pilot, num_worlds: int, seconds: float, tally: Tally) -> None:
    """Plays and counts."""
    seeds = seeds_for(Purpose.CHOOSE, num_worlds, 50_000)
    world = Simulator(seeds, spread_over_maps(seeds))
    watch = OutcomeWatch(world.profile, WatchConfig())
    memory, carry = watch.start(num_worlds), pilot.start(seeds)
    watch.see(world.observe(), memory)
    for _ in range(round(seconds * 20)):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
        seen = world.observe()
        tally.add(watch.see(seen, memory), seen.records["events"])


def main() -> None:
    """Prints a table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--worlds", type=int, default=64)
    arguments.add_argument("--seconds", type=float, default=300.0)
    settings = arguments.parse_args()
    profile = load_profile("darkorbit")
    pilots = {style: Teacher(style, profile) for style in ("hunter", "kiter", "careful")}
    for name, pilot in {**pilots, "click_random_object": ClickRandomObject(profile)}.items():
        tally = Tally()
        watch(pilot, settings.worlds, settings.seconds, tally)
        print(f"{name}: {settings.worlds} worlds x {settings.seconds:.0f} s")
        for kind in tally.true:
            precision, recall = (
                wilson(tally.right[kind], most[kind]).text(4) if most[kind] else "none"
                for most in (tally.said, tally.true)
            )
            print(f"  {kind:8s} {tally.true[kind]:8.0f} true   precision {precision}   recall {recall}")
        print(f"  hulls of damage: {tally.damage_said:.1f} seen, {tally.damage_true:.1f} true")


if __name__ == "__main__":
    main()
