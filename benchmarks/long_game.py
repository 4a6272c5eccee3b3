"""Half an hour beside two minutes: the understudy, its teacher, and the understudy without one of its upper levels.

    python benchmarks/long_game.py hunter models/seed0 models/seed1 --minutes 2 15 30 --worlds 32 --out out/long_game

One table for each length of game. *Without* a part means that its output is replaced by its mean over play of the whole
understudy, so that nothing can be read from it; the networks are not trained again. The score is a plain mean: half an
hour has few catastrophes that an interquartile mean would cut off. Same CHOOSE worlds for everyone, paired. A line is
printed as soon as it is known, and what is in --out already is not played again.
"""

import argparse
import warnings
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from smallest import flags

from understudy.contract.intent import NUM_MODES
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.seeds import Purpose, map_names, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.policies.conditioning import STRATEGY_WIDTH
from understudy.policies.executor import PointerPlaces
from understudy.policies.inference_backend import InferenceBackend
from understudy.policies.level_scheduler import LevelScheduler, LevelState
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

WITHOUT = {
    "goal": slice(NUM_MODES, STRATEGY_WIDTH),
    "modes": slice(0, NUM_MODES),
    "Strategist": slice(0, STRATEGY_WIDTH),
    "Tactician": slice(STRATEGY_WIDTH, None),
}
"""Columns of the Executor's conditioning that say nothing."""
PLACES: dict[str, PointerPlaces] = {f"places {rule}": rule for rule in get_args(PointerPlaces)}
"""Rows in which the whole understudy's pointer samples the places of the map by one rule or the other."""
MEAN_WORLDS, MEAN_S = 16, 120.0
"""Play from which the means are taken."""
COLUMNS = ("score", "deaths", "maps", "portals", "returns", "idle", *(f"on {name}" for name in map_names()))


class MaskedLevels(LevelScheduler):
    """The slower levels, with constants in place of some outputs."""

    def __init__(self, networks: InferenceBackend, window_s: int, columns: slice, means_A: torch.Tensor) -> None:
        super().__init__(networks, window_s)
        self._columns, self._means_A = columns, means_A

    def _run_strategist(self, state: LevelState, context_BF: torch.Tensor) -> None:
        super()._run_strategist(state, context_BF)
        self._mask(state)

    def _run_tactician(self, state: LevelState, *seen) -> None:  # type: ignore[no-untyped-def]
        self._mask(state)
        super()._run_tactician(state, *seen)
        self._mask(state)
        if self._columns.stop is None:
            state.target_probs = np.zeros_like(state.target_probs)

    def _mask(self, state: LevelState) -> None:
        conditioning = state.conditioning.clone()
        conditioning[:, self._columns] = self._means_A[self._columns]
        state.conditioning, state.strategy = conditioning, conditioning[:, :STRATEGY_WIDTH]


def mean_conditioning(policy: HierarchicalPolicy) -> torch.Tensor:
    """Returns the mean of the conditioning over play of the whole understudy."""
    from understudy.worlds.simulator.world import Simulator

    seeds = seeds_for(Purpose.CHOOSE, MEAN_WORLDS)
    world, carry, total, ticks = Simulator(seeds), policy.start(seeds), torch.zeros(1), int(MEAN_S * 20)
    for _ in range(ticks):
        decision = policy.decide(world.observe(), carry)
        carry, total = decision.carry, total + decision.carry.levels.conditioning.mean(dim=0)
        world.act(decision.action)
    world.close()
    return total / ticks


def pilot_of(name: str, style: str, model: Path) -> Pilot:
    """Returns who plays in a row of the table."""
    profile = load_profile("darkorbit")
    if name == style:
        return Teacher(style, profile)
    policies = load_policies(model)
    if name in PLACES:
        policies.executor.config = replace(policies.executor.config, pointer_places=PLACES[name])
    policy = HierarchicalPolicy(policies, profile)
    if name in WITHOUT:
        means = mean_conditioning(policy)
        policy._levels = MaskedLevels(policy.networks, policies.window_s, WITHOUT[name], means)
    return policy


