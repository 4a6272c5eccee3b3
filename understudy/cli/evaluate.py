"""`understudy evaluate`: compares policies with their teacher and trivial baselines on the same seeded worlds."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from understudy.cli.flags.number_ranges import Parallel, Seconds, Seed, Worlds
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import LOG_DIR, Cluster
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import UInt64

    from understudy.evaluation.comparison.compare import Entry, EntryRollouts
    from understudy.evaluation.comparison.comparison_result import ComparisonResult
    from understudy.evaluation.offline.head_metrics import HeadReport
    from understudy.evaluation.report.report import Report

Progress = Callable[[int, int], None]
"""Progress callback: number of world-ticks done, and in total."""

POLICY = "understudy"
RANDOM = "random"
COPYCAT_WORLDS = 4
"""Number of the teacher's worlds used by the copycat check where no recording is given."""
LONG_GAME_S = 300.0
"""Seconds from which on a second table shows how the pilots move over the maps; the report has it always."""
SKIP_S = 8.0
"""Seconds of play skipped before the video begins, in which the ship leaves the base."""


@dataclass(frozen=True, kw_only=True)
class Evaluate(JsonFlag):
    """Evaluate trained policies against their teacher and trivial baselines, on the same seeded worlds."""

    models: tuple[Path, ...] = (Path("models/v2"),)
    """Folders of the three policies, one per training seed; none for the teacher and the baselines alone."""
    teacher: str = "hunter"
    """Play style of the teacher whose score counts as 100 %, such as hunter, kiter or careful."""
    worlds: Worlds = 128
    """Number of seeded worlds that every pilot plays, spread evenly over the maps."""
    seconds: Seconds = 120.0
    """Seconds of game time in each world."""
    purpose: Literal["holdout", "choose"] = "holdout"
    """Seed space: `holdout` for reported figures, `choose` for selecting models or settings."""
    offset: Seed = 0
    """Number of seeds of that space to skip, for a second, independent evaluation."""
    processes: Parallel | None = None
    """Number of parallel processes; by default two if there are two cores. Does not change the result."""
    cluster: Cluster | None = None
    """Play on a Ray cluster instead: `auto` for the one that runs on this machine, or HOST:PORT of its head."""
    out: OutputFolder = Path("out/evaluation")
    """Output folder of report.html, verdict.json and worlds.csv."""
    video: Seconds | None = None
    """Seconds of video of the policies in a typical world, for video.webm and the report; none by default."""
    data_dir: Path | None = None
    """Training recordings, whose held-out sessions are used to evaluate each head and for the copycat check.
    By default the copycat check uses the teacher's play in some of the worlds."""
    logs: Annotated[Path, LOG_DIR] = Path("logs/training")
    """Folder of the training logs, whose curves the report shows if there are any."""


def run(command: Evaluate) -> None:
    """Evaluates with a progress bar, and prints the table and the path of the report."""
    from rich.progress import Progress as Bar

    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.learning import EvaluatedPolicies
    from understudy.cli.show.comparison_table import travel_table, verdict_table
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.offline.copycat import NAME as COPYCAT
    from understudy.evaluation.offline.copycat import verdict_line

    with Bar(transient=True) as bar:
        task = bar.add_task("playing", total=None)
        verdict, heads = judge_all(command, lambda done, total: bar.update(task, completed=done, total=total))
    console = Console(soft_wrap=True)
    console.print(verdict_table(verdict))
    if command.seconds >= LONG_GAME_S:
        console.print(travel_table(verdict))
    for head in heads:
        if head.name == COPYCAT:
            console.print(verdict_line(head), highlight=False)
    console.print(f"Report: {command.out / 'report.html'}")
    if command.json:
        report = command.out / "report.html"
        print_result("evaluate", EvaluatedPolicies(comparison=verdict, heads=tuple(heads), report=report))


def evaluate(command: Evaluate, progress: Progress | None = None) -> "ComparisonResult":
    """Returns only the comparison of `judge_all`."""
    return judge_all(command, progress)[0]


def judge_all(command: Evaluate, progress: Progress | None = None) -> "tuple[ComparisonResult, tuple[HeadReport, ...]]":
    """Plays every entry, evaluates the heads on recorded play, and writes report, verdict and table of worlds.

    Raises:
        FlagError: if there are too few seeds, no such style of teacher, or no such cluster.
        CheckpointError: if a folder holds no usable policies.
    """
    from understudy.contract.safe_files import replace_bytes
    from understudy.contract.serialization import to_json
    from understudy.contract.workers.part_executor import part_executor
    from understudy.evaluation.comparison.compare import play_contestants, summarise
    from understudy.evaluation.report.report import write_report
    from understudy.evaluation.report.results_csv import write_ledger
    from understudy.evaluation.rollouts.seeds import Purpose, seeds_for

    _expect_seeds(command)
    contestants = gather(command.models, command.teacher)
    seeds = seeds_for(Purpose[command.purpose.upper()], command.worlds, command.offset)
    processes = min(2, os.cpu_count() or 1) if command.processes is None else command.processes
    with part_executor(processes, command.cluster) as executor:
        played = play_contestants(contestants, seeds, command.seconds, executor=executor, progress=progress)
    verdict = summarise(played, person=command.teacher, random=RANDOM)
    command.out.mkdir(parents=True, exist_ok=True)
    replace_bytes(command.out / "verdict.json", f"{to_json(verdict)}\n".encode())
    write_ledger(played, command.out / "worlds.csv")
    heads = judge_heads(command.models, command.data_dir, command.teacher, seeds, command.seconds)
    first = played[contestants[0].name]
    write_report(_report(command, verdict, heads, contestants[0], first), command.out / "report.html")
    return verdict, heads


