"""What a profile needs is measured in one screenshot."""

import numpy as np
import pytest

from understudy.contract.errors import FlagError
from understudy.contract.observation import Role
from understudy.perception.profile_calibration import area_of, bar_of, dot_of
from understudy.perception.screen_regions import BarReader, Scale

SCALE = Scale(width=200, height=100, profile_height=100)


def picture(fraction: float) -> np.ndarray:
    frame = np.full((100, 200, 3), (30, 5, 40), np.uint8)
    frame[20:30, 40:140] = (20, 20, 25)
    frame[20:30, 40 : 40 + round(100 * fraction)] = (230, 60, 40)
    frame[27:30, 40 : 40 + round(100 * fraction)] = (140, 40, 25)
    return frame


def test_a_bar_measured_in_one_picture_is_read_in_others() -> None:
    area = area_of(40.0, 20.0, 140.0, 30.0, 200, 100)
    reader = BarReader(bar_of(picture(0.4), area, 0.4, "hp"))
    for fraction in (0.0, 0.2, 0.7, 1.0):
        assert reader.read(picture(fraction), SCALE) == pytest.approx(fraction, abs=0.011)


def test_a_full_bar_cannot_show_what_an_empty_one_looks_like() -> None:
    with pytest.raises(FlagError, match="about half full"):
        bar_of(picture(1.0), area_of(40.0, 20.0, 140.0, 30.0, 200, 100), 1.0, "hp")


def test_a_place_without_a_bar_is_refused() -> None:
    with pytest.raises(FlagError, match="look alike"):
        bar_of(picture(0.5), area_of(40.0, 60.0, 140.0, 70.0, 200, 100), 0.5, "shield")


@pytest.mark.parametrize("edges", [(50.0, 10.0, 40.0, 20.0), (0.0, 0.0, 300.0, 20.0), (-5.0, 0.0, 20.0, 20.0)])
def test_a_rectangle_outside_the_picture_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(FlagError, match="does not lie in the picture"):
        area_of(*edges, 200, 100)


def test_a_dot_is_measured_by_one_of_its_pixels() -> None:
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[48:53, 98:103] = (255, 250, 240)
    dot = dot_of(frame, Role.PLAYER, 100.0, 50.0, 100)
    assert dot.colour == (255, 250, 240)
    assert dot.radius == pytest.approx(2.8, abs=0.3)
