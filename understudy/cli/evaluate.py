"""Judges trained policies beside the teacher they learned from and the trivial baselines, on the same seeded worlds."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from understudy.cli.flags.number_ranges import Parallel, Seconds, Seed, Worlds
from understudy.cli.flags.output_paths import OutputFolder

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import UInt64

    from understudy.evaluation.comparison.compare import Entry, EntryRollouts
    from understudy.evaluation.comparison.comparison_result import ComparisonResult
    from understudy.evaluation.offline.head_metrics import HeadReport
    from understudy.evaluation.report.report import Report

Progress = Callable[[int, int], None]
"""Told how many world-ticks are done, and of how many."""

POLICY = "understudy"
RANDOM = "random"
COPYCAT_WORLDS = 4
"""Of the judged worlds, so many of the teacher's are what the copycat check asks about where no recording is given."""
SKIP_S = 8.0
"""Play before the video begins: the way out of the base shows little."""


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Judge trained policies beside their teacher and the trivial baselines, on the same seeded worlds."""

    models: tuple[Path, ...] = (Path("models/v2"),)
    """Folders with the three trained policies; several are taken as training seeds of one understudy. None at all
    judges the teacher and the baselines alone."""
    teacher: str = "hunter"
    """Style of the teacher that counts as 100 %, such as hunter, kiter or careful."""
    worlds: Worlds = 128
    """Seeded worlds that everyone plays, spread evenly over the maps."""
    seconds: Seconds = 120.0
    """Game time in each world."""
    purpose: Literal["holdout", "choose"] = "holdout"
    """Which seeds: `holdout` for figures to report, `choose` to pick between models or settings."""
    offset: Seed = 0
    """How many seeds of that purpose to skip, for a second, independent look."""
    processes: Parallel | None = None
    """How many play at the same time; by default two where there are two cores. Does not change the result."""
    out: OutputFolder = Path("out/evaluation")
    """Folder for report.html, verdict.json and worlds.csv."""
    video: Seconds | None = None
    """Seconds of the understudy playing a typical one of these worlds, as video.webm and in the report; none by
    default."""
    data_dir: Path | None = None
    """Recordings that it was trained on: the report then shows how well each head predicts their held-out sessions, and
    the copycat check asks about those rather than about the teacher's play in some of the worlds."""
    logs: Path = Path("logs/training")
    """Where training left its curves, for the report; left out where there are none."""


def run(command: Evaluate) -> None:
    """Plays with a progress bar, prints the table and says where the report lies."""
    from rich.progress import Progress as Bar

    from understudy.cli.show.comparison_table import verdict_table
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.offline.copycat import NAME as COPYCAT
    from understudy.evaluation.offline.copycat import verdict_line

    with Bar(transient=True) as bar:
        task = bar.add_task("playing", total=None)
        verdict, heads = judge_all(command, lambda done, total: bar.update(task, completed=done, total=total))
    console = Console(soft_wrap=True)
    console.print(verdict_table(verdict))
    for head in heads:
        if head.name == COPYCAT:
            console.print(verdict_line(head), highlight=False)
    console.print(f"Report: {command.out / 'report.html'}")


def evaluate(command: Evaluate, progress: Progress | None = None) -> "ComparisonResult":
    """As `judge_all`, the verdict alone."""
    return judge_all(command, progress)[0]


def judge_all(command: Evaluate, progress: Progress | None = None) -> "tuple[ComparisonResult, tuple[HeadReport, ...]]":
    """Plays everyone, asks the policies about recorded play, writes the report, the verdict and the ledger of worlds.

    Raises:
        FlagError: if there are not so many seeds or there is no such style of teacher.
        CheckpointError: if a folder holds no usable policies.
    """
    from understudy.contract.safe_files import replace_bytes
    from understudy.contract.serialization import to_json
    from understudy.evaluation.comparison.compare import play_contestants, summarise
    from understudy.evaluation.report.report import write_report
    from understudy.evaluation.report.results_csv import write_ledger
    from understudy.evaluation.rollouts.seeds import Purpose, seeds_for

    _expect_seeds(command)
    contestants = gather(command.models, command.teacher)
    seeds = seeds_for(Purpose[command.purpose.upper()], command.worlds, command.offset)
    processes = min(2, os.cpu_count() or 1) if command.processes is None else command.processes
    played = play_contestants(contestants, seeds, command.seconds, processes=processes, progress=progress)
    verdict = summarise(played, person=command.teacher, random=RANDOM)
    command.out.mkdir(parents=True, exist_ok=True)
    replace_bytes(command.out / "verdict.json", f"{to_json(verdict)}\n".encode())
    write_ledger(played, command.out / "worlds.csv")
    heads = judge_heads(command.models, command.data_dir, command.teacher, seeds, command.seconds)
    first = played[contestants[0].name]
    write_report(_report(command, verdict, heads, contestants[0], first), command.out / "report.html")
    return verdict, heads


def gather(models: tuple[Path, ...], teacher: str) -> "list[Entry]":
    """The understudy if there are models, its teacher, and every baseline.

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
    """The copycat check, and where there are recordings how well each head predicts their held-out sessions.

    Args:
        models: one folder for each training seed; none has no heads.
        data_dir: recordings; without them the check asks about fresh play of the teacher in the first worlds.
        teacher: its style.
        seeds: of the judged worlds.
        seconds: game time in each.

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
