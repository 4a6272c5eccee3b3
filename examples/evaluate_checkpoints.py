"""Compares two folders of checkpoints in the same seeded worlds, with confidence intervals.

    python examples/evaluate_checkpoints.py --models models-a models-b --worlds 64

The comparison is paired: the same worlds for everyone, and the same resampled worlds in every bootstrap replicate.
Use CHOOSE seeds to decide between checkpoints, and HOLDOUT seeds once, for the figure that you report.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from understudy.evaluation.comparison.compare import Entry, compare
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Two checkpoints, the teacher and a random hand, compared.")
    parser.add_argument("--models", type=Path, nargs=2, required=True, metavar=("FIRST", "SECOND"))
    parser.add_argument("--teacher", default="hunter")
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120.0, help="game time in each world")
    options = parser.parse_args(arguments)

    profile = load_profile()
    first, second = (load_hierarchy(folder, profile) for folder in options.models)
    entries = (
        Entry(name="teacher", kind="person", pilots=(Teacher(options.teacher, profile),)),
        Entry(name="random", kind="baseline", pilots=(BASELINES["random"](profile),)),
        Entry(name="first", kind="policy", pilots=(first,)),
        Entry(name="second", kind="policy", pilots=(second,)),
    )
    seeds = seeds_for(Purpose.CHOOSE, options.worlds)
    result = compare(entries, seeds, options.seconds, person="teacher", random="random", reference="first")
    for row in result.rows:
        print(f"{row.name:8} score/min {row.score.text()}, deaths/h {row.deaths_per_hour.text()}")
    print(f"second minus first: {result.row('second').gap.text(2)} points a minute (95 % interval)")


if __name__ == "__main__":
    main()
