"""Post-processing of detections: confidence threshold, non-maximum suppression, and duplicates across classes."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, Int64

MOST = 300
"""Limit of the candidates, best first (as in YOLO's exports); a frame has a few dozen objects."""
EVERY_SCORE = -1.0
"""Score threshold of OpenCV's NMS, below any score: the confidence threshold was applied before."""


def non_max_suppression(
    boxes: Float32[np.ndarray, "M 4"], scores: Float32[np.ndarray, " M"], labels: Int64[np.ndarray, " M"], iou: float
) -> Int64[np.ndarray, " K"]:
    """Applies greedy non-maximum suppression within each class, by OpenCV.

    Args:
        boxes: centre x, y, width, height.
        scores: of each box.
        labels: class of each box.
        iou: a box that overlaps a better one of its class by more than this is dropped.

    Returns:
        Indices of the boxes that are kept, best first.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], axis=1, dtype=np.float64)
    corners[:, :2] -= corners[:, :2].min(axis=0)  # OpenCV offsets the classes by the largest coordinate
    suppress_by_class: Any = cv2.dnn.NMSBoxesBatched  # typed for lists, but takes arrays
    kept = suppress_by_class(corners, scores, labels.astype(np.int32), EVERY_SCORE, iou, 1.0, MOST)
    return np.asarray(kept, np.int64).reshape(-1)


def candidates(
    rows: Float32[np.ndarray, "channels cells"], confidence: float
) -> tuple[Float32[np.ndarray, "M 4"], Float32[np.ndarray, " M"], Int64[np.ndarray, " M"]]:
    """Returns boxes, scores and labels of the rows whose best class reaches the confidence threshold.

    Args:
        rows: 4 numbers of the box, then a score for each class, as YOLO's exports give them without their batch axis.
        confidence: the threshold.
    """
    classes = rows[4:]
    best = classes.max(axis=0)
    cells = np.flatnonzero(best >= confidence)
    return rows[:4, cells].T.copy(), best[cells], classes[:, cells].argmax(axis=0).astype(np.int64)


SAME = 0.6
"""IoU from which two detections of one role are one object under two classes."""
CONCENTRIC = 0.15
"""Two detections of one kind whose centres are nearer than this fraction of the larger side are one object at two
sizes: the detector sees large objects at several scales, and two real ones that near would overlap by more than
SAME."""


def one_each(sightings: np.ndarray) -> Int64[np.ndarray, " K"]:
    """Returns the indices of sightings that are no duplicate of a more confident one.

    Args:
        sightings: records with kind, role, confidence, x, y, width, height.
    """
    boxes = np.stack([sightings[name] for name in ("x", "y", "width", "height")], axis=1).astype(np.float32)
    stays = non_max_suppression(
        boxes, sightings["confidence"].astype(np.float32), sightings["role"].astype(np.int64), SAME
    )
    alone: list[int] = []
    for number in stays:  # the most confident first
        kind = sightings["kind"][number]
        if not any(sightings["kind"][other] == kind and _concentric(boxes[number], boxes[other]) for other in alone):
            alone.append(int(number))
    return np.asarray(np.sort(alone), np.int64)


def _concentric(first: Float32[np.ndarray, "4"], second: Float32[np.ndarray, "4"]) -> bool:
    """Returns whether two boxes have nearly the same centre; per axis, as sides are fractions of width and height."""
    return bool((np.abs(first[:2] - second[:2]) < CONCENTRIC * np.maximum(first[2:], second[2:])).all())
