"""`understudy gate`: tests a candidate against the incumbent in the embedded game, and promotes it if it is better."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.flags.number_ranges import Count, Parallel, Range, Seconds
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import Cluster
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.gate.gate_verdict import GateVerdict
    from understudy.evaluation.gate.simulator_gate import GateConfig


@dataclass(frozen=True, kw_only=True)
class Gate(JsonFlag):
    """Test a candidate against the weights that play now, on paired unseen worlds; promote it if surely better."""

    candidate: Annotated[Path | None, tyro.conf.Positional] = None
    """Checkpoint of any of the three policies; by default the one staged last."""
    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies."""
    error: Annotated[float, Range(1e-6, 0.499)] = 0.05
    """Type 1 error: probability of promoting a candidate that is no better."""
    smallest_gain: Annotated[float, Range(0.0, 1e6, above_minimum=True)] = 1.0
    """Smallest relevant gain in points per minute: a candidate that surely gains less is rejected early."""
    worst_loss: Annotated[float, Range(0.0, 1e6)] = 50.0
    """Assumed largest loss in one world, points per minute, seen or not; a larger value needs more worlds."""
    deaths_ratio: Annotated[float, Range(1.0, 1000.0)] = 1.25
    """Non-inferiority margin of deaths: at most this multiple of the incumbent's, plus half a death per hour."""
    max_pairs: Count = 1024
    """Maximum number of paired worlds, a multiple of 64; without a proven gain by then, the candidate is rejected."""
    seconds: Seconds = 120.0
    """Seconds of game time in each world."""
    processes: Parallel = 1
    """Number of parallel processes; does not change the verdict."""
    cluster: Cluster | None = None
    """Play on a Ray cluster instead: `auto` for the one that runs on this machine, or HOST:PORT of its head."""
    why: str = "manual"
    """Reason, written to the policy's history/audit.jsonl."""


def run(command: Gate) -> None:
    """Runs the gate with a progress bar; prints the verdict and the weights that play now.

    Raises:
        FlagError: if a setting is out of range, or there is no such cluster.
        CheckpointError: if there is no candidate, or the incumbent is not usable.
    """
    from rich.progress import Progress as Bar

    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.weights import GateResult
    from understudy.cli.show.terminal import Console
    from understudy.contract.workers.part_executor import part_executor
    from understudy.evaluation.gate.simulator_gate import gate_candidate
    from understudy.learning.registry.candidates import newest_candidate, policy_name

    config = config_of(command)
    candidate = command.candidate or newest_candidate(command.models)
    console, policy = Console(soft_wrap=True), policy_name(candidate)
    with part_executor(command.processes, command.cluster) as executor, Bar(transient=True, console=console) as bar:
        task = bar.add_task("playing both", total=None)
        verdict = gate_candidate(
            command.models,
            policy,
            candidate,
            config,
            command.why,
            lambda done, whole: bar.update(task, completed=done, total=whole),
            executor,
        )
    _say(console, candidate, verdict)
    if command.json:
        print_result("gate", GateResult(candidate=candidate, policy=policy, verdict=verdict))


def config_of(command: Gate) -> "GateConfig":
    """Returns the configuration of the gate.

    Raises:
        FlagError: if a setting is out of range.
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
        )
    except ValueError as problem:
        raise FlagError(f"{problem}.") from problem


def _say(console: "Console", candidate: Path, verdict: "GateVerdict") -> None:
    said = "Promoted" if verdict.promote else "Refused"
    console.print(f"{said}: {candidate}. {verdict.reason[:1].upper()}{verdict.reason[1:]}.", highlight=False)
    if verdict.promote:
        console.print("It plays now; understudy weights rollback takes it back.", highlight=False)
