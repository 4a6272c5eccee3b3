"""What goes with an enemy on the screen: its bars, the writing over it, the ring around the selected one."""

import numba
import numpy as np

from understudy.contract.profile import Profile
from understudy.contract.screen import Overhead, Ring, Screen, Tag
from understudy.perception.colours import circle_share, nearest, share_of
from understudy.perception.places import Scale, palette

SLACK = 4
"""Pixels by which a detection may be off."""


class OverheadReader:
    """Reads bars, writing and ring of tracked enemies."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        self._bars = [(bar, palette(bar.full), palette(bar.empty), palette(bar.outline)) for bar in screen.overhead]
        self._tag, self._ring = screen.attacking, screen.selected

    def read(self, frame: np.ndarray, scale: Scale, track: np.void) -> None:
        """Writes hp, shield and attacking of one enemy, a record of dtype TRACK."""
        box = track["width"] * scale.width
        x, top = track["x"] * scale.width, (track["y"] - track["height"] / 2) * scale.height
        for bar, *colours in self._bars:
            track[bar.reading] = _read_bar(frame, scale, bar, colours, float(x), float(top), float(box))
        if self._tag is not None:
            track["attacking"] = _says(frame, scale, self._tag, float(x), float(top))

    def ring(self, frame: np.ndarray, scale: Scale, track: np.void) -> float:
        """How much of the ring of the selected enemy there is around this one, 0 to 1."""
        if self._ring is None:
            return 0.0
        side = max(track["width"] * scale.width, track["height"] * scale.height)
        radius = side * self._ring.scale + self._ring.margin * scale.unit
        x, y = track["x"] * scale.width, track["y"] * scale.height
        return float(circle_share(frame, x, y, radius, SLACK, palette((self._ring.colour,)), self._ring.tolerance))

    @property
    def ring_share(self) -> float:
        """From which part of a ring on an enemy counts as selected."""
        ring: Ring | None = self._ring
        return 2.0 if ring is None else ring.share


def _says(frame: np.ndarray, scale: Scale, tag: Tag, x: float, top: float) -> bool:
    half, middle = 0.5 * tag.width * scale.unit, top - tag.rise * scale.unit
    area = (
        round(x - half),
        round(middle - 0.5 * tag.height * scale.unit) - 1,
        round(x + half),
        round(middle + 0.5 * tag.height * scale.unit) + 1,
    )
    yes = share_of(frame, *area, palette(tag.colours), tag.tolerance)
    no = share_of(frame, *area, palette(tag.others), tag.tolerance) if tag.others else 0.0
    return bool(yes > no and yes > 0.02)


def _read_bar(
    frame: np.ndarray, scale: Scale, bar: Overhead, colours: list[np.ndarray], x: float, top: float, box: float
) -> float:
    width = max(bar.least_width * scale.unit, bar.width * box)
    height = max(3, round(bar.height * scale.unit))
    left, middle = round(x - width / 2), round(top - bar.rise * scale.unit)
    slack = max(2, round(SLACK * scale.unit))
    full, empty, outline = colours
    return float(read_floating_bar(frame, left, middle, int(width), height, slack, full, empty, outline, bar.tolerance))


@numba.njit(cache=True)
def read_floating_bar(frame, left, middle, width, height, slack, full, empty, outline, tolerance):  # type: ignore[no-untyped-def]
    """How full a bar is whose place is known to a few pixels only; NaN where it cannot be told.

    Takes the row with most full pixels, or where there are none the one that most looks like an empty bar in its frame.

    Args:
        frame: the picture.
        left: where it should begin, pixels.
        middle: the row where its middle should be.
        width: pixels.
        height: pixels, outline included.
        slack: how far off it may be, pixels.
        full: colours of the filled part, shape (K, 3).
        empty: of the rest.
        outline: of the frame around it.
        tolerance: in colour space.
    """
    begin, end = left - slack, left + width + slack
    if begin < 0 or end > frame.shape[1] or middle - slack - height < 0 or middle + slack + height > frame.shape[0]:
        return np.nan  # it reaches over the window's edge
    best_row, best = -1, 0.0
    for row in range(middle - slack, middle + slack + 1):
        num_full, num_empty = 0, 0
        for column in range(begin, end):
            state = _state(frame, row, column, full, empty, tolerance)
            num_full += state == 1
            num_empty += state == -1
        score = num_full + 0.5 * min(num_empty, width - num_full) - 0.1 * abs(row - middle)
        if num_full + num_empty >= 0.6 * width and (
            num_full > 1 or _framed(frame, row, begin, end, height, width, outline)
        ):
            score += 0.1 * width * _framed(frame, row, begin, end, height, width, outline)
            if score > best:
                best_row, best = row, score
    if best_row < 0:
        return np.nan
    return _fill_of_row(frame, best_row, begin, end, left, width, full, empty, tolerance)


@numba.njit(cache=True)
def _state(frame, row, column, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """1 for a full pixel, -1 for an empty one, 0 for neither."""
    red, green, blue = (
        np.float32(frame[row, column, 0]),
        np.float32(frame[row, column, 1]),
        np.float32(frame[row, column, 2]),
    )
    to_full, to_empty = nearest(red, green, blue, full), nearest(red, green, blue, empty)
    if to_full <= tolerance * tolerance and to_full < to_empty:
        return 1
    if to_empty <= 0.25 * tolerance * tolerance and to_empty < to_full:
        return -1
    return 0


@numba.njit(cache=True)
def _framed(frame, row, begin, end, height, width, outline):  # type: ignore[no-untyped-def]
    """Whether a row lies between two lines of the outline's colour."""
    if len(outline) == 0:
        return False
    half = height // 2
    for line in (row - half, row + half):
        near = 0
        for shift in (-1, 0, 1):  # the row may be any of those inside
            count = 0
            for column in range(begin, end):
                red, green, blue = (
                    np.float32(frame[line + shift, column, 0]),
                    np.float32(frame[line + shift, column, 1]),
                    np.float32(frame[line + shift, column, 2]),
                )
                count += nearest(red, green, blue, outline) <= 400.0
            near = max(near, count)
        if near < 0.7 * width:
            return False
    return True


@numba.njit(cache=True)
def _fill_of_row(frame, row, begin, end, left, width, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """How far one row of a bar is full: full pixels from its left end on, empty ones to its right end, no others."""
    first, last, count = -1, -1, 0
    for column in range(begin, end):
        if _state(frame, row, column, full, empty, tolerance) == 1:
            if first < 0:
                first = column
            last = column
            count += 1
    inner = width - 2  # the outline takes a pixel at each end
    if count == 0:
        return 0.0
    run = last - first + 1
    if run > inner + 2 or count < 0.85 * run or first > left + 0.3 * width:
        return np.nan
    if run >= inner - 1:
        return 1.0
    rest, num_empty = inner - run, 0
    for column in range(last + 1, min(last + 1 + rest, frame.shape[1])):
        num_empty += _state(frame, row, column, full, empty, tolerance) == -1
    if num_empty < 0.7 * rest:
        return np.nan
    return (run + 1) / width
