"""Metrics of one policy head on held-out recordings, each beside its trivial baseline.

The guide's floors alone do not discriminate: leaving the cursor where it is passes one of them, never clicking passes
another. So each metric carries its trivial baseline, and the skill of a head is the margin over that baseline.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

EPSILON = 1e-7
NUM_BINS = 10
BASELINE = "_baseline"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of a head."""

    name: str
    """Name, such as `accuracy`."""
    value: float
    """Its value."""
    trivial: float | None = None
    """Value of a predictor that ignores its input; None where there is no such baseline."""
    trivial_name: str = ""
    """Name of that predictor, such as `always FIGHT`."""
    floor: float | None = None
    """Minimum that the guide requires."""
    higher_is_better: bool = True
    """Whether a higher value is better."""
    is_share: bool = False
    """Shown in percent."""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts of truth (rows) against prediction (columns)."""

    labels: tuple[str, ...]
    """Names of the classes."""
    counts: tuple[tuple[int, ...], ...]
    """One row for each true class, one column for each predicted one."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A reliability diagram: mean predicted probability and observed frequency in bins of equally many predictions."""

    predicted: tuple[float, ...]
    """Mean predicted probability of each bin."""
    happened: tuple[float, ...]
    """Observed frequency of each bin."""
    counts: tuple[int, ...]
    """Predictions of each bin."""


@dataclass(frozen=True, kw_only=True)
class HeadReport:
    """One head of one policy on held-out sessions."""

    name: str
    """Name of the head."""
    metrics: tuple[Metric, ...]
    """Its figures."""
    confusion: Confusion | None = None
    """Of a head that chooses a class."""
    calibration: Calibration | None = None
    """Of a head that predicts probabilities."""


def choice_head(
    name: str,
    probabilities: Float[np.ndarray, "n M"],
    truth: Int[np.ndarray, " n"],
    labels: tuple[str, ...],
    floor: float | None = None,
) -> HeadReport:
    """Scores a head that chooses one of M labels, such as the mode.

    Args:
        name: shown in the report.
        probabilities: rows that sum to 1.
        truth: index of the true label, 0 .. M - 1.
        labels: M names.
        floor: the accuracy that the guide requires.
    """
    assert len(probabilities) == len(truth) > 0 and probabilities.shape[1] == len(labels)
    chosen = probabilities.argmax(axis=1)
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, (truth, chosen), 1)
    log_loss = -np.log(np.clip(probabilities[np.arange(len(truth)), truth], EPSILON, 1)).mean()
    return HeadReport(
        name=name,
        metrics=(*_choice_metrics(counts, _number(log_loss), labels, floor), *_recalls(counts, labels)),
        confusion=Confusion(labels=labels, counts=tuple(tuple(int(count) for count in row) for row in counts)),
        calibration=calibration_of(probabilities.max(axis=1), chosen == truth),
    )


def _choice_metrics(
    counts: Int[np.ndarray, "M M"], log_loss: float, labels: tuple[str, ...], floor: float | None
) -> tuple[Metric, ...]:
    """Returns accuracy, mean recall and log loss, each beside `always the most common label`."""
    held, right = counts.sum(axis=1), counts.diagonal()
    present, shares = held > 0, held / counts.sum()
    always = f"always {labels[int(shares.argmax())]}"
    entropy = -(shares[present] * np.log(shares[present])).sum()
    return (
        Metric(
            name="accuracy",
            value=_number(right.sum() / counts.sum()),
            trivial=_number(shares.max()),
            trivial_name=always,
            floor=floor,
            is_share=True,
        ),
        Metric(
            name="mean recall",
            value=_number((right[present] / held[present]).mean()),
            trivial=1 / int(present.sum()),
            trivial_name=always,
            is_share=True,
        ),
        Metric(
            name="log loss",
            value=log_loss,
            trivial=_number(entropy),
            trivial_name="shares of the labels",
            higher_is_better=False,
        ),
    )


def _recalls(counts: Int[np.ndarray, "M M"], labels: tuple[str, ...]) -> tuple[Metric, ...]:
    """Returns the recall of each label that occurs."""
    held = counts.sum(axis=1)
    return tuple(
        Metric(
            name=f"recall of {labels[index]}",
            value=_number(counts[index, index] / held[index]),
            trivial=_number(held[index] / held.sum()),
            trivial_name="drawn by share",
            is_share=True,
        )
        for index in np.flatnonzero(held)
    )


def event_head(name: str, probability: Float[np.ndarray, " n"], happened: Bool[np.ndarray, " n"]) -> HeadReport:
    """Scores a head that predicts the probability of a rare event each tick, such as the onset of a click.

    Accuracy is left out on purpose: never predicting the event would score above 95 %.
    """
    assert len(probability) == len(happened) > 0
    share = _number(happened.mean())
    sure = np.clip(probability, EPSILON, 1 - EPSILON).astype(np.float64)
    loss = -_number(np.where(happened, np.log(sure), np.log1p(-sure)).mean())
    base = np.clip(share, EPSILON, 1 - EPSILON)
    trivial_loss = -_number(base * np.log(base) + (1 - base) * np.log1p(-base))
    metrics = (
        Metric(
            name="average precision",
            value=average_precision(probability, happened),
            trivial=share,
            trivial_name="the event's share",
            is_share=True,
        ),
        Metric(
            name="log loss", value=loss, trivial=trivial_loss, trivial_name="the event's share", higher_is_better=False
        ),
        Metric(
            name="events predicted per event (1 is calibrated)",
            value=_number(probability.sum() / max(1, int(happened.sum()))),
        ),
    )
    return HeadReport(name=name, metrics=metrics, calibration=calibration_of(probability, happened))


def fitted_head(name: str, numbers: Mapping[str, float], floors: Mapping[str, float] | None = None) -> HeadReport:
    """Wraps the held-out metrics of a training run; `<metric>_baseline` becomes the baseline of `<metric>`."""
    metrics = []
    for figure, value in numbers.items():
        if figure.endswith(BASELINE):
            continue
        metrics.append(
            Metric(
                name=figure.replace("_", " "),
                value=value,
                trivial=numbers.get(f"{figure}{BASELINE}"),
                trivial_name="trivial baseline" if f"{figure}{BASELINE}" in numbers else "",
                floor=(floors or {}).get(figure),
                higher_is_better=not figure.endswith(("loss", "error")),
                is_share=figure.endswith(("accuracy", "recall", "precision")),
            )
        )
    return HeadReport(name=name, metrics=tuple(metrics))


def average_precision(score: Float[np.ndarray, " n"], happened: Bool[np.ndarray, " n"]) -> float:
    """Returns the area under the precision-recall curve; ties keep order. A constant score gets the prevalence."""
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(happened[order])
    precision = found / np.arange(1, len(order) + 1)
    return _number((precision * happened[order]).sum() / max(1, int(happened.sum())))


def calibration_of(probability: Float[np.ndarray, " n"], happened: Bool[np.ndarray, " n"]) -> Calibration:
    """Builds a reliability diagram of NUM_BINS equally filled bins, so that rare events get bins of their own."""
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, NUM_BINS) if len(part)]
    return Calibration(
        predicted=tuple(_number(probability[part].mean()) for part in bins),
        happened=tuple(_number(happened[part].mean()) for part in bins),
        counts=tuple(len(part) for part in bins),
    )


def _number(value: float | np.floating) -> float:
    return float(value)
