"""Bars: an empty one reads as empty, a hidden or strange one as unknown, never as full."""

import math

import numpy as np
import pytest

from understudy.contract.screen_layout import Area, Bar, BarDirection
from understudy.perception.colours import colour_centroid, colour_fraction, read_bar
from understudy.perception.health_bar_reader import read_floating_bar
from understudy.perception.profile_calibration import bar_of
from understudy.perception.screen_regions import MISFIT_FRAMES, BarReader, Scale

FULL = np.array([[70, 220, 110], [42, 132, 66]], np.float32)
EMPTY = np.array([[14, 20, 28]], np.float32)
OUTLINE = np.array([[50, 64, 80]], np.float32)


def bar(fraction: float, width: int = 100, height: int = 12) -> np.ndarray:
    """A picture with an outlined bar at (20, 10), shaded at its foot as games do."""
    picture = np.full((40, 140, 3), (60, 10, 90), np.uint8)
    picture[10 : 10 + height, 20 : 20 + width] = EMPTY[0]
    filled = round(fraction * width)
    picture[10 : 10 + height, 20 : 20 + filled] = FULL[0]
    picture[10 + height * 2 // 3 : 10 + height, 20 : 20 + filled] = FULL[1]
    picture[[10, 9 + height], 20 : 20 + width] = OUTLINE[0]
    picture[10 : 10 + height, [20, 19 + width]] = OUTLINE[0]
    return picture


def read(picture: np.ndarray) -> float:
    return float(read_bar(picture, 20, 10, 120, 22, FULL, EMPTY, 45.0)[0])


@pytest.mark.parametrize("fraction", [0.0, 0.03, 0.25, 0.5, 0.77, 0.97, 1.0])
def test_a_bar_is_read_to_a_hundredth(fraction: float) -> None:
    assert read(bar(fraction)) == pytest.approx(fraction, abs=0.0101)


def test_writing_over_a_bar_does_not_matter() -> None:
    picture = bar(0.6)
    picture[13:19, 60:90:2] = 255
    assert read(picture) == pytest.approx(0.6, abs=0.01)


def test_a_cursor_over_the_edge_costs_little() -> None:
    picture = bar(0.6)
    picture[8:24, 74:86] = 240
    assert read(picture) == pytest.approx(0.6, abs=0.07)


def test_a_covered_bar_is_unknown() -> None:
    picture = bar(0.8)
    picture[:, 50:] = 200
    assert math.isnan(read(picture))


def test_a_bar_that_is_not_there_is_unknown_and_not_full() -> None:
    assert math.isnan(read(np.full((40, 140, 3), (60, 10, 90), np.uint8)))
    assert math.isnan(read(np.zeros((40, 140, 3), np.uint8) + 255))


def test_stripes_are_no_bar() -> None:
    picture = bar(1.0)
    picture[10:22, 30:120:8] = EMPTY[0].astype(np.uint8)
    picture[10:22, 31:120:8] = EMPTY[0].astype(np.uint8)
    assert math.isnan(read(picture))


def test_a_bar_outside_the_picture_is_unknown() -> None:
    assert math.isnan(read_bar(bar(0.5), 100, 10, 200, 22, FULL, EMPTY, 45.0)[0])


def floating(picture: np.ndarray, left: int = 20, middle: int = 12, width: int = 100) -> float:
    return float(read_floating_bar(picture, left, middle, width, 5, (4, 4), FULL, EMPTY, OUTLINE, 40.0))


@pytest.mark.parametrize("shift", [(-3, -2), (0, 0), (3, 3)])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.8, 1.0])
def test_a_bar_over_a_sprite_is_found_though_its_place_is_roughly_known(
    shift: tuple[int, int], fraction: float
) -> None:
    assert floating(bar(fraction, height=5), 20 + shift[0], 12 + shift[1]) == pytest.approx(fraction, abs=0.021)


