"""New lines of the log are told once each, by their colour."""

import cv2
import numpy as np
import pytest

from understudy.contract.screen_layout import Area, Line, Log
from understudy.perception.log_reader import LogReader
from understudy.perception.screen_regions import Scale

GREEN, YELLOW, GREY = (140, 255, 150), (255, 224, 110), (122, 140, 160)
LOG = Log(
    area=Area(left=0.0, top=0.5, width=1.0, height=0.5),
    num_lines=5,
    lines=(Line(colour=GREEN, event="kills"), Line(colour=YELLOW, event="loot"), Line(colour=GREY)),
)
SCALE = Scale(width=300, height=200, profile_height=200)
Row = tuple[str, tuple[int, int, int]]


def picture(rows: list[Row], background: int = 20) -> np.ndarray:
    """The log with the newest row first."""
    frame = np.full((200, 300, 3), background, np.uint8)
    for number, (text, colour) in enumerate(rows[:5]):
        cv2.putText(frame, text, (8, 195 - 20 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1)
    return frame


def told(*pictures: list[Row]) -> list[dict[str, int]]:
    logbook = LogReader(LOG)
    return [logbook.read(picture(rows, 18 + 3 * number), SCALE) for number, rows in enumerate(pictures)]


def test_what_stood_there_at_the_beginning_is_no_news() -> None:
    assert told([("Streuner destroyed", GREEN)], [("Streuner destroyed", GREEN)]) == [{}, {}]


def test_lines_that_come_are_told_once() -> None:
    old: list[Row] = [("You hit", GREY)]
    more: list[Row] = [("Mordon destroyed", GREEN), *old]
    most: list[Row] = [("Box collected", YELLOW), ("Cargo collected", YELLOW), *more]
    assert told(old, more, more, most, most) == [{}, {"kills": 1}, {}, {"loot": 2}, {}]


def test_the_same_words_again_are_a_new_line() -> None:
    one: list[Row] = [("Box collected", YELLOW)]
    assert told(one, one * 2, one * 3, one * 3) == [{}, {"loot": 1}, {"loot": 1}, {}]


def test_a_line_that_fades_away_is_no_news() -> None:
    rows: list[Row] = [("Mordon destroyed", GREEN), ("You hit", GREY)]
    assert told(rows, rows[:1], []) == [{}, {}, {}]


def test_the_first_line_of_an_empty_log_is_news() -> None:
    assert told([], [("Mordon destroyed", GREEN)]) == [{}, {"kills": 1}]


@pytest.mark.parametrize("brightness", [60, 90])
def test_something_bright_behind_the_log_is_no_line(brightness: int) -> None:
    logbook = LogReader(LOG)
    logbook.read(picture([]), SCALE)
    frame = picture([])
    cv2.circle(frame, (150, 150), 30, (brightness, brightness // 2, 20), -1)
    assert logbook.read(frame, SCALE) == {}
