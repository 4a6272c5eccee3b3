"""Average precision of detections by class, as in Pascal VOC; the mean over classes at IoU 0.5 is mAP50."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Detections of one picture: kinds (M,), scores (M,), boxes (M, 4) as centre and size."""
Truth = tuple[np.ndarray, np.ndarray]
"""Ground truth of one picture: kinds (M,), boxes (M, 4) as centre and size."""


def iou(one: Float32[np.ndarray, "M 4"], other: Float32[np.ndarray, "K 4"]) -> Float32[np.ndarray, "M K"]:
    """Returns the intersection over union (IoU) of each pair of boxes given as centre and size."""
    low = np.maximum((one[:, :2] - one[:, 2:] / 2)[:, None], (other[:, :2] - other[:, 2:] / 2)[None])
    high = np.minimum((one[:, :2] + one[:, 2:] / 2)[:, None], (other[:, :2] + other[:, 2:] / 2)[None])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = one[:, 2:].prod(axis=1)[:, None] + other[:, 2:].prod(axis=1)[None] - shared
    return np.asarray(shared / np.maximum(union, 1e-12), np.float32)


def average_precisions(
    found: Sequence[Found], truth: Sequence[Truth], num_classes: int, least_overlap: float = 0.5
) -> Float64[np.ndarray, " classes"]:
    """Computes the area under the precision-recall curve of each class; NaN for a class without ground truth.

    Args:
        found: detections of each picture.
        truth: ground truth of each picture, in the same order.
        num_classes: classes are 0 .. num_classes - 1.
        least_overlap: smallest IoU of a true positive.
    """
    return np.array([_average_precision(found, truth, kind, least_overlap) for kind in range(num_classes)])


def _average_precision(found: Sequence[Found], truth: Sequence[Truth], kind: int, least_overlap: float) -> float:
    _, right, total = ranked_hits(found, truth, kind, least_overlap)
    if total == 0:
        return float("nan")
    recall = np.cumsum(right) / total
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # the monotone envelope, as in VOC since 2010
    return float(np.sum(np.diff(recall, prepend=0.0) * best))


def ranked_hits(
    found: Sequence[Found], truth: Sequence[Truth], kind: int, least_overlap: float = 0.5
) -> tuple[Float64[np.ndarray, " M"], Bool[np.ndarray, " M"], int]:
    """All boxes of a class, the highest score first: scores, which are true positives, and the number of objects."""
    scores, hits, total = [np.zeros(0)], [np.zeros(0, bool)], 0
    for (kinds, score, boxes), (true_kinds, true_boxes) in zip(found, truth, strict=True):
        own, targets = kinds == kind, true_boxes[true_kinds == kind]
        order = np.argsort(-score[own], kind="stable")
        hits.append(_hits(boxes[own][order], targets, least_overlap))
        scores.append(score[own][order])
        total += len(targets)
    ranked = np.concatenate(scores).astype(np.float64)
    order = np.argsort(-ranked, kind="stable")
    return ranked[order], np.concatenate(hits)[order], total


def _hits(boxes: np.ndarray, targets: np.ndarray, least_overlap: float) -> Bool[np.ndarray, " M"]:
    """Marks the true positives among boxes sorted by score; each target matches at most one box."""
    shared = iou(boxes.astype(np.float32), targets.astype(np.float32))
    free, right = np.ones(len(targets), bool), np.zeros(len(boxes), bool)
    for number in range(len(boxes)):
        candidates = np.where(free, shared[number], 0.0)
        if len(candidates) and candidates.max() >= least_overlap:
            free[candidates.argmax()] = False
            right[number] = True
    return right
