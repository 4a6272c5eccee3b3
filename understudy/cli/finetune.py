"""`understudy finetune`, and the guide's finetune_with_vlm.py: fine-tunes policies on corrections, runs the gate."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Count, LearningRate, Seed
from understudy.cli.flags.output_paths import Output, OutputFolder
from understudy.cli.flags.spellings import MAX_PAIRS, MODELS, Flag, TrainedFolder
from understudy.cli.results.json_output import JsonFlag
from understudy.contract.errors import FlagError

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.gate.gate_verdict import GateVerdict
    from understudy.evaluation.gate.simulator_gate import GateConfig
    from understudy.learning.corrections.aggregation import AggregationResult
    from understudy.learning.corrections.finetune import FinetuneResult, FinetuneSettings
    from understudy.learning.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Finetune(JsonFlag):
    """Fine-tune the Strategist on corrections, adapt the Executor to it, and promote both if the gate accepts them."""

    corrections_dir: Path = Path("logs/vlm_corrections")
    """Folder of corrections_TIMESTAMP.jsonl files, or one such file."""
    model_path: Annotated[
        Path,
        MODELS,
        Output(kind="folder", when=lambda command: not command.no_gate, place=lambda path: strategist_of(path).parent),
    ] = Path("models/v2")
    """Folder of the three trained policies, or the Strategist's checkpoint in it."""
    output_dir: TrainedFolder = Path("models/v2/strategist_vlm_ft")
    """Output folder of the new Strategist; the adapted Executor is written to its subfolder executor."""
    epochs: Count = 20
    """Number of passes over the corrections and the rehearsed recordings."""
    lr: LearningRate = 1e-5
    """Peak learning rate of the Strategist."""
    device: str = "auto"
    """Torch device: auto, cpu, cuda or cuda:1; auto uses CUDA if available."""
    data_dir: Path | None = None
    """Folder of base recordings for rehearsal; by default data/recordings and recordings/v2_training."""
    batch_size: Count = 8
    """Samples per training step."""
    seed: Seed = 0
    """Random seed of data order, dropout and augmentation."""
    no_gate: Flag[bool] = False
    """Write the checkpoints without testing or promoting them."""
    pairs: Annotated[Count, MAX_PAIRS] = 256
    """Maximum number of paired worlds of the gate, after which a change without a proven gain is rejected."""
    log_dir: OutputFolder = Path("logs/training")
    """Folder of the TensorBoard logs: tensorboard --logdir=logs/training"""


def run(command: Finetune) -> int:
    """Fine-tunes and runs the gate; returns 130 after Ctrl-C."""
    from understudy.cli.show.terminal import Console
    from understudy.cli.show.train_view import watch_gathering

    config = _gate_config(command)
    settings = _settings(command)
    console = Console(soft_wrap=True)
    resolution = _read(command, settings, console)
    dataset = watch_gathering(console, command.data_dir)
    result = _fit(settings, resolution, dataset, console)
    finished = result.strategist.finished and (result.executor is None or result.executor.finished)
    verdict = None
    if not finished:
        console.print("Stopped: nothing new plays.")
    else:
        _tell(result, settings, console)
        if result.executor is None and not command.no_gate:
            console.print(f"There is no executor in {settings.models}: the gate can judge nothing, nothing new plays.")
        elif not command.no_gate:
            verdict = _submit(settings, config, console)
    if command.json:
        _print_json(result, verdict)
    return 0 if finished else EXIT_INTERRUPTED


def strategist_of(models: Path) -> Path:
    """Returns the Strategist's checkpoint of a folder of policies; a checkpoint is returned as it is."""
    return models if models.suffix == ".pt" else models / "strategist" / "best_model.pt"


def _settings(command: Finetune) -> "FinetuneSettings":
    from understudy.learning.corrections.finetune import FinetuneSettings

    return FinetuneSettings(
        model_path=strategist_of(command.model_path),
        output_dir=command.output_dir,
        epochs=command.epochs,
        lr=command.lr,
        batch_size=command.batch_size,
        device=command.device,
        seed=command.seed,
        log_dir=command.log_dir,
    )


def _gate_config(command: Finetune) -> "GateConfig":
    from understudy.evaluation.gate.simulator_gate import GateConfig

    try:
        return GateConfig(max_pairs=command.pairs)
    except ValueError as problem:
        raise FlagError(f"--max-pairs {command.pairs} cannot work: {problem}.") from problem


