"""Picks the pictures that differ most from each other, for labelling: farthest-point sampling on a small descriptor.

Neighbouring frames are near-copies, and labels cost a person's time. Farthest-point sampling (Gonzalez, 1985) takes,
one after the other, the picture that is farthest from all that were taken. The descriptor is coarse on purpose: where
on the screen it is how bright, of what colour and how busy; a small object counts, the noise of a background does not.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

CELLS = (16, 9)
"""Columns and rows of the descriptor."""
BUSY_WEIGHT = 2.0
"""Of how much a cell varies inside, against its mean colour: objects are busier than what lies behind them."""
_FINE = 8
"""Pixels across a cell from which its mean and spread are taken."""


def describe_frame(pixels: UInt8[np.ndarray, "height width 3"]) -> Float32[np.ndarray, " D"]:
    """The descriptor of one RGB picture, D = 16 x 9 x 4; takes about half a millisecond."""
    columns, rows = CELLS
    small = cv2.resize(pixels, (columns * _FINE, rows * _FINE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    cells = lab.reshape(rows, _FINE, columns, _FINE, 3)
    spread = cells[..., 0].std(axis=(1, 3))
    return np.concatenate([cells.mean(axis=(1, 3)).ravel(), BUSY_WEIGHT * spread.ravel()]).astype(np.float32)


def farthest_points(descriptors: Float32[np.ndarray, "N D"], count: int) -> Int64[np.ndarray, " M"]:
    """Indices of up to `count` descriptors that lie far from each other, in the order in which they were taken.

    The first is the one farthest from the mean. Those that equal one that was taken are not taken.
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
    """Numbers, shape (N,), and descriptors, shape (N, D), of numbered pictures."""
    numbers, descriptors = [], []
    for number, pixels in pictures:
        numbers.append(number)
        descriptors.append(describe_frame(pixels))
    return np.array(numbers, np.int64), np.array(descriptors, np.float32)


def _distances(descriptors: np.ndarray, one: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(descriptors - one).sum(axis=1))
