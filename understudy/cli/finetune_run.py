"""Carries `understudy finetune` out: what the corrections hold, fine-tuning with bars, and the gate's verdict."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from understudy.cli.finetune import Finetune
from understudy.cli.train_run import interrupt_flag
from understudy.cli.train_view import TrainBars, watch_gathering
from understudy.contract.errors import FlagError
from understudy.learning.corrections import Resolution, resolve
from understudy.learning.finetune import FEW, FinetuneResult, FinetuneSettings, finetune

if TYPE_CHECKING:
    from understudy.evaluation.gate import GateConfig
    from understudy.learning.material import Material

EXIT_INTERRUPTED = 130


def finetune_and_submit(command: Finetune) -> int:
    """From corrections to a verdict."""
    config = _gate_config(command)
    settings = _settings(command)
    console = Console(soft_wrap=True)
    resolution = _read(command, console)
    material = watch_gathering(console, command.data_dir)
    result = _fit(settings, resolution, material, console)
    if not result.strategist.finished or (result.executor is not None and not result.executor.finished):
        console.print("Stopped: nothing new plays.")
        return EXIT_INTERRUPTED
    _tell(result, settings, console)
    if command.no_gate:
        return 0
    if result.executor is None:
        console.print(f"There is no executor in {settings.models}: the gate can judge nothing, and nothing new plays.")
        return 0
    _submit(settings, config, console)
    return 0


def _settings(command: Finetune) -> FinetuneSettings:
    if command.epochs < 1 or command.batch_size < 1 or not command.lr > 0:
        raise FlagError("These flags cannot work: --epochs, --batch_size and --lr must be above 0.")
    return FinetuneSettings(
        model_path=command.model_path,
        output_dir=command.output_dir,
        epochs=command.epochs,
        lr=command.lr,
        batch_size=command.batch_size,
        device=command.device,
        seed=command.seed,
        log_dir=command.log_dir,
    )


def _gate_config(command: Finetune) -> "GateConfig":
    from understudy.evaluation.gate import GateConfig

    try:
        return GateConfig(max_pairs=command.pairs)
    except ValueError as problem:
        raise FlagError(f"--pairs {command.pairs} cannot work: {problem}.") from problem


def _read(command: Finetune, console: Console) -> Resolution:
    """What the files hold, said in a few lines."""
    from understudy.critic.log import read_corrections

    read = read_corrections(command.corrections_dir)
    for problem in read.problems:
        console.print(f"Left out: {problem}", style="yellow", markup=False)
    resolution = resolve(read.entries)
    agreements = int((~resolution.judged.differs).sum())
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
            "by heart. Let the critic look on for longer.",
            style="yellow",
            highlight=False,
        )
    return resolution


def _fit(settings: FinetuneSettings, resolution: Resolution, material: "Material", console: Console) -> FinetuneResult:
    with interrupt_flag() as interrupted, TrainBars(console, ["strategist", "executor"]) as bars:
        tellers = {name: bars.of(name) for name in ("strategist", "executor")}
        return finetune(resolution, material, settings, lambda name, told: tellers[name](told), interrupted.is_set)


def _tell(result: FinetuneResult, settings: FinetuneSettings, console: Console) -> None:
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


def _submit(settings: FinetuneSettings, config: "GateConfig", console: Console) -> None:
    from understudy.evaluation.gate_together import submit_together
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
    said = "They play now (understudy rollback takes it back)" if verdict.promote else "They do not play"
    console.print(f"{said}: {verdict.reason}.", highlight=False, markup=False)
