"""One detection for each thing."""

import numpy as np
import pytest

from understudy.perception.nms import MOST, candidates, non_max_suppression, one_each
from understudy.perception.tracker import SIGHTING


def test_boxes_of_other_classes_and_those_apart_stay() -> None:
    boxes = np.array(
        [[0.5, 0.5, 0.2, 0.2], [0.51, 0.5, 0.2, 0.2], [0.51, 0.5, 0.2, 0.2], [0.9, 0.5, 0.2, 0.2]], np.float32
    )
    stays = non_max_suppression(boxes, np.array([0.5, 0.9, 0.4, 0.3], np.float32), np.array([0, 0, 1, 0]), 0.3)
    assert stays.tolist() == [1, 2, 3]


def test_a_dropped_box_drops_no_other() -> None:
    """Of a row of three in which only neighbours overlap, the outer two stay if the middle one is weaker than one."""
    boxes = np.array([[0.0, 0, 1, 1], [0.4, 0, 1, 1], [0.8, 0, 1, 1]], np.float32)
    assert non_max_suppression(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int64), 0.3).tolist() == [
        0,
        2,
    ]


def test_nothing_in_nothing_out() -> None:
    boxes, scores, labels = candidates(np.zeros((6, 10), np.float32), 0.3)
    assert non_max_suppression(boxes, scores, labels, 0.3).tolist() == []


def slow_suppress(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou: float) -> list[int]:
    """The definition, box by box: the best stays, and drops what overlaps it."""
    left = sorted(range(len(boxes)), key=lambda number: -scores[number])[:MOST]
    stays = []
    while left:
        best, *left = left
        stays.append(best)
        left = [one for one in left if labels[one] != labels[best] or overlap(boxes[best], boxes[one]) <= iou]
    return stays


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    (x, y, width, height), (x2, y2, width2, height2) = one.astype(float), other.astype(float)
    across = min(x + width / 2, x2 + width2 / 2) - max(x - width / 2, x2 - width2 / 2)
    down = min(y + height / 2, y2 + height2 / 2) - max(y - height / 2, y2 - height2 / 2)
    shared = max(across, 0.0) * max(down, 0.0)
    return float(shared / (width * height + width2 * height2 - shared))


@pytest.mark.parametrize("seed", range(60))
def test_random_boxes_are_dropped_as_the_definition_says(seed: int) -> None:
    """In pixels and window fractions, over the window's edges, with equal scores, and more than are looked at."""
    rng = np.random.default_rng(seed)
    count, scale = int(rng.choice([1, 7, 60, 350])), float(rng.choice([1.0, 640.0]))
    boxes = np.concatenate([rng.uniform(-0.2, 1.2, (count, 2)), rng.uniform(0.001, 0.4, (count, 2))], axis=1) * scale
    scores = rng.uniform(0.02, 1.0, count)
    scores = np.round(scores, 1) if seed % 3 == 0 else scores
    labels = rng.integers(0, int(rng.integers(1, 15)), count)
    iou = float(rng.choice([0.3, 0.45, 0.6]))
    found = non_max_suppression(boxes.astype(np.float32), scores.astype(np.float32), labels, iou)
    assert found.tolist() == slow_suppress(boxes.astype(np.float32), scores.astype(np.float32), labels, iou)


def test_a_candidate_is_of_its_best_class() -> None:
    rows = np.zeros((6, 3), np.float32)
    rows[4:, 1] = 0.2, 0.6
    boxes, scores, labels = candidates(rows, 0.3)
    assert (len(boxes), labels.tolist()) == (1, [1])
    assert scores[0] == np.float32(0.6)


def test_one_thing_under_two_names_of_a_role_is_one() -> None:
    found = np.zeros(3, SIGHTING)
    found["kind"], found["role"], found["confidence"] = [0, 1, 10], [1, 1, 2], [0.5, 0.8, 0.4]
    found["x"], found["y"], found["width"], found["height"] = 0.5, 0.5, 0.1, 0.1
    assert one_each(found).tolist() == [1, 2], "a box under an enemy is another thing"


def test_one_thing_at_two_sizes_is_one_and_a_small_one_beside_it_another() -> None:
    found = np.zeros(4, SIGHTING)
    found["kind"], found["role"] = [13, 13, 2, 3], [5, 5, 1, 1]
    found["confidence"] = [0.9, 0.4, 0.5, 0.6]
    found["x"], found["y"] = [0.5, 0.51, 0.5, 0.5], 0.5
    found["width"], found["height"] = [0.6, 0.3, 0.05, 0.2], [0.9, 0.45, 0.08, 0.3]
    assert one_each(found).tolist() == [0, 2, 3], "another kind over a large one is another thing"
    found["x"][1] = 0.7
    assert one_each(found).tolist() == [0, 1, 2, 3]
