"""Plots of a comparison as SVG text, drawn off screen with fonts as outlines, so that they look alike everywhere."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from understudy.contract.intent import Mode
from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.evaluation.offline.head_metrics import Calibration, Confusion

INK, FAINT, GRID = "#1c2430", "#697586", "#e6e9ee"
KIND_COLOURS = {"policy": "#0d7d74", "person": "#c2620e", "baseline": "#98a2b3"}
POLICY_COLOURS = ("#0d7d74", "#3b5bdb", "#9c36b5", "#5c940d")
MODE_COLOURS = {"FIGHT": "#d9480f", "LOOT": "#e8b10c", "FLEE": "#5f3dc4", "EXPLORE": "#2b8aa8", "CAUTIOUS": "#8a94a3"}
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": GRID,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "understudy",
}


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One learning curve of a panel; x and y have equal lengths."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class CurvePanel:
    """One panel of learning curves."""

    title: str
    x_label: str
    curves: tuple[Curve, ...]
    trivial: float | None = None
    """Value of the trivial baseline, drawn as a dashed line; None where there is none."""


def score_plot(verdict: ComparisonResult) -> str:
    """Plots every pilot's score with its 95 % bootstrap interval."""
    rows = verdict.rows[::-1]
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(9.6, 0.7 + 0.36 * len(rows))
        span = max(row.score.high for row in rows) - min(row.score.low for row in rows) or 1.0
        for place, row in enumerate(rows):
            colour = colour_of(verdict, row)
            _interval(axes, row.score.low, row.score.high, row.score.value, place, colour)
            label = f"{row.score.value:.1f}"
            axes.text(row.score.high + 0.012 * span, place, label, va="center", color=INK, fontweight="bold")
        axes.axvline(verdict.row(verdict.person).score.value, color=KIND_COLOURS["person"], lw=1, ls=(0, (4, 3)))
        _name_rows(axes, verdict, rows)
        axes.set_xlabel("score: points per minute, 10 off for a death (interquartile mean, 95 % interval)", fontsize=9)
        axes.margins(x=0.08)
        return _svg(figure)


def map_plot(verdict: ComparisonResult) -> str:
    """Plots every pilot's score on each start map, in one panel for each map."""
    maps = verdict.rows[0].maps
    rows = verdict.rows[::-1]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 0.8 + 0.34 * len(rows)), layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(maps), sharey=True))
        for index, axes in enumerate(panels):
            axes.grid(axis="x")
            axes.spines["left"].set_visible(False)
            for place, row in enumerate(rows):
                score = row.maps[index].score
                _interval(axes, score.low, score.high, score.value, place, colour_of(verdict, row), size=5.5)
            axes.set_title(f"map {maps[index].map_name}")
            axes.margins(x=0.1)
        _name_rows(panels[0], verdict, rows)
        return _svg(figure)


def place_plot(verdict: ComparisonResult) -> str:
    """Plots the share of time in each cell of every map, one row of maps for each policy and the person."""
    rows = [row for row in verdict.rows if row.maps[0].cells]
    maps = verdict.rows[0].maps
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 0.4 + 1.75 * len(rows)), layout="constrained")
        panels = figure.subplots(len(rows), len(maps), squeeze=False)
        for line, row in zip(panels, rows, strict=True):
            top = max(max(place.cells) for place in row.maps) or 1.0
            for axes, place in zip(line, row.maps, strict=True):
                side = isqrt(len(place.cells))
                shares = np.sqrt(np.reshape(place.cells, (side, side)) / top)
                axes.imshow(shares, cmap=_ramp(), vmin=0, vmax=1, aspect=0.64, interpolation="nearest")
                axes.set_title(f"{place.map_name}: {place.time_share:.0%}", fontsize=9)
                axes.set_xticks([])
                axes.set_yticks([])
            line[0].set_ylabel(row.name.replace("_", " "), color=colour_of(verdict, row), fontweight="bold")
        return _svg(figure)


def mode_plot(verdict: ComparisonResult) -> str:
    """Plots the shares of time in each mode, for the pilots that have modes."""
    rows = [row for row in verdict.rows if row.modes][::-1]
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(9.6, 0.75 + 0.5 * len(rows))
        axes.grid(visible=False)
        left = np.zeros(len(rows))
        for mode in Mode:
            shares = np.array([row.modes[mode].time_share for row in rows])
            axes.barh(range(len(rows)), shares, left=left, height=0.62, color=MODE_COLOURS[mode.name], label=mode.name)
            for place, (start, share) in enumerate(zip(left, shares, strict=True)):
                if share > 0.05:
                    axes.text(
                        start + share / 2,
                        place,
                        f"{share:.0%}",
                        ha="center",
                        va="center",
                        color="white",
                        fontsize=9,
                        fontweight="bold",
                    )
            left += shares
        _name_rows(axes, verdict, rows)
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        figure.legend(*axes.get_legend_handles_labels(), ncols=len(Mode), loc="outside lower center", fontsize=9)
        return _svg(figure)


