"""Round bars: rings and discs of two colours, of which a part is filled from a fixed angle to one that moves.

A circle is fitted to the pixels that change, or to all that have one of their two colours in most frames; the colours
around it, cut open at an angle, must then be one colour up to an edge that moves, as those along a straight bar are.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from understudy.contract.profile import Rectangle
from understudy.contract.screen_layout import Colour
from understudy.perception.discovery.bars import (
    CHANGED,
    MAX_WITHIN,
    MAX_WRONG,
    MIN_APART,
    MIN_FALL,
    MIN_MOVED,
    SAME_COLOUR,
    edge_levels,
    two_colours,
)
from understudy.perception.discovery.discovered import Fill, FoundBar

NUM_ANGLES = 180
"""Points of a circle that are looked at, two degrees apart, from the top clockwise."""
MIN_CHANGING = 24
"""Least number of these that change."""
MIN_RADIUS, MAX_RADIUS = 7.0, 0.2
"""Pixels; window heights."""
NUM_STEPS = 8
"""Of the fit of a circle."""
MAX_THICKNESS = 0.75
"""Of the ring, radii."""
DISC, DISC_PIXELS, NEAR_DISC = 1.2535, 1.05, 0.05
"""A disc that fills by an angle is fitted as a ring of this thickness, radii, with so many pixels as a share of the
area within the ring's outer edge (5 % of them lie further out); and by how much either may differ. Nine tenths of a
disc lie from sqrt(0.05) to sqrt(0.95) of its radius."""
MIN_KNOWN = 0.9
"""Least share of the points that have one of the two colours."""
MAX_OF_FEWER = 0.2
"""Most points on the wrong side of the edge, of those that have the rarer colour of their frame: where things of the
scene pass by now and then, few points are wrong and few are full."""
MIN_LEVELS = 4
"""Different levels, of 20: what is full or empty alone is a lamp."""
MAX_APART = 0.06
"""Largest mean difference between the levels along the ring's inner and outer half."""
NEAR_EITHER, MIN_EITHER = 0.25, 0.8
"""How near a pixel must be to one of its two colours, as a share of their distance, and in how many of the frames."""
MARGIN = 4
"""Pixels around an area that are looked at, too."""
MOST_FRAMES, MOST_SEEN, MOST_PIXELS = 60, 20, 400
"""Frames that are looked at, spread evenly; of these the ones in which a ring's colours are looked for around an arc,
and pixels of the arc from which these colours are taken."""
MOST_ARCS = 40
"""Arcs of an area that are looked at, the largest first: under a still camera the area is the whole window."""
LONGEST = 3.5
"""Largest diameter of a ring, sides of the box of its shortest arc (48 degrees across a corner, and some)."""


@dataclass(frozen=True)
class _Circle:
    """A ring's middle, in pixels of a part of the window."""

    x: float
    y: float
    radius: float
    thickness: float


def find_round_bars(frames: UInt8[np.ndarray, "N height width 3"], areas: Sequence[Rectangle]) -> tuple[FoundBar, ...]:
    """Finds the round bars in parts of the window.

    Args:
        frames: RGB, of moments spread over the play.
        areas: where to look, window fractions.
    """
    frames = frames[_spread(len(frames), MOST_FRAMES)]
    height, width = frames.shape[1:3]
    found: list[FoundBar] = []
    for area in areas:
        left, top = max(0, int(area.left * width) - MARGIN), max(0, int(area.top * height) - MARGIN)
        right = min(width, math.ceil((area.left + area.width) * width) + MARGIN)
        bottom = min(height, math.ceil((area.top + area.height) * height) + MARGIN)
        part = frames[:, top:bottom, left:right]
        for circle, bar in _bars_in(part, MAX_RADIUS * height):
            place = _place_of(left + circle.x, top + circle.y, circle.radius + circle.thickness / 2, width, height)
            if not any(_same_place(place, other.area) for other in found):
                found.append(replace(bar, area=place))
    return tuple(found)


def _place_of(x: float, y: float, reach: float, width: int, height: int) -> Rectangle:
    """The square around a ring; smaller where the window cuts the ring off, so that its middle stays the ring's."""
    across, down = min(reach, x, width - x), min(reach, y, height - y)
    return Rectangle(
        left=(x - across) / width, top=(y - down) / height, width=2 * across / width, height=2 * down / height
    )


