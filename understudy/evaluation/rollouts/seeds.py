"""Seeds in four spaces that cannot meet: one to learn in, one to choose by, one to be judged on, one for the gate.

A figure reported to anyone comes from HOLDOUT worlds. Whatever picks between checkpoints, settings or ideas looks at
CHOOSE worlds alone, otherwise the reported figure is the best of many tries and not what the next world will show.
The gate draws worlds of its own by lot each time it decides: whatever a candidate was chosen on, it was not these.

Which map each seed of the embedded game begins on, so that many worlds show all of them equally.
"""

import secrets
from enum import IntEnum

import numpy as np
from jaxtyping import UInt64

from understudy.worlds.catalog import load_profile

SPACE_SIZE = 1 << 32
"""Seeds in each space: TRAIN is 0 .. 2^32 - 1, CHOOSE the next 2^32, HOLDOUT and GATE those after that."""


class Purpose(IntEnum):
    """What a world is played for; the number is the space that its seed lies in."""

    TRAIN = 0
    CHOOSE = 1
    HOLDOUT = 2
    GATE = 3


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


def drawn_offset(count: int, multiple: int) -> int:
    """By lot, where in a space `count` seeds may begin that nobody can have looked at: a multiple of `multiple`."""
    return multiple * secrets.randbelow((SPACE_SIZE - count) // multiple + 1)


def map_names() -> tuple[str, ...]:
    """The embedded game's maps, in the order of `map_index`."""
    return load_profile("darkorbit").maps


def spread_over_maps(seeds: UInt64[np.ndarray, " B"]) -> tuple[str, ...]:
    """The map that each seed begins on: all maps equally often over consecutive seeds, and a seed always the same."""
    maps = map_names()
    return tuple(maps[int(seed) % len(maps)] for seed in seeds)
