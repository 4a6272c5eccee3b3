"""Ego motion: the velocity of the player's ship, which the camera follows, estimated from what does not move.

Three sources, the most exact first: static objects (boxes, portals), whose motion on the screen is the ship's negated;
background stars, each parallax layer at its fraction of the ship's speed; the ship's dot on the minimap, coarse and
delayed.
"""

import math
from collections import deque

import cv2
import numba
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from understudy.contract.screen_layout import Screen

MAX_POINTS = 160
CELL = 0.008
"""Window widths a second: size of a Hough accumulator cell."""
MIN_VOTES = 6.0
OUTLIER_SPEED = 0.05
"""Outlier threshold, window widths a second: a ship's speed changes by less than this from one frame to the next."""
SMOOTHING_WEIGHT = 0.6
"""Weight of a new measurement in the exponential moving average."""
MINIMAP_S = 0.8
"""Seconds of minimap positions over which a speed is measured."""


class EgoMotionEstimator:
    """Estimates the player's velocity frame by frame; keeps the previous frame's stars."""

    def __init__(self, screen: Screen, aspect: float) -> None:
        """Args: `screen`, layout of the game; `aspect`, height of the window over its width."""
        self._parallax, self._least_light = np.array(screen.parallax, np.float32), screen.star_light
        self._top_speed, self._aspect = screen.top_speed, aspect
        self._views = None
        if screen.view_width is not None and screen.view_height is not None:
            self._views = np.array([screen.view_width, screen.view_height])
        self._points: Float32[np.ndarray, "P 2"] = np.zeros((0, 2), np.float32)
        self._places: deque[tuple[float, float, float]] = deque()
        self._last_measurement: Float64[np.ndarray, 2] = np.zeros(2)
        self.velocity: Float64[np.ndarray, 2] = np.zeros(2)
        """Window widths and heights a second, over ground."""

    def reset(self) -> None:
        """Forgets all measurements, after a jump or a death moved the ship."""
        self._points, self.velocity = np.zeros((0, 2), np.float32), np.zeros(2)
        self._places.clear()

    def update_from_stars(
        self, light: UInt8[np.ndarray, "height width"], sky: Bool[np.ndarray, "height width"], elapsed_s: float
    ) -> None:
        """Updates the velocity from the stars of a new frame; call it before the tracker.

        Args:
            light: brightness of the frame, at about half size.
            sky: mask of the visible background; panels never move and would vote for speed zero.
            elapsed_s: seconds since the previous frame.
        """
        if not len(self._parallax):
            return
        before, self._points = self._points, detect_stars(light, sky, self._least_light)
        if not (len(before) and len(self._points) and 0 < elapsed_s < 0.5):
            return
        width = np.float32(light.shape[1])  # both axes in widths
        x, y, votes = vote_velocity(
            before / width, self._points / width, self._parallax, elapsed_s, self._top_speed, CELL
        )
        found = np.array([x, y / self._aspect])
        if votes < MIN_VOTES:
            return
        # A single outlier is a wrong measurement; two consecutive outliers that agree are a turn of the ship.
        if self._agrees(found, self.velocity) or self._agrees(found, self._last_measurement):
            self._blend(found, SMOOTHING_WEIGHT)
        self._last_measurement = found

    def _agrees(self, one: np.ndarray, other: np.ndarray) -> bool:
        return math.hypot(one[0] - other[0], (one[1] - other[1]) * self._aspect) < OUTLIER_SPEED

    def update_from_static_objects(self, moved: Float64[np.ndarray, "K 2"], elapsed_s: float) -> None:
        """Updates the velocity from the displacement of static objects since the previous frame (window fractions)."""
        if len(moved) and 0 < elapsed_s < 0.5:
            self._blend(-np.median(moved, axis=0) / elapsed_s, SMOOTHING_WEIGHT)

    def update_from_minimap(self, x: float, y: float, time_s: float, *, alone: bool) -> None:
        """Records the ship's position on the minimap (map fractions); updates the velocity from it only if `alone`,
        that is where the profile has no parallax layers."""
        if self._views is None or math.isnan(x):
            return
        self._places.append((time_s, x, y))
        while time_s - self._places[0][0] > MINIMAP_S:
            self._places.popleft()
        first = self._places[0]
        if alone and time_s - first[0] > 0.5 * MINIMAP_S:
            measured = np.array([x - first[1], y - first[2]]) / self._views / (time_s - first[0])
            self._blend(measured, 0.3)

    def _blend(self, velocity: np.ndarray, share: float) -> None:
        if math.hypot(velocity[0], velocity[1] * self._aspect) <= 1.3 * self._top_speed:
            self.velocity = self.velocity + share * (velocity - self.velocity)


def detect_stars(
    light: UInt8[np.ndarray, "height width"], sky: Bool[np.ndarray, "height width"], least_light: float
) -> Float32[np.ndarray, "P 2"]:
    """Returns local brightness maxima (stars) with subpixel coordinates x, y."""
    blurred = cv2.GaussianBlur(light, (0, 0), 0.8)
    around = cv2.blur(light, (11, 11))
    peak = (
        (blurred == cv2.dilate(blurred, np.ones((5, 5), np.uint8)))
        & (blurred > around.astype(np.int16) + least_light)
        & sky
    )
    rows, columns = np.nonzero(peak[2:-2, 2:-2])
    if len(rows) > MAX_POINTS:
        best = np.argsort(-blurred[rows + 2, columns + 2].astype(int), kind="stable")[:MAX_POINTS]
        rows, columns = rows[best], columns[best]
    return refine_subpixel(blurred.astype(np.float32), rows + 2, columns + 2)


def refine_subpixel(light: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Float32[np.ndarray, "P 2"]:
    """Returns subpixel positions of peaks, by fitting a parabola through each peak and its neighbours."""
    middle = light[rows, columns]
    left, right = light[rows, columns - 1], light[rows, columns + 1]
    above, below = light[rows - 1, columns], light[rows + 1, columns]
    x = columns + 0.5 * (right - left) / np.maximum(2 * middle - left - right, 1e-3)
    y = rows + 0.5 * (below - above) / np.maximum(2 * middle - above - below, 1e-3)
    return np.stack([x, y], axis=1).astype(np.float32)


@numba.njit(cache=True)
def vote_velocity(before, now, parallax, elapsed_s, top_speed, cell):  # type: ignore[no-untyped-def]
    """Returns x, y and votes of the velocity that explains most point pairs, by a Hough transform (Hough 1962).

    For each parallax layer, every pair of a previous and a present point votes for the velocity that would have moved
    one to the other. Correct pairs of all layers vote for one velocity; wrong pairs scatter.
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
