"""Random numbers: splitmix64 (Steele, Lea, Flood 2014), one stream in each world's state.

Uses no trigonometry, so that every machine computes the same bits.
"""

from math import sqrt

import numpy as np

from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.state import Record

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
MIX_TWO = np.uint64(0x94D049BB133111EB)
SHIFT_11, SHIFT_27 = np.uint64(11), np.uint64(27)
SHIFT_30, SHIFT_31 = np.uint64(30), np.uint64(31)


@njit_part
def uniform(w: Record) -> float:
    """Draws a uniform number in [0, 1)."""
    w.random = w.random + GOLDEN
    z = w.random
    z = (z ^ (z >> SHIFT_30)) * MIX_ONE
    z = (z ^ (z >> SHIFT_27)) * MIX_TWO
    z = z ^ (z >> SHIFT_31)
    return float(z >> SHIFT_11) * (1.0 / 9007199254740992.0)


@njit_part
def randint(w: Record, count: int) -> int:
    """Draws a uniform integer in [0, count)."""
    return int(uniform(w) * count)


@njit_part
def point_in_disc(w: Record) -> tuple[float, float]:
    """Draws a uniform point of the unit disc, by rejection sampling."""
    x, y = 2.0, 2.0
    while x * x + y * y > 1.0:
        x = 2.0 * uniform(w) - 1.0
        y = 2.0 * uniform(w) - 1.0
    return x, y


@njit_part
def distance(x: float, y: float) -> float:
    """Returns the length of a vector."""
    return sqrt(x * x + y * y)
