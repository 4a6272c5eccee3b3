"""Seeds in three spaces that cannot meet: one to learn in, one to choose by, one to be judged on.

A figure reported to anyone comes from HOLDOUT worlds. Whatever picks between checkpoints, settings or ideas looks at
CHOOSE worlds alone, otherwise the reported figure is the best of many tries and not what the next world will show.
"""

from enum import IntEnum

import numpy as np
from jaxtyping import UInt64

SPACE_SIZE = 1 << 32
"""Seeds in each space: TRAIN is 0 .. 2^32 - 1, CHOOSE the next 2^32, HOLDOUT the 2^32 after that."""


class Purpose(IntEnum):
    """What a world is played for; the number is the space that its seed lies in."""

    TRAIN = 0
    CHOOSE = 1
    HOLDOUT = 2


def seeds_for(purpose: Purpose, count: int, offset: int = 0) -> UInt64[np.ndarray, " B"]:
    """`count` consecutive seeds of one space, starting `offset` seeds into it.

    Raises:
        ValueError: if the seeds would not lie inside the space.
    """
    if count < 1 or offset < 0 or offset + count > SPACE_SIZE:
        raise ValueError(f"{count} seeds from offset {offset} on do not fit into a space of {SPACE_SIZE} seeds")
    first = int(purpose) * SPACE_SIZE + offset
    return np.arange(first, first + count, dtype=np.uint64)


def purpose_of(seed: int) -> Purpose:
    """Which space a seed lies in.

    Raises:
        ValueError: if it lies in none.
    """
    return Purpose(int(seed) // SPACE_SIZE)
