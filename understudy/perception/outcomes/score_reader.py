"""Reads the score that a game shows: digits of one colour in one line, compared with templates of the profile.

A digit is a run of columns with the text's colour, scaled to one height. What is no known digit makes the whole number
unknown, never a guess. A number counts once two frames in succession show it: a digit may be drawn halfway.
"""

import math

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from understudy.contract.screen_layout import DIGIT_SIZE, Colour, Score
from understudy.perception.screen_regions import Scale

MAX_DIFFERENT = 0.16
"""Largest part of a template's bits in which a digit may differ."""
MIN_LEAD = 0.03
"""By which more bits the second best digit has to differ."""
MIN_HEIGHT = 0.5
"""Runs lower than this part of the highest are commas and points, and left out."""
MAX_DIGITS = 15


def glyphs_of(part: UInt8[np.ndarray, "h w 3"], colour: Colour, tolerance: float) -> list[Bool[np.ndarray, "_ _"]]:
    """Returns the digits' shapes in a part of a frame from left to right, each DIGIT_SIZE x DIGIT_SIZE."""
    distance = np.linalg.norm(part.astype(np.float32) - np.array(colour, np.float32), axis=2)
    ink = np.asarray(distance <= tolerance)
    columns = np.flatnonzero(np.diff(np.concatenate([[0], ink.any(axis=0), [0]]).astype(np.int8)))
    runs = [ink[:, left:right] for left, right in columns.reshape(-1, 2)]
    cut = [run[np.flatnonzero(run.any(axis=1))[0] : np.flatnonzero(run.any(axis=1))[-1] + 1] for run in runs]
    highest = max((len(run) for run in cut), default=0)
    return [_scaled(run) for run in cut if len(run) >= MIN_HEIGHT * highest]


def _scaled(run: np.ndarray) -> Bool[np.ndarray, "_ _"]:
    """Scales a shape to the height of a template; what is left of its width stays empty."""
    width = min(DIGIT_SIZE, max(1, round(DIGIT_SIZE * run.shape[1] / run.shape[0])))
    small = cv2.resize(run.astype(np.float32), (width, DIGIT_SIZE), interpolation=cv2.INTER_AREA)
    shape = np.zeros((DIGIT_SIZE, DIGIT_SIZE), bool)
    shape[:, :width] = small > 0.5
    return shape


def to_template(shape: Bool[np.ndarray, "_ _"]) -> str:
    """Returns a shape as a profile holds it."""
    return np.packbits(shape).tobytes().hex()


class ScoreReader:
    """Reads one score, and by how much it has grown. Belongs to one thread."""

    def __init__(self, score: Score) -> None:
        self._score = score
        digits = [(int(digit), template) for digit, templates in score.digits.items() for template in templates]
        self._values = np.array([digit for digit, _ in digits], int)
        bits = [np.unpackbits(np.frombuffer(bytes.fromhex(template), np.uint8)) for _, template in digits]
        self._templates = np.array(bits, np.uint8).reshape(-1, DIGIT_SIZE * DIGIT_SIZE)
        self.reset()

    def reset(self) -> None:
        """Forgets the number before a gap: what was gained in a gap is not counted."""
        self._shown, self._counted = math.nan, math.nan

    def read(self, frame: UInt8[np.ndarray, "height width 3"], scale: Scale) -> float:
        """Returns the number in one frame; NaN where it is unknown."""
        left, top, right, bottom = scale.edges(self._score.area)
        shapes = glyphs_of(frame[top:bottom, left:right], self._score.colour, self._score.tolerance)
        if not 0 < len(shapes) <= MAX_DIGITS:
            return math.nan
        number = 0
        for shape in shapes:
            digit = self._digit(shape)
            if digit is None:
                return math.nan
            number = 10 * number + digit
        return float(number)

    def gain(self, frame: UInt8[np.ndarray, "height width 3"], scale: Scale) -> float:
        """Returns the points since the last number that counted: 0 for none, for an unknown number, and for a number
        that has fallen (a new game)."""
        before, self._shown = self._shown, self.read(frame, scale)
        if math.isnan(self._shown) or self._shown != before:
            return 0.0
        gained = self._shown - self._counted
        self._counted = self._shown
        return gained if gained > 0 else 0.0  # False for NaN, the first number

    def _digit(self, shape: np.ndarray) -> int | None:
        if not len(self._templates):
            return None
        differs = (self._templates != shape.ravel()).mean(axis=1)
        best = int(differs.argmin())
        others = differs[self._values != self._values[best]]
        clear = not len(others) or others.min() - differs[best] >= MIN_LEAD
        return int(self._values[best]) if differs[best] <= MAX_DIFFERENT and clear else None
