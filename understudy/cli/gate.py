"""`understudy gate`: staged weights play those that play now in the embedded game, and take their place if they win."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.flags.number_ranges import Count, Parallel, Range, Seconds
from understudy.cli.flags.output_paths import OutputFolder

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.gate.simulator_gate import GateConfig, GateVerdict

Flag = tyro.conf.FlagCreatePairsOff


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Judge staged weights against those that play, on paired fresh worlds; they play if they are surely better."""

    candidate: Annotated[Path | None, tyro.conf.Positional] = None
    """The checkpoint, of any of the three policies; by default the one that was staged last."""
    models: OutputFolder = Path("models/v2")
    """Folder with the three trained policies."""
    error: Annotated[float, Range(1e-6, 0.499)] = 0.05
    """Chance of letting through what is truly no better."""
    smallest_gain: Annotated[float, Range(0.0, 1e6, above_minimum=True)] = 1.0
    """Points a minute: what surely gains less is refused early."""
    worst_loss: Annotated[float, Range(0.0, 1e6)] = 50.0
    """Points a minute that it may lose in a world, at the worst, although none so far has shown it: guards against rare
    disasters, and takes more worlds where it is larger."""
    deaths_ratio: Annotated[float, Range(1.0, 1000.0)] = 1.25
    """Deaths must surely stay below this many times those of what plays now, and half a death an hour more."""
    max_pairs: Count = 1024
    """Worlds after which what is still not surely better is refused; a multiple of 64."""
    seconds: Seconds = 120.0
    """Game time in each world."""
    processes: Parallel = 1
    """How many play at the same time; does not change the verdict."""
    why: str = "asked for"
    """Is written into the policy's history/audit.jsonl."""


def run(command: Gate) -> None:
    """Plays with a progress bar, says what came of it and what plays now.

    Raises:
        FlagError: if the numbers make no sense.
        CheckpointError: if there is no candidate, or what plays now is not usable.
    """
    from rich.progress import Progress as Bar

    from understudy.cli.show.terminal import Console
    from understudy.evaluation.gate.simulator_gate import gate_candidate
    from understudy.learning.registry.candidates import newest_candidate, policy_name

    config = config_of(command)
    candidate = command.candidate or newest_candidate(command.models)
    console = Console(soft_wrap=True)
    with Bar(transient=True, console=console) as bar:
        task = bar.add_task("playing both", total=None)
        verdict = gate_candidate(
            command.models,
            policy_name(candidate),
            candidate,
            config,
            command.why,
            lambda done, whole: bar.update(task, completed=done, total=whole),
        )
    _say(console, candidate, verdict)


def config_of(command: Gate) -> "GateConfig":
    """The gate's own settings.

    Raises:
        FlagError: if the numbers make no sense.
    """
    from understudy.contract.errors import FlagError
    from understudy.evaluation.comparison.paired_test import SequentialTestConfig
    from understudy.evaluation.gate.simulator_gate import GateConfig

    try:
        return GateConfig(
            trial=SequentialTestConfig(
                type_1_error=command.error,
                worst_loss=command.worst_loss,
                smallest_gain=command.smallest_gain,
                deaths_ratio=command.deaths_ratio,
            ),
            max_pairs=command.max_pairs,
            seconds=command.seconds,
            processes=command.processes,
        )
    except ValueError as problem:
        raise FlagError(f"{problem}.") from problem


def _say(console: "Console", candidate: Path, verdict: "GateVerdict") -> None:
    said = "Promoted" if verdict.promote else "Refused"
    console.print(f"{said}: {candidate}. {verdict.reason[:1].upper()}{verdict.reason[1:]}.", highlight=False)
    if verdict.promote:
        console.print("It plays now; understudy rollback takes it back.", highlight=False)
