"""Compiled colour matching on small regions of a frame: bars, lamps, text and dots.

Every function counts pixels within a distance of given RGB colours. A hidden or ambiguous bar gives NaN, never a guess.
"""

from pathlib import Path

import numba
import numpy as np

from understudy.contract.numba_cache import forget_stale_code

MAX_CONTRADICTING_FRACTION = 0.12
"""A bar is unreadable when more than this fraction of its voting columns contradicts a single full/empty edge."""
MIN_VOTING_FRACTION = 0.5
"""A bar is unreadable when less than this fraction of its columns votes full or empty."""
MIN_COLUMN_FRACTION = 0.3
"""A column votes only when at least this fraction of its pixels matches the full or the empty colours."""

MIXED_COLUMN = 0.2
"""A column is mixed when the full and the empty colours both have at least this fraction of its matching pixels and
change once, from top to bottom. Bars that fill from the left have such columns at most at the edge, vertical and round
ones have many; a frame around a bar, which may look like its filled part, makes two changes."""

forget_stale_code(Path(__file__).parent)


@numba.njit(cache=True)
def squared_colour_distance(red, green, blue, colours):  # type: ignore[no-untyped-def]
    """Returns the squared RGB distance of a pixel to the nearest of some colours, shape (K, 3)."""
    best = 1e9
    for k in range(len(colours)):
        distance = (red - colours[k, 0]) ** 2 + (green - colours[k, 1]) ** 2 + (blue - colours[k, 2]) ** 2
        if distance < best:
            best = distance
    return best


@numba.njit(cache=True)
def read_bar(frame, left, top, right, bottom, full, empty, tolerance):  # type: ignore[no-untyped-def]
    """Returns (fill of a horizontal bar, whether its colours are there but not as in one that fills from the left).

    The fill, 0 to 1, is NaN where the bar is unreadable or not inside the frame, and where the second is True: in a bar
    that fills from below, from the right or around a circle. Each column votes full, empty or neither; the edge is
    where the fewest columns contradict it. Under text over the bar, a column's pixels above and below stay readable; a
    fully hidden column does not vote.
    """
    width = right - left
    if width < 2 or bottom <= top or left < 0 or top < 0 or right > frame.shape[1] or bottom > frame.shape[0]:
        return np.nan, False
    num_mixed, num_seen = 0, 0
    votes = np.zeros(width, np.int8)
    limit, needed = tolerance * tolerance, max(1.0, MIN_COLUMN_FRACTION * (bottom - top))
    for column in range(width):
        num_full, num_empty, num_changes, last = 0, 0, 0, 0
        for y in range(top, bottom):
            red, green, blue = (
                np.float32(frame[y, left + column, 0]),
                np.float32(frame[y, left + column, 1]),
                np.float32(frame[y, left + column, 2]),
            )
            to_full, to_empty = (
                squared_colour_distance(red, green, blue, full),
                squared_colour_distance(red, green, blue, empty),
            )
            if to_full <= limit and to_full < to_empty:
                num_full += 1
                num_changes += last == -1
                last = 1
            elif to_empty <= limit and to_empty < to_full:
                num_empty += 1
                num_changes += last == 1
                last = -1
        if num_full + num_empty >= needed:
            votes[column] = 1 if num_full > num_empty else -1
            num_seen += 1
            num_mixed += num_changes == 1 and min(num_full, num_empty) >= MIXED_COLUMN * (num_full + num_empty)
    if num_seen < MIN_VOTING_FRACTION * width:
        return np.nan, False
    if num_mixed > MAX_CONTRADICTING_FRACTION * num_seen:
        return np.nan, True
    fill = fill_from_votes(votes)
    return fill, np.isnan(fill)


@numba.njit(cache=True)
def fill_from_votes(votes):  # type: ignore[no-untyped-def]
    """Returns the fraction at which full columns (1) end and empty ones (-1) begin; 0 did not vote. NaN if unclear."""
    width, seen, after = len(votes), 0, 0
    for vote in votes:
        seen += vote != 0
        after += vote == 1
    if seen < MIN_VOTING_FRACTION * width:
        return np.nan
    before, fewest, first, last = 0, after, 0, 0
    for column in range(width):
        before += votes[column] == -1
        after -= votes[column] == 1
        if before + after < fewest:
            fewest, first, last = before + after, column + 1, column + 1
        elif before + after == fewest and last == column:
            last = column + 1
    if fewest > MAX_CONTRADICTING_FRACTION * seen:
        return np.nan
    if first == 0:  # nothing full: the outline at the left end did not vote
        return 0.0
    if last == width:
        return 1.0
    return 0.5 * (first + last) / width


