"""Average precision, by hand."""

import numpy as np
import pytest

from understudy.learning.detector.mean_average_precision import average_precisions, iou

BOX = np.array([[50, 50, 20, 20]], np.float32)
KIND = np.zeros(1, np.int64)


def found(*rows: tuple[float, float]):  # type: ignore[no-untyped-def]
    """Detections of kind 0: score, and how far to the right of BOX."""
    boxes = np.array([[50 + shift, 50, 20, 20] for _, shift in rows], np.float32).reshape(-1, 4)
    return np.zeros(len(rows), np.int64), np.array([score for score, _ in rows], np.float32), boxes


def test_overlap_is_shared_over_joined_area() -> None:
    other = np.array([[60, 50, 20, 20], [90, 50, 20, 20]], np.float32)
    assert iou(BOX, other)[0].tolist() == pytest.approx([1 / 3, 0.0])


@pytest.mark.parametrize(
    ("detections", "precision"),
    [
        ([(0.9, 0.0)], 1.0),
        ([], 0.0),
        ([(0.9, 15.0)], 0.0),  # too far off to overlap by half
        ([(0.9, 0.0), (0.8, 1.0)], 1.0),  # a second one behind the first costs nothing
        ([(0.9, 60.0), (0.8, 0.0)], 0.5),  # a wrong one before it does
    ],
)
def test_one_thing_in_one_picture(detections: list[tuple[float, float]], precision: float) -> None:
    assert average_precisions([found(*detections)], [(KIND, BOX)], 1)[0] == pytest.approx(precision)


def test_a_class_that_is_nowhere_has_no_score() -> None:
    precisions = average_precisions([found((0.9, 0.0))], [(KIND, BOX)], 2)
    assert precisions[0] == 1.0
    assert np.isnan(precisions[1])


def test_half_of_the_things_found_is_half_the_area() -> None:
    truth = (np.zeros(2, np.int64), np.concatenate([BOX, BOX + np.array([[200, 0, 0, 0]], np.float32)]))
    assert average_precisions([found((0.9, 0.0))], [truth], 1)[0] == pytest.approx(0.5)
