"""Output layout of a detector: determines which of the common export formats its rows have, and validates them.

The shape alone is ambiguous: six columns are two corners, score and class of an end-to-end model, or box, score and one
class of YOLOv5, or box and two classes of a transposed YOLOv8. So the number of rows is compared with the input's grid
cells, and the output for a blank image has to be plausible.
"""

import ast
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from jaxtyping import Float32

from understudy.perception.nms import candidates

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Boxes as centre and size in pixels of the input (M, 4), scores (M,) and labels (M,)."""
STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
"""Strides (pixels per cell) of the levels of the known heads."""
ANCHORS = 3
"""Anchors per cell of YOLOv5 and YOLOv7."""
MOST_QUERIES = 3000
"""Limit of the rows of an end-to-end model or a DETR: some hundreds for any input size."""
FRACTIONS = 1.5
"""If no box value exceeds this, boxes are fractions of the input, not pixels."""
ROUNDING = 1e-3


class Layout(Enum):
    """Meaning of the axes after the batch."""

    CELLS = "(1, 4 + classes, N)"
    """YOLOv8 and newer."""
    ROWS = "(1, N, 4 + classes)"
    """The same transposed."""
    QUERIES = "(1, queries, 4 + classes)"
    """DETR: the same columns for some hundred queries, boxes as fractions."""
    OBJECTNESS = "(1, N, 5 + classes)"
    """YOLOv5 and YOLOv7: class scores are multiplied by the objectness."""
    CORNERS = "(1, N, 6)"
    """End to end, and nms=True: two corners, score, class index."""


@dataclass(frozen=True)
class Output:
    """The layout of one model's rows."""

    layout: Layout
    num_classes: int
    height: int
    """Size of the input, pixels."""
    width: int
    fractions: bool = False
    """Whether boxes are fractions of the input."""

    def read(self, rows: Float32[np.ndarray, "1 A B"], confidence: float) -> Found:
        """Returns the detections, unordered, without those that are not finite or have no size.

        Raises:
            ValueError: if the rows have another shape, or class indices out of range.
        """
        if rows.ndim != 3 or rows.shape[0] != 1 or not _fits(self.layout, rows.shape, self.num_classes):
            raise ValueError(f"it puts out {rows.shape} where {self.layout.value} was expected")
        with np.errstate(invalid="ignore", over="ignore"):
            boxes, scores, labels = self._candidates(rows[0], confidence)
            if self.fractions:
                boxes = boxes * np.array([self.width, self.height, self.width, self.height], np.float32)
            sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1) & (scores <= 1 + ROUNDING)
        return boxes[sound], np.minimum(scores[sound], 1), labels[sound]

    def _candidates(self, rows: np.ndarray, confidence: float) -> Found:
        match self.layout:
            case Layout.CELLS:
                return candidates(rows, confidence)
            case Layout.ROWS | Layout.QUERIES:
                return candidates(np.ascontiguousarray(rows.T), confidence)
            case Layout.OBJECTNESS:
                some = rows[rows[:, 4] >= confidence]
                return candidates(np.concatenate([some[:, :4], some[:, 5:] * some[:, 4:5]], axis=1).T, confidence)
            case Layout.CORNERS:
                return _from_corners(rows, confidence, self.num_classes)


def find_layout(
    rows: Float32[np.ndarray, "..."], num_classes: int, height: int, width: int, metadata: dict[str, str]
) -> Output:
    """Determines the layout of a model from its output for a blank image.

    Args:
        rows: the model's first output.
        num_classes: number of class names.
        height, width: of the input, pixels.
        metadata: of the file.

    Raises:
        ValueError: naming what is wrong with the rows.
    """
    likely = _order(rows.shape, height, width, metadata)
    fitting = [layout for layout in likely if _fits(layout, rows.shape, num_classes)]
    if rows.ndim != 3 or rows.shape[0] != 1 or not fitting:
        raise ValueError(_other_shape(rows.shape, num_classes))
    if not np.isfinite(rows).all():
        raise ValueError("it puts out numbers that are not finite for a blank picture")
    faults = []
    for layout in fitting:
        cells = rows[0].T if layout is Layout.CELLS else rows[0]
        largest = float(np.abs(cells[:, :4]).max(initial=0.0))
        fault = _fault(layout, cells, num_classes, largest, max(height, width))
        if not fault:
            return Output(layout, num_classes, height, width, fractions=0 < largest <= FRACTIONS)
        faults.append(f"{fault} (read as {layout.value})")
    raise ValueError(" and ".join(faults))


