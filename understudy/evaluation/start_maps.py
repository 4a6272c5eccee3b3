"""Which map each seed of the embedded game begins on, so that many worlds show all of them equally."""

import numpy as np
from jaxtyping import UInt64

from understudy.worlds.catalog import load_profile


def map_names() -> tuple[str, ...]:
    """The embedded game's maps, in the order of `map_index`."""
    return load_profile("darkorbit").maps


def spread_over_maps(seeds: UInt64[np.ndarray, " B"]) -> tuple[str, ...]:
    """The map that each seed begins on: all maps equally often over consecutive seeds, and a seed always the same."""
    maps = map_names()
    return tuple(maps[int(seed) % len(maps)] for seed in seeds)
