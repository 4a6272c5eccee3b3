"""Which enemy is selected, by corners around it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.rendered_scenes import PROFILE
from understudy.contract.observation import TRACK
from understudy.contract.screen_layout import Brackets
from understudy.perception.health_bar_reader import OverheadReader
from understudy.perception.screen_regions import Scale

YELLOW = (240, 220, 40)


def corners(size: int = 1, arm: int = 12) -> np.ndarray:
    """Corners around a box of 60 x 40 pixels in the middle of a window of 200 x 100, all times `size`."""
    frame = np.full((100 * size, 200 * size, 3), (20, 30, 40), np.uint8)
    left, top, right, bottom = (part * size for part in (66, 26, 134, 74))
    for row in (top, bottom):
        for columns in (slice(left, left + arm * size), slice(right - arm * size, right + size)):
            frame[row : row + 2 * size, columns] = YELLOW
    for column in (left, right):
        for rows in (slice(top, top + arm * size), slice(bottom - arm * size, bottom + size)):
            frame[rows, column : column + 2 * size] = YELLOW
    return frame


def share(frame: np.ndarray, mark: Brackets, x: float = 0.5) -> float:
    assert PROFILE.eye is not None
    profile = replace(PROFILE, window_height=100, window_width=200, eye=replace(PROFILE.eye, selected=mark))
    track = np.zeros(1, TRACK)[0]
    track["x"], track["y"], track["width"], track["height"] = x, 0.5, 0.3, 0.4
    return OverheadReader(profile).ring(frame, Scale(frame.shape[1], frame.shape[0], 100), track)


@pytest.mark.parametrize("size", [1, 2])
def test_corners_are_seen_around_the_selected_object_and_around_no_other(size: int) -> None:
    mark = Brackets(colour=YELLOW, margin=4.0, arm=0.15)
    assert share(corners(size), mark) > 0.9 > mark.share
    assert share(corners(size), mark, x=0.2) < 0.3 < mark.share
    assert share(np.zeros_like(corners(size)), mark) == 0.0


def test_a_whole_frame_is_brackets_with_arms_of_half_a_side() -> None:
    whole = Brackets(colour=YELLOW, margin=4.0, arm=0.5)
    assert share(corners(arm=34), whole) > 0.9
    assert share(corners(arm=12), whole) < 0.75