def played(name: str, style: str, model: Path, minutes: float, arguments: argparse.Namespace) -> np.ndarray:
    """Returns COLUMNS of every world, shape (worlds, columns); kept in a file."""
    who = style if name == style else f"{style}-{model.name}-{name}"
    file: Path = arguments.out / f"{who}-{minutes:g}min-{arguments.worlds}.npy"
    if not file.exists():
        stats = rollout(
            pilot_of(name, style, model), seeds_for(Purpose.CHOOSE, arguments.worlds, arguments.offset), 60.0 * minutes
        )
        ticks = stats.ticks.sum(axis=2)
        shares = ticks / ticks.sum(axis=1, keepdims=True)
        habits = stats.habits.records
        rows = [
            stats.scores,
            60 * stats.per_minute("deaths"),
            stats.maps_visited,
            stats.per_minute("jumps"),
            60 * habits["returns"] / minutes,
            habits["idle_ticks"] / ticks.sum(axis=1),
            *shares.T,
        ]
        arguments.out.mkdir(parents=True, exist_ok=True)
        np.save(file, np.stack(rows, axis=1))
    return np.asarray(np.load(file))


def line(name: str, runs: list[np.ndarray], against: np.ndarray) -> str:
    """Returns one row: score, share of `against`'s with its paired interval over worlds, and the other columns."""
    values = np.mean(runs, axis=0)
    drawn = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    shares = values[drawn, 0].mean(axis=1) / against[drawn, 0].mean(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    half = 1.96 * values.std(axis=0, ddof=1) / len(values) ** 0.5
    mean = values.mean(axis=0)
    on = " | ".join(f"{100 * share:.0f}" for share in mean[6:])
    return (
        f"| {name} | {mean[0]:.1f} +-{half[0]:.1f} | {mean[0] / against[:, 0].mean():.2f} [{low:.2f}, {high:.2f}] | "
        f"{mean[1]:.1f} +-{half[1]:.1f} | {mean[2]:.2f} +-{half[2]:.2f} | {mean[3]:.3f} +-{half[3]:.3f} | "
        f"{mean[4]:.1f} +-{half[4]:.1f} | {100 * mean[5]:.0f} % | {on} |"
    )


def main() -> None:
    """Plays and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style")
    parser.add_argument("models", nargs="+", type=Path, help="folders of policies, one for each training seed")
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 15.0, 30.0])
    parser.add_argument("--worlds", type=int, default=32)
    parser.add_argument("--offset", type=int, default=0, help="CHOOSE seeds to skip")
    parser.add_argument("--without", nargs="*", default=list(WITHOUT), choices=list(WITHOUT))
    parser.add_argument(
        "--places", nargs="*", default=[], choices=get_args(PointerPlaces), help="rows with another rule of the pointer"
    )
    parser.add_argument("--out", type=Path, default=Path("out/long_game"))
    arguments = parser.parse_args(
        flags("hunter", "{models}", "--minutes", "0.05", "--worlds", "4", "--out", "{folder}/long_game")
    )
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for minutes in arguments.minutes:
        style, models = arguments.style, arguments.models
        teacher = played(style, style, models[0], minutes, arguments)
        print(f"\n{style}, {minutes:g} minutes, {arguments.worlds} CHOOSE worlds, {len(models)} training seed(s)")
        print("| | score / min | of the teacher | deaths / h | maps | portals / min | returns / h | idle |", end=" ")
        print(" | ".join(map_names()), "|\n|" + "---|" * (8 + len(map_names())))
        print(line(style, [teacher], teacher), flush=True)
        for name in ("understudy", *(f"places {rule}" for rule in arguments.places), *arguments.without):
            runs = [played(name, style, model, minutes, arguments) for model in models]
            print(line(f"without {name}" if name in WITHOUT else name, runs, teacher), flush=True)


if __name__ == "__main__":
    main()
