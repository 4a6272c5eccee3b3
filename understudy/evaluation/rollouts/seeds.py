"""Disjoint seed spaces for training, validation (CHOOSE), test (HOLDOUT) and the gate.

Every reported figure comes from HOLDOUT worlds. Checkpoints, settings and ideas are selected on CHOOSE worlds alone;
otherwise the reported figure would be the maximum of many trials (selection bias). The gate draws new random seeds of
its own space for each decision, so no candidate can have been selected on them.

The module also assigns a start map to each seed, all maps equally often.
"""

import secrets
from enum import IntEnum

import numpy as np
from jaxtyping import UInt64

from understudy.worlds.catalog import load_profile

SPACE_SIZE = 1 << 32
"""Seeds in each space: TRAIN is 0 .. 2^32 - 1, CHOOSE the next 2^32, HOLDOUT and GATE those after that."""


class Purpose(IntEnum):
    """Purpose of a world; the value is the index of its seed space."""

    TRAIN = 0
    CHOOSE = 1
    HOLDOUT = 2
    GATE = 3


def seeds_for(purpose: Purpose, count: int, offset: int = 0) -> UInt64[np.ndarray, " B"]:
    """Returns `count` consecutive seeds of one space, starting `offset` seeds into it.

    Raises:
        ValueError: if the seeds would not lie inside the space.
    """
    if count < 1 or offset < 0 or offset + count > SPACE_SIZE:
        raise ValueError(f"{count} seeds from offset {offset} on do not fit into a space of {SPACE_SIZE} seeds")
    first = int(purpose) * SPACE_SIZE + offset
    return np.arange(first, first + count, dtype=np.uint64)


def purpose_of(seed: int) -> Purpose:
    """Returns the purpose whose space contains a seed.

    Raises:
        ValueError: if no space contains it.
    """
    return Purpose(int(seed) // SPACE_SIZE)


def drawn_offset(count: int, multiple: int) -> int:
    """Draws a random offset for `count` seeds in a space from the system's entropy, a multiple of `multiple`."""
    return multiple * secrets.randbelow((SPACE_SIZE - count) // multiple + 1)


def map_names() -> tuple[str, ...]:
    """Returns the names of the simulated game's maps, in the order of `map_index`."""
    return load_profile("darkorbit").maps


def spread_over_maps(seeds: UInt64[np.ndarray, " B"]) -> tuple[str, ...]:
    """Returns the start map of each seed: a fixed function of the seed, with all maps equally often."""
    maps = map_names()
    return tuple(maps[int(seed) % len(maps)] for seed in seeds)
