"""Panels of a game's window, and whether its camera stands still: by edges that stay where they are.

Edges of a scrolling scene come and go; those of a panel are there in most frames. Where they fill the whole window the
camera is still, and no panel can be distinguished from the scene.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from understudy.contract.profile import Rectangle
from understudy.perception.discovery.recorded_clip import RecordedClip

NUM_FRAMES = 60
STATIC_EDGE = 9.0
"""Least brightness step of an edge, of 255."""
STILL_SHARE = 0.6
"""Share of the cells with texture that static edges explain, from which the camera counts as still."""
CLOSING = 19
"""Pixels between two static edges that belong to one panel."""
MIN_AREA = 0.004
"""Least area of a panel, window areas."""
MAX_AREA = 0.35
MIN_MARK, MAX_ASPECT = 12, 1.6
"""Least side of a mark, pixels of the small frames, and by how much it may be longer than wide."""
CELLS = (16, 9)


@dataclass(frozen=True, kw_only=True)
class ScreenLayout:
    """Where the scene is, in pixels of the small frames."""

    is_still: bool
    panels: tuple[tuple[int, int, int, int], ...]
    """Left, top, width, height, pixels."""
    covered: Bool[np.ndarray, "height width"]
    """True under panels."""
    marks: tuple[tuple[int, int, int, int], ...] = ()
    """What stands still and is too small for a panel, about as high as wide: a ring may be there."""

    def rectangles(self) -> tuple[Rectangle, ...]:
        """The panels in window fractions."""
        return self._in_window(self.panels)

    def mark_rectangles(self) -> tuple[Rectangle, ...]:
        """The marks in window fractions."""
        return self._in_window(self.marks)

    def _in_window(self, parts: tuple[tuple[int, int, int, int], ...]) -> tuple[Rectangle, ...]:
        height, width = self.covered.shape
        return tuple(
            Rectangle(left=x / width, top=y / height, width=w / width, height=h / height) for x, y, w, h in parts
        )

    def is_scene(self, x: float, y: float) -> bool:
        """Returns whether a point (window fractions) lies on the scene."""
        height, width = self.covered.shape
        column, row = int(x * width), int(y * height)
        return 0 <= column < width and 0 <= row < height and not self.covered[row, column]


def find_layout(clips: Sequence[RecordedClip]) -> ScreenLayout:
    """Finds the panels of the window from frames spread over all sessions."""
    chosen = [(clip, int(n)) for clip in clips for n in _spread(len(clip), max(3, NUM_FRAMES // len(clips)))]
    gradients, textures = [], []
    for clip, number in chosen:
        grey = cv2.cvtColor(clip.picture(number), cv2.COLOR_RGB2GRAY).astype(np.float32)
        gradients.append(np.stack([cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 4]))
        textures.append(np.hypot(*gradients[-1]) > STATIC_EDGE)
    static = np.hypot(*np.median(np.stack(gradients).astype(np.float16), axis=0).astype(np.float32)) > STATIC_EDGE
    is_still = _explained_share(static, np.asarray(np.mean(textures, axis=0), np.float32)) >= STILL_SHARE
    covered = np.zeros(static.shape, bool)
    panels, marks = ((), ()) if is_still else _panels_of(static)
    for x, y, w, h in panels:
        covered[y : y + h, x : x + w] = True
    return ScreenLayout(is_still=is_still, panels=panels, covered=covered, marks=marks)


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, int)


def _explained_share(static: np.ndarray, texture: Float32[np.ndarray, "height width"]) -> float:
    """Share of the window's cells with texture in which static edges are most of it."""
    cells = cv2.resize(texture.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA)
    still = cv2.resize((texture * static).astype(np.float32), CELLS, interpolation=cv2.INTER_AREA)
    busy = cells > 0.005
    return float((still[busy] > 0.5 * cells[busy]).mean()) if busy.any() else 1.0


def _panels_of(
    static: np.ndarray,
) -> tuple[tuple[tuple[int, int, int, int], ...], tuple[tuple[int, int, int, int], ...]]:
    """Panels, and marks outside them."""
    height, width = static.shape
    closed = cv2.morphologyEx(static.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((CLOSING, CLOSING), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    found, small = [], []
    for x, y, w, h, _ in stats[1:].tolist():
        is_centred = x < width / 2 < x + w and y < height / 2 < y + h  # the player's own ship, or its name
        if MIN_AREA <= w * h / (width * height) <= MAX_AREA and min(w, h) >= 6 and not is_centred:
            found.append((x, y, w, h))
        elif w * h < MIN_AREA * width * height and MIN_MARK <= max(w, h) <= MAX_ASPECT * min(w, h) and not is_centred:
            small.append((x, y, w, h))
    return _united(found, width, height), tuple(small)


def _united(
    rectangles: list[tuple[int, int, int, int]], width: int, height: int
) -> tuple[tuple[int, int, int, int], ...]:
    """Unites rectangles that overlap."""
    rest = [(max(0, x - 1), max(0, y - 1), min(width, x + w + 1), min(height, y + h + 1)) for x, y, w, h in rectangles]
    united: list[tuple[int, int, int, int]] = []
    while rest:
        one = rest.pop()
        for other in rest:
            if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]:
                rest.remove(other)
                rest.append((*np.minimum(one, other)[:2].tolist(), *np.maximum(one, other)[2:].tolist()))
                break
        else:
            united.append(one)
    return tuple(sorted((x, y, right - x, bottom - y) for x, y, right, bottom in united))
