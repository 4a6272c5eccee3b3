"""Plot of a feedback provider's evaluation: confusion matrix and reliability diagram."""

import io
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from understudy.contract.intent import Mode
from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.offline.feedback_eval import NUM_BINS, FeedbackMetrics
from understudy.evaluation.report.plots import GRID, INK, POLICY_COLOURS, STYLE


def draw_exam(result: FeedbackMetrics, title: str, path: Path) -> None:
    """Writes the plot; the suffix of `path` (.png, .svg) sets the format."""
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, x=0.01, ha="left", color=INK)
        _draw_confusion(left, result)
        _draw_calibration(right, result)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = io.BytesIO()
        figure.savefig(picture, dpi=110, format=path.suffix.removeprefix(".") or "png")
        replace_bytes(path, picture.getvalue())


def _draw_confusion(axes: Axes, result: FeedbackMetrics) -> None:
    rows = result.confusion.sum(axis=1, keepdims=True)
    shares = result.confusion / np.maximum(rows, 1)
    axes.imshow(shares, cmap="Greens", vmin=0, vmax=1)
    names = [mode.name for mode in Mode]
    axes.set_xticks(range(len(names)), names, rotation=30)
    axes.set_yticks(range(len(names)), names)
    for row in range(len(names)):
        for column in range(len(names)):
            ink = "white" if shares[row, column] > 0.6 else INK
            axes.text(column, row, str(result.confusion[row, column]), ha="center", va="center", color=ink)
    axes.set_xlabel("answer")
    axes.set_ylabel("true mode")
    axes.grid(False)
    title = "no answer made sense"
    if result.num_answered:
        title = f"{result.agreement.value:.0%} of {result.num_answered} answers are right"
    if result.num_corrections:
        title += f",\n{result.corrections.value:.0%} of the {result.num_corrections} that correct the bot"
    axes.set_title(title)


def _draw_calibration(axes: Axes, result: FeedbackMetrics) -> None:
    axes.plot([0, 1], [0, 1], color=GRID)
    filled = result.bin_counts > 0
    axes.plot(result.bin_confidence[filled], result.bin_right[filled], "o-", color=POLICY_COLOURS[0])
    for index in np.flatnonzero(filled):
        place = (result.bin_confidence[index], result.bin_right[index])
        axes.annotate(str(result.bin_counts[index]), place, textcoords="offset points", xytext=(6, -12))
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    axes.set_xticks(np.linspace(0, 1, NUM_BINS + 1))
    axes.set_title(f"calibration error {result.calibration_error:.2f}" if result.num_answered else "")
