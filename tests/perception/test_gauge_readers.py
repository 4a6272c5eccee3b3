"""Gauges that are rings or numbers."""

import math

import cv2
import numpy as np
import pytest

from understudy.contract.errors import WireError
from understudy.contract.game.readings import Gauge
from understudy.contract.screen_layout import Area, Bar, Counter, Dial, Score
from understudy.contract.serialization import from_plain, to_plain
from understudy.perception.gauge_readers import gauge_reader
from understudy.perception.outcomes.score_calibration import score_of
from understudy.perception.screen_regions import Scale

FULL, EMPTY = (40, 200, 60), (15, 15, 15)
DIAL = Dial(x=0.5, y=0.5, radius=40.0, full=(FULL,), empty=(EMPTY,))


def ring(share: float, size: int = 1) -> np.ndarray:
    """A ring that is filled clockwise from the top, in a window of 200 x 200 times `size` pixels."""
    frame = np.full((200 * size, 200 * size, 3), (70, 80, 160), np.uint8)
    rows, columns = np.indices(frame.shape[:2]) - 100 * size
    on_ring = np.abs(np.hypot(rows, columns) - 40 * size) < 5 * size
    turned = np.arctan2(columns, -rows) / (2 * np.pi) % 1.0
    frame[on_ring], frame[on_ring & (turned < share)] = EMPTY, FULL
    return frame


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("size", [1, 2])
def test_a_ring_is_read_to_a_hundredth_at_any_size(share: float, size: int) -> None:
    frame = ring(share, size)
    read = gauge_reader(DIAL).read(frame, Scale(200 * size, 200 * size, 200))
    assert read == pytest.approx(share, abs=0.015)


def test_a_ring_that_is_covered_is_unknown() -> None:
    frame = ring(0.5)
    frame[:, :110] = (70, 80, 160)
    assert math.isnan(gauge_reader(DIAL).read(frame, Scale(200, 200, 200)))


def number(value: int) -> np.ndarray:
    frame = np.zeros((100, 200, 3), np.uint8)
    cv2.putText(frame, str(value), (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
    return frame


def test_a_number_is_a_part_of_the_most_that_it_can_be() -> None:
    area = Area(left=0.05, top=0.2, width=0.9, height=0.6)
    score: Score = score_of([(number(3), "3"), (number(2), "2"), (number(1), "1")], area)
    reader, scale = gauge_reader(Counter(score=score, most=3.0)), Scale(200, 100, 100)
    assert [reader.read(number(value), scale) for value in (3, 2, 1)] == pytest.approx([1.0, 2 / 3, 1 / 3])
    assert math.isnan(reader.read(number(8), scale)), "a digit that was never shown"


def test_each_reading_is_written_and_read_back_and_a_mistake_is_named_once() -> None:
    area = Area(left=0.0, top=0.0, width=0.1, height=0.1)
    counter = Counter(score=Score(area=area, colour=FULL, digits={}), most=3.0)
    for reading in (DIAL, counter, Bar(area=area, full=(FULL,), empty=(EMPTY,))):
        gauge = Gauge(name="fuel", reading=reading)
        assert from_plain(Gauge, to_plain(gauge)).reading == reading
    with pytest.raises(WireError, match="radius of a dial must lie between 1 and 1000") as caught:
        from_plain(Gauge, {"name": "fuel", "reading": {**to_plain(DIAL), "radius": 0.0}})
    assert "; or" not in str(caught.value)
