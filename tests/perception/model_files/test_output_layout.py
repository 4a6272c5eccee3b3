"""The layout rows have is told by their number and what they say of a blank picture; each is read to known boxes."""

from typing import Any

import numpy as np
import pytest

from understudy.perception.model_files.output_layout import Layout, find_layout, require_detector

HEIGHT, WIDTH = 64, 128
CELLS = 8 * 16 + 4 * 8 + 2 * 4
"""Of strides 8, 16 and 32."""
BOXES = [(40.0, 20.0, 16.0, 8.0, 0.9, 1), (64.0, 32.0, 24.0, 24.0, 0.8, 0)]
"""Centre, size, score, class."""


def newer(num_classes: int = 2, count: int = CELLS) -> np.ndarray:
    """Rows of YOLOv8: box, then a score for each class."""
    rows = np.zeros((1, 4 + num_classes, count), np.float32)
    for number, (*box, score, label) in enumerate(BOXES):
        rows[0, :4, number] = box
        rows[0, 4 + min(label, num_classes - 1), number] = score
    return rows


def older(num_classes: int = 2, count: int = 3 * CELLS) -> np.ndarray:
    """Rows of YOLOv5: box, whether there is anything, then what it would be."""
    rows = np.zeros((1, count, 5 + num_classes), np.float32)
    for number, (*box, score, label) in enumerate(BOXES):
        rows[0, number, :5] = *box, score
        rows[0, number, 5 + min(label, num_classes - 1)] = 0.97
    return rows


def ended(count: int = 300, columns: int = 6) -> np.ndarray:
    """Rows of an end-to-end model: corners, score, class."""
    rows = np.zeros((1, count, columns), np.float32)
    for number, (x, y, width, height, score, label) in enumerate(BOXES):
        rows[0, number, :6] = x - width / 2, y - height / 2, x + width / 2, y + height / 2, score, label
    return rows


def find(rows: np.ndarray, num_classes: int = 2, **metadata: str) -> Any:
    return find_layout(rows, num_classes, HEIGHT, WIDTH, metadata)


SHARE = np.array([1 / WIDTH, 1 / HEIGHT, 1 / WIDTH, 1 / HEIGHT], np.float32)
in_fractions = newer()
in_fractions[0, :4] *= SHARE[:, None]
detr = np.ascontiguousarray(newer(3, 300).transpose(0, 2, 1))
detr[..., :4] *= SHARE
KNOWN = {
    "YOLOv8": (newer(), 2, Layout.CELLS, 1.0),
    "YOLOv8, one class": (newer(1), 1, Layout.CELLS, 1.0),
    "YOLOv8, 80 classes": (newer(80), 80, Layout.CELLS, 1.0),
    "YOLOv8 of another head": (newer(2, 128), 2, Layout.CELLS, 1.0),
    "YOLOv8, transposed": (newer().transpose(0, 2, 1), 2, Layout.ROWS, 1.0),
    "YOLOv8, one class, transposed": (newer(1).transpose(0, 2, 1), 1, Layout.ROWS, 1.0),
    "YOLOv8, fractions": (in_fractions, 2, Layout.CELLS, 1.0),
    "a DETR": (detr, 3, Layout.QUERIES, 1.0),
    "YOLOv5": (older(), 2, Layout.OBJECTNESS, 0.97),
    "YOLOv5, one class": (older(1), 1, Layout.OBJECTNESS, 0.97),
    "YOLOv5 of four levels": (older(1, 3 * (CELLS + 2)), 1, Layout.OBJECTNESS, 0.97),
    "end to end": (ended(), 2, Layout.CORNERS, 1.0),
    "end to end, three classes": (ended(), 3, Layout.CORNERS, 1.0),
    "end to end, two rows": (ended(2), 2, Layout.CORNERS, 1.0),
}


@pytest.mark.parametrize(("rows", "num_classes", "layout", "factor"), KNOWN.values(), ids=KNOWN.keys())
def test_every_layout_is_known_and_read_to_the_same_boxes(
    rows: np.ndarray, num_classes: int, layout: Layout, factor: float
) -> None:
    output = find(rows, num_classes)
    assert output.layout is layout
    boxes, scores, labels = output.read(rows, 0.3)
    order = np.argsort(-scores)
    assert boxes[order] == pytest.approx(np.array([box[:4] for box in BOXES]), abs=1e-3)
    assert scores[order] == pytest.approx([0.9 * factor, 0.8 * factor], abs=1e-5)
    assert labels[order].tolist() == [min(1, num_classes - 1), 0]


def test_boxes_within_the_file_are_suppressed_means_corners_whatever_the_number_of_rows() -> None:
    assert find(ended(CELLS), args="{'nms': True, 'batch': 1}").layout is Layout.CORNERS
    assert find(ended(CELLS), end2end="True").layout is Layout.CORNERS
    nothing = np.zeros((1, 300, 6), np.float32)
    assert find(nothing, args="{'nms': True}").layout is find(nothing).layout is Layout.CORNERS


