"""Reads the bars over an enemy, the tag over it, and the selection ring around it."""

import numba
import numpy as np

from understudy.contract.observation import TRACK
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Brackets, Overhead, Screen, Tag
from understudy.perception.colours import (
    bracket_coverage,
    colour_fraction,
    fill_from_votes,
    ring_coverage,
    squared_colour_distance,
)
from understudy.perception.screen_regions import Scale, palette

SLACK_HORIZONTAL = 4
"""Tolerance in the horizontal position of a detection, pixels."""
SLACK_VERTICAL = 8
"""Tolerance in its upper edge, pixels: detections of half-covered ships are too small."""
EXTRA_WIDTH = 0.2
"""A bar may extend past its expected width by this fraction on either side."""
OUTLINE_TOLERANCE = 20.0
"""Largest RGB distance of an outline pixel to the outline's colour."""
MIN_LINE_FRACTION = 0.7
"""Fraction of an outline's line that must be visible."""


class OverheadReader:
    """Reads the bars, the attacking tag and the selection ring of tracked enemies."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        shown = ((place, gauge.reading) for place, gauge in enumerate(profile.track_gauges))
        self._bars = [
            (place, bar, palette(bar.full), palette(bar.empty), palette(bar.outline))
            for place, bar in shown
            if bar is not None
        ]
        self._tag, self._ring = screen.attacking, screen.selected

    def read(self, frame: np.ndarray, scale: Scale, track: np.void) -> None:
        """Writes gauges and attacking into one enemy's record of dtype TRACK."""
        box = track["width"] * scale.width
        x, top = track["x"] * scale.width, (track["y"] - track["height"] / 2) * scale.height
        for place, bar, *colours in self._bars:
            track["gauges"][place] = _read_bar(frame, scale, bar, colours, float(x), float(top), float(box))
        if self._tag is not None:
            track["attacking"] = _shows_tag(frame, scale, self._tag, float(x), float(top))

    def compile(self, frame: np.ndarray, scale: Scale) -> None:
        """Triggers numba's compilation on the first frame, so that the first enemy in sight does not stall the loop."""
        empty = np.zeros(1, TRACK)[0]
        self.read(frame, scale, empty)
        self.ring(frame, scale, empty)

    def ring(self, frame: np.ndarray, scale: Scale, track: np.void) -> float:
        """Returns the visible fraction of a selection ring, or of brackets, around this track, 0 to 1."""
        if self._ring is None:
            return 0.0
        if isinstance(self._ring, Brackets):
            return _bracket_share(frame, scale, track, self._ring)
        side = max(track["width"] * scale.width, track["height"] * scale.height)
        radius = side * self._ring.scale + self._ring.margin * scale.unit
        x, y = track["x"] * scale.width, track["y"] * scale.height
        return float(
            ring_coverage(frame, x, y, radius, SLACK_HORIZONTAL, palette((self._ring.colour,)), self._ring.tolerance)
        )

    @property
    def ring_share(self) -> float:
        """Ring fraction from which an enemy counts as selected; 2.0, never reached, without a ring in the profile."""
        return 2.0 if self._ring is None else self._ring.share


def _bracket_share(frame: np.ndarray, scale: Scale, track: np.void, mark: Brackets) -> float:
    x, y = float(track["x"]) * scale.width, float(track["y"]) * scale.height
    half_width = 0.5 * float(track["width"]) * scale.width * mark.scale + mark.margin * scale.unit
    half_height = 0.5 * float(track["height"]) * scale.height * mark.scale + mark.margin * scale.unit
    sides = (max(half_width, 1.0), max(half_height, 1.0))
    return float(
        bracket_coverage(frame, x, y, *sides, mark.arm, SLACK_HORIZONTAL, palette((mark.colour,)), mark.tolerance)
    )


def _shows_tag(frame: np.ndarray, scale: Scale, tag: Tag, x: float, top: float) -> bool:
    half, middle = 0.5 * tag.width * scale.unit, top - tag.rise * scale.unit
    area = (
        round(x - half),
        round(middle - 0.5 * tag.height * scale.unit) - 1,
        round(x + half),
        round(middle + 0.5 * tag.height * scale.unit) + 1,
    )
    yes = colour_fraction(frame, *area, palette(tag.colours), tag.tolerance)
    no = colour_fraction(frame, *area, palette(tag.others), tag.tolerance) if tag.others else 0.0
    return bool(yes > no and yes > 0.02)


def _read_bar(
    frame: np.ndarray, scale: Scale, bar: Overhead, colours: list[np.ndarray], x: float, top: float, box: float
) -> float:
    width = max(bar.least_width * scale.unit, bar.width * box)
    height = max(3, round(bar.height * scale.unit))
    left, middle = round(x - width / 2), round(top - bar.rise * scale.unit)
    slack = max(2, round(SLACK_HORIZONTAL * scale.unit)), max(2, round(SLACK_VERTICAL * scale.unit))
    full, empty, outline = colours
    return float(read_floating_bar(frame, left, middle, int(width), height, slack, full, empty, outline, bar.tolerance))


