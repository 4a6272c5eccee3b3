"""From a detector's raw rows to a list of things: scores above a floor, and one detection for each thing."""

import numpy as np
from jaxtyping import Float32, Int64

MOST = 300
"""So many of the best candidates are looked at (as in YOLO's exports); a picture holds a few dozen things."""


def non_max_suppression(
    boxes: Float32[np.ndarray, "M 4"], scores: Float32[np.ndarray, " M"], labels: Int64[np.ndarray, " M"], iou: float
) -> Int64[np.ndarray, " K"]:
    """Greedy non-maximum suppression within each class.

    Args:
        boxes: centre x, y, width, height.
        scores: of each.
        labels: class of each.
        iou: a box that overlaps a better one of its class by more than this is dropped.

    Returns:
        Indices of those that stay, best first.
    """
    order = np.argsort(-scores, kind="stable")[:MOST]
    low, high = boxes[order, :2] - boxes[order, 2:] / 2, boxes[order, :2] + boxes[order, 2:] / 2
    area = np.prod(high - low, axis=1)
    shared = np.clip(np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None]), 0, None).prod(axis=2)
    union = area[:, None] + area[None] - shared
    covers = (shared > iou * union) & (labels[order][:, None] == labels[order][None])
    stays = np.ones(len(order), bool)
    for number in range(len(order)):
        if stays[number]:
            stays[number + 1 :] &= ~covers[number, number + 1 :]
    return np.asarray(order[stays], np.int64)


def candidates(
    rows: Float32[np.ndarray, "channels cells"], confidence: float
) -> tuple[Float32[np.ndarray, "M 4"], Float32[np.ndarray, " M"], Int64[np.ndarray, " M"]]:
    """Boxes, scores and labels of the cells whose best class reaches the confidence.

    Args:
        rows: 4 numbers of the box, then a score for each class, as YOLO's exports give them without their batch axis.
        confidence: the least score.
    """
    classes = rows[4:]
    best = classes.max(axis=0)
    cells = np.flatnonzero(best >= confidence)
    return rows[:4, cells].T.copy(), best[cells], classes[:, cells].argmax(axis=0).astype(np.int64)


SAME = 0.6
"""Two detections of one role that overlap by this much are one thing under two names."""
CONCENTRIC = 0.15
"""Two of one kind whose middles are nearer than this part of the larger side are one thing at two sizes: the detector
sees large ones at several scales, and two real ones of one size that lie so overlap by more than SAME."""


def one_each(sightings: np.ndarray) -> Int64[np.ndarray, " K"]:
    """Indices of sightings (with kind, role, confidence, x, y, width, height) that no surer one stands for."""
    boxes = np.stack([sightings[name] for name in ("x", "y", "width", "height")], axis=1).astype(np.float32)
    stays = non_max_suppression(
        boxes, sightings["confidence"].astype(np.float32), sightings["role"].astype(np.int64), SAME
    )
    alone: list[int] = []
    for number in stays:  # the surest first
        kind = sightings["kind"][number]
        if not any(sightings["kind"][other] == kind and _concentric(boxes[number], boxes[other]) for other in alone):
            alone.append(int(number))
    return np.asarray(np.sort(alone), np.int64)


def _concentric(first: Float32[np.ndarray, "4"], second: Float32[np.ndarray, "4"]) -> bool:
    """In each direction for itself, as the sides are fractions of width and height."""
    return bool((np.abs(first[:2] - second[:2]) < CONCENTRIC * np.maximum(first[2:], second[2:])).all())