def changed(rows: np.ndarray, place: tuple[Any, ...], value: float) -> np.ndarray:
    rows = rows.copy()
    rows[place] = value
    return rows


REFUSED: dict[str, tuple[np.ndarray, int, str]] = {
    "other columns": (np.zeros((1, 9, 9), np.float32), 2, r"puts out \(1, 9, 9\) for 2 classes, where \(1, 6, N\) or"),
    "more classes than names": (newer(2), 1, r"puts out \(1, 6, 168\) for 1 classes"),
    "a grid a level": (np.zeros((1, 3, 8, 16, 7), np.float32), 2, r"puts out \(1, 3, 8, 16, 7\) for 2 classes"),
    "one number": (np.zeros((), np.float32), 2, r"puts out \(\) for 2 classes"),
    "two pictures": (np.repeat(newer(), 2, 0), 2, r"puts out \(2, 6, 168\)"),
    "masks beside the boxes": (np.zeros((1, 300, 38), np.float32), 2, r"puts out \(1, 300, 38\)"),
    "YOLOv5 of other anchors": (older(2, 1000), 2, r"puts out \(1, 1000, 7\)"),
    "no numbers": (changed(newer(), (0, 0, 0), np.nan), 2, "not finite"),
    "endless numbers": (changed(ended(), (0, 0, 2), np.inf), 2, "not finite"),
    "scores before the sigmoid": (changed(newer(), (0, slice(4, 6)), -7.5), 2, "scores lie between -7.5 and -7.5"),
    "scores in per cent": (changed(newer(), (0, 4, 7), 80.0), 2, "scores lie between 0 and 80 where 0 to 1"),
    "classes beyond the names": (ended(), 1, "class numbers are not whole numbers from 0 to 0"),
    "classes below the names": (changed(ended(), (0, 0, 5), -1), 2, "class numbers are not whole numbers"),
    "classes that are scores": (changed(ended(), (0, slice(0, 300), slice(4, 6)), 0.4), 2, "not whole numbers"),
    "corners the other way round": (ended()[..., [2, 3, 0, 1, 4, 5]], 2, "a width or a height below 0"),
    "sizes before they are decoded": (changed(newer(), (0, slice(2, 4)), -1.2), 2, "a width or a height below 0"),
    "boxes without a bound": (changed(newer(), (0, 0, 0), 1e9), 2, "boxes reach to 1e[+]09 in an input of 128 pixels"),
}


@pytest.mark.parametrize(("rows", "num_classes", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_rows_that_make_no_sense_of_a_blank_picture_are_refused(rows: np.ndarray, num_classes: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find(rows, num_classes)


@pytest.mark.parametrize("rows", [newer(), older(), ended(), newer().transpose(0, 2, 1)], ids=range(4))
def test_single_boxes_that_are_not_finite_or_have_no_size_are_passed_over_in_play(rows: np.ndarray) -> None:
    output = find(rows)
    cells = output.layout is Layout.CELLS
    for column in range(rows.shape[1] if cells else rows.shape[2]):
        for value in (np.nan, np.inf, -np.inf):
            if output.layout is Layout.CORNERS and column == 5 and value != value:
                continue
            odd = changed(rows, (0, column, 0) if cells else (0, 0, column), value)
            boxes, scores, _ = output.read(odd, 0.3)
            assert np.isfinite(boxes).all() and np.isfinite(scores).all() and 1 <= len(boxes) <= 2
    if output.layout is not Layout.CORNERS:
        flat = changed(rows, (0, 2, 0) if cells else (0, 0, 2), -3.0)
        assert len(output.read(flat, 0.3)[0]) == 1


def test_a_model_that_leaves_its_layout_in_play_is_told_of() -> None:
    output = find(ended())
    with pytest.raises(ValueError, match=r"puts out \(1, 300, 7\) where \(1, N, 6\) was expected"):
        output.read(np.zeros((1, 300, 7), np.float32), 0.3)
    with pytest.raises(ValueError, match="class numbers that are not whole numbers from 0 to 1"):
        output.read(changed(ended(), (0, 0, 5), 2.0), 0.3)
    with pytest.raises(ValueError, match="second corner lies before the first"):
        output.read(np.ascontiguousarray(ended()[..., [2, 3, 0, 1, 4, 5]]), 0.3)
    assert len(output.read(np.zeros((1, 0, 6), np.float32), 0.3)[0]) == 0


@pytest.mark.parametrize("task", ["segment", "pose", "obb", "classify"])
def test_models_for_other_tasks_are_named(task: str) -> None:
    with pytest.raises(ValueError, match=f"model of the task '{task}' where one that detects was expected"):
        require_detector({"task": task})
    require_detector({})
    require_detector({"task": "detect"})
