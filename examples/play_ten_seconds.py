"""Loads trained policies and lets them play ten seconds of the embedded game, without a window.

    python examples/play_ten_seconds.py --models models

A listener hears of every step: here it adds up what the game's log reports.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Step
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.runtime.session import Session
from understudy.worlds.simulator.world import Simulator


class EventTotals:
    """A Listener that sums kills, boxes and deaths over all worlds."""

    def __init__(self) -> None:
        self.totals = dict.fromkeys(("kills", "loot", "deaths"), 0.0)

    def on_step(self, step: Step) -> None:
        events = step.observation.records["events"]
        for name in self.totals:
            self.totals[name] += float(events[name].sum())

    def close(self) -> None:
        """Holds nothing that needs closing."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Ten seconds of play by trained policies.")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with the three policies")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--worlds", type=int, default=4, help="games played at the same time")
    options = parser.parse_args(arguments)

    world = Simulator(np.arange(options.worlds, dtype=np.uint64))
    policy = load_hierarchy(options.models, world.profile)
    events = EventTotals()
    num_ticks = Session(world, policy, [events]).run(round(options.seconds * TICK_RATE_HZ))
    print(f"{num_ticks} ticks in {options.worlds} worlds: {events.totals}")


if __name__ == "__main__":
    main()
