"""How a detector does at the confidence that will be used: recall and false boxes of each class, and a better
confidence where there is one.

Average precision is over all confidences, so a detector can reach 1.000 and still find nothing at the one in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from understudy.learning.detector.mean_average_precision import Found, Truth, ranked_hits

LEAST_PROPOSED, MOST_PROPOSED = 0.05, 0.9
"""Outside these a confidence says more about few held-out pictures than about the class."""


@dataclass(frozen=True, kw_only=True)
class ClassQuality:
    """One class on the held-out pictures."""

    name: str
    """Name of the class."""
    num_true: int
    """Objects in the pictures."""
    average_precision: float
    """At IoU 0.5; NaN without objects."""
    confidence: float
    """The one that will be used, the profile's."""
    recall: float
    """Share of the objects that are found at it; NaN without objects."""
    false_boxes: float
    """Boxes a picture that are no object of the class."""
    proposed: float | None
    """The confidence of the highest F1; None where nothing was found."""
    proposed_recall: float
    """Share of the objects that are found at it; NaN where none is proposed."""
    proposed_false_boxes: float
    """Boxes a picture at it that are no object of the class."""


def class_qualities(
    found: Sequence[Found],
    truth: Sequence[Truth],
    names: Sequence[str],
    confidences: Float64[np.ndarray, " classes"],
    precisions: Float64[np.ndarray, " classes"],
) -> tuple[ClassQuality, ...]:
    """Judges each class.

    Args:
        found: detections of each picture, of all scores.
        truth: ground truth of each picture, in the same order.
        names: of the classes.
        confidences: that will be used.
        precisions: average precision of each class.
    """
    qualities = []
    for kind, name in enumerate(names):
        scores, right, total = ranked_hits(found, truth, kind)
        proposed = propose_confidence(scores, right, total)

        def at(confidence: float, scores: np.ndarray = scores, right: np.ndarray = right, total: int = total) -> tuple:
            kept = right[scores >= confidence]
            recall = float(kept.sum()) / total if total else float("nan")
            return recall, float((~kept).sum()) / max(1, len(found))

        recall, false_boxes = at(float(confidences[kind]))
        better_recall, better_false_boxes = at(float(confidences[kind]) if proposed is None else proposed)
        qualities.append(
            ClassQuality(
                name=name,
                num_true=total,
                average_precision=float(precisions[kind]),
                confidence=float(confidences[kind]),
                recall=recall,
                false_boxes=false_boxes,
                proposed=proposed,
                proposed_recall=better_recall,
                proposed_false_boxes=better_false_boxes,
            )
        )
    return tuple(qualities)


def propose_confidence(scores: Float64[np.ndarray, " M"], right: Bool[np.ndarray, " M"], num_true: int) -> float | None:
    """The confidence of the highest F1, in the middle of the gap below the last box that it keeps; None without hits.

    Args:
        scores: of all boxes of a class, the highest first.
        right: which of them are true positives.
        num_true: objects of the class.
    """
    if not right.any():
        return None
    hits = np.cumsum(right)
    f1 = 2 * hits / (num_true + np.arange(1, len(right) + 1))
    last = int(f1.argmax())
    below = float(scores[last + 1]) if last + 1 < len(scores) else 0.0
    middle = (float(scores[last]) + below) / 2
    return round(min(max(middle, LEAST_PROPOSED), MOST_PROPOSED), 3)
