"""Measures the digits of a score in screenshots of which the number is known, for `understudy profile new`."""

from collections.abc import Sequence

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.screen_layout import MAX_TEMPLATES, Area, Colour, Score
from understudy.perception.outcomes.score_reader import ScoreReader, glyphs_of, to_template
from understudy.perception.screen_regions import Scale

TOLERANCE = 60.0


def score_of(shots: Sequence[tuple[np.ndarray, str]], area: Area) -> Score:
    """Measures a score's colour and digits.

    Args:
        shots: pictures of the play area, and the number that each shows.
        area: of the digits, with room for more.

    Raises:
        FlagError: if a number is none, or not as many digits are seen in its picture.
    """
    digits: dict[str, tuple[str, ...]] = {}
    parts = [(_part(frame, area), value) for frame, value in shots]
    colour = _text_colour(parts[0][0])
    for part, value in parts:
        shapes = glyphs_of(part, colour, TOLERANCE)
        if not value.isascii() or not value.isdigit() or len(shapes) != len(value):
            raise FlagError(
                f"{len(shapes)} digits are seen where the score is said to be {value!r}: draw the rectangle around the "
                "digits alone, on one colour, and give the number in the picture."
            )
        for digit, shape in zip(value, shapes, strict=True):
            known = digits.get(digit, ())
            if len(known) < MAX_TEMPLATES and to_template(shape) not in known:
                digits[digit] = (*known, to_template(shape))
    score = Score(area=area, colour=colour, tolerance=TOLERANCE, digits=dict(sorted(digits.items())))
    for frame, value in shots:
        if ScoreReader(score).read(frame, Scale(frame.shape[1], frame.shape[0], frame.shape[0])) != float(value):
            raise FlagError(
                f"The score {value} cannot be distinguished from others here: take a larger picture of the window."
            )
    return score


def _part(frame: np.ndarray, area: Area) -> np.ndarray:
    left, top, right, bottom = Scale(frame.shape[1], frame.shape[0], frame.shape[0]).edges(area)
    return frame[top:bottom, left:right]


def _text_colour(part: np.ndarray) -> Colour:
    """Returns the colour farthest from the most frequent one."""
    pixels = part.reshape(-1, 3).astype(int)
    cells, counts = np.unique(pixels // 16, axis=0, return_counts=True)
    background = 16 * cells[counts.argmax()] + 8
    away = np.linalg.norm(pixels - background, axis=1)
    text = pixels[away >= 0.8 * away.max()]
    red, green, blue = np.median(text, axis=0).astype(int).tolist()
    return red, green, blue
