"""Bars: rows or columns that are one colour up to an edge that moves, and another colour after it; changing digits.

Where no bar changes often, one is looked for that is nearly always full or nearly always empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from understudy.contract.profile import Rectangle
from understudy.contract.screen_layout import Colour
from understudy.perception.discovery.discovered import Fill, FoundBar, FoundDigits

CHANGED = 50
"""Range of a pixel's brightest channel over time, of 255, above which it changes."""
MIN_LENGTH, MIN_LINES = 16, 3
MAX_WRONG = 0.06
"""Largest mean share of pixels on the wrong side of the edge."""
MIN_MOVED = 0.03
"""Least standard deviation of the level."""
MAX_WITHIN = 0.45
"""Largest mean distance of the pixels to their colour, as a share of the distance between the two colours."""
SAME_COLOUR = 40.0
MIN_APART = 80.0
"""Least RGB distance between the two colours."""
MIN_FULL_START, MIN_FALL = 0.6, 0.15
"""Least share of the frames in which the pixel where the bar begins is full, and by how much more than where it ends:
what passes by in the scene fills no pixel for long."""
SELDOM, FEWEST = 3, 2
"""Least number of frames in which a bar differs from how it usually is, and in which each of its pixels does."""
DIFFERS = 0.04
"""Least share of a line's pixels by which it differs from how it usually is."""
GAP = 0.012
"""Parts of one bar may be this far apart where text or a shine lies between them, window heights."""
BESIDE = 3
"""Pixels along a bar's two sides that must not all have its colour."""
HOLE = 0.35
"""What lies this near to a ring's middle is inside of it, widths of its square."""
MAX_COLOURS = 6
ROWS = 16
GLANCE, FEW_FRAMES = 4, 20
"""Every which frame is looked at first, and the least number of these from which a run of pixels is turned down."""
NEAR_ENOUGH = 0.8
SAME_HUE = 0.9
"""Least cosine of two colours that are shades of one."""


@dataclass(frozen=True)
class _Line:
    """One row of a bar, in the frame's pixels."""

    at: int
    begin: int
    end: int
    forwards: bool
    levels: np.ndarray
    full: np.ndarray
    empty: np.ndarray


def find_bars(
    frames: UInt8[np.ndarray, "N height width 3"], areas: Sequence[Rectangle], rings: Sequence[FoundBar] = ()
) -> tuple[FoundBar, ...]:
    """Finds the straight bars in parts of the window.

    Args:
        frames: RGB, of moments spread over the play.
        areas: where to look, window fractions.
        rings: round bars, whose own parts are no straight bars.
    """

    def found(*, is_seldom: bool) -> list[FoundBar]:
        bars = _found_in(frames, areas, is_seldom=is_seldom)
        bars = _distinct([bar for bar in bars if not any(_lies_in(bar.area, ring.area) for ring in rings)])
        return [bar for bar in bars if _stands_out(bar, frames)]

    return _with_gauges(found(is_seldom=False) or found(is_seldom=True))


