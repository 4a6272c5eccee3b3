"""Readers of a gauge: a bar, a ring, or a number."""

import math
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.screen_layout import Bar, Counter, Dial
from understudy.perception.outcomes.score_reader import ScoreReader
from understudy.perception.screen_regions import BarReader, Scale, palette

NUM_SAMPLES = 180
"""Points of a ring that are looked at, two degrees apart."""
MIN_KNOWN = 0.8
"""Part of these points that must have a colour of the filled or the empty part."""


@runtime_checkable
class GaugeReader(Protocol):
    """Reads one gauge."""

    def read(self, frame: np.ndarray, scale: Scale) -> float:
        """Returns the fill fraction, 0 to 1; NaN where it is unreadable."""
        ...


def gauge_reader(reading: Bar | Dial | Counter) -> GaugeReader:
    """Returns the reader of a gauge."""
    if isinstance(reading, Bar):
        return BarReader(reading)
    return DialReader(reading) if isinstance(reading, Dial) else CounterReader(reading)


class DialReader:
    """Reads which part of a ring is filled."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._full, self._empty = palette(dial.full), palette(dial.empty)
        angles = np.arange(NUM_SAMPLES) * (2 * math.pi / NUM_SAMPLES)
        self._circle = np.stack([np.cos(angles), np.sin(angles)])

    def read(self, frame: np.ndarray, scale: Scale) -> float:
        """Returns the filled part of the ring; NaN where too little of it can be seen."""
        dial, radius = self._dial, self._dial.radius * scale.unit
        x = np.round(dial.x * scale.width + radius * self._circle[0]).astype(int)
        y = np.round(dial.y * scale.height + radius * self._circle[1]).astype(int)
        inside = (x >= 0) & (x < frame.shape[1]) & (y >= 0) & (y < frame.shape[0])
        pixels = frame[y[inside], x[inside]].astype(np.float32)
        to_full, to_empty = (_distance(pixels, colours) for colours in (self._full, self._empty))
        full = (to_full <= dial.tolerance) & (to_full < to_empty)
        empty = (to_empty <= dial.tolerance) & ~full
        known = int(full.sum() + empty.sum())
        return float(full.sum() / known) if known >= MIN_KNOWN * NUM_SAMPLES else math.nan


def _distance(pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Returns the RGB distance of each pixel to the nearest colour; infinite without colours."""
    if not len(colours):
        return np.full(len(pixels), np.inf, np.float32)
    return np.asarray(np.linalg.norm(pixels[:, None] - colours[None], axis=2).min(axis=1))


class CounterReader:
    """Reads a number as a part of the most that it can be."""

    def __init__(self, counter: Counter) -> None:
        self._reader, self._most = ScoreReader(counter.score), counter.most

    def read(self, frame: np.ndarray, scale: Scale) -> float:
        """Returns the number over that of a full gauge, at most 1; NaN where a digit is unknown."""
        number = self._reader.read(frame, scale)
        return min(number / self._most, 1.0) if number == number else math.nan
