"""The game's log as events: which lines are new since the picture before, and what their colour means."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from understudy.contract.screen_layout import Log
from understudy.perception.screen_regions import Scale

PRINT_WIDTH = 48
"""A line's writing is squeezed to so many columns to be known again one line higher up."""
ALIKE = 0.93
"""Two prints that correlate better than this are the same line."""
STRANGE = 80.0
"""Something bright that is farther than this from every colour of the log's lines is no writing."""


@dataclass(frozen=True)
class _Row:
    """One line as it looks now."""

    meaning: int
    """Index into the log's lines; -1 for no writing."""
    print: Float32[np.ndarray, " columns"]


class LogReader:
    """Reads new lines of one game's log. Remembers those of the picture before."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._colours = np.array([line.colour for line in log.lines], np.float32)
        self._before: list[_Row] | None = None

    def read(self, frame: np.ndarray, scale: Scale) -> dict[str, int]:
        """How many new lines there are of each event; nothing on the first picture."""
        rows = self._rows(frame, scale)
        before, self._before = self._before, rows
        if before is None:
            return {}
        new = shift_between(before, rows)
        counts: dict[str, int] = {}
        for row in rows[:new]:
            event = self._log.lines[row.meaning].event if row.meaning >= 0 else None
            if event is not None:
                counts[event] = counts.get(event, 0) + 1
        return counts

    def reset(self) -> None:
        """Nobody looked for a while: what stands there now is no news."""
        self._before = None

    def _rows(self, frame: np.ndarray, scale: Scale) -> list[_Row]:
        """The lines, newest first."""
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
            return _Row(-1, np.zeros(2 * PRINT_WIDTH, np.float32))
        strong = light >= np.partition(light[writing], -12)[-12]
        colour = strip[strong].astype(np.float32).mean(axis=0)
        away = np.square(self._colours - colour).sum(axis=1)
        meaning = int(np.argmin(away)) if away.min() <= STRANGE**2 else -1
        squeezed = cv2.resize(
            (light * writing).astype(np.float32), (PRINT_WIDTH, 2), interpolation=cv2.INTER_AREA
        ).ravel()
        squeezed = squeezed - squeezed.mean()
        return _Row(meaning, np.asarray(squeezed / (np.linalg.norm(squeezed) + 1e-6), np.float32))


def shift_between(before: list[_Row], now: list[_Row]) -> int:
    """How many lines are new: by how many lines the old ones have moved up.

    The fewest that explain the picture; a line that equals all those above it can be told by the empty row it fills,
    or not at all.
    """
    best, most = 0, -1.0
    for shift in range(len(now) + 1):
        if any(row.meaning < 0 for row in now[:shift]):
            break
        pairs = list(zip(before, now[shift:], strict=False))
        score = sum(_alike(old, new) for old, new in pairs) / max(1, len(pairs)) - 0.01 * shift if pairs else 0.5
        if score > most:
            best, most = shift, score
    return best


def _alike(old: _Row, new: _Row) -> float:
    """1 for the same line, 0 for two; an old line that has faded away altogether is half expected."""
    if old.meaning < 0 or new.meaning < 0:
        return 1.0 if old.meaning == new.meaning else 0.5 if new.meaning < 0 else 0.0
    return float(old.meaning == new.meaning and float(old.print @ new.print) > ALIKE)
