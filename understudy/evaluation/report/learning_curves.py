"""Reads learning curves from the metric logs of training runs: JSON lines, one folder for each run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.evaluation.report.plots import Curve, CurvePanel

NUMBERS = "numbers.jsonl"
LOSS = "epoch_train_loss"
HELD_OUT = "val_"
BASELINE = "_baseline"
MAX_PANELS = 2
"""Limit on the held-out metrics shown for each run beside its loss; TensorBoard shows them all."""


def newest_runs(logs: Path, names: Sequence[str]) -> dict[str, Path]:
    """Finds the newest folder `<name>_<timestamp>` of each name; names without one are left out."""
    found = {}
    for name in names:
        runs = sorted(path.parent for path in logs.glob(f"{name}_*/{NUMBERS}"))
        if runs:
            found[name] = runs[-1]
    return found


def read_curves(run: Path, title: str) -> tuple[CurvePanel, ...]:
    """Returns panels of one run: its training loss, and held-out metrics with their trivial baselines."""
    rows = [json.loads(line) for line in (run / NUMBERS).read_text(encoding="utf-8").splitlines() if line]
    names = list(dict.fromkeys(name for row in rows for name in row))
    panels = [_panel(rows, LOSS, f"{title}: training loss")] if LOSS in names else []
    held_out = [name for name in names if name.startswith(HELD_OUT) and not name.endswith(BASELINE)]
    # Metrics with a baseline first: they can be interpreted.
    held_out.sort(key=lambda name: f"{name}{BASELINE}" not in names)
    distinct = {tuple(_points(rows, name)): name for name in reversed(held_out)}
    shown = [name for name in held_out if name in distinct.values()][:MAX_PANELS]
    panels += [_panel(rows, name, f"{title}: {_words(name)}") for name in shown]
    return tuple(panel for panel in panels if len(panel.curves[0].x) > 1)


def _panel(rows: list[dict[str, Any]], name: str, title: str) -> CurvePanel:
    points = _points(rows, name)
    trivial = _points(rows, f"{name}{BASELINE}")
    return CurvePanel(
        title=title,
        x_label="step",
        curves=(Curve(name="held out", x=tuple(x for x, _ in points), y=tuple(y for _, y in points)),),
        trivial=trivial[-1][1] if trivial else None,
    )


def _points(rows: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    points = [(row["step"], row.get(name)) for row in rows]
    return [(float(x), float(y)) for x, y in points if x is not None and y is not None]


def _words(name: str) -> str:
    return name.removeprefix(HELD_OUT).replace("_", " ")
