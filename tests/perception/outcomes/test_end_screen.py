"""A game's end screen is told from play, from other pages, and whatever number of points it shows."""

import cv2
import numpy as np
import pytest

from understudy.contract.errors import FlagError
from understudy.contract.screen_layout import Area, EndScreen
from understudy.perception.outcomes.end_screen import EndScreenReader, end_screen_of

AREA = Area(left=0.25, top=0.25, width=0.5, height=0.5)


def playing(tick: int = 0) -> np.ndarray:
    frame = np.full((400, 640, 3), (16, 20, 24), np.uint8)
    cv2.circle(frame, (60 + 9 * tick, 200), 30, (230, 60, 40), -1)
    return frame


def over(points: int, tick: int = 0) -> np.ndarray:
    frame = playing(tick)
    cv2.rectangle(frame, (180, 120), (460, 280), (245, 245, 245), -1)
    cv2.putText(frame, str(points), (260, 190), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 20), 4)
    cv2.rectangle(frame, (200, 220), (440, 260), (60, 120, 240), -1)
    return frame


def test_it_is_recognised_with_other_points_and_play_and_other_pages_are_not_it() -> None:
    reader = EndScreenReader(end_screen_of(over(120), playing(), AREA, (0.5, 0.6)))
    assert all(reader.is_shown(over(points, tick)) for points, tick in ((0, 1), (99, 20), (711, 40)))
    assert not any(reader.is_shown(playing(tick)) for tick in range(0, 60, 5))
    for shade in (0, 128, 245, 255):
        assert not reader.is_shown(np.full((400, 640, 3), shade, np.uint8)), "an empty page"


def test_another_size_of_the_window_does_not_matter() -> None:
    reader = EndScreenReader(end_screen_of(over(120), playing(), AREA, None))
    assert reader.is_shown(cv2.resize(over(5), (960, 600), interpolation=cv2.INTER_AREA))


def test_an_area_that_looks_so_in_play_too_is_refused() -> None:
    corner = Area(left=0.0, top=0.8, width=0.2, height=0.2)
    with pytest.raises(FlagError, match="looks alike while the game is played and when it is over"):
        end_screen_of(over(1), playing(), corner, None)


def test_cells_and_places_of_a_profile_are_checked() -> None:
    for cells, restart in (("00", None), ("zz" * 432, None), ("00" * 432, (0.5, 1.5))):
        with pytest.raises(ValueError, match=r"hexadecimal|restart"):
            EndScreen(area=AREA, cells=cells, restart=restart)
