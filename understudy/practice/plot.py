"""Progress plot of an RL run, redrawn while it runs: score, deaths, and KL divergence to the person's policy."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.report.plots import FAINT, INK, KIND_COLOURS, POLICY_COLOURS, STYLE

PANELS = (
    ("score", "score, points a minute", KIND_COLOURS["policy"]),
    ("deaths_per_hour", "deaths an hour", KIND_COLOURS["person"]),
    ("kl_to_reference", "KL to the person's policy, nats a minute", POLICY_COLOURS[1]),
)
SMOOTH_HOURS = 1.0
"""Simulated hours that the thick line averages over, because a single rollout is mostly noise."""


def draw_practice(curve: Sequence[dict[str, float]], path: Path, candidates: Sequence[tuple[float, bool]] = ()) -> None:
    """Writes the plot atomically.

    Args:
        curve: a point for each rollout: `hours` and the names of PANELS, where known.
        path: a .png file.
        candidates: for each candidate the hour of its evaluation by the gate, and whether it was promoted.

    Raises:
        OSError: if the file cannot be written.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 7), dpi=110, layout="constrained")
        axes = figure.subplots(len(PANELS), 1, sharex=True)
        for axis, (name, title, colour) in zip(axes, PANELS, strict=True):
            _panel(axis, curve, name, title, colour)
            for hours, promoted in candidates:
                axis.axvline(hours, color=INK if promoted else FAINT, lw=1.0, ls="-" if promoted else ":")
        axes[-1].set_xlabel("simulated hours (full line: a candidate was promoted, dotted: refused or only staged)")
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        replace_bytes(path, picture.getvalue())


def _panel(axis: Axes, curve: Sequence[dict[str, float]], name: str, title: str, colour: str) -> None:
    known = [(point["hours"], point[name]) for point in curve if name in point]
    axis.set_title(title)
    axis.grid(axis="y")
    if not known:
        return
    hours, values = np.array(known, np.float64).T
    axis.plot(hours, values, color=colour, lw=0.7, alpha=0.35)
    axis.plot(hours, smooth(hours, values), color=colour, lw=2.2)


def smooth(
    hours: Float64[np.ndarray, " n"], values: Float64[np.ndarray, " n"], over: float = SMOOTH_HOURS
) -> Float64[np.ndarray, " n"]:
    """Returns the trailing mean at each of n points over the previous `over` hours."""
    first = np.searchsorted(hours, hours - over, side="right")
    totals = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(len(values)) + 1
    return np.asarray((totals[last] - totals[first]) / (last - first))
