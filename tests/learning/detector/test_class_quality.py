"""What a detector is worth at the confidence that will be used."""

import numpy as np
import pytest

from understudy.learning.detector.class_quality import class_qualities, propose_confidence
from understudy.learning.detector.mean_average_precision import Found, Truth, average_precisions

HERE, THERE = (10.0, 10.0, 8.0, 8.0), (50.0, 50.0, 8.0, 8.0)


def picture(*boxes: tuple[float, tuple[float, ...]]) -> tuple[Found, Truth]:
    """A picture with one object HERE, and boxes found by score."""
    scores, places = [score for score, _ in boxes], [place for _, place in boxes]
    found = (np.zeros(len(boxes), np.int64), np.array(scores), np.array(places, np.float32).reshape(-1, 4))
    return found, (np.zeros(1, np.int64), np.array([HERE], np.float32))


def test_a_perfect_average_precision_may_find_nothing_at_the_confidence_in_use() -> None:
    pictures = [picture((0.2, HERE), (0.04, THERE)), picture((0.16, HERE)), picture((0.12, HERE))]
    found, truth = [one[0] for one in pictures], [one[1] for one in pictures]
    precisions = average_precisions(found, truth, 1)
    (quality,) = class_qualities(found, truth, ["alien"], np.array([0.3]), precisions)
    assert quality.average_precision == pytest.approx(1.0)
    assert (quality.num_true, quality.recall, quality.false_boxes) == (3, 0.0, 0.0)
    assert quality.proposed == pytest.approx(0.08), "between the last right box and the first wrong one"
    assert (quality.proposed_recall, quality.proposed_false_boxes) == (1.0, 0.0)


def test_false_boxes_are_counted_a_picture() -> None:
    pictures = [picture((0.9, HERE), (0.8, THERE), (0.7, THERE)), picture((0.6, HERE))]
    found, truth = [one[0] for one in pictures], [one[1] for one in pictures]
    (quality,) = class_qualities(found, truth, ["alien"], np.array([0.5]), np.ones(1))
    assert (quality.recall, quality.false_boxes) == (1.0, 1.0)


def test_a_class_of_which_nothing_is_found_or_there_is_proposed_no_confidence() -> None:
    found, truth = picture((0.9, THERE))
    qualities = class_qualities([found], [truth], ["alien", "box"], np.array([0.3, 0.3]), np.array([0.0, np.nan]))
    assert [one.proposed for one in qualities] == [None, None]
    assert np.isnan(qualities[1].recall) and qualities[1].num_true == 0


def test_what_is_proposed_stays_within_what_few_pictures_can_say() -> None:
    one = np.ones(1, bool)
    assert propose_confidence(np.array([0.03]), one, 1) == 0.05
    assert propose_confidence(np.array([0.99, 0.98]), np.array([True, False]), 1) == 0.9
