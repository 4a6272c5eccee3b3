"""`understudy practise`: the understudy gets better by itself in many games at once, behind a gate."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from understudy.cli.flags.number_ranges import Hours, LearningRate, Range
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.show.terminal import Console

if TYPE_CHECKING:
    from understudy.evaluation.rollouts.play_style import StyleDrift
    from understudy.practice.run import Judged, PracticeRun, Report, RunSettings

Flag = tyro.conf.FlagCreatePairsOff
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Practise:
    """Let the understudy practise in many embedded games at once, as fast as they go; it plays better or as before."""

    models: OutputFolder = Path("models/v2")
    """Folder with the three trained policies; the executor is what practises."""
    out: OutputFolder = Path("logs/practise")
    """Folder for the picture practice.png, the curves and the state that --resume goes on from."""
    hours: Hours = 8.0
    """Simulated hours to practise, all games together; those before --resume count."""
    kl_coef: Annotated[float, Range(0.0, 1e6), tyro.conf.arg(aliases=["--leash"])] = 0.3
    """KL coefficient: points that each nat of divergence from your way of playing has to earn. Higher plays more like
    you, lower scores more."""
    death_price: Annotated[float, Range(0.0, 1e6)] = 14.0
    """Points that a death costs while practising; at 10 or more dying is never good business."""
    lr: LearningRate = 1e-4
    """Learning rate of the executor."""
    worlds: Annotated[int, Range(64, 65_536)] = 128
    """Games at once, a multiple of 64."""
    judge_hours: Hours = 8.0
    """What was learnt goes to the gate each time so many simulated hours are over, and at the end."""
    no_gate: Flag[bool] = False
    """Only stage what was learnt; understudy gate judges it."""
    no_likeness: Flag[bool] = False
    """Do not measure at the end how much it still plays like you."""
    seed: Annotated[int, Range(0, 4000)] = 0
    """Of worlds, chance and batches."""
    resume: Flag[bool] = False
    """Go on where an earlier practice in --out stopped, with the same settings."""


def run(command: Practise) -> int | None:
    """Practises with a bar; 130 where Ctrl-C ended it early.

    Raises:
        FlagError: if the numbers make no sense.
        CheckpointError: if there are no usable policies, or nothing to resume.
    """
    from understudy.cli.train import interrupt_flag
    from understudy.practice.run import PLOT, PracticeRun

    settings = settings_of(command)
    console = Console(soft_wrap=True)
    console.print(f"Practising with {command.models}; the picture is {command.out / PLOT}.", highlight=False)
    with interrupt_flag() as stopped, PractiseBar(console, command.hours) as bar:
        trainer = PracticeRun(settings, bar.show, lambda judged: _say(console, judged), bar.show_gate)
        trainer.run(stopped.is_set)
    if trainer.hours < command.hours:
        console.print("Stopped. The same command with --resume goes on from here.", highlight=False)
        return EXIT_INTERRUPTED
    if not command.no_likeness:
        _say_likeness(console, trainer)
    return None


def settings_of(command: Practise) -> "RunSettings":
    """What the room of evaluation needs to know.

    Raises:
        FlagError: if the numbers make no sense.
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
"""Runs of different --seed practise in different worlds: 18 years of play until they meet."""


def _say(console: Console, judged: "Judged") -> None:
    if judged.verdict is None:
        console.print(f"Staged: {judged.path}. understudy gate judges it.", highlight=False)
        return
    said = "Promoted" if judged.verdict.promote else "Refused"
    console.print(
        f"{said} after {judged.hours:.1f} simulated hours: {judged.verdict.reason} ({judged.path}).", highlight=False
    )


def _say_likeness(console: Console, trainer: "PracticeRun") -> None:
    """How much it still plays like the person, in a table."""
    from rich.table import Table

    from understudy.evaluation.rollouts.play_style import ROWS, measure_style_drift

    with console.status("playing once more beside the person's policy"):
        told: StyleDrift = measure_style_drift(trainer.hierarchy_of_person(), trainer.hierarchy_of_learnt())
    table = Table("", "cloned from you", "after practice", title="Likeness", title_justify="left")
    for name, label in ROWS:
        table.add_row(label, f"{getattr(told.person, name):.3g}", f"{getattr(told.practised, name):.3g}")
    console.print(table)
    console.print(
        f"{told.clicks_apart:.0%} of the clicks would have to change their aim to be spread as yours are; distance of "
        f"style {told.style_distance:.1f} (two batches of one player: about 1.4).",
        highlight=False,
    )


RECENT = 0.1
"""Weight of the newest stretch in the figures shown."""


class PractiseBar:
    """One bar for practice, and one for the gate while it judges; in a `with` block."""

    def __init__(self, console: Console, hours: float) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}", table_column=Column(no_wrap=True, min_width=10)),
            BarColumn(bar_width=8),  # with the numbers it fills the 80 columns that a terminal has at least
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._practice = self._progress.add_task("practising", total=hours, numbers="")
        self._gate = self._progress.add_task("judging", total=None, visible=False, numbers="")
        self._score = self._deaths = float("nan")

    def show(self, report: "Report") -> None:
        """After each stretch."""
        self._progress.update(self._gate, visible=False)
        self._score = _blend(self._score, report.score)
        self._deaths = _blend(self._deaths, report.deaths_per_hour)
        numbers = f"{report.hours:.1f} h  score {self._score:.1f}  deaths {self._deaths:.1f}/h  "
        if report.learned.policy is not None:
            numbers += f"unlike {report.learned.policy.kl_to_reference:.1f}  "
        numbers += f"{report.times_real:.0f}x"
        self._progress.update(self._practice, completed=report.hours, numbers=numbers)

    def show_gate(self, done: int, whole: int) -> None:
        """While candidate and incumbent play."""
        self._progress.update(self._gate, completed=done, total=whole, visible=done < whole)

    def __enter__(self) -> "PractiseBar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self._progress.stop()


def _blend(average: float, reading: float) -> float:
    return reading if average != average else average + RECENT * (reading - average)
