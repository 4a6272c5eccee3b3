"""How long all three policies take to train from so many minutes of the teacher's play, and in how much memory.

    python benchmarks/training.py --minutes 60 --threads 1      (results: training.md)

Records into a temporary folder, trains with the settings of `understudy train`, and prints a table of wall and CPU
time per policy, the peak memory of the whole process, and the held-out metrics beside their baselines.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from smallest import flags

from understudy.cli.record import record_teacher
from understudy.cli.show.train_view import print_outcome
from understudy.cli.train import Train, settings_of
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy


def peak_memory_gb() -> float:
    """The most memory that this process has held; nan where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return float("nan")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1e6


@contextmanager
def timed() -> Iterator[Callable[[], tuple[float, float]]]:
    """Hands out a function that tells wall and CPU seconds since it began."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield lambda: (time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    """Records, trains, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--teacher", default="hunter")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--epoch-scale", type=float, default=1.0)
    arguments = parser.parse_args(flags("--minutes", "4", "--quick", "--epoch-scale", "0.001"))
    console, table = Console(), Table(title=f"{arguments.minutes:g} minutes of play, {arguments.threads} thread(s)")
    for column in ("part", "wall s", "CPU s", "steps", "ms a step", "peak GB so far"):
        table.add_column(column, justify="left" if column == "part" else "right")
    with tempfile.TemporaryDirectory() as folder, timed() as since_begin:
        recordings, models = Path(folder) / "recordings", Path(folder) / "models"
        record_teacher(arguments.teacher, arguments.minutes, 0, recordings)
        with timed() as since:
            dataset = load_dataset(recordings)
            table.add_row("gather", *(f"{s:.1f}" for s in since()), "", "", f"{peak_memory_gb():.2f}")
        command = Train(
            output_dir=models,
            quick=arguments.quick,
            threads=arguments.threads,
            epoch_scale=arguments.epoch_scale,
            log_dir=Path(folder) / "logs",
        )
        results = []
        for policy, settings in settings_of(command).items():
            with timed() as since:
                results.append(train_policy(policy, dataset, replace(settings, device="cpu")))
                fit, spent = results[-1].fit, since()
                per_step = f"{1e3 * fit.seconds / fit.num_steps:.1f}"
                row = (*(f"{s:.1f}" for s in spent), str(fit.num_steps), per_step, f"{peak_memory_gb():.2f}")
                table.add_row(policy, *row)
        table.add_row("all, with recording", *(f"{s:.1f}" for s in since_begin()), "", "", f"{peak_memory_gb():.2f}")
        print_outcome(console, results)
    console.print(table)


if __name__ == "__main__":
    main()