@numba.njit(cache=True)
def colour_fraction(frame, left, top, right, bottom, colours, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fraction of a rectangle's pixels within `tolerance` of any of some colours."""
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, frame.shape[1]), min(bottom, frame.shape[0])
    if right <= left or bottom <= top:
        return 0.0
    count, limit = 0, tolerance * tolerance
    for y in range(top, bottom):
        for x in range(left, right):
            red, green, blue = np.float32(frame[y, x, 0]), np.float32(frame[y, x, 1]), np.float32(frame[y, x, 2])
            count += squared_colour_distance(red, green, blue, colours) <= limit
    return count / ((right - left) * (bottom - top))


@numba.njit(cache=True)
def _has_colour(frame, x, y, colours, limit):  # type: ignore[no-untyped-def]
    """Returns whether a pixel lies in the frame and within a squared distance of any of some colours."""
    if not (0 <= x < frame.shape[1] and 0 <= y < frame.shape[0]):
        return False
    red, green, blue = np.float32(frame[y, x, 0]), np.float32(frame[y, x, 1]), np.float32(frame[y, x, 2])
    return squared_colour_distance(red, green, blue, colours) <= limit


@numba.njit(cache=True)
def ring_coverage(frame, x, y, radius, slack, colours, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fraction of 96 directions with a pixel of given colours within `slack` pixels of the radius."""
    limit, hits, num_directions = tolerance * tolerance, 0, 96
    for direction in range(num_directions):
        angle = 2 * np.pi * direction / num_directions
        cos, sin = np.cos(angle), np.sin(angle)
        for step in range(-slack, slack + 1):
            px, py = int(x + (radius + step) * cos + 0.5), int(y + (radius + step) * sin + 0.5)
            if _has_colour(frame, px, py, colours, limit):
                hits += 1
                break
    return hits / num_directions


@numba.njit(cache=True)
def bracket_coverage(frame, x, y, half_width, half_height, arm, slack, colours, tolerance):  # type: ignore[no-untyped-def]
    """Returns the fraction of 96 points on the arms of a frame's four corners with a pixel of given colours nearby.

    Args:
        frame: RGB.
        x, y: of the frame's centre, pixels.
        half_width, half_height: from the centre to its sides, pixels.
        arm: length of an arm as a part of its side, up to 0.5.
        slack: pixels that a line may lie beside its place.
        colours: shape (K, 3).
        tolerance: RGB distance.
    """
    limit, hits, per_arm = tolerance * tolerance, 0, 12
    for number in range(8):
        right, down, is_upright = 1 if number & 1 else -1, 1 if number & 2 else -1, number >= 4
        for point in range(per_arm):
            inwards = 2.0 * arm * (point + 0.5) / per_arm
            for step in range(-slack, slack + 1):
                px = x + right * (half_width + step if is_upright else half_width * (1.0 - inwards))
                py = y + down * (half_height * (1.0 - inwards) if is_upright else half_height + step)
                if _has_colour(frame, int(px + 0.5), int(py + 0.5), colours, limit):
                    hits += 1
                    break
    return hits / (8 * per_arm)


@numba.njit(cache=True)
def colour_centroid(frame, left, top, right, bottom, colours, tolerance, hidden):  # type: ignore[no-untyped-def]
    """Returns the centroid (x, y) and number of a rectangle's pixels that have one of some colours.

    Args:
        hidden: left, top, right, bottom of a region to skip, such as the cursor's.
    """
    limit, count, sum_x, sum_y = tolerance * tolerance, 0, 0.0, 0.0
    for y in range(max(top, 0), min(bottom, frame.shape[0])):
        for x in range(max(left, 0), min(right, frame.shape[1])):
            if hidden[0] <= x < hidden[2] and hidden[1] <= y < hidden[3]:
                continue
            red, green, blue = np.float32(frame[y, x, 0]), np.float32(frame[y, x, 1]), np.float32(frame[y, x, 2])
            if squared_colour_distance(red, green, blue, colours) <= limit:
                count += 1
                sum_x += x + 0.5
                sum_y += y + 0.5
    return sum_x / max(count, 1), sum_y / max(count, 1), count
