"""Finds the rectangle of a game in pictures of its window: what moves, out to the straight edges around it.

A browser's toolbar and a page stand still while a game in the page moves. From the smallest rectangle that holds every
change, each side moves outwards to the first straight still edge that spans it: the canvas's border. It is a proposal
for a person, who sees it drawn and confirms it.
"""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

MIN_DIFFERENCE = 24
"""Difference of a channel, of 255, that is a change, and between neighbouring pixels an edge."""
MIN_CHANGED = 16
"""Connected changed pixels that are motion; fewer are a text cursor or noise."""
MIN_STRAIGHT = 0.9
"""Part of a side's length that has to be an edge."""

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""


def moving_area(pictures: Sequence[UInt8[np.ndarray, "height width 3"]]) -> Edges | None:
    """Returns the rectangle of the game in pictures of one window, taken one after the other; None if nothing moves."""
    moved = _moved(pictures)
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    if not len(rows):
        return None
    area = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    across, down = _edges(pictures[0], 1), _edges(pictures[0], 0)
    for _ in range(3):  # a side that has moved makes the sides beside it longer
        left, top, right, bottom = area
        area = (
            _outwards(across[top:bottom, :left].mean(axis=0)[::-1], left, -1),
            _outwards(down[:top, left:right].mean(axis=1)[::-1], top, -1),
            _outwards(across[top:bottom, right - 1 :].mean(axis=0), right, 1),
            _outwards(down[bottom - 1 :, left:right].mean(axis=1), bottom, 1),
        )
    return area


def _moved(pictures: Sequence[np.ndarray]) -> Bool[np.ndarray, "height width"]:
    """Returns where any picture differs from the one before, without specks."""
    changed = np.zeros(pictures[0].shape[:2], np.uint8)
    for before, after in itertools.pairwise(pictures):
        changed |= (cv2.absdiff(before, after).max(axis=2) > MIN_DIFFERENCE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= MIN_CHANGED
    kept[0] = False
    return np.asarray(kept[labels])


def _edges(picture: np.ndarray, axis: int) -> Bool[np.ndarray, "rows columns"]:
    """Returns where a pixel differs from the next along an axis; one shorter than the picture there."""
    return np.asarray(np.abs(np.diff(picture.astype(np.int16), axis=axis)).max(axis=2) > MIN_DIFFERENCE)


def _outwards(straight: np.ndarray, side: int, step: int) -> int:
    """Returns the place of the first edge that spans a side, outwards from where something moved, else the window's
    end. `straight[i]` is the edge's share i pixels further out."""
    found = np.flatnonzero(straight >= MIN_STRAIGHT)
    distance = int(found[0]) if len(found) else len(straight)
    return side + step * distance