def find_digits(
    frames: UInt8[np.ndarray, "N height width 3"],
    times_s: Sequence[float],
    areas: Sequence[Rectangle],
    bars: Sequence[FoundBar],
    rings: Sequence[FoundBar] = (),
) -> tuple[FoundDigits, ...]:
    """Finds small areas whose picture changes now and then, beside the bars and beside or within the rings."""
    height, width = frames.shape[1:3]
    minutes = max(1e-6, float(np.ptp(times_s)) / 60) if len(times_s) else 1.0
    found = []
    for area in areas:
        left, top = int(area.left * width), int(area.top * height)
        right, bottom = int((area.left + area.width) * width), int((area.top + area.height) * height)
        part = frames[:, top:bottom, left:right].max(axis=3)
        if part.size == 0:
            continue
        changed = (np.percentile(part, 90, axis=0) - np.percentile(part, 10, axis=0) > CHANGED).astype(np.uint8)
        closed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((3, max(3, width // 130)), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
        for x, y, w, h, _ in stats[1:].tolist():
            if not (5 <= h <= 0.06 * height and 4 <= w <= 0.15 * width):
                continue
            place = Rectangle(left=(left + x) / width, top=(top + y) / height, width=w / width, height=h / height)
            if any(overlap(place, bar.area) for bar in bars) or any(_is_of_ring(place, ring.area) for ring in rings):
                continue
            pixels = part[:, y : y + h, x : x + w].astype(np.int16)
            steps = (np.abs(np.diff(pixels, axis=0)) > CHANGED).mean(axis=(1, 2)) > 0.05
            found.append(FoundDigits(area=place, changes_per_minute=float(steps.sum() / minutes)))
    return tuple(found)


def _found_in(frames: np.ndarray, areas: Sequence[Rectangle], *, is_seldom: bool) -> list[FoundBar]:
    """All bars in parts of the window: those that change often, or those that change seldom, too."""
    height, width = frames.shape[1:3]
    found: list[FoundBar] = []
    for area in areas:
        left, top = int(area.left * width), int(area.top * height)
        right, bottom = int(np.ceil((area.left + area.width) * width)), int(np.ceil((area.top + area.height) * height))
        part = frames[:, top:bottom, left:right]
        if not part.size or (is_seldom and len(part) < 4 * SELDOM):
            continue
        changes = changing(part, seldom=FEWEST if is_seldom else None)
        found += [
            _bar(lines, left, top, width, height, across=True) for lines in _bars_in(part, changes, is_seldom=is_seldom)
        ]
        upright = _bars_in(part.transpose(0, 2, 1, 3), changes.T, is_seldom=is_seldom)
        found += [_bar(lines, left, top, width, height, across=False) for lines in upright]
    return found


def changing(
    part: UInt8[np.ndarray, "N rows columns 3"], seldom: int | None = None
) -> Bool[np.ndarray, "rows columns"]:
    """Returns which pixels change: from the 5th to the 95th percentile, or in `seldom` frames at least."""
    position = 0.05 * (len(part) - 1)
    count = seldom or int(position) + 2
    changes = np.zeros(part.shape[1:3], bool)
    for top in range(0, part.shape[1], ROWS):  # as many rows as the processor's cache holds
        low, high = _outermost(part[:, top : top + ROWS], count)
        if seldom:
            spread = high[-1].astype(np.int16) - low[-1]
        else:
            share = position % 1
            spread = (high[-2] * (1 - share) + high[-1] * share) - (low[-2] * (1 - share) + low[-1] * share)
        changes[top : top + ROWS] = spread.max(axis=2) > CHANGED
    return changes


def _outermost(part: UInt8[np.ndarray, "N rows columns 3"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest values of each pixel, ascending, and the largest, descending; shape (count, ...)."""
    low = np.full((count, *part.shape[1:]), 255, np.uint8)
    high = np.zeros_like(low)
    for picture in part:
        small, large = picture, picture
        for rank in range(count):
            low[rank], small = np.minimum(low[rank], small), np.maximum(low[rank], small)
            high[rank], large = np.maximum(high[rank], large), np.minimum(high[rank], large)
    return low, high


def _bars_in(part: np.ndarray, changes: np.ndarray, *, is_seldom: bool) -> list[list[_Line]]:
    """Bars whose lines are the rows of a part, N x rows x columns x 3, of which some pixels change."""
    lines = []
    for row, own in enumerate(changes):
        ends = np.flatnonzero(np.diff(np.r_[0, own.astype(int), 0]))
        runs = [
            (begin, end)
            for begin, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True)
            if end - begin >= MIN_LENGTH
        ]
        if not runs:
            continue
        pixels = np.ascontiguousarray(part[:, row])
        for begin, end in runs:
            telling = _telling_frames(pixels[:, begin:end]) if is_seldom else np.arange(len(part))
            line = _line_of(pixels[telling], row, begin, end) if len(telling) else None
            if line is not None:
                lines.append(line)
    return _together(lines)


def _telling_frames(segment: np.ndarray) -> np.ndarray:
    """Frames in which a run of pixels differs from how it usually is, and as many others; none where they are too few.

    In all frames together the few would weigh nothing.
    """
    usual = np.median(np.ascontiguousarray(segment.reshape(len(segment), -1).T), axis=1).reshape(1, -1, 3)
    red, green, blue = np.moveaxis(np.abs(segment - usual.astype(np.float32)) > CHANGED, 2, 0)
    apart = (red | green | blue).mean(axis=1) > DIFFERS
    changed, others = np.flatnonzero(apart), np.flatnonzero(~apart)
    if len(changed) < SELDOM or not len(others):
        return np.zeros(0, int)
    evenly = np.linspace(0, len(others) - 1, min(len(others), len(changed))).round().astype(int)
    return np.sort(np.concatenate([changed, others[evenly]]))


def _line_of(row_pixels: np.ndarray, row: int, begin: int, end: int) -> _Line | None:
    """One run of changing pixels as a line of a bar; None if it is none."""
    if _wrong_at_a_glance(row_pixels[::GLANCE, begin:end:2]) > 2 * MAX_WRONG:
        return None
    segment = row_pixels[:, begin:end].astype(np.float32)
    colours, full = two_colours(segment)
    if colours is None or full is None:
        return None
    apart = float(np.linalg.norm(colours[1] - colours[0]))
    if apart < MIN_APART or _mean_distance(segment, colours, full) > MAX_WITHIN * apart:
        return None
    right, left = edge_levels(full), edge_levels(full[:, ::-1])
    forwards = bool(right[1].mean() <= left[1].mean())
    levels, wrong = right if forwards else left
    if wrong.mean() > MAX_WRONG or levels.std() < MIN_MOVED:
        return None
    share = full.mean(axis=0) if forwards else full[:, ::-1].mean(axis=0)
    if share[0] < MIN_FULL_START or share[0] - share[-1] < MIN_FALL:
        return None
    begin, end = _extended(row_pixels, begin, end, colours, forwards)
    return _Line(row, begin, end, forwards, levels, colours[1], colours[0])


def _wrong_at_a_glance(some: np.ndarray) -> float:
    """Mean share of pixels on the wrong side of the edge in some frames; 0 where these are too few to tell."""
    _, full = two_colours(some) if len(some) >= FEW_FRAMES else (None, None)
    return 0.0 if full is None else float(min(edge_levels(each)[1].mean() for each in (full, full[:, ::-1])))


def _mean_distance(segment: np.ndarray, colours: np.ndarray, full: np.ndarray) -> float:
    """Mean RGB distance of pixels to their colour."""
    ones = np.ones(3, np.float32)
    dark, bright = (np.sqrt((segment - colour) ** 2 @ ones) for colour in colours.astype(np.float32))
    return float(np.where(full, bright, dark).mean())


def two_colours(segment: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The darker and the brighter of two colours (2-means), and which pixels have the brighter."""
    flat = segment.reshape(-1, 3).astype(np.float32, copy=False)
    few = max(1, len(flat) // 50)
    order = np.argsort(flat @ np.ones(3, np.float32))
    colours = np.stack([flat[order[few]], flat[order[-few - 1]]])
    total, before = np.ones(len(flat), np.float32) @ flat, None
    for _ in range(6):
        halfway = (colours[1] @ colours[1] - colours[0] @ colours[0]) / 2
        bright = flat @ (colours[1] - colours[0]) > halfway
        count = int(np.count_nonzero(bright))
        if count in (0, len(flat)):
            return None, None
        if before is not None and np.array_equal(bright, before):
            break
        own = bright.astype(np.float32) @ flat
        colours = np.stack([(total - own) / (len(flat) - count), own / count]).astype(np.float32)
        before = bright
    return colours, bright.reshape(segment.shape[:2])


def edge_levels(full: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level and share of wrong pixels of each frame, if the full part comes first."""
    length = full.shape[1]
    counts = np.zeros((len(full), length + 1), np.int32)
    np.cumsum(full, axis=1, out=counts[:, 1:])
    wrong = np.arange(length + 1, dtype=np.int32) - 2 * counts + counts[:, -1:]
    return wrong.argmin(axis=1) / length, wrong.min(axis=1) / length


def _extended(row: np.ndarray, begin: int, end: int, colours: np.ndarray, forwards: bool) -> tuple[int, int]:
    """Adds what was always full, at the end at which the bar begins."""
    median = np.median(row, axis=0)
    if forwards:
        while begin > 0 and np.linalg.norm(median[begin - 1] - colours[1]) < SAME_COLOUR:
            begin -= 1
    else:
        while end < len(median) and np.linalg.norm(median[end] - colours[1]) < SAME_COLOUR:
            end += 1
    return begin, end


def _together(lines: list[_Line]) -> list[list[_Line]]:
    """Joins lines that lie under each other and have the same ends."""
    bars: list[list[_Line]] = []
    for line in sorted(lines, key=lambda one: (one.at, one.begin)):
        for bar in bars:
            last = bar[-1]
            shared = min(line.end, last.end) - max(line.begin, last.begin)
            longest = max(line.end, last.end) - min(line.begin, last.begin)
            if 0 < line.at - last.at <= 2 and shared > NEAR_ENOUGH * longest and line.forwards == last.forwards:
                bar.append(line)
                break
        else:
            bars.append([line])
    return [bar for bar in bars if len(bar) >= MIN_LINES]


def _bar(lines: list[_Line], left: int, top: int, width: int, height: int, *, across: bool) -> FoundBar:
    begin, end = round(np.median([line.begin for line in lines])), round(np.median([line.end for line in lines]))
    first, last = lines[0].at, lines[-1].at + 1
    if across:
        x, y, w, h = left + begin, top + first, end - begin, last - first
    else:
        x, y, w, h = left + first, top + begin, last - first, end - begin
    fills: Fill = ("right" if lines[0].forwards else "left") if across else ("down" if lines[0].forwards else "up")
    return FoundBar(
        area=Rectangle(left=x / width, top=y / height, width=w / width, height=h / height),
        fills=fills,
        full=_colours([line.full for line in lines]),
        empty=_colours([line.empty for line in lines]),
    )


def _colours(seen: list[np.ndarray]) -> tuple[Colour, ...]:
    """The different ones of several colours."""
    chosen: list[np.ndarray] = []
    for colour in seen:
        if len(chosen) < MAX_COLOURS and all(np.linalg.norm(colour - other) > SAME_COLOUR for other in chosen):
            chosen.append(colour)
    return tuple((round(float(c[0])), round(float(c[1])), round(float(c[2]))) for c in chosen)


def _distinct(found: list[FoundBar]) -> list[FoundBar]:
    """Unites parts of one bar, which overlap lengthwise and fill alike; of others that overlap the larger stays."""
    rest = sorted(found, key=lambda bar: (bar.area.top, bar.area.left))
    united: list[FoundBar] = []
    while rest:
        one = rest.pop(0)
        other = next((bar for bar in rest if _is_one_bar(one, bar)), None)
        if other is None:
            united.append(one)
        else:
            rest.remove(other)
            rest.insert(0, _union(one, other))
    kept: list[FoundBar] = []
    for bar in sorted(united, key=lambda bar: -bar.area.width * bar.area.height):
        if not any(overlap(bar.area, other.area) for other in kept):
            kept.append(bar)
    return sorted(kept, key=lambda bar: (bar.area.top, bar.area.left))


def _stands_out(bar: FoundBar, frames: np.ndarray) -> bool:
    """Whether a bar has another colour than what lies along it on at least one side: else it is ground that something
    passes over."""
    height, width = frames.shape[1:3]
    left, top = round(bar.area.left * width), round(bar.area.top * height)
    right, bottom = round((bar.area.left + bar.area.width) * width), round((bar.area.top + bar.area.height) * height)
    if bar.fills in ("right", "left"):
        sides = frames[:, max(0, top - BESIDE) : top, left:right], frames[:, bottom : bottom + BESIDE, left:right]
    else:
        sides = frames[:, top:bottom, max(0, left - BESIDE) : left], frames[:, top:bottom, right : right + BESIDE]
    return not all(side.size and _share_of(side, bar.full) > NEAR_ENOUGH for side in sides)


def _share_of(part: np.ndarray, colours: Sequence[Colour]) -> float:
    """Share of a part's pixels that mostly have one of some colours."""
    usual = np.median(part, axis=0)
    near = [np.linalg.norm(usual - np.array(colour), axis=2) < SAME_COLOUR for colour in colours]
    return float(np.any(near, axis=0).mean())


def _is_one_bar(one: FoundBar, other: FoundBar) -> bool:
    first, second = one.area, other.area
    if one.fills != other.fills:
        return False
    if one.fills in ("right", "left"):
        lengths = (first.left, first.width, second.left, second.width)
        gap = max(first.top, second.top) - min(first.top + first.height, second.top + second.height)
    else:
        lengths = (first.top, first.height, second.top, second.height)
        gap = max(first.left, second.left) - min(first.left + first.width, second.left + second.width)
    shared = min(lengths[0] + lengths[1], lengths[2] + lengths[3]) - max(lengths[0], lengths[2])
    return gap <= GAP and shared > NEAR_ENOUGH * min(lengths[1], lengths[3]) and _alike(one.full[0], other.full[0])


def _alike(one: Colour, other: Colour) -> bool:
    """Whether two colours are shades of one hue."""
    first, second = np.array(one, float), np.array(other, float)
    return float(first @ second / max(1e-6, np.linalg.norm(first) * np.linalg.norm(second))) > SAME_HUE


def _union(one: FoundBar, other: FoundBar) -> FoundBar:
    """Both parts as one bar; direction and gauge are those of the larger part."""
    longer = max((one, other), key=lambda bar: bar.area.width * bar.area.height)
    left, top = min(one.area.left, other.area.left), min(one.area.top, other.area.top)
    right = max(one.area.left + one.area.width, other.area.left + other.area.width)
    bottom = max(one.area.top + one.area.height, other.area.top + other.area.height)
    return replace(
        longer,
        area=Rectangle(left=left, top=top, width=right - left, height=bottom - top),
        full=_colours([np.array(colour) for colour in (*one.full, *other.full)]),
        empty=_colours([np.array(colour) for colour in (*one.empty, *other.empty)]),
    )


def _is_of_ring(place: Rectangle, ring: Rectangle) -> bool:
    """Whether a part of a ring's square is the ring and not a number in its middle."""
    across = abs(place.left + place.width / 2 - ring.left - ring.width / 2) + place.width / 2
    down = abs(place.top + place.height / 2 - ring.top - ring.height / 2) + place.height / 2
    return overlap(place, ring) and (across > HOLE * ring.width or down > HOLE * ring.height)


def _lies_in(one: Rectangle, other: Rectangle) -> bool:
    """Whether more than half of a place lies in another."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return across > 0 and down > 0 and across * down > 0.5 * one.width * one.height


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def _with_gauges(bars: list[FoundBar]) -> tuple[FoundBar, ...]:
    """Suggests the largest green or red bar as hp, and the largest blue one as shield."""
    order = sorted(range(len(bars)), key=lambda number: -bars[number].area.width * bars[number].area.height)
    taken: set[str] = set()
    for number in order:
        red, green, blue = np.mean(bars[number].full, axis=0).tolist()
        gauge = "shield" if blue > 1.15 * max(red, green) else "hp" if max(red, green) > 1.3 * blue else None
        if gauge is not None and gauge not in taken:
            taken.add(gauge)
            bars[number] = replace(bars[number], suggested_gauge=gauge)  # type: ignore[arg-type]
    return tuple(bars)