def _other_shape(shape: tuple[int, ...], num_classes: int) -> str:
    columns = " or ".join(str(number) for number in sorted({4 + num_classes, 5 + num_classes, 6}))
    return (
        f"it puts out {shape} for {num_classes} classes, where (1, {4 + num_classes}, N) or, with a row for each cell "
        f"of its input, (1, N, {columns}) was expected"
    )


def require_detector(metadata: dict[str, str]) -> None:
    """Raises ValueError if the file's metadata names another task than object detection."""
    task = metadata.get("task", "detect")
    if task != "detect":
        raise ValueError(f"it is a model of the task {task[:20]!r} where one that detects was expected")


def _fits(layout: Layout, shape: tuple[int, ...], num_classes: int) -> bool:
    if len(shape) != 3:
        return False
    match layout:
        case Layout.CELLS:
            return shape[1] == 4 + num_classes
        case Layout.ROWS | Layout.QUERIES:
            return shape[2] == 4 + num_classes
        case Layout.OBJECTNESS:
            return shape[2] == 5 + num_classes
        case Layout.CORNERS:
            return shape[2] == 6


def _order(shape: tuple[int, ...], height: int, width: int, metadata: dict[str, str]) -> list[Layout]:
    """Returns the layouts that are possible for this shape, the likeliest first."""
    count = shape[1] if len(shape) == 3 else 0
    cells = {sum(-(-height // stride) * -(-width // stride) for stride in strides) for strides in STRIDES}
    ends = [Layout.CORNERS] if count <= MOST_QUERIES else []
    if _suppresses(metadata):
        return ends
    rows = [Layout.ROWS] if count in cells else []
    anchored = [Layout.OBJECTNESS] if count in {ANCHORS * number for number in cells} else []
    queries = [Layout.QUERIES] if count <= MOST_QUERIES and count not in cells else []
    return [*anchored, *rows, Layout.CELLS, *ends, *queries]


def _suppresses(metadata: dict[str, str]) -> bool:
    """Returns whether the model includes NMS by its metadata, and so outputs corners."""
    try:
        arguments: Any = ast.literal_eval(metadata.get("args", "{}")[:10_000])
        asked = isinstance(arguments, dict) and arguments.get("nms") is True
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        asked = False
    return asked or metadata.get("end2end", "").lower() == "true"


def _fault(layout: Layout, rows: np.ndarray, num_classes: int, largest: float, side: int) -> str:
    """Returns what is implausible in the rows of a blank image; an empty text if nothing is.

    Args:
        rows: shape (N, columns).
        largest: largest value of a box.
        side: longer side of the input, pixels.
    """
    scores = rows[:, 4:5] if layout is Layout.CORNERS else rows[:, 4:]
    if scores.size and not -ROUNDING <= scores.min() <= scores.max() <= 1 + ROUNDING:
        return f"its scores lie between {scores.min():.3g} and {scores.max():.3g} where 0 to 1 was expected"
    if largest > 100 * side:
        return f"its boxes reach to {largest:.3g} in an input of {side} pixels"
    if layout is Layout.QUERIES and not 0 < largest <= FRACTIONS:
        return "its rows are not as many as its input has cells, and its boxes are no fractions as a DETR's are"
    sizes = rows[:, 2:4]
    if layout is Layout.CORNERS:
        rows = rows[rows[:, 4] > 0]
        sizes = rows[:, 2:4] - rows[:, :2]
        if len(rows) and not _are_classes(rows[:, 5], num_classes):
            return f"its class numbers are not whole numbers from 0 to {num_classes - 1}"
    if len(sizes) and (sizes < -ROUNDING).any(axis=1).mean() > 0.5:
        return "most of its boxes have a width or a height below 0"
    return ""


def _are_classes(numbers: np.ndarray, num_classes: int) -> bool:
    whole = np.abs(numbers - np.rint(numbers)) <= ROUNDING
    return bool((whole & (numbers > -0.5) & (numbers < num_classes - 0.5)).all())


def _from_corners(rows: Float32[np.ndarray, "N 6"], confidence: float, num_classes: int) -> Found:
    rows = rows[(rows[:, 4] >= confidence) & np.isfinite(rows).all(axis=1)]
    if not _are_classes(rows[:, 5], num_classes):
        raise ValueError(f"it puts out class numbers that are not whole numbers from 0 to {num_classes - 1}")
    boxes = np.concatenate([(rows[:, :2] + rows[:, 2:4]) / 2, rows[:, 2:4] - rows[:, :2]], axis=1)
    if len(boxes) and (boxes[:, 2:] < 0).any(axis=1).all():
        raise ValueError("it puts out boxes whose second corner lies before the first")
    return boxes, rows[:, 4], np.rint(rows[:, 5]).astype(np.int64)
