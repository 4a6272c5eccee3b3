"""What much play costs to train from, and what it gives: start, memory, steps a second and score by hours of play.

    python benchmarks/data_scale.py cost FOLDER ...      each folder: cache, second start, then --steps of each policy
    python benchmarks/data_scale.py score FOLDER ...     each folder: trains all three, plays --worlds CHOOSE worlds

A folder holds recordings (`understudy record --teacher hunter --minutes 1200 --out FOLDER`). Every figure of cost comes
from a process of its own, so that its memory is its own: resident memory as VmHWM of /proc, which counts what is mapped
too. Results: data_scale.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from smallest import FOLDER, require, runs
from training import peak_memory_gb

from understudy.cli.train import Train, settings_of, train_all
from understudy.evaluation.comparison.compare import Entry, compare
from understudy.evaluation.rollouts.baselines import Random
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_dataset import load_cached_dataset
from understudy.learning.supervised.train_policy import POLICIES, train_policy
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

WARM_UP = 0.2
"""Share of the steps before the clock starts: the first one imports torch's compiler."""


def measure_start(folder: Path, cache: Path) -> dict[str, float]:
    """Loads a dataset in this process; returns wall and CPU seconds, hours and peak memory."""
    wall, cpu = time.perf_counter(), time.process_time()
    dataset = load_cached_dataset(folder, EpisodeCache(cache), processes=2)
    return {
        "hours": dataset.hours,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_gb": peak_memory_gb(),
    }


def measure_steps(
    folder: Path, cache: Path, policy: str, steps: int, models: Path, upstream: Path | None
) -> dict[str, float]:
    """Trains one policy for some steps in this process; returns CPU and wall ms a step and peak memory.

    Args:
        models: an empty folder, which the policy is trained into.
        upstream: folder of trained policies, of which those of slower levels condition the policy; None for none.
    """
    for slower in POLICIES[: POLICIES.index(policy)]:
        if upstream is not None:
            shutil.copytree(upstream / slower, models / slower)
    dataset = load_cached_dataset(folder, EpisodeCache(cache), processes=2)
    settings = settings_of(Train(output_dir=models, log_dir=models / "logs"), dataset.recorded_hours)[policy]
    marks: list[tuple[float, float]] = []
    train_policy(
        policy,
        dataset,
        replace(settings, device="cpu"),
        lambda now: marks.append((time.perf_counter(), time.process_time())),
        lambda: len(marks) >= steps,
    )
    first = int(WARM_UP * len(marks))
    count = max(len(marks) - 1 - first, 1)
    wall, cpu = (1e3 * (last - begun) / count for begun, last in zip(marks[first], marks[-1], strict=True))
    return {"wall_ms": wall, "cpu_ms": cpu, "peak_gb": peak_memory_gb()}


def in_a_process(*words: str) -> dict[str, float]:
    """Runs one measurement of this script in a process of its own."""
    command = [sys.executable, __file__, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    require(done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def cost(folders: list[Path], steps: int, upstream: Path | None, console: Console) -> None:
    """Prints a table of cost by hours."""
    conditioned = ("--upstream", str(upstream)) if upstream is not None else ()
    table = Table(title="cost by hours of play")
    for column in ("hours", "first start s", "second start s", "policy", "CPU ms a step", "wall ms a step", "peak GB"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as place:
        for folder in folders:
            first = in_a_process("start", str(folder), "--cache", place)
            second = in_a_process("start", str(folder), "--cache", place)
            heads = [f"{first['hours']:.2f}", f"{first['wall_s']:.1f}", f"{second['wall_s']:.1f}"]
            for policy in POLICIES:
                words = ("steps", str(folder), "--cache", place, "--policy", policy, "--steps", str(steps))
                found = in_a_process(*words, *conditioned)
                table.add_row(*heads, policy, *(f"{found[name]:.2f}" for name in ("cpu_ms", "wall_ms", "peak_gb")))
                heads = [""] * 3
    console.print(table)


def score(folders: list[Path], options: argparse.Namespace, console: Console) -> None:
    """Prints a table of scores by hours: the share of the teacher's, with its interval over worlds."""
    profile = load_profile("darkorbit")
    seeds = seeds_for(Purpose.CHOOSE, options.worlds)
    table = Table(title=f"score by hours of play, {options.worlds} CHOOSE worlds of {options.seconds:g} s")
    for column in ("hours", "seed", "share of the teacher's score", "95 %", "points a minute", "training s"):
        table.add_column(column, justify="right")
    for folder in folders:
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as place:
                dataset = load_cached_dataset(folder, EpisodeCache(Path(place) / "cache"), processes=2)
                command = Train(
                    output_dir=Path(place) / "models",
                    log_dir=Path(place) / "logs",
                    seed=seed,
                    epoch_scale=options.epoch_scale,
                    device="cpu",
                )
                begun_s = time.perf_counter()
                train_all(console, settings_of(command, dataset.recorded_hours), dataset)
                spent_s = time.perf_counter() - begun_s
                learnt = HierarchicalPolicy(load_policies(command.output_dir), profile)
            entries = [
                Entry(name="understudy", kind="policy", pilots=(learnt,)),
                Entry(name=options.teacher, kind="person", pilots=(Teacher(options.teacher, profile),)),
                Entry(name="random", kind="baseline", pilots=(Random(profile),)),
            ]
            result = compare(entries, seeds, options.seconds, person=options.teacher, random="random")
            (row,) = (row for row in result.rows if row.name == "understudy")
            share = row.normalised
            table.add_row(
                f"{dataset.hours:.2f}",
                str(seed),
                f"{share.value:.2f}",
                f"{share.low:.2f} to {share.high:.2f}",
                f"{row.score.value:.2f}",
                f"{spent_s:.0f}",
            )
    console.print(table)


def main() -> None:
    """Measures what the command line says."""
    smallest_cost = ("cost", "{recordings}", "--steps", "3")
    smallest_score = ("score", "{recordings}", "--worlds", "4", "--seconds", "3", "--epoch-scale", "0.001")
    for words in runs(smallest_cost, smallest_score):
        parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
        parser.add_argument("what", choices=("cost", "score", "start", "steps"))
        parser.add_argument("folders", nargs="+", type=Path)
        parser.add_argument("--steps", type=int, default=150)
        parser.add_argument("--policy", choices=POLICIES, default="executor")
        parser.add_argument("--upstream", type=Path, help="trained policies that condition the faster ones")
        parser.add_argument("--cache", type=Path, default=FOLDER / "cache")
        parser.add_argument("--teacher", default="hunter")
        parser.add_argument("--worlds", type=int, default=64)
        parser.add_argument("--seconds", type=float, default=300.0)
        parser.add_argument("--seeds", type=int, default=1)
        parser.add_argument("--epoch-scale", type=float, default=1.0)
        options = parser.parse_args(words)
        torch.set_num_threads(1)
        console = Console()
        if options.what == "start":
            print(json.dumps(measure_start(options.folders[0], options.cache)))
        elif options.what == "steps":
            with tempfile.TemporaryDirectory() as models:
                found = measure_steps(
                    options.folders[0], options.cache, options.policy, options.steps, Path(models), options.upstream
                )
            print(json.dumps(found))
        elif options.what == "cost":
            cost(options.folders, options.steps, options.upstream, console)
        else:
            score(options.folders, options, console)


if __name__ == "__main__":
    main()
