"""From a detector's raw rows to a list of things: scores above a floor, and one detection for each thing."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, Int64

MOST = 300
"""So many of the best candidates are looked at (as in YOLO's exports); a picture holds a few dozen things."""
EVERY_SCORE = -1.0
"""Below any score: the least confidence was applied before."""


def non_max_suppression(
    boxes: Float32[np.ndarray, "M 4"], scores: Float32[np.ndarray, " M"], labels: Int64[np.ndarray, " M"], iou: float
) -> Int64[np.ndarray, " K"]:
    """Greedy non-maximum suppression within each class, by OpenCV.

    Args:
        boxes: centre x, y, width, height.
        scores: of each.
        labels: class of each.
        iou: a box that overlaps a better one of its class by more than this is dropped.

    Returns:
        Indices of those that stay, best first.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], axis=1, dtype=np.float64)
    corners[:, :2] -= corners[:, :2].min(axis=0)  # OpenCV sets the classes apart by the largest coordinate alone
    suppress_by_class: Any = cv2.dnn.NMSBoxesBatched  # its stubs know lists, and it takes arrays
    kept = suppress_by_class(corners, scores, labels.astype(np.int32), EVERY_SCORE, iou, 1.0, MOST)
    return np.asarray(kept, np.int64).reshape(-1)


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
