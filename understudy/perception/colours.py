"""Reading colours off small parts of a picture, compiled: bars, lamps, writing and dots.

Everything here counts pixels near given colours; nothing guesses. What is hidden or strange makes a reading NaN.
"""

from pathlib import Path

import numba
import numpy as np

from understudy.contract.numba_cache import forget_stale_code

MOST_ERRORS = 0.12
"""A bar whose columns contradict a clean edge in more than this part is unreadable."""
LEAST_SEEN = 0.5
"""A bar of which less than this part can be told full from empty is unreadable."""
LEAST_ROWS = 0.3
"""A column is told full or empty by at least this part of its pixels."""

forget_stale_code(Path(__file__).parent)


@numba.njit(cache=True)
def nearest(red, green, blue, colours):  # type: ignore[no-untyped-def]
    """Square of the distance to the nearest of some colours, an array (K, 3)."""
    best = 1e9
    for k in range(len(colours)):
        far = (red - colours[k, 0]) ** 2 + (green - colours[k, 1]) ** 2 + (blue - colours[k, 2]) ** 2
        if far < best:
            best = far
    return best


@numba.njit(cache=True)
def read_bar(frame, left, top, right, bottom, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """How full a bar is, 0 to 1; NaN where it cannot be told.

    Each column votes full, empty or neither; the edge is where fewest columns contradict it. Writing over the bar
    leaves pixels of its column readable above and below, and a column hidden altogether does not vote.
    """
    width = right - left
    if width < 2 or bottom <= top or left < 0 or top < 0 or right > frame.shape[1] or bottom > frame.shape[0]:
        return np.nan
    votes = np.zeros(width, np.int8)
    limit, needed = tolerance * tolerance, max(1.0, LEAST_ROWS * (bottom - top))
    for column in range(width):
        num_full, num_empty = 0, 0
        for y in range(top, bottom):
            red, green, blue = (
                np.float32(frame[y, left + column, 0]),
                np.float32(frame[y, left + column, 1]),
                np.float32(frame[y, left + column, 2]),
            )
            to_full, to_empty = nearest(red, green, blue, full), nearest(red, green, blue, empty)
            if to_full <= limit and to_full < to_empty:
                num_full += 1
            elif to_empty <= limit and to_empty < to_full:
                num_empty += 1
        if num_full + num_empty >= needed:
            votes[column] = 1 if num_full > num_empty else -1
    return edge_of(votes)


@numba.njit(cache=True)
def edge_of(votes):  # type: ignore[no-untyped-def]
    """Where full columns (1) end and empty ones (-1) begin, as a fraction; 0 columns did not vote."""
    width, seen, after = len(votes), 0, 0
    for vote in votes:
        seen += vote != 0
        after += vote == 1
    if seen < LEAST_SEEN * width:
        return np.nan
    before, fewest, first, last = 0, after, 0, 0
    for column in range(width):
        before += votes[column] == -1
        after -= votes[column] == 1
        if before + after < fewest:
            fewest, first, last = before + after, column + 1, column + 1
        elif before + after == fewest and last == column:
            last = column + 1
    if fewest > MOST_ERRORS * seen:
        return np.nan
    if first == 0:  # nothing full: the outline at the left end did not vote
        return 0.0
    if last == width:
        return 1.0
    return 0.5 * (first + last) / width


@numba.njit(cache=True)
def share_of(frame, left, top, right, bottom, colours, tolerance):  # type: ignore[no-untyped-def]
    """The part of an area's pixels that has one of some colours."""
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, frame.shape[1]), min(bottom, frame.shape[0])
    if right <= left or bottom <= top:
        return 0.0
    count, limit = 0, tolerance * tolerance
    for y in range(top, bottom):
        for x in range(left, right):
            red, green, blue = np.float32(frame[y, x, 0]), np.float32(frame[y, x, 1]), np.float32(frame[y, x, 2])
            count += nearest(red, green, blue, colours) <= limit
    return count / ((right - left) * (bottom - top))


@numba.njit(cache=True)
def circle_share(frame, x, y, radius, slack, colours, tolerance):  # type: ignore[no-untyped-def]
    """The part of a circle's directions in which some pixel within `slack` of the radius has one of some colours."""
    limit, hits, num_directions = tolerance * tolerance, 0, 96
    for direction in range(num_directions):
        angle = 2 * np.pi * direction / num_directions
        cos, sin = np.cos(angle), np.sin(angle)
        for step in range(-slack, slack + 1):
            px, py = int(x + (radius + step) * cos + 0.5), int(y + (radius + step) * sin + 0.5)
            if 0 <= px < frame.shape[1] and 0 <= py < frame.shape[0]:
                red, green, blue = (
                    np.float32(frame[py, px, 0]),
                    np.float32(frame[py, px, 1]),
                    np.float32(frame[py, px, 2]),
                )
                if nearest(red, green, blue, colours) <= limit:
                    hits += 1
                    break
    return hits / num_directions


@numba.njit(cache=True)
def spot(frame, left, top, right, bottom, colours, tolerance, hidden):  # type: ignore[no-untyped-def]
    """The middle and number of an area's pixels that have one of some colours: x, y, count.

    Args:
        hidden: left, top, right, bottom of a part that is passed over, such as the cursor's.
    """
    limit, count, sum_x, sum_y = tolerance * tolerance, 0, 0.0, 0.0
    for y in range(max(top, 0), min(bottom, frame.shape[0])):
        for x in range(max(left, 0), min(right, frame.shape[1])):
            if hidden[0] <= x < hidden[2] and hidden[1] <= y < hidden[3]:
                continue
            red, green, blue = np.float32(frame[y, x, 0]), np.float32(frame[y, x, 1]), np.float32(frame[y, x, 2])
            if nearest(red, green, blue, colours) <= limit:
                count += 1
                sum_x += x + 0.5
                sum_y += y + 0.5
    return sum_x / max(count, 1), sum_y / max(count, 1), count