@numba.njit(cache=True)
def read_floating_bar(frame, left, middle, width, height, slack, full, empty, outline, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fill fraction, 0 to 1, of a bar of approximately known position and width; NaN if unreadable.

    Reads the row with the most full pixels or, without any, the row that best matches an empty bar in its outline. A
    visible outline fixes the bar's two ends.

    Args:
        frame: RGB.
        left: expected left end, pixels.
        middle: expected middle row.
        width: expected width, pixels.
        height: pixels, outline included.
        slack: position tolerance, horizontal and vertical, pixels.
        full: colours of the filled part, shape (K, 3).
        empty: colours of the empty part, shape (K, 3).
        outline: colours of the outline, shape (K, 3).
        tolerance: RGB distance.
    """
    across, down = slack
    begin, end, reach = left - across, left + width + across, down + height
    if begin < 0 or end > frame.shape[1] or middle - reach < 0 or middle + reach > frame.shape[0]:
        return np.nan  # the bar may extend past the window's edge
    lines = _outline_lines(frame, middle - reach, middle + reach, begin, end, width, outline)
    best_row, best, first, last = -1, 0.0, 0, 0
    for row in range(middle - down, middle + down + 1):
        num_full, num_empty = 0, 0
        for column in range(begin, end):
            state = _pixel_class(frame, row, column, full, empty, tolerance)
            num_full += state == 1
            num_empty += state == -1
        if num_full + num_empty < 0.6 * width:
            continue
        line_first, line_last = _outline_around(lines, row - middle + reach, height // 2)
        framed = line_last > 0 and _closed(frame, row, line_first, line_last, outline)
        score = num_full + 0.5 * min(num_empty, width - num_full) - 0.1 * abs(row - middle) + 0.1 * width * framed
        if (num_full > 1 or framed) and score > best:
            best_row, best, first, last = row, score, line_first, line_last * framed
    if best_row < 0:
        return np.nan
    if last > 0:
        return _fill_inside_outline(frame, best_row, first, last, full, empty, tolerance)
    return _fill_of_row(frame, best_row, begin, end, left, width, full, empty, tolerance)


@numba.njit(cache=True)
def _pixel_class(frame, row, column, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """Class of a pixel: 1 full, -1 empty, 0 neither."""
    red, green, blue = (
        np.float32(frame[row, column, 0]),
        np.float32(frame[row, column, 1]),
        np.float32(frame[row, column, 2]),
    )
    to_full, to_empty = (
        squared_colour_distance(red, green, blue, full),
        squared_colour_distance(red, green, blue, empty),
    )
    if to_full <= tolerance * tolerance and to_full < to_empty:
        return 1
    if to_empty <= 0.25 * tolerance * tolerance and to_empty < to_full:
        return -1
    return 0


@numba.njit(cache=True)
def _outline_lines(frame, top, bottom, begin, end, width, outline):  # type: ignore[no-untyped-def]
    """Returns the first and last column of the outline-coloured line in each row, (0, 0) where there is none.

    Searches a fraction EXTRA_WIDTH past the expected ends: an object, and so its bar, may be larger than its detection.
    """
    lines, reach = np.zeros((bottom - top, 2), np.int64), round(EXTRA_WIDTH * width)
    if len(outline) == 0:
        return lines
    for row in range(top, bottom):
        count, first, last = 0, 0, 0
        for column in range(max(begin - reach, 0), min(end + reach, frame.shape[1])):
            if _is_outline(frame, row, column, outline):
                count += 1
                first, last = (column if count == 1 else first), column
        span = last - first + 1
        if count >= MIN_LINE_FRACTION * max(span, width) and span <= (1 + 2 * EXTRA_WIDTH) * width:
            lines[row - top] = first, last
    return lines


@numba.njit(cache=True)
def _outline_around(lines, row, half):  # type: ignore[no-untyped-def]
    """Returns the first and last column of the outline around a row, (0, 0) if it is not between two lines."""
    first, last = 1 << 30, 0
    for line in (row - half, row + half):
        longest = line
        for near in (line - 1, line + 1):  # the row may be any row inside the bar
            if lines[near, 1] - lines[near, 0] > lines[longest, 1] - lines[longest, 0]:
                longest = near
        if lines[longest, 1] == 0:
            return 0, 0
        first, last = min(first, lines[longest, 0]), max(last, lines[longest, 1])
    return first, last


@numba.njit(cache=True)
def _closed(frame, row, first, last, outline):  # type: ignore[no-untyped-def]
    """Returns whether the outline is closed at both ends of a row; if not, something covers a part of the bar."""
    return _is_outline(frame, row, first, outline) and _is_outline(frame, row, last, outline)


@numba.njit(cache=True)
def _is_outline(frame, row, column, outline):  # type: ignore[no-untyped-def]
    red, green, blue = (
        np.float32(frame[row, column, 0]),
        np.float32(frame[row, column, 1]),
        np.float32(frame[row, column, 2]),
    )
    return squared_colour_distance(red, green, blue, outline) <= OUTLINE_TOLERANCE**2


@numba.njit(cache=True)
def _fill_inside_outline(frame, row, first, last, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fill fraction of one row between the two ends of the outline."""
    inner = last - first - 1
    votes = np.zeros(inner, np.int8)
    for column in range(inner):
        votes[column] = _pixel_class(frame, row, first + 1 + column, full, empty, tolerance)
    share = fill_from_votes(votes)
    return share if np.isnan(share) or share in (0.0, 1.0) else (share * inner + 1) / (inner + 2)


@numba.njit(cache=True)
def _fill_of_row(frame, row, begin, end, left, width, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fill fraction of one row without visible outline: full pixels from the left end, then empty ones."""
    first, last, count = -1, -1, 0
    for column in range(begin, end):
        if _pixel_class(frame, row, column, full, empty, tolerance) == 1:
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
        num_empty += _pixel_class(frame, row, column, full, empty, tolerance) == -1
    if num_empty < 0.7 * rest:
        return np.nan
    return (run + 1) / width
