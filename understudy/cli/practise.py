"""`understudy practise`: PPO in many parallel simulated games; the gate tests each candidate."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Hours, LearningRate, Parallel, Range
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import Cluster, Flag
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.rollouts.play_style import StyleDrift
    from understudy.practice.run import EvaluatedCandidate, PracticeRun, RunSettings


@dataclass(frozen=True, kw_only=True)
class Practise(JsonFlag):
    """Train the Executor by PPO in many parallel embedded games; only weights that the gate accepts are promoted."""

    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies, whose Executor is trained."""
    out: OutputFolder = Path("logs/practise")
    """Output folder of the plot practice.png, the logs and the training state for --resume."""
    hours: Hours = 8.0
    """Simulated hours of play in total, all games together; hours before --resume count."""
    kl_coef: Annotated[float, Range(0.0, 1e6), tyro.conf.arg(aliases=["--leash"])] = 0.3
    """KL coefficient: penalty in points per nat of divergence from the policy cloned from your play.
    Higher values play more like you, lower values score more."""
    death_price: Annotated[float, Range(0.0, 1e6)] = 14.0
    """Penalty of a death in points; at 10 or more, dying never increases the score."""
    lr: LearningRate = 1e-4
    """Learning rate of the Executor."""
    worlds: Annotated[int, Range(64, 65_536)] = 128
    """Number of parallel games, a multiple of 64."""
    processes: Parallel = 1
    """Number of processes that play the games, 64 each at a time; does not change the result."""
    cluster: Cluster | None = None
    """Play on a Ray cluster instead: `auto` for the one that runs on this machine, or HOST:PORT of its head."""
    judge_hours: Hours = 8.0
    """Simulated hours between two candidates for the gate; the final weights are a candidate, too."""
    no_gate: Flag[bool] = False
    """Stage candidates without testing them; `understudy gate` tests them."""
    no_likeness: Flag[bool] = False
    """Skip the measurement of the drift from your play style at the end."""
    seed: Annotated[int, Range(0, 4000)] = 0
    """Random seed of worlds, sampling and batches."""
    resume: Flag[bool] = False
    """Continue an earlier run in --out, with the same settings."""


def run(command: Practise) -> int | None:
    """Trains with a progress bar; returns 130 after Ctrl-C.

    Raises:
        FlagError: if a setting is out of range, or there is no such cluster.
        CheckpointError: if there are no usable policies, or nothing to resume.
    """
    from understudy.cli.show.practise_bar import PractiseBar
    from understudy.cli.show.terminal import Console
    from understudy.cli.train import interrupt_flag
    from understudy.contract.workers.part_executor import part_executor
    from understudy.practice.run import PLOT, PracticeRun

    settings = settings_of(command)
    console = Console(soft_wrap=True)
    console.print(f"Practising with {command.models}; the picture is {command.out / PLOT}.", highlight=False)
    with (
        part_executor(command.processes, command.cluster) as executor,
        interrupt_flag() as stopped,
        PractiseBar(console, command.hours) as bar,
    ):
        trainer = PracticeRun(
            settings, bar.show, lambda evaluated: _print_result(console, evaluated), bar.show_gate, executor
        )
        trainer.run(stopped.is_set)
    finished, drift = trainer.hours >= command.hours, None
    if not finished:
        console.print("Stopped. The same command with --resume goes on from here.", highlight=False)
    elif not command.no_likeness:
        drift = _say_likeness(console, trainer)
    if command.json:
        _print_json(command, trainer, drift)
    return None if finished else EXIT_INTERRUPTED


def _print_json(command: Practise, trainer: "PracticeRun", drift: "StyleDrift | None") -> None:
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.learning import PracticeCandidate, PractisedPolicy
    from understudy.practice.run import LOGS, PLOT

    last = trainer.progress.curve[-1] if trainer.progress.curve else {}
    printed = PractisedPolicy(
        hours=trainer.hours,
        finished=trainer.hours >= command.hours,
        score=float(last.get("score", math.nan)),
        deaths_per_hour=float(last.get("deaths_per_hour", math.nan)),
        candidates=tuple(
            PracticeCandidate(hours=one.hours, path=one.path, verdict=one.verdict) for one in trainer.evaluated
        ),
        drift=drift,
        plot=command.out / PLOT,
        log_dir=command.out / LOGS,
    )
    print_result("practise", printed)


def settings_of(command: Practise) -> "RunSettings":
    """Returns the settings of the run.

    Raises:
        FlagError: if a setting is out of range.
    """
    from understudy.contract.errors import FlagError
    from understudy.evaluation.gate.simulator_gate import GateConfig
    from understudy.learning.rl.ppo import PPOConfig
    from understudy.learning.rl.ppo_trainer import PPOTrainerConfig
    from understudy.learning.rl.reward import RewardWeights
    from understudy.practice.rollout_collector import CollectorConfig
    from understudy.practice.run import RunSettings

    try:
        return RunSettings(
            models=command.models,
            out=command.out,
            hours=command.hours,
            judge_hours=command.judge_hours,
            trainer=PPOTrainerConfig(
                policy=PPOConfig(learning_rate=command.lr, kl_coef=command.kl_coef), seed=command.seed
            ),
            ground=CollectorConfig(
                worlds=command.worlds,
                prices=RewardWeights(death=-command.death_price),
                first_seed=SEEDS_A_RUN * command.seed,
            ),
            gate=None if command.no_gate else GateConfig(),
            resume=command.resume,
        )
    except ValueError as problem:
        raise FlagError(f"{problem}.") from problem


SEEDS_A_RUN = 1_000_000
"""World seeds reserved for each --seed, so that runs use different worlds for 18 years of play."""


def _print_result(console: "Console", evaluated: "EvaluatedCandidate") -> None:
    if evaluated.verdict is None:
        console.print(f"Staged: {evaluated.path}. understudy gate tests it.", highlight=False)
        return
    result = "Promoted" if evaluated.verdict.promote else "Refused"
    console.print(
        f"{result} after {evaluated.hours:.1f} simulated hours: {evaluated.verdict.reason} ({evaluated.path}).",
        highlight=False,
    )


def _say_likeness(console: "Console", trainer: "PracticeRun") -> "StyleDrift":
    """Prints and returns the drift of style from the reference policy."""
    from rich.table import Table

    from understudy.evaluation.rollouts.play_style import ROWS, measure_style_drift

    with console.status("playing once more beside the person's policy"):
        drift: StyleDrift = measure_style_drift(trainer.reference_hierarchy(), trainer.averaged_hierarchy())
    table = Table("", "cloned from you", "after practice", title="Likeness", title_justify="left")
    for name, label in ROWS:
        table.add_row(label, f"{getattr(drift.person, name):.3g}", f"{getattr(drift.practised, name):.3g}")
    console.print(table)
    console.print(
        f"{drift.clicks_apart:.0%} of the clicks would have to change their aim to be spread as yours are; distance of "
        f"style {drift.style_distance:.1f} (two batches of one player: about 1.4).",
        highlight=False,
    )
    return drift