@pytest.mark.parametrize("width", [90, 94, 106])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.8, 1.0])
def test_a_bars_frame_says_how_wide_it_is_where_the_box_is_wrong(width: int, fraction: float) -> None:
    picture = bar(fraction, height=5)
    assert floating(picture, 20 + (100 - width) // 2, 12, width) == pytest.approx(fraction, abs=0.021)


def test_dark_space_is_no_empty_bar() -> None:
    assert math.isnan(floating(np.full((40, 140, 3), (12, 18, 26), np.uint8)))


def test_a_bar_half_behind_something_is_unknown() -> None:
    picture = bar(0.4, height=5)
    picture[:, 90:] = (200, 40, 40)
    assert math.isnan(floating(picture))


def test_a_bar_over_the_windows_edge_is_unknown() -> None:
    assert math.isnan(floating(bar(0.9, height=5)[:, :110].copy()))


def test_what_the_cursor_hides_does_not_count() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[4:6, 4:6] = picture[15:18, 15:18] = 255
    white = np.array([[255, 255, 255]], np.float32)
    x, y, count = colour_centroid(picture, 0, 0, 20, 20, white, 10.0, np.array([14, 14, 20, 20], np.float32))
    assert (x, y, count) == (5.0, 5.0, 4)
    assert colour_fraction(picture, 4, 4, 6, 6, white, 10.0) == 1.0
    assert colour_fraction(picture, 30, 30, 40, 40, white, 10.0) == 0.0


def other_bar(way: str, fraction: float) -> np.ndarray:
    """A picture of 64 x 64 that is all bar, and fills from the left, another side or clockwise around a circle."""
    rows, columns = np.mgrid[:64, :64] - 31.5
    angle = np.arctan2(columns, -rows) / (2 * np.pi) % 1.0
    along = {
        "left": (columns + 32) / 64,
        "right": (32 - columns) / 64,
        "above": (rows + 32) / 64,
        "below": (32 - rows) / 64,
        "round": np.where(np.hypot(rows, columns) > 15, angle, np.nan),
    }[way]
    picture = np.full((64, 64, 3), (60, 10, 90), np.uint8)
    picture[along < fraction] = FULL[0]
    picture[along >= fraction] = EMPTY[0]
    return picture


def reader(fills: BarDirection = "right") -> BarReader:
    area = Area(left=0.0, top=0.0, width=1.0, height=1.0)
    return BarReader(Bar(area=area, full=((70, 220, 110),), empty=((14, 20, 28),), tolerance=45.0, fills=fills))


SCALE = Scale(64, 64, 64)


@pytest.mark.parametrize("way", ["right", "above", "below", "round"])
def test_a_bar_that_fills_another_way_is_unknown_at_every_fill_once_it_was_noticed(way: str) -> None:
    bar_reader = reader()
    assert bar_reader.contradicts(other_bar(way, 0.5), SCALE), "one picture shows it"
    assert math.isnan(bar_reader.read(other_bar(way, 0.5), SCALE))
    for fraction in np.linspace(0.3, 0.7, 2 * MISFIT_FRAMES):
        bar_reader.read(other_bar(way, float(fraction)), SCALE)
    assert all(math.isnan(bar_reader.read(other_bar(way, fraction), SCALE)) for fraction in (0.0, 0.1, 0.5, 0.9, 1.0))


@pytest.mark.parametrize(("way", "fills"), [("left", "right"), ("right", "left"), ("above", "down"), ("below", "up")])
def test_a_bar_is_read_along_the_direction_that_its_profile_names_and_measured_so(
    way: str, fills: BarDirection
) -> None:
    bar_reader = reader(fills)
    for fraction in (0.1, 0.35, 0.5, 0.8):
        assert bar_reader.read(other_bar(way, fraction), SCALE) == pytest.approx(fraction, abs=0.02)
    assert bar_reader.read(other_bar(way, 0.0), SCALE) == pytest.approx(0.0, abs=0.02)
    assert bar_reader.read(other_bar(way, 1.0), SCALE) == pytest.approx(1.0, abs=0.02)
    measured = bar_of(other_bar(way, 0.4), Area(left=0.0, top=0.0, width=1.0, height=1.0), 0.4, "hp", fills)
    assert measured.fills == fills
    assert BarReader(measured).read(other_bar(way, 0.7), SCALE) == pytest.approx(0.7, abs=0.02)


def test_a_bar_that_fills_from_the_left_stays_known_though_something_crosses_it_for_a_while() -> None:
    bar_reader = reader()
    for fraction in np.linspace(0.2, 0.8, 3 * MISFIT_FRAMES):
        assert bar_reader.read(other_bar("left", float(fraction)), SCALE) == pytest.approx(fraction, abs=0.02)
    for _ in range(2 * MISFIT_FRAMES):
        bar_reader.read(other_bar("below", 0.5), SCALE)
    assert bar_reader.read(other_bar("left", 0.4), SCALE) == pytest.approx(0.4, abs=0.02)
