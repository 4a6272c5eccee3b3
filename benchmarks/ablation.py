"""What each learned part costs: the parts are held against the teacher's own, one at a time, in closed loop.

    python benchmarks/ablation.py kiter models/kiter_0 models/kiter_1 --out out/ablation

Two tables. *One part prompted*: the understudy with the teacher's word in place of one of its own; what it gains is
what that part costs beside all the others. *One part learned*: the teacher's decisions with one learned part; what is
lost is what that part costs alone. Same CHOOSE worlds for everyone, paired. A line is printed as soon as it is known,
and what is in --out already is not played again.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch
from prompter import Part, Prompted
from smallest import flags

from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.policies.policy_bundle import load_policies
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

POINTS: tuple[Part, ...] = ("space", "minimap")
CLICKS: tuple[Part, ...] = ("when", "which", *POINTS)
EVENTS = ("value", "kills", "loot", "deaths", "jumps")
RUNS: dict[str, tuple[Part, ...]] = {
    "understudy": (),
    "+ true mode": ("mode",),
    "+ true target": ("target",),
    "+ true mode and target": ("mode", "target"),
    "+ when": ("when",),
    "+ sort of thing": ("sort",),
    "+ very thing": ("which",),
    "+ point": POINTS,
    "+ very thing and point": ("which", *POINTS),
    "+ when, thing, point": CLICKS,
    "+ keys": ("keys",),
    "+ exact hand": ("exact hand",),
    "learned hand": (*CLICKS, "keys"),
    "learned hand and when": ("which", *POINTS, "keys"),
    "learned hand and thing": ("when", *POINTS, "keys"),
    "learned hand and point": ("when", "which", "keys"),
    "learned hand and point in space": ("when", "which", "minimap", "keys"),
    "learned hand and point on minimap": ("when", "which", "space", "keys"),
    "learned keys": (*CLICKS, "hand"),
}
"""Each run and what the teacher says in it."""


def pilot_of(name: str, style: str, model: Path) -> Pilot:
    """Who plays in a run."""
    profile = load_profile("darkorbit")
    if name == "teacher":
        return Teacher(style, profile)
    return Prompted(load_policies(model), profile, style, frozenset(RUNS[name]))


def table_of(name: str, style: str, model: Path, arguments: argparse.Namespace) -> np.ndarray:
    """Per minute and world: EVENTS, shape (worlds, events); kept in a file."""
    file: Path = arguments.out / f"{style}-{'' if name == 'teacher' else model.name + '-'}{name.replace(' ', '_')}.npy"
    if not file.exists():
        played = rollout(pilot_of(name, style, model), seeds_for(Purpose.CHOOSE, arguments.worlds), arguments.seconds)
        arguments.out.mkdir(parents=True, exist_ok=True)
        np.save(file, np.stack([played.per_minute(event) for event in EVENTS], axis=1))
    return np.asarray(np.load(file))


def line(name: str, runs: list[np.ndarray], against: list[np.ndarray]) -> str:
    """One row: score, paired difference to others in the same worlds, deaths, kills, boxes, jumps."""
    scores = np.mean([run[:, 0] - 10.0 * run[:, 3] for run in runs], axis=0)
    others = np.mean([run[:, 0] - 10.0 * run[:, 3] for run in against], axis=0)
    means = np.mean([run.mean(axis=0) for run in runs], axis=0)
    gap = scores - others
    half = 1.96 * gap.std(ddof=1) / len(gap) ** 0.5
    return (
        f"| {name} | {scores.mean():.1f} | {gap.mean():+.1f} +-{half:.1f} | {60 * means[3]:.1f} | {means[1]:.1f} | "
        f"{means[2]:.1f} | {60 * means[4]:.1f} |"
    )


def main() -> None:
    """Plays and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style")
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--runs", nargs="*", default=list(RUNS))
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--out", type=Path, default=Path("out/ablation"))
    arguments = parser.parse_args(
        flags(
            "kiter",
            "{models}",
            "--runs",
            "understudy",
            "+ true mode",
            "learned keys",
            "--worlds",
            "4",
            "--seconds",
            "3",
        )
    )
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    models: list[Path] = arguments.models
    teacher = [table_of("teacher", arguments.style, models[0], arguments)]
    own = [table_of("understudy", arguments.style, model, arguments) for model in models]
    worlds = f"{arguments.worlds} CHOOSE worlds of {arguments.seconds:g} s"
    print(f"{arguments.style}: {len(models)} training seed(s), {worlds}")
    print("| | score | difference | deaths/h | kills/min | boxes/min | jumps/h |\n|---|---|---|---|---|---|---|")
    print(line("teacher", teacher, own), flush=True)
    for name in arguments.runs:
        runs = [table_of(name, arguments.style, model, arguments) for model in models]
        print(line(name, runs, teacher if name.startswith("learned") else own), flush=True)


if __name__ == "__main__":
    main()
