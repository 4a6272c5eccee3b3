"""`understudy export`: writes the policies that play as a folder of safetensors, ONNX and JSON for other programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from understudy.evaluation.comparison.comparison_result import ComparisonResult
    from understudy.policies.checkpoint import Checkpoint


@dataclass(frozen=True, kw_only=True)
class Export(JsonFlag):
    """Write the policies that play as a folder for other programs: safetensors, ONNX, JSON and a model card."""

    models: Path = Path("models/v2")
    """Folder of the three trained policies."""
    out: OutputFolder = Path("out/export")
    """Folder to write; files of an earlier export in it are replaced."""
    evaluation: Path = Path("out/evaluation")
    """Output folder of understudy evaluate, whose figures the model card shows if they are newer than the weights."""
    licence: str | None = None
    """Licence of the weights, for the model card; by default it says that none is granted."""


def run(command: Export) -> None:
    """Writes the folder and prints what is in it.

    Raises:
        CheckpointError: if a policy is missing or not usable.
        FlagError: if the folder cannot be written.
    """
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.weights import ExportedPolicies
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import FlagError
    from understudy.evaluation.report.model_card import NO_LICENCE, model_card
    from understudy.policies.exchange.export_folder import export_policies, write_folder
    from understudy.policies.policy_bundle import load_levels

    levels = load_levels(command.models)
    verdict, remark = _verdict(command, levels)
    exported = export_policies(levels)
    try:
        write_folder(command.out, exported, model_card(levels, verdict, command.licence or NO_LICENCE))
    except OSError as problem:
        raise FlagError(
            f"--out {command.out} cannot be written to ({problem.strerror or problem}): name another folder."
        ) from problem
    console = Console(soft_wrap=True)
    for policy, level in levels.items():
        console.print(f"{policy} {level.identity}: {policy}.safetensors, {policy}.onnx", highlight=False)
    console.print(f"{command.out}: config.json, motor_model.json, README.md ({remark})", highlight=False, markup=False)
    if command.json:
        identities = {policy: level.identity for policy, level in levels.items()}
        print_result("export", ExportedPolicies(out=command.out, identities=identities, figures=remark))


def _verdict(command: Export, levels: "dict[str, Checkpoint]") -> "tuple[ComparisonResult | None, str]":
    """Returns the evaluation of these weights, if there is one, and what the model card says of their play."""
    from understudy.contract.errors import WireError
    from understudy.contract.serialization import from_json
    from understudy.evaluation.comparison.comparison_result import ComparisonResult
    from understudy.policies.checkpoint import BEST

    path = command.evaluation / "verdict.json"
    try:
        measured_at = path.stat().st_mtime
        verdict = from_json(ComparisonResult, path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        return None, f"no figures of play: there is no {path}; understudy evaluate writes it"
    except (OSError, ValueError, WireError) as problem:
        return None, f"no figures of play: {path} cannot be read ({problem})"
    if any((command.models / policy / BEST).stat().st_mtime > measured_at for policy in levels):
        return None, f"no figures of play: {path} is older than the weights; understudy evaluate measures them again"
    return verdict, f"with the figures of {path}"
