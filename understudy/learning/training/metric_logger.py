"""Metric logger of a run: writes TensorBoard events, and the same metrics as JSON lines, to one folder.

    logs/training/tactician_2026-11-22_10-00-00/events.out.tfevents...   tensorboard --logdir=logs/training
    logs/training/tactician_2026-11-22_10-00-00/numbers.jsonl            one object a line: step, time_s and the metrics

TensorBoard groups the metrics (tensorboard_tags.py), shows units, and compares runs by their hyperparameters.

A logger that cannot write (disk full) warns once and stops logging, so that the run continues.
"""

import contextlib
import json
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from understudy.contract.safe_files import open_to_append
from understudy.learning.training.tensorboard_tags import BASELINE, KEPT, VALIDATION, describe_metric, tensorboard_tag

_log = logging.getLogger(__name__)


def _plain_settings(settings: Mapping[str, object], group: str = "") -> Iterator[tuple[str, bool | int | float | str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _plain_settings(value, f"{group}{name}.")
        elif isinstance(value, bool | int | float | str):
            yield f"{group}{name}", value


def run_folder(logs: Path, name: str, now: datetime | None = None) -> Path:
    """Returns a new folder `logs/<name>_<timestamp>`; adds a number if two runs start in the same second."""
    stem = f"{name}_{(now or datetime.now()).strftime('%Y-%m-%d_%H-%M-%S')}"
    folder, count = logs / stem, 1
    while folder.exists():
        count += 1
        folder = logs / f"{stem}_{count}"
    return folder


class MetricLogger:
    """Writes metrics by step. Used by one thread; close it, or use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begun_s = time.perf_counter()
        self._lines: BinaryIO | None = None
        self._curves: Any = None
        self._tags: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lines = open_to_append(folder / "numbers.jsonl")
            from torch.utils.tensorboard import SummaryWriter  # takes half a second: only when metrics are written

            self._curves = SummaryWriter(str(folder))
        except OSError as problem:
            self._disable(problem)

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """Adds one point to each named curve."""
        if self._lines is None:
            return
        row: dict[str, float | None] = {"step": step, "time_s": round(time.perf_counter() - self._begun_s, 3)}
        row |= {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        try:
            self._lines.write(f"{json.dumps(row)}\n".encode())
            for name, value in numbers.items():
                self._add_point(name, value, step)
            self._lay_out(numbers)
        except OSError as problem:
            self._disable(problem)

    def log_settings(self, settings: Mapping[str, object], metrics: Sequence[str] = KEPT) -> None:
        """Writes the run's hyperparameters, by which TensorBoard compares runs.

        They go into the run's own event file: `SummaryWriter.add_hparams` would begin a run of its own.

        Args:
            settings: those that are numbers, texts or bools count; nested ones are named `outer.inner`.
            metrics: logged names, shown beside them.
        """
        if self._lines is None:
            return
        from torch.utils.tensorboard.summary import hparams

        try:
            for summary in hparams(dict(_plain_settings(settings)), dict.fromkeys(map(tensorboard_tag, metrics), 0.0)):  # type: ignore[no-untyped-call]
                self._curves.file_writer.add_summary(summary)
        except OSError as problem:
            self._disable(problem)

    def _add_point(self, name: str, value: float, step: int) -> None:
        """Adds a point; a curve's first has its description."""
        tag, description = tensorboard_tag(name), describe_metric(name)
        if tag in self._tags or not description:
            self._curves.add_scalar(tag, value, step)
            return
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

        self._tags.add(tag)
        metadata = SummaryMetadata(
            summary_description=description, plugin_data=SummaryMetadata.PluginData(plugin_name="scalars")
        )
        point = Summary.Value(tag=tag, simple_value=value, metadata=metadata)
        self._curves.file_writer.add_summary(Summary(value=[point]), step)

    def _lay_out(self, numbers: Mapping[str, float]) -> None:
        """Lays out a chart for each metric with a trivial baseline, once, under TensorBoard's Custom Scalars."""
        pairs = [name for name in numbers if name.startswith(VALIDATION) and f"{name}{BASELINE}" in numbers]
        if not pairs or "custom_scalars" in self._tags:
            return
        self._tags.add("custom_scalars")
        charts = {
            name.removeprefix(VALIDATION): [
                "Multiline",
                [f"^{tensorboard_tag(name)}$", f"^{tensorboard_tag(name + BASELINE)}$"],
            ]
            for name in pairs
        }
        self._curves.add_custom_scalars({"held out, beside the trivial baseline": charts})

    def flush(self) -> None:
        """Flushes all metrics to disk, for live curves."""
        if self._lines is None:
            return
        try:
            self._curves.flush()
        except OSError as problem:
            self._disable(problem)

    def close(self) -> None:
        """Flushes and closes. May be called twice."""
        self.flush()
        self._drop()

    def _disable(self, problem: OSError) -> None:
        _log.warning("The curves in %s end here (%s); training goes on.", self.folder, problem.strerror or problem)
        self._drop()

    def _drop(self) -> None:
        for writer in (self._lines, self._curves):
            if writer is not None:
                with contextlib.suppress(OSError):  # already reported, or nothing left to write
                    writer.close()
        self._lines = self._curves = None

    def __enter__(self) -> "MetricLogger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