def _bars_in(part: UInt8[np.ndarray, "N rows columns 3"], most: float) -> Iterator[tuple[_Circle, FoundBar]]:
    """The rings of a part with the bars that they are, whose place is the caller's to say."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_two_valued(part).astype(np.uint8), connectivity=8)
    arcs = [
        (number, x, y, w, h)
        for number, (x, y, w, h, count) in enumerate(stats.tolist())
        if number and MIN_RADIUS <= max(w, h) <= 2.2 * most and count >= MIN_CHANGING
    ]
    for number, x, y, w, h in sorted(arcs, key=lambda arc: -arc[3] * arc[4])[:MOST_ARCS]:
        arc = labels[y : y + h, x : x + w] == number
        for circle in _circles(part, arc, x, y, most):
            bar = _bar_of(part, circle)
            if bar is not None:
                yield circle, bar
                break


def _two_valued(part: UInt8[np.ndarray, "N rows columns 3"]) -> Bool[np.ndarray, "rows columns"]:
    """Pixels that change between two colours; those of a scene that scrolls around a ring have more."""
    low, high = np.percentile(part, (5, 95), axis=0).astype(np.float32)
    changes = (high - low).max(axis=2) > CHANGED
    low, high = low[changes], high[changes]
    within = NEAR_EITHER * (high - low).max(axis=1)
    count = np.zeros(len(low), np.int32)
    for picture in part:
        pixels = picture[changes].astype(np.float32)
        count += np.minimum(np.abs(pixels - low).max(axis=1), np.abs(pixels - high).max(axis=1)) < within
    two_valued = np.zeros_like(changes)
    two_valued[changes] = count >= MIN_EITHER * len(part)
    return np.asarray(two_valued, bool)


def _circles(part: np.ndarray, arc: Bool[np.ndarray, "h w"], x: int, y: int, most: float) -> Iterator[_Circle]:
    """Circles that may be the ring of which an arc changes: by all pixels of its two colours, and by the arc alone.

    There are none where the arc's pixels are not of two colours.
    """
    rows, columns = np.nonzero(arc)
    rows, columns = rows + y, columns + x
    chosen = _spread(len(rows), MOST_PIXELS)
    pixels = part[:, rows[chosen], columns[chosen]].astype(np.float32)
    colours, _ = two_colours(pixels)
    if colours is None or np.linalg.norm(colours[1] - colours[0]) < MIN_APART:
        return
    if _classified(pixels, colours)[1].mean() < MIN_KNOWN:
        return
    left, top, near = _of_colours(part, colours, (x, y, arc.shape[1], arc.shape[0]), most)
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=8)
    own = np.bincount(labels[rows - top, columns - left], minlength=2)
    own[0] = 0
    if own.max() > 0.5 * len(rows):
        whole_rows, whole_columns = np.nonzero(labels == own.argmax())
        yield from _usable(_fitted(whole_columns + left, whole_rows + top), len(whole_rows), most)
    yield from _usable(_fitted(columns, rows), len(rows), most)


def _of_colours(
    part: np.ndarray, colours: np.ndarray, box: tuple[int, int, int, int], most: float
) -> tuple[int, int, Bool[np.ndarray, "rows columns"]]:
    """Left and top of the region in which the ring of an arc must lie, and its pixels of two colours in most frames."""
    x, y, w, h = box
    diameter = round(min(2.2 * most, LONGEST * max(w, h)))
    left, top = max(0, x + w - diameter), max(0, y + h - diameter)
    region = part[_spread(len(part), MOST_SEEN), top : y + diameter, left : x + diameter]
    count = np.zeros(region.shape[1:3], np.int32)
    for picture in region.astype(np.float32):
        count += np.minimum(*(((picture - colour) ** 2).sum(axis=2) for colour in colours)) < SAME_COLOUR**2
    return left, top, count >= MIN_KNOWN * len(region)


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, int)


def _usable(circle: _Circle, num_pixels: int, most: float) -> Iterator[_Circle]:
    if not (MIN_RADIUS <= circle.radius <= most and circle.thickness >= 1.0):
        return
    filled = num_pixels / (math.pi * (circle.radius + circle.thickness / 2) ** 2)
    is_disc = abs(circle.thickness / circle.radius - DISC) < NEAR_DISC and abs(filled - DISC_PIXELS) < NEAR_DISC
    if circle.thickness <= MAX_THICKNESS * circle.radius or is_disc:
        yield circle


def _fitted(x: np.ndarray, y: np.ndarray) -> _Circle:
    """The circle through pixels by least squares of their distances (Gauss-Newton from Kasa 1976, whose circles are too
    small for thick arcs); its ring holds nine tenths of them."""
    system = np.stack([x, y, np.ones(len(x))], axis=1).astype(np.float64)
    (across, down, rest), *_ = np.linalg.lstsq(system, -(system[:, 0] ** 2 + system[:, 1] ** 2), rcond=None)
    middle_x, middle_y = -across / 2, -down / 2
    if middle_x**2 + middle_y**2 - rest <= 0:
        return _Circle(0.0, 0.0, 0.0, 0.0)
    radius = math.sqrt(middle_x**2 + middle_y**2 - rest)
    for _ in range(NUM_STEPS):
        across, down = x - middle_x, y - middle_y
        away = np.maximum(np.hypot(across, down), 1e-3)
        slopes = np.stack([across / away, down / away, np.ones(len(x))], axis=1)
        step = np.linalg.lstsq(slopes, away - radius, rcond=None)[0]
        middle_x, middle_y, radius = middle_x + step[0], middle_y + step[1], radius + step[2]
    low, high = np.percentile(np.hypot(x - middle_x, y - middle_y), (5, 95))
    return _Circle(float(middle_x), float(middle_y), float(low + high) / 2, float(high - low))


def _bar_of(part: np.ndarray, circle: _Circle) -> FoundBar | None:
    """The bar along a ring; None if it is none."""
    pixels = _around(part, circle, 0.0)
    if pixels is None:
        return None
    low, high = np.percentile(pixels, (5, 95), axis=0)
    changing = (high - low).max(axis=1) > CHANGED
    colours = None if changing.sum() < MIN_CHANGING else two_colours(pixels[:, changing])[0]
    if colours is None or np.linalg.norm(colours[1] - colours[0]) < MIN_APART:
        return None
    full, known = _classified(pixels, colours)
    if known.mean() < MIN_KNOWN:
        return None
    start, forwards = _start_of(full)
    levels, wrong = edge_levels(_cut_open(full, start, forwards))
    share, filled = _cut_open(full, start, forwards).mean(axis=0), full.mean(axis=1)
    num_levels = len(np.unique(np.round(20 * levels)))
    if (
        wrong.mean() > MAX_WRONG
        or wrong.sum() > MAX_OF_FEWER * np.minimum(filled, 1 - filled).sum()
        or levels.std() < MIN_MOVED
        or num_levels < MIN_LEVELS
        or share[0] - share[-1] < MIN_FALL
    ):
        return None
    for offset in (-0.25, 0.25):
        other = _around(part, circle, offset)
        if other is None:
            return None
        other_levels, _ = edge_levels(_cut_open(_classified(other, colours)[0], start, forwards))
        if np.abs(other_levels - levels).mean() > MAX_APART:
            return None
    fills: Fill = "clockwise" if forwards else "counterclockwise"
    return FoundBar(
        area=Rectangle(left=0.0, top=0.0, width=1.0, height=1.0),
        fills=fills,
        radius=circle.radius,
        full=(_colour(pixels[full]),),
        empty=(_colour(pixels[~full & known]),),
    )


def _around(part: np.ndarray, circle: _Circle, offset: float) -> Float32[np.ndarray, "N angles 3"] | None:
    """Colours around a circle, from the top clockwise, `offset` thicknesses further out; None outside the part."""
    angles = np.arange(NUM_ANGLES) * (2 * math.pi / NUM_ANGLES)
    radius = circle.radius + offset * min(circle.thickness, MAX_THICKNESS * circle.radius)
    x = np.round(circle.x + radius * np.sin(angles)).astype(int)
    y = np.round(circle.y - radius * np.cos(angles)).astype(int)
    if x.min() < 0 or y.min() < 0 or x.max() >= part.shape[2] or y.max() >= part.shape[1]:
        return None
    return np.asarray(part[:, y, x], np.float32)


def _within(colours: np.ndarray) -> float:
    """Farthest that a pixel may be from its colour, in RGB."""
    return MAX_WITHIN * float(np.linalg.norm(colours[1] - colours[0]))


def _classified(pixels: np.ndarray, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels are nearer to the brighter colour, and which are near to either."""
    away = np.linalg.norm(pixels[:, :, None] - colours, axis=3)
    return away[:, :, 1] < away[:, :, 0], away.min(axis=2) < _within(colours)


def _cut_open(full: np.ndarray, start: int, forwards: bool) -> np.ndarray:
    """The points of a circle in a row from a start angle on, clockwise or against it."""
    turned = np.roll(full, -start, axis=1)
    return turned if forwards else turned[:, ::-1]


def _start_of(full: np.ndarray) -> tuple[int, bool]:
    """Where the circle has to be cut open, and in which direction, so that the filled part comes first."""
    tried = [(start, forwards) for start in range(NUM_ANGLES) for forwards in (True, False)]
    wrong = [edge_levels(_cut_open(full, *way))[1].mean() for way in tried]
    return tried[int(np.argmin(wrong))]


def _colour(pixels: np.ndarray) -> Colour:
    red, green, blue = np.median(pixels.reshape(-1, 3), axis=0).round().astype(int).tolist()
    return red, green, blue


def _same_place(one: Rectangle, other: Rectangle) -> bool:
    across = abs(one.left + one.width / 2 - other.left - other.width / 2)
    down = abs(one.top + one.height / 2 - other.top - other.height / 2)
    return across < min(one.width, other.width) / 2 and down < min(one.height, other.height) / 2