def _read(command: Finetune, settings: "FinetuneSettings", console: "Console") -> "AggregationResult":
    """Reads the corrections and prints a summary."""
    from understudy.feedback.correction_reader import read_corrections
    from understudy.learning.corrections.aggregation import aggregate_corrections
    from understudy.learning.corrections.finetune import FEW, strategist_layout

    read = read_corrections(command.corrections_dir)
    for problem in read.problems:
        console.print(f"Left out: {problem}", style="yellow", markup=False)
    resolution = aggregate_corrections(read.entries, strategist_layout(settings))
    agreements = int((~resolution.reviewed.is_correction).sum())
    console.print(
        f"{resolution.num_corrections} corrections and {agreements} agreements in {len(read.paths)} files "
        f"({resolution.num_lines} lines: {resolution.num_duplicates} duplicates, {resolution.num_contradictions} "
        f"contradictory, {resolution.num_without_window} without a look back, {resolution.num_other_encoding} "
        "of another encoding).",
        highlight=False,
    )
    if resolution.num_corrections < FEW:
        console.print(
            f"Only {resolution.num_corrections} corrections: with fewer than {FEW} the result may learn single moments "
            "by heart. Let the critic review more play.",
            style="yellow",
            highlight=False,
        )
    return resolution


def _fit(
    settings: "FinetuneSettings", resolution: "AggregationResult", dataset: "Dataset", console: "Console"
) -> "FinetuneResult":
    from understudy.cli.show.train_view import TrainBars
    from understudy.cli.train import interrupt_flag
    from understudy.learning.corrections.finetune import finetune

    with interrupt_flag() as interrupted, TrainBars(console, ["strategist", "executor"]) as bars:
        reporters = {name: bars.of(name) for name in ("strategist", "executor")}
        return finetune(
            resolution, dataset, settings, lambda name, metrics: reporters[name](metrics), interrupted.is_set
        )


def _tell(result: "FinetuneResult", settings: "FinetuneSettings", console: "Console") -> None:
    from rich.table import Table

    table = Table(title="The Strategist, before and after")
    for column in ("", "before", "after"):
        table.add_column(column, justify="left" if not column else "right")
    for name, title in (
        ("corrections_followed", "corrections followed (kept back)"),
        ("agreements_kept", "agreements kept (kept back)"),
        ("accuracy", "mode accuracy, base recordings held out"),
    ):
        table.add_row(title, f"{result.before[name]:.1%}", f"{result.strategist.metrics[name]:.1%}")
    console.print(table)
    console.print(
        f"{result.disputed:.1%} of the base recordings are what the critic corrects, and are not rehearsed; "
        f"{result.num_transplants} stretches were shown to the Executor with the bars of corrections.",
        highlight=False,
    )
    console.print(f"Written: {settings.output_dir}", highlight=False)


def _print_json(result: "FinetuneResult", verdict: "GateVerdict | None") -> None:
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.learning import FinetunedPolicies
    from understudy.cli.train import trained_policy

    fits = {"strategist": result.strategist, "executor": result.executor}
    policies = tuple(
        trained_policy(name, fit, result.device, result.log_folders[name]) for name, fit in fits.items() if fit
    )
    printed = FinetunedPolicies(
        num_corrections=result.num_corrections,
        num_agreements=result.num_agreements,
        before={name: float(value) for name, value in result.before.items()},
        policies=policies,
        verdict=verdict,
    )
    print_result("finetune", printed)


def _submit(settings: "FinetuneSettings", config: "GateConfig", console: "Console") -> "GateVerdict":
    from rich.progress import Progress as Bar

    from understudy.evaluation.gate.joint_gate import submit_together
    from understudy.policies.checkpoint import BEST

    folder = settings.output_dir
    candidates = {"strategist": folder / BEST, "executor": folder / "executor" / BEST}
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("the gate plays old against new", total=None)
        verdict = submit_together(
            settings.models,
            candidates,
            config,
            why=f"corrections: {folder}",
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    said = "They play now (understudy weights rollback takes it back)" if verdict.promote else "They do not play"
    console.print(f"{said}: {verdict.reason}.", highlight=False, markup=False)
    return verdict
