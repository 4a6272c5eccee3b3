"""Size prior by kind: where all objects of a kind have one size, the median box replaces the noisy single detection."""

from collections import deque

import numpy as np

NUM_KEPT = 60
"""Number of recent boxes kept per kind."""
MIN_BOXES = 8
MAX_RELATIVE_IQR = 0.2
"""A kind has one size when the interquartile range of its boxes is at most this fraction of the median."""
MIN_CONFIDENCE = 0.5
EDGE = 0.02
"""Boxes this near the window's edge may be cut off and are not used (window fractions)."""


class SizePrior:
    """Keeps recent boxes of each kind of one game and replaces new ones by the median where the size is constant."""

    def __init__(self, num_kinds: int) -> None:
        self._boxes: list[deque[tuple[float, float]]] = [deque(maxlen=NUM_KEPT) for _ in range(num_kinds)]
        self._typical = np.full((num_kinds, 2), np.nan)
        self._count = [0] * num_kinds

    def apply(self, sightings: np.ndarray) -> None:
        """Adds a frame's detections to the statistics, and sets the median size on kinds of constant size.

        Args:
            sightings: records of dtype SIGHTING, changed in place.
        """
        for one in sightings:
            kind = int(one["kind"])
            if one["confidence"] >= MIN_CONFIDENCE and _is_inside(one):
                self._boxes[kind].append((float(one["width"]), float(one["height"])))
                self._count[kind] += 1
                if self._count[kind] % MIN_BOXES == 0:
                    self._typical[kind] = _median_size(np.array(self._boxes[kind]))
            if not np.isnan(self._typical[kind, 0]):
                one["width"], one["height"] = self._typical[kind]


def _is_inside(sighting: np.void) -> bool:
    """Returns whether a box lies completely inside the window."""
    across, down = sighting["width"] / 2, sighting["height"] / 2
    return bool(EDGE + across < sighting["x"] < 1 - EDGE - across and EDGE + down < sighting["y"] < 1 - EDGE - down)


def _median_size(boxes: np.ndarray) -> np.ndarray:
    """Returns the median width and height; NaN where there are too few boxes or they differ too much."""
    low, middle, high = np.percentile(boxes, [25, 50, 75], axis=0)
    steady = len(boxes) >= MIN_BOXES and bool(((high - low) <= MAX_RELATIVE_IQR * middle).all())
    return middle if steady else np.full(2, np.nan)