def gather(models: tuple[Path, ...], teacher: str) -> "list[Entry]":
    """Returns the policies if there are models, their teacher, and every baseline.

    Raises:
        FlagError: if there is no such style of teacher.
        CheckpointError: if a folder holds no usable policies.
    """
    from understudy.evaluation.comparison.compare import Entry
    from understudy.evaluation.rollouts.baselines import BASELINES
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.simulator.teacher.teacher import Teacher

    profile = load_profile("darkorbit")
    contestants = [Entry(name=teacher, kind="person", pilots=(Teacher(teacher, profile),))]
    contestants += [
        Entry(name=name, kind="baseline", pilots=(baseline(profile),)) for name, baseline in BASELINES.items()
    ]
    if models:
        from understudy.runtime.hierarchical_policy import load_hierarchy

        pilots = tuple(load_hierarchy(folder, profile) for folder in models)
        contestants.insert(0, Entry(name=POLICY, kind="policy", pilots=pilots))
    return contestants


def _report(
    command: Evaluate,
    verdict: "ComparisonResult",
    heads: "tuple[HeadReport, ...]",
    first: "Entry",
    played: "EntryRollouts",
) -> "Report":
    from understudy.evaluation.report.learning_curves import newest_runs, read_curves
    from understudy.evaluation.report.report import Report

    title = f"The understudy beside {command.teacher}" if command.models else f"{command.teacher} and the baselines"
    names = ("strategist", "tactician", "executor") if command.models else ()
    return Report(
        title=title,
        verdict=verdict,
        facts=tuple((f"models, training seed {index}", str(folder)) for index, folder in enumerate(command.models)),
        curves=tuple(
            panel
            for name, run in newest_runs(command.logs, names).items()
            for panel in read_curves(run, name.capitalize())
        ),
        heads=heads,
        video=_shoot(command, first, played),
    )


def judge_heads(
    models: tuple[Path, ...], data_dir: Path | None, teacher: str, seeds: "UInt64[np.ndarray, ' B']", seconds: float
) -> "tuple[HeadReport, ...]":
    """Runs the copycat check and, given recordings, evaluates each head on their held-out sessions.

    Args:
        models: one folder for each training seed; without any, nothing is evaluated.
        data_dir: recordings; without them the check uses new play of the teacher in the first worlds.
        teacher: style of the teacher.
        seeds: seeds of the evaluated worlds.
        seconds: game time in each world.

    Raises:
        NoRecordingsError: if there are none in `data_dir`.
        CheckpointError: if a folder holds no usable policies.
    """
    from understudy.evaluation.offline.copycat import copycat_check
    from understudy.evaluation.offline.offline_eval import held_out_heads, training_figures
    from understudy.evaluation.rollouts.trajectory import fresh_sessions
    from understudy.learning.data.dataset import load_dataset as gather_material
    from understudy.policies.policy_bundle import load_policies
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.simulator.teacher.teacher import Teacher

    if not models:
        return ()
    if data_dir is None:
        bundles, profile = [load_policies(folder) for folder in models], load_profile("darkorbit")
        labelled_episodes = fresh_sessions(Teacher(teacher, profile), seeds[:COPYCAT_WORLDS], seconds)
        return (copycat_check(bundles, labelled_episodes, profile),)
    dataset = gather_material(data_dir)
    bundles = [load_policies(folder, use_held_out_twin=dataset.is_small) for folder in models]
    heads = held_out_heads(bundles[0], dataset.validation, dataset.profile)
    check = copycat_check(bundles, dataset.validation, dataset.profile)
    return (check, *heads, *training_figures(models[0]))


def _shoot(command: Evaluate, first: "Entry", played: "EntryRollouts") -> Path | None:
    from understudy.cli.show.rollout_video import shoot
    from understudy.evaluation.comparison.compare import typical_world
    from understudy.evaluation.rollouts.seeds import map_names

    if command.video is None:
        return None
    world = typical_world(played)
    outcomes = played.runs[0]
    path = command.out / "video.webm"
    shoot(
        first.pilots[0],
        int(outcomes.seeds[world]),
        map_names()[int(outcomes.start_maps[world])],
        command.video,
        path,
        caption=first.name,
        skip_s=SKIP_S,
    )
    return path


def _expect_seeds(command: Evaluate) -> None:
    from understudy.contract.errors import FlagError
    from understudy.evaluation.rollouts.seeds import SPACE_SIZE

    if command.offset > SPACE_SIZE - command.worlds:
        raise FlagError(f"--offset {command.offset} was given: expected 0 to {SPACE_SIZE - command.worlds}.")
