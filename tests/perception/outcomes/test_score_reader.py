"""A score is read by the digits that its profile has seen; what it has not is unknown, and a fall is a new game."""

import cv2
import numpy as np
import pytest

from understudy.contract.errors import FlagError
from understudy.contract.screen_layout import Area, Score
from understudy.perception.outcomes.score_calibration import score_of
from understudy.perception.outcomes.score_reader import ScoreReader
from understudy.perception.screen_regions import Scale

AREA = Area(left=0.5, top=0.0, width=0.5, height=0.1)


def frame(text: str, font: int = cv2.FONT_HERSHEY_SIMPLEX) -> np.ndarray:
    picture = np.full((400, 640, 3), (20, 30, 60), np.uint8)
    cv2.rectangle(picture, (100, 100), (200, 200), (250, 250, 250), -1)
    cv2.putText(picture, text, (330, 30), font, 0.8, (255, 240, 200), 2, cv2.LINE_AA)
    return picture


def scale(picture: np.ndarray) -> Scale:
    return Scale(picture.shape[1], picture.shape[0], 400)


@pytest.fixture(params=[cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX])
def font(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_numbers_of_known_digits_are_read_and_others_unknown(font: int) -> None:
    score = score_of([(frame("12345", font), "12345"), (frame("67890", font), "67890")], AREA)
    reader = ScoreReader(score)
    for number in (0, 7, 10, 255, 1250, 98765, 4096381):
        picture = frame(str(number), font)
        assert reader.read(picture, scale(picture)) == number
    for text in ("", "12M5", "Menu"):
        assert np.isnan(reader.read(frame(text, font), scale(frame(text, font))))


def test_a_digit_that_no_screenshot_has_shown_makes_the_number_unknown() -> None:
    reader = ScoreReader(score_of([(frame("1250"), "1250")], AREA))
    assert reader.read(frame("2015"), scale(frame("2015"))) == 2015
    assert np.isnan(reader.read(frame("2715"), scale(frame("2715"))))


def test_only_what_two_frames_show_is_gained_and_a_new_game_loses_nothing() -> None:
    reader = ScoreReader(score_of([(frame("12345"), "12345"), (frame("67890"), "67890")], AREA))

    def gains(*texts: str) -> list[float]:
        return [reader.gain(frame(text), scale(frame(text))) for text in texts]

    assert gains("100", "100", "100") == [0, 0, 0], "what was there at the start is not gained"
    assert gains("110", "110", "110") == [0, 10, 0]
    assert gains("990", "110", "110") == [0, 0, 0], "one frame alone"
    assert gains("1M0", "0", "0", "15", "15") == [0, 0, 0, 0, 15]
    reader.reset()
    assert gains("80", "80") == [0, 0], "what was gained in a gap is not counted"


def test_a_number_that_is_not_in_its_picture_is_refused() -> None:
    for value in ("123", "12345x", ""):
        with pytest.raises(FlagError, match="5 digits are seen where the score is said to be"):
            score_of([(frame("12345"), value)], AREA)


def test_templates_of_a_profile_are_checked() -> None:
    for digits in ({"10": ("0" * 36,)}, {"1": ("0" * 35,)}, {"1": ("g" * 36,)}, {"1": ("0" * 36,) * 9}):
        with pytest.raises(ValueError, match="digit"):
            Score(area=AREA, colour=(1, 2, 3), digits=digits)
