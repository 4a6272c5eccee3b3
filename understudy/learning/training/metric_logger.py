"""Metric logger of a run: writes TensorBoard events, and the same metrics as JSON lines, to one folder.

    logs/training/tactician_2026-11-22_10-00-00/events.out.tfevents...   tensorboard --logdir=logs/training
    logs/training/tactician_2026-11-22_10-00-00/numbers.jsonl            one object a line: step, time_s and the metrics

A logger that cannot write (disk full) warns once and stops logging, so that the run continues.
"""

import contextlib
import json
import logging
import math
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from understudy.contract.safe_files import open_to_append

_log = logging.getLogger(__name__)


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
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lines = open_to_append(folder / "numbers.jsonl")
            from torch.utils.tensorboard import SummaryWriter  # takes half a second: only when metrics are written

            self._curves = SummaryWriter(str(folder))
        except OSError as problem:
            self._disable(problem)

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """Adds one point to each named curve. Names with `/` are grouped by TensorBoard."""
        if self._lines is None:
            return
        row: dict[str, float | None] = {"step": step, "time_s": round(time.perf_counter() - self._begun_s, 3)}
        row |= {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        try:
            self._lines.write(f"{json.dumps(row)}\n".encode())
            for name, value in numbers.items():
                self._curves.add_scalar(name, value, step)
        except OSError as problem:
            self._disable(problem)

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
