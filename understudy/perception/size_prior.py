"""How large things of one kind are: in many games always the same, and then a median is surer than one detection."""

from collections import deque

import numpy as np

KEPT = 60
"""Detections of a kind that are remembered."""
ENOUGH = 8
STEADY = 0.2
"""A kind has one size when the middle half of its detections differs by no more than this part."""
SURE = 0.5
EDGE = 0.02
"""Boxes this near the window's edge may be cut off and tell nothing (window fractions)."""


class SizePrior:
    """Remembers the boxes of each kind of one game."""

    def __init__(self, num_kinds: int) -> None:
        self._boxes: list[deque[tuple[float, float]]] = [deque(maxlen=KEPT) for _ in range(num_kinds)]
        self._typical = np.full((num_kinds, 2), np.nan)
        self._count = [0] * num_kinds

    def settle(self, sightings: np.ndarray) -> None:
        """Learns from the detections of a picture, and gives those of kinds of one size that size.

        Args:
            sightings: records of dtype SIGHTING, changed in place.
        """
        for one in sightings:
            kind = int(one["kind"])
            if one["confidence"] >= SURE and _whole(one):
                self._boxes[kind].append((float(one["width"]), float(one["height"])))
                self._count[kind] += 1
                if self._count[kind] % ENOUGH == 0:
                    self._typical[kind] = _common(np.array(self._boxes[kind]))
            if not np.isnan(self._typical[kind, 0]):
                one["width"], one["height"] = self._typical[kind]


def _whole(sighting: np.void) -> bool:
    """Whether a box lies in the window altogether."""
    across, down = sighting["width"] / 2, sighting["height"] / 2
    return bool(EDGE + across < sighting["x"] < 1 - EDGE - across and EDGE + down < sighting["y"] < 1 - EDGE - down)


def _common(boxes: np.ndarray) -> np.ndarray:
    """Median width and height, NaN where they are few or differ too much."""
    low, middle, high = np.percentile(boxes, [25, 50, 75], axis=0)
    steady = len(boxes) >= ENOUGH and bool(((high - low) <= STEADY * middle).all())
    return middle if steady else np.full(2, np.nan)
