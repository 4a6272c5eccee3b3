"""Selects the most different pictures for labelling: farthest-point sampling (Gonzalez 1985) on a small descriptor.

Neighbouring frames are near-copies, and labels cost a person's time. Farthest-point sampling adds, one at a time, the
picture that is farthest from all selected ones. The descriptor is coarse on purpose: brightness, colour and variation
of each part of the screen; a small object counts, the noise of a background does not.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

CELLS = (16, 9)
"""Columns and rows of the descriptor."""
BUSY_WEIGHT = 2.0
"""Weight of the variation inside a cell against its mean colour: objects vary more than the background."""
_FINE = 8
"""Pixels across a cell from which its mean and spread are computed."""


def describe_frame(pixels: UInt8[np.ndarray, "height width 3"]) -> Float32[np.ndarray, " D"]:
    """Returns the descriptor of one RGB picture, D = 16 x 9 x 4; takes about half a millisecond."""
    columns, rows = CELLS
    small = cv2.resize(pixels, (columns * _FINE, rows * _FINE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    cells = lab.reshape(rows, _FINE, columns, _FINE, 3)
    spread = cells[..., 0].std(axis=(1, 3))
    return np.concatenate([cells.mean(axis=(1, 3)).ravel(), BUSY_WEIGHT * spread.ravel()]).astype(np.float32)


def farthest_points(descriptors: Float32[np.ndarray, "N D"], count: int) -> Int64[np.ndarray, " M"]:
    """Returns indices of up to `count` descriptors far from each other, in the order of selection.

    The first is the one farthest from the mean. Duplicates of selected ones are skipped.
    """
    if len(descriptors) == 0:
        return np.empty(0, np.int64)
    first = int(np.argmax(_distances(descriptors, descriptors.mean(axis=0))))
    chosen = [first]
    nearest = _distances(descriptors, descriptors[first])
    while len(chosen) < min(count, len(descriptors)):
        following = int(np.argmax(nearest))
        if nearest[following] <= 0:
            break
        chosen.append(following)
        nearest = np.minimum(nearest, _distances(descriptors, descriptors[following]))
    return np.array(chosen, np.int64)


def describe_all(pictures: Iterable[tuple[int, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Returns numbers, shape (N,), and descriptors, shape (N, D), of numbered pictures."""
    numbers, descriptors = [], []
    for number, pixels in pictures:
        numbers.append(number)
        descriptors.append(describe_frame(pixels))
    return np.array(numbers, np.int64), np.array(descriptors, np.float32)


def _distances(descriptors: np.ndarray, one: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(descriptors - one).sum(axis=1))
