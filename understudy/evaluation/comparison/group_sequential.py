"""Looks at paired differences again and again as they come in, and keeps the chance of a false yes all the same.

A group-sequential test (Lan and DeMets 1983, Biometrika 70): the error that may be made is spent little by little,
`error * fraction ** shape` after that fraction of the planned pairs, and each look has the bound that spends just its
part. Why this and not an e-process, with figures: docs/decisions/gate.md. The means here are those of t-tests; where a
false yes may come of a rare loss, mean_bound.py has the bound.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float64, Shaped
from scipy import optimize, special

SHAPE = 1.5
"""Between 1 (as ready to stop early as late; Pocock) and 3 (early only for the plainest cases; O'Brien and Fleming)."""
_GRID = 401
_FAR = 8.0
"""Standard deviations beyond which nothing is integrated."""


@cache
def spending_bounds(fractions: tuple[float, ...], type_1_error: float, shape: float = SHAPE) -> tuple[float, ...]:
    """The z that each look has to reach, so that an effect of zero reaches any of them with probability `error`.

    Found look by look by integrating over where a Brownian motion that has not crossed yet may be (Armitage,
    McPherson and Rowe 1969).

    Args:
        fractions: of the planned pairs that have been seen at each look, growing, the last at most 1.
        error: one-sided, over all looks together.
        shape: of the spending.
    """
    places = np.zeros(1)
    mass = np.ones(1)
    found: list[float] = []
    spent, before = 0.0, 0.0
    for fraction in fractions:
        step = (fraction - before) ** 0.5
        share = type_1_error * fraction**shape - spent
        crossing = _crossing(places, mass, step, share)
        found.append(crossing / fraction**0.5)
        grid = np.linspace(-_FAR * fraction**0.5, crossing, _GRID)
        density = np.exp(-0.5 * ((grid[:, None] - places[None, :]) / step) ** 2) @ mass / (step * (2 * np.pi) ** 0.5)
        width = grid[1] - grid[0]
        mass = density * width
        mass[[0, -1]] *= 0.5
        places, spent, before = grid, spent + share, fraction
    return tuple(found)


def _crossing(places: np.ndarray, mass: np.ndarray, step: float, share: float) -> float:
    """Where the next look's border has to lie for so much probability to get beyond it."""

    def beyond(border: float) -> float:
        return float(special.ndtr((places - border) / step) @ mass) - share

    return float(optimize.brentq(beyond, -_FAR, _FAR * 2))


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean of paired differences and how sure it is."""

    value: float
    standard_error: float
    """Standard error; within the strata, where there are some."""
    num_free: int
    """Degrees of freedom."""

    def reach(self, z: float) -> float:
        """How far from the mean the true one may lie with the certainty of a standard normal `z`.

        Few pairs reach further: the t of the same tail probability stands in for z.
        """
        if self.num_free < 1:
            return float("inf")
        return self.standard_error * -float(special.stdtrit(self.num_free, special.ndtr(-z)))


def paired_mean(
    differences: Float64[np.ndarray, " n"], strata: Shaped[np.ndarray, " n"] | None = None, floor: float = 0.0
) -> Mean:
    """The mean of some differences.

    Args:
        differences: one for each pair.
        strata: pairs of equal stratum (a start map) vary around a mean of their own.
        floor: added to the sum of squares: what an event more would have added, for events too rare to vary.
    """
    num = len(differences)
    groups = [np.arange(num)] if strata is None else [np.flatnonzero(strata == one) for one in np.unique(strata)]
    squares = sum(float(((differences[one] - differences[one].mean()) ** 2).sum()) for one in groups) + floor
    num_free = num - len(groups)
    error = (squares / max(num_free, 1) / num) ** 0.5
    return Mean(value=float(differences.mean()), standard_error=error, num_free=num_free)
