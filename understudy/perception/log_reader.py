"""Reads the game's log: detects new lines since the previous frame and classifies each by its colour."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from understudy.contract.screen_layout import Log
from understudy.perception.screen_regions import Scale

LINE_IMAGE_WIDTH = 48
"""A line's image is resized to this many columns, so that it can be matched after the log scrolls."""
MIN_CORRELATION = 0.93
"""Two line images with a higher correlation show the same line."""
MAX_COLOUR_DISTANCE = 80.0
"""Bright pixels with a larger RGB distance to every line colour of the log are not text."""


@dataclass(frozen=True)
class _Row:
    """One line of the log in the present frame."""

    meaning: int
    """Index into the log's line types; -1 for no text."""
    print: Float32[np.ndarray, " columns"]


class LogReader:
    """Counts new lines of one game's log by event; keeps the previous frame's lines."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._colours = np.array([line.colour for line in log.lines], np.float32)
        self._before: list[_Row] | None = None

    def read(self, frame: np.ndarray, scale: Scale) -> dict[str, int]:
        """Returns the number of new lines of each event; empty on the first frame."""
        rows = self._rows(frame, scale)
        before, self._before = self._before, rows
        if before is None:
            return {}
        new = count_new_lines(before, rows)
        counts: dict[str, int] = {}
        for row in rows[:new]:
            event = self._log.lines[row.meaning].event if row.meaning >= 0 else None
            if event is not None:
                counts[event] = counts.get(event, 0) + 1
        return counts

    def reset(self) -> None:
        """Forgets the previous lines after a gap, so that the lines of the next frame do not count as new."""
        self._before = None

    def _rows(self, frame: np.ndarray, scale: Scale) -> list[_Row]:
        """Returns all lines of the frame, newest first."""
        left, top, right, bottom = scale.edges(self._log.area)
        pitch = (bottom - top) / self._log.num_lines
        part = frame[top:bottom, left:right]
        light = np.maximum(np.maximum(part[..., 0], part[..., 1]), part[..., 2])
        rows = []
        for number in range(self._log.num_lines):
            low = max(0, round(bottom - top - (number + 1) * pitch))
            high = round(bottom - top - number * pitch)
            rows.append(self._row(part[low:high], light[low:high]))
        return rows

    def _row(self, strip: np.ndarray, light: np.ndarray) -> _Row:
        writing = light > self._log.least_light
        if writing.sum() < 12:
            return _Row(-1, np.zeros(2 * LINE_IMAGE_WIDTH, np.float32))
        strong = light >= np.partition(light[writing], -12)[-12]
        colour = strip[strong].astype(np.float32).mean(axis=0)
        away = np.square(self._colours - colour).sum(axis=1)
        meaning = int(np.argmin(away)) if away.min() <= MAX_COLOUR_DISTANCE**2 else -1
        squeezed = cv2.resize(
            (light * writing).astype(np.float32), (LINE_IMAGE_WIDTH, 2), interpolation=cv2.INTER_AREA
        ).ravel()
        squeezed = squeezed - squeezed.mean()
        return _Row(meaning, np.asarray(squeezed / (np.linalg.norm(squeezed) + 1e-6), np.float32))


def count_new_lines(before: list[_Row], now: list[_Row]) -> int:
    """Returns the number of new lines, which is the number of rows by which the previous lines have moved up.

    Takes the smallest shift that matches best. A new line equal to all lines above it can only be detected by the
    empty row that it fills.
    """
    best, most = 0, -1.0
    for shift in range(len(now) + 1):
        if any(row.meaning < 0 for row in now[:shift]):
            break
        pairs = list(zip(before, now[shift:], strict=False))
        score = sum(_match_score(old, new) for old, new in pairs) / max(1, len(pairs)) - 0.01 * shift if pairs else 0.5
        if score > most:
            best, most = shift, score
    return best


def _match_score(old: _Row, new: _Row) -> float:
    """Returns the match score: 1 for the same line, 0 for different lines, 0.5 where a previous line has faded out."""
    if old.meaning < 0 or new.meaning < 0:
        return 1.0 if old.meaning == new.meaning else 0.5 if new.meaning < 0 else 0.0
    return float(old.meaning == new.meaning and float(old.print @ new.print) > MIN_CORRELATION)
