"""Reads the minimap: the ship's position, the present map and its landmarks.

A map that the profile describes is recognised by its landmarks; their exact positions then come from the profile, even
where one is covered. On other maps, landmarks are detected by colour.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from understudy.contract.observation import MAX_LANDMARKS, Role
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Area, Dot, MapMarks, Mark, Screen
from understudy.perception.colours import colour_centroid
from understudy.perception.screen_regions import Edges, Scale, palette

NOTHING_HIDDEN = np.zeros(4, np.float32)
MIN_RING_FRACTION = 0.25
"""A landmark is visible when its coloured pixels are at least this fraction of those of a thin ring of its size."""
RECOGNISE_FRACTION, KEEP_FRACTION = 0.6, 0.5
"""Fraction of visible landmarks above which a map is recognised, and from which it is kept."""
SEARCH_INTERVAL = 10
"""Frames between two searches for landmarks on a map that the profile does not describe."""


@dataclass(frozen=True)
class MinimapPose:
    """Position, map and landmarks as read off the minimap."""

    x: float
    """Map fractions; NaN when the ship's dot cannot be seen."""
    y: float
    map_index: int
    """-1 when unknown."""
    landmarks: tuple[Mark, ...]


class MinimapReader:
    """Reads one game's minimap."""

    def __init__(self, profile: Profile) -> None:
        screen = profile.eye or Screen()
        part = profile.minimap
        self._area = Area(left=part.left, top=part.top, width=part.width, height=part.height)
        self._dots = {dot.role: dot for dot in screen.dots}
        self._colours = {dot.role: palette((dot.colour,)) for dot in screen.dots}
        self._maps = screen.maps
        self._indices = [profile.maps.index(one.name) if one.name in profile.maps else -1 for one in screen.maps]
        self._cursor_size = screen.cursor_size
        self._only = 0 if len(profile.maps) == 1 else -1
        """The map of a game that has no other: it needs no landmarks to be recognised."""
        self._current: MapMarks | None = None
        self._detected_marks: tuple[Mark, ...] = ()
        self._frames_since_search = SEARCH_INTERVAL

    def read(self, frame: np.ndarray, scale: Scale, cursor: tuple[float, float]) -> MinimapPose:
        """Reads one frame; the region under the cursor (window fractions) is skipped."""
        edges = scale.edges(self._area)
        hidden = self._cursor_region(cursor, scale)
        x, y = self._ship_position(frame, scale, edges, hidden)
        self._recognise(frame, scale, edges)
        if self._current is not None:
            index = self._indices[self._maps.index(self._current)]
            return MinimapPose(x, y, index, self._current.landmarks[:MAX_LANDMARKS])
        self._frames_since_search += 1
        if self._frames_since_search >= SEARCH_INTERVAL:
            self._frames_since_search, self._detected_marks = (
                0,
                find_marks(frame, scale, edges, tuple(self._dots.values())),
            )
        return MinimapPose(x, y, self._only, self._detected_marks)

    def _cursor_region(self, cursor: tuple[float, float], scale: Scale) -> np.ndarray:
        x, y, size = cursor[0] * scale.width, cursor[1] * scale.height, self._cursor_size * scale.unit
        if not (math.isfinite(x) and math.isfinite(y)):
            return NOTHING_HIDDEN
        return np.array([x - 3, y - 3, x + size, y + size], np.float32)

    def _ship_position(self, frame: np.ndarray, scale: Scale, edges: Edges, hidden: np.ndarray) -> tuple[float, float]:
        dot = self._dots.get(Role.PLAYER)
        if dot is None:
            return math.nan, math.nan
        x, y, count = colour_centroid(frame, *edges, self._colours[Role.PLAYER], dot.tolerance, hidden)
        area = math.pi * (dot.radius * scale.unit) ** 2
        if not 0.3 * area <= count <= 3.0 * area:
            return math.nan, math.nan
        return _on_map(x + dot.offset * scale.unit, y + dot.offset * scale.unit, edges)

    def _recognise(self, frame: np.ndarray, scale: Scale, edges: Edges) -> None:
        """Keeps the present map while its landmarks are visible, else searches for the map that matches best.

        Half of its landmarks are enough to keep a map (the ship's dot or the cursor may hide one), unless another map
        matches better: two maps may have a portal in the same corner.
        """
        shown = 0.0 if self._current is None else self._visible_fraction(frame, scale, edges, self._current)
        if shown == 1.0:
            return
        scores = [self._visible_fraction(frame, scale, edges, one) for one in self._maps]
        best = int(np.argmax(scores)) if scores else -1
        if best >= 0 and scores[best] > max(shown, RECOGNISE_FRACTION):
            self._current = self._maps[best]
        elif shown < KEEP_FRACTION:
            self._current = None

    def _visible_fraction(self, frame: np.ndarray, scale: Scale, edges: Edges, one: MapMarks) -> float:
        """Returns the fraction of a map's landmarks that are visible."""
        there = [self._is_visible(frame, scale, edges, mark) for mark in one.landmarks]
        return sum(there) / max(1, len(there))

    def _is_visible(self, frame: np.ndarray, scale: Scale, edges: Edges, mark: Mark) -> bool:
        dot = self._dots.get(mark.role)
        if dot is None:
            return False
        left, top, right, bottom = edges
        x, y, reach = left + mark.x * (right - left), top + mark.y * (bottom - top), (dot.radius + 1) * scale.unit
        part = (round(x - reach), round(y - reach), round(x + reach + 1), round(y + reach + 1))
        _, _, count = colour_centroid(frame, *part, self._colours[mark.role], dot.tolerance, NOTHING_HIDDEN)
        return bool(count >= MIN_RING_FRACTION * 2 * math.pi * dot.radius * scale.unit)


def find_marks(frame: np.ndarray, scale: Scale, edges: Edges, dots: tuple[Dot, ...]) -> tuple[Mark, ...]:
    """Detects portals and bases anywhere on the minimap, from their colours alone."""
    left, top, right, bottom = edges
    part = frame[top:bottom, left:right].astype(np.float32)
    marks = []
    for dot in dots:
        if dot.role not in (Role.PORTAL, Role.BASE):
            continue
        mask = (np.square(part - np.array(dot.colour, np.float32)).sum(axis=2) <= dot.tolerance**2).astype(np.uint8)
        reach = max(1, round(dot.radius * scale.unit))
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        _, _, boxes, _ = cv2.connectedComponentsWithStats(joined)
        for x, y, width, height, count in boxes[1:]:
            large = count >= dot.radius * scale.unit and max(width, height) >= dot.radius * scale.unit
            if large and max(width, height) <= 4 * dot.radius * scale.unit + 2:
                place = _on_map(left + x + width / 2, top + y + height / 2, edges)
                marks.append(Mark(role=dot.role, x=place[0], y=place[1]))
    return tuple(marks[:MAX_LANDMARKS])


def _on_map(x: float, y: float, edges: Edges) -> tuple[float, float]:
    left, top, right, bottom = edges
    return (x - left) / (right - left), (y - top) / (bottom - top)
