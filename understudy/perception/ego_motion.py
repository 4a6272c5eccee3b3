"""How fast the player itself moves over ground, where the camera goes with it: read off what stands still.

Three witnesses, the best first: boxes and portals, which move on the screen exactly against the ship; points of light
of the background, each layer at its part of the ship's speed; the ship's dot on the minimap, which is coarse and late.
"""

import math
from collections import deque

import cv2
import numba
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from understudy.contract.screen_layout import Screen

MOST_POINTS = 160
CELL = 0.008
"""Window widths a second: how finely speeds are voted on."""
LEAST_VOTES = 6.0
STRANGE = 0.05
"""Window widths a second: a ship speeds up by less than this from one picture to the next."""
SMOOTH = 0.6
"""How much of a new reading is believed at once."""
MINIMAP_S = 0.8
"""Over so long the minimap's dot tells a speed."""


class EgoMotionEstimator:
    """The player's velocity. Remembers the picture before."""

    def __init__(self, screen: Screen, aspect: float) -> None:
        """Args: `screen`, of the game; `aspect`, height of the window over its width."""
        self._parallax, self._least_light = np.array(screen.parallax, np.float32), screen.star_light
        self._top_speed, self._aspect = screen.top_speed, aspect
        self._views = None
        if screen.view_width is not None and screen.view_height is not None:
            self._views = np.array([screen.view_width, screen.view_height])
        self._points: Float32[np.ndarray, "P 2"] = np.zeros((0, 2), np.float32)
        self._places: deque[tuple[float, float, float]] = deque()
        self._strange: Float64[np.ndarray, 2] = np.zeros(2)
        self.velocity: Float64[np.ndarray, 2] = np.zeros(2)
        """Window widths and heights a second, over ground."""

    def reset(self) -> None:
        """The ship was moved by a jump or by death."""
        self._points, self.velocity = np.zeros((0, 2), np.float32), np.zeros(2)
        self._places.clear()

    def look(
        self, light: UInt8[np.ndarray, "height width"], sky: Bool[np.ndarray, "height width"], elapsed_s: float
    ) -> None:
        """Takes a new picture in, before objects are followed in it.

        Args:
            light: brightness of the picture, at half size or so.
            sky: where the background can be seen: panels never move, and would say that nothing does.
            elapsed_s: seconds since the picture before.
        """
        if not len(self._parallax):
            return
        before, self._points = self._points, detect_stars(light, sky, self._least_light)
        if not (len(before) and len(self._points) and 0 < elapsed_s < 0.5):
            return
        width = np.float32(light.shape[1])  # both axes in widths
        x, y, votes = vote(before / width, self._points / width, self._parallax, elapsed_s, self._top_speed, CELL)
        found = np.array([x, y / self._aspect])
        if votes < LEAST_VOTES:
            return
        # A lone strange answer is a wrong one; two of a kind are a turn of the ship.
        if self._near(found, self.velocity) or self._near(found, self._strange):
            self._believe(found, SMOOTH)
        self._strange = found

    def _near(self, one: np.ndarray, other: np.ndarray) -> bool:
        return math.hypot(one[0] - other[0], (one[1] - other[1]) * self._aspect) < STRANGE

    def correct(self, moved: Float64[np.ndarray, "K 2"], elapsed_s: float) -> None:
        """What stands still has moved on the screen by so much (window fractions) since the picture before."""
        if len(moved) and 0 < elapsed_s < 0.5:
            self._believe(-np.median(moved, axis=0) / elapsed_s, SMOOTH)

    def walk(self, x: float, y: float, time_s: float, *, alone: bool) -> None:
        """Where the minimap has the ship, map fractions; believed only where no better witness speaks."""
        if self._views is None or math.isnan(x):
            return
        self._places.append((time_s, x, y))
        while time_s - self._places[0][0] > MINIMAP_S:
            self._places.popleft()
        first = self._places[0]
        if alone and time_s - first[0] > 0.5 * MINIMAP_S:
            gone = np.array([x - first[1], y - first[2]]) / self._views / (time_s - first[0])
            self._believe(gone, 0.3)

    def _believe(self, velocity: np.ndarray, share: float) -> None:
        if math.hypot(velocity[0], velocity[1] * self._aspect) <= 1.3 * self._top_speed:
            self.velocity = self.velocity + share * (velocity - self.velocity)


def detect_stars(
    light: UInt8[np.ndarray, "height width"], sky: Bool[np.ndarray, "height width"], least_light: float
) -> Float32[np.ndarray, "P 2"]:
    """Small spots brighter than their surroundings, to a part of a pixel: x, y."""
    blurred = cv2.GaussianBlur(light, (0, 0), 0.8)
    around = cv2.blur(light, (11, 11))
    peak = (
        (blurred == cv2.dilate(blurred, np.ones((5, 5), np.uint8)))
        & (blurred > around.astype(np.int16) + least_light)
        & sky
    )
    rows, columns = np.nonzero(peak[2:-2, 2:-2])
    if len(rows) > MOST_POINTS:
        best = np.argsort(-blurred[rows + 2, columns + 2].astype(int), kind="stable")[:MOST_POINTS]
        rows, columns = rows[best], columns[best]
    return refined(blurred.astype(np.float32), rows + 2, columns + 2)


def refined(light: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Float32[np.ndarray, "P 2"]:
    """Peaks to a part of a pixel, by a parabola through each and its neighbours."""
    middle = light[rows, columns]
    left, right = light[rows, columns - 1], light[rows, columns + 1]
    above, below = light[rows - 1, columns], light[rows + 1, columns]
    x = columns + 0.5 * (right - left) / np.maximum(2 * middle - left - right, 1e-3)
    y = rows + 0.5 * (below - above) / np.maximum(2 * middle - above - below, 1e-3)
    return np.stack([x, y], axis=1).astype(np.float32)


@numba.njit(cache=True)
def vote(before, now, parallax, elapsed_s, top_speed, cell):  # type: ignore[no-untyped-def]
    """The speed of the ship that explains most pairs of points: x, y, votes.

    Every pair of a point before and a point now is, for each layer, a vote for the speed that would have carried one to
    the other. Right pairs of all layers vote for the same speed, wrong ones for all kinds (Hough 1962).
    """
    half = int(np.ceil(top_speed / cell)) + 1
    size = 2 * half + 1
    counts = np.zeros((size, size), np.float32)
    for layer in parallax:
        scale = -1.0 / (layer * elapsed_s)
        for i in range(len(before)):
            for j in range(len(now)):
                x = (now[j, 0] - before[i, 0]) * scale / cell
                y = (now[j, 1] - before[i, 1]) * scale / cell
                if abs(x) < half - 1 and abs(y) < half - 1:
                    counts[int(np.rint(y)) + half, int(np.rint(x)) + half] += 1.0
    best, best_row, best_column = -1.0, 0, 0
    for row in range(1, size - 1):
        for column in range(1, size - 1):
            total = counts[row - 1 : row + 2, column - 1 : column + 2].sum()
            if total > best:
                best, best_row, best_column = total, row, column
    sum_x, sum_y = 0.0, 0.0
    for row in range(best_row - 1, best_row + 2):
        for column in range(best_column - 1, best_column + 2):
            sum_x += counts[row, column] * (column - half)
            sum_y += counts[row, column] * (row - half)
    return sum_x / max(best, 1.0) * cell, sum_y / max(best, 1.0) * cell, best
