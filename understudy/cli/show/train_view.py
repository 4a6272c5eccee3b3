"""Terminal output of training: progress bars, and finally the metrics beside their baselines."""

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_dataset import load_cached_dataset
from understudy.learning.data.dataset import Dataset, load_dataset
from understudy.learning.supervised.train_policy import TrainResult
from understudy.learning.training.trainer_config import FitProgress

MOST_PROCESSES = 4
"""Processes that encode recordings at the same time; each takes half a gigabyte."""


def watch_gathering(console: Console, place: Path | None) -> Dataset:
    """Loads the recordings with a progress bar."""
    with Progress(
        TextColumn("reading recordings"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("reading", total=None)
        return load_dataset(place, lambda done, total: bar.update(task, completed=done, total=total))


def watch_caching(console: Console, place: Path | None, cache: EpisodeCache) -> Dataset:
    """Loads the recordings through the cache, with a progress bar; on several processors where much is missing."""
    with Progress(
        TextColumn("encoding recordings"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("encoding", total=None)
        processes = min(os.cpu_count() or 1, MOST_PROCESSES)
        return load_cached_dataset(
            place, cache, lambda done, total: bar.update(task, completed=done, total=total), processes
        )


class TrainBars:
    """One progress bar for each policy, in a `with` block."""

    def __init__(self, console: Console, policies: list[str]) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TextColumn("epoch {task.fields[epoch]}  {task.fields[numbers]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._tasks = {
            name: self._progress.add_task(name, start=False, total=None, epoch="-", numbers="") for name in policies
        }

    def of(self, policy: str) -> Callable[[FitProgress], None]:
        """Returns the progress callback of a policy's run."""
        task = self._tasks[policy]
        self._progress.start_task(task)

        def show(now: FitProgress) -> None:
            numbers = f"train_loss {now.train_loss:.4f}"
            if "accuracy" in now.metrics:
                numbers += f"  val_accuracy {now.metrics['accuracy']:.1%}"
            epoch = f"{now.epoch}/{now.num_epochs}"
            self._progress.update(task, completed=now.step, total=now.num_steps, epoch=epoch, numbers=numbers)

        return show

    def __enter__(self) -> "TrainBars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self._progress.stop()


def print_outcome(console: Console, results: list[TrainResult]) -> None:
    """Prints every held-out metric beside its trivial baseline, and the paths of the results."""
    table = Table(title="On held-out sessions")
    for name in ("policy", "metric", "value", "trivial baseline"):
        table.add_column(name, justify="left" if name in ("policy", "metric") else "right")
    for result in results:
        for number, (name, value, baseline) in enumerate(metric_rows(result.fit.metrics)):
            table.add_row(result.policy if number == 0 else "", name, value, baseline)
        table.add_section()
    console.print(table)
    for result in results:
        fit = result.fit
        skipped = f", {fit.num_skipped} steps skipped" if fit.num_skipped else ""
        console.print(
            f"{result.policy}: {fit.best_path} (epoch {fit.best_epoch}; {fit.num_steps} steps in {fit.seconds:.0f} s "
            f"on {result.device}{skipped})",
            soft_wrap=True,
        )
    console.print(f"Curves: tensorboard --logdir={results[0].log_folder.parent}", soft_wrap=True)


def metric_rows(metrics: dict[str, float]) -> list[tuple[str, str, str]]:
    """Returns name, value and baseline of each shown metric; `accuracy` and `choice` repeat others and are omitted."""
    rows = []
    for name, value in metrics.items():
        if name.endswith("_baseline") or name in ("accuracy", "choice"):
            continue
        baseline = metrics.get(f"{name}_baseline")
        rows.append((name, _number(name, value), "" if baseline is None else _number(name, baseline)))
    return rows


def _number(name: str, value: float) -> str:
    is_share = any(word in name for word in ("accuracy", "recall", "precision", "explained"))
    return f"{value:.1%}" if is_share else f"{value:.3f}"
