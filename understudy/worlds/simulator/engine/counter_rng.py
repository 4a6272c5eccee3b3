"""Counter-based random numbers: a pure function of seed, stream and counter, independent of the order of calls.

The mixing function is splitmix64's (Steele, Lea, Flood 2014), applied to a counter as in Salmon et al. 2011. Unlike
``rng`` it has no state, so it can be evaluated for any tick of any world.
"""

import numpy as np
from jaxtyping import Float64, Int64, UInt64

_GOLDEN, _ODD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_MIX_ONE, _MIX_TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def counter_uniform(
    seeds: UInt64[np.ndarray, " B"], stream: int, number: int | Int64[np.ndarray, " B"]
) -> Float64[np.ndarray, " B"]:
    """Returns uniform numbers in [0, 1); `number`, the counter, is one for all worlds or one for each."""
    counter = np.asarray(number).astype(np.uint64)
    with np.errstate(over="ignore"):  # wrap-around is intended
        z = _mix(seeds + _GOLDEN * np.uint64(stream + 1))
        z = _mix(z + _ODD * (counter + np.uint64(1)))
    return np.asarray((z >> np.uint64(11)).astype(np.float64) / 2.0**53)


def counter_normal(
    seeds: UInt64[np.ndarray, " B"], stream: int, number: int | Int64[np.ndarray, " B"]
) -> Float64[np.ndarray, " B"]:
    """Returns standard normal numbers (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - counter_uniform(seeds, 2 * stream + 1000, number)))
    return np.asarray(radius * np.cos(2.0 * np.pi * counter_uniform(seeds, 2 * stream + 1001, number)))


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * _MIX_ONE
    z = (z ^ (z >> np.uint64(27))) * _MIX_TWO
    return np.asarray(z ^ (z >> np.uint64(31)))
