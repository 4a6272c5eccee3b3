"""What goes with an enemy on the screen: its bars, the writing over it, the ring around the selected one."""

import numba
import numpy as np

from understudy.contract.observation import TRACK
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Overhead, Ring, Screen, Tag
from understudy.perception.colours import circle_share, edge_of, nearest, share_of
from understudy.perception.screen_regions import Scale, palette

SLACK = 4
"""Pixels by which a detection may be off."""
SLACK_DOWN = 8
"""By which its upper edge may be: half covered ships are guessed too small."""
WIDER = 0.2
"""A bar may be wider on either side than its box says by this part."""
OUTLINE_TOLERANCE = 20.0
"""How far a bar's outline may be from its colour."""
LEAST_LINE = 0.7
"""So much of a line must be seen."""


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

    def compile(self, frame: np.ndarray, scale: Scale) -> None:
        """Pays for the compilation with the first picture, not seconds long when the first enemy comes in sight."""
        nobody = np.zeros(1, TRACK)[0]
        self.read(frame, scale, nobody)
        self.ring(frame, scale, nobody)

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
    slack = max(2, round(SLACK * scale.unit)), max(2, round(SLACK_DOWN * scale.unit))
    full, empty, outline = colours
    return float(read_floating_bar(frame, left, middle, int(width), height, slack, full, empty, outline, bar.tolerance))


@numba.njit(cache=True)
def read_floating_bar(frame, left, middle, width, height, slack, full, empty, outline, tolerance):  # type: ignore[no-untyped-def]
    """How full a bar is whose place and width are known roughly only; NaN where it cannot be told.

    Takes the row with most full pixels, or where there are none the one that most looks like an empty bar in its frame.
    Where the frame is seen it says where the bar begins and ends.

    Args:
        frame: the picture.
        left: where it should begin, pixels.
        middle: the row where its middle should be.
        width: pixels.
        height: pixels, outline included.
        slack: how far off it may be, across and down, pixels.
        full: colours of the filled part, shape (K, 3).
        empty: of the rest.
        outline: of the frame around it.
        tolerance: in colour space.
    """
    across, down = slack
    begin, end, reach = left - across, left + width + across, down + height
    if begin < 0 or end > frame.shape[1] or middle - reach < 0 or middle + reach > frame.shape[0]:
        return np.nan  # it reaches over the window's edge
    lines = _lines(frame, middle - reach, middle + reach, begin, end, width, outline)
    best_row, best, first, last = -1, 0.0, 0, 0
    for row in range(middle - down, middle + down + 1):
        num_full, num_empty = 0, 0
        for column in range(begin, end):
            state = _state(frame, row, column, full, empty, tolerance)
            num_full += state == 1
            num_empty += state == -1
        if num_full + num_empty < 0.6 * width:
            continue
        line_first, line_last = _frame_around(lines, row - middle + reach, height // 2)
        framed = line_last > 0 and _closed(frame, row, line_first, line_last, outline)
        score = num_full + 0.5 * min(num_empty, width - num_full) - 0.1 * abs(row - middle) + 0.1 * width * framed
        if (num_full > 1 or framed) and score > best:
            best_row, best, first, last = row, score, line_first, line_last * framed
    if best_row < 0:
        return np.nan
    if last > 0:
        return _fill_of_frame(frame, best_row, first, last, full, empty, tolerance)
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
def _lines(frame, top, bottom, begin, end, width, outline):  # type: ignore[no-untyped-def]
    """First and last column of each row's pixels of the outline's colour, (0, 0) where they make no line.

    Looks WIDER than expected on both sides: a box, and so its bar, may be larger than its detection.
    """
    lines, reach = np.zeros((bottom - top, 2), np.int64), round(WIDER * width)
    if len(outline) == 0:
        return lines
    for row in range(top, bottom):
        count, first, last = 0, 0, 0
        for column in range(max(begin - reach, 0), min(end + reach, frame.shape[1])):
            if _is_outline(frame, row, column, outline):
                count += 1
                first, last = (column if count == 1 else first), column
        span = last - first + 1
        if count >= LEAST_LINE * max(span, width) and span <= (1 + 2 * WIDER) * width:
            lines[row - top] = first, last
    return lines


@numba.njit(cache=True)
def _frame_around(lines, row, half):  # type: ignore[no-untyped-def]
    """First and last column of a row's frame, (0, 0) where it does not lie between two lines."""
    first, last = 1 << 30, 0
    for line in (row - half, row + half):
        longest = line
        for near in (line - 1, line + 1):  # the row may be any of those inside
            if lines[near, 1] - lines[near, 0] > lines[longest, 1] - lines[longest, 0]:
                longest = near
        if lines[longest, 1] == 0:
            return 0, 0
        first, last = min(first, lines[longest, 0]), max(last, lines[longest, 1])
    return first, last


@numba.njit(cache=True)
def _closed(frame, row, first, last, outline):  # type: ignore[no-untyped-def]
    """Whether a row's frame ends on both sides where its lines do: else something covers a part of the bar."""
    return _is_outline(frame, row, first, outline) and _is_outline(frame, row, last, outline)


@numba.njit(cache=True)
def _is_outline(frame, row, column, outline):  # type: ignore[no-untyped-def]
    red, green, blue = (
        np.float32(frame[row, column, 0]),
        np.float32(frame[row, column, 1]),
        np.float32(frame[row, column, 2]),
    )
    return nearest(red, green, blue, outline) <= OUTLINE_TOLERANCE**2


@numba.njit(cache=True)
def _fill_of_frame(frame, row, first, last, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """How far one row of a bar is full between the outer columns of its frame."""
    inner = last - first - 1
    votes = np.zeros(inner, np.int8)
    for column in range(inner):
        votes[column] = _state(frame, row, first + 1 + column, full, empty, tolerance)
    share = edge_of(votes)
    return share if np.isnan(share) or share in (0.0, 1.0) else (share * inner + 1) / (inner + 2)


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