def curve_plot(panel: CurvePanel) -> str:
    """Plots one panel of learning curves."""
    with matplotlib.rc_context(STYLE | {"font.size": 8.5, "axes.titlesize": 9.5}):
        figure, axes = _canvas(3.0, 1.9)
        axes.grid(axis="y")
        for curve, colour in zip(panel.curves, _cycle(len(panel.curves)), strict=True):
            axes.plot(curve.x, curve.y, color=colour, lw=1.7, label=curve.name, solid_capstyle="round")
        if panel.trivial is not None:
            axes.axhline(panel.trivial, color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.set_title(panel.title)
        axes.set_xlabel(panel.x_label, fontsize=8)
        if len(panel.curves) > 1:
            axes.legend(fontsize=8)
        return _svg(figure)


def confusion_plot(confusion: Confusion) -> str:
    """Plots a confusion matrix, truth (rows) against prediction (columns), in percent of each row."""
    counts = np.array(confusion.counts, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(confusion.labels)
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(1.3 + 0.46 * size, 1.1 + 0.38 * size)
        axes.grid(visible=False)
        axes.imshow(shares, cmap=_ramp(), vmin=0, vmax=1, aspect="auto")
        for truth in range(size):
            for chosen in range(size):
                share = shares[truth, chosen]
                axes.text(
                    chosen,
                    truth,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color="white" if share > 0.55 else INK,
                )
        axes.set_xticks(range(size), confusion.labels, fontsize=8.5, rotation=40 if size > 3 else 0)
        axes.set_yticks(range(size), confusion.labels, fontsize=8.5)
        axes.set_xlabel("predicted, % of each row", fontsize=9)
        axes.set_ylabel("held", fontsize=9)
        axes.spines[:].set_visible(False)
        return _svg(figure)


def calibration_plot(calibration: Calibration) -> str:
    """Plots a reliability diagram; with logarithmic axes if all predictions are below 0.5."""
    predicted, happened = np.array(calibration.predicted), np.array(calibration.happened)
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(3.2, 2.6)
        axes.grid(visible=True)
        rare = predicted.max() < 0.5
        top = float(max(predicted.max(), happened.max(), 1e-6)) * 1.4 if rare else 1.0
        low = max(1e-5, float(min(predicted[predicted > 0].min(initial=top), top / 30)) / 1.4) if rare else 0.0
        axes.plot([low, top], [low, top], color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.plot(
            np.maximum(predicted, low),
            np.maximum(happened, low),
            color=POLICY_COLOURS[0],
            lw=1.9,
            marker="o",
            markersize=5,
        )
        if rare:
            axes.set_xscale("log")
            axes.set_yscale("log")
        axes.set_xlim(low, top)
        axes.set_ylim(low, top)
        axes.set_xlabel("predicted probability", fontsize=9)
        axes.set_ylabel("happened", fontsize=9)
        return _svg(figure)


def colour_of(verdict: ComparisonResult, row: EntryResult) -> str:
    """Returns a pilot's colour: its own for each policy, one for the person, one for all baselines."""
    policies = [one.name for one in verdict.rows if one.kind == "policy"]
    if row.kind == "policy":
        return POLICY_COLOURS[policies.index(row.name) % len(POLICY_COLOURS)]
    return KIND_COLOURS[row.kind]


def _cycle(count: int) -> list[str]:
    colours = (*POLICY_COLOURS, *MODE_COLOURS.values())
    return [colours[index % len(colours)] for index in range(count)]


def _ramp() -> matplotlib.colors.Colormap:
    return matplotlib.colors.LinearSegmentedColormap.from_list("ramp", ["#f6f9f9", "#7fbdb7", "#0d5f58"])


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(axis="x")
    return figure, axes


def _interval(axes: Axes, low: float, high: float, value: float, place: int, colour: str, size: float = 7.5) -> None:
    axes.plot([low, high], [place, place], color=colour, lw=size * 0.6, alpha=0.35, solid_capstyle="round")
    axes.plot([value], [place], marker="o", markersize=size, color=colour, ls="")


def _name_rows(axes: Axes, verdict: ComparisonResult, rows: Sequence[EntryResult]) -> None:
    axes.set_yticks(range(len(rows)), [row.name.replace("_", " ") for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.spines["left"].set_visible(False)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(INK)
        label.set_fontweight("bold" if row.kind == "policy" else "normal")


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()
