"""Group-sequential test of paired differences: repeated interim looks with a bounded total type 1 error.

Error spending (Lan and DeMets 1983, Biometrika 70): the test has spent `error * fraction ** shape` of its type 1 error
after that fraction of the planned pairs, and the bound of each look spends exactly its increment. Why this and not an
e-process, with figures: docs/decisions/gate.md. The bounds here are for t-tests of means; mean_bound.py has one for
means with rare large losses.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float64, Shaped
from scipy import optimize, special

SHAPE = 1.5
"""From 1 (spends evenly; like Pocock) to 3 (stops early only for large effects; like O'Brien and Fleming)."""
_GRID = 401
_FAR = 8.0
"""Standard deviations at which the integration is truncated."""


@cache
def spending_bounds(fractions: tuple[float, ...], type_1_error: float, shape: float = SHAPE) -> tuple[float, ...]:
    """Returns the z bound of each look, so that a zero effect crosses any of them with probability `type_1_error`.

    Computed look by look by integrating the density of a Brownian motion that has not crossed yet (Armitage,
    McPherson and Rowe 1969).

    Args:
        fractions: of the planned pairs that are seen at each look, increasing, the last at most 1.
        type_1_error: one-sided, over all looks together.
        shape: exponent of the spending function.
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
    """Returns the bound of the next look that is exceeded with probability `share`."""

    def beyond(border: float) -> float:
        return float(special.ndtr((places - border) / step) @ mass) - share

    return float(optimize.brentq(beyond, -_FAR, _FAR * 2))


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean of paired differences with its standard error."""

    value: float
    standard_error: float
    """Within the strata, if there are any."""
    num_free: int
    """Degrees of freedom."""

    def reach(self, z: float) -> float:
        """Returns the half-width of the confidence limit that corresponds to a standard normal `z`.

        Student's t of the same tail probability replaces z, so it is wider for few pairs.
        """
        if self.num_free < 1:
            return float("inf")
        return self.standard_error * -float(special.stdtrit(self.num_free, special.ndtr(-z)))


def paired_mean(
    differences: Float64[np.ndarray, " n"], strata: Shaped[np.ndarray, " n"] | None = None, floor: float = 0.0
) -> Mean:
    """Returns the mean of paired differences.

    Args:
        differences: one for each pair.
        strata: pairs of equal stratum (a start map) vary around a mean of their own.
        floor: added to the sum of squares: the contribution of one more event, for events too rare to vary.
    """
    num = len(differences)
    groups = [np.arange(num)] if strata is None else [np.flatnonzero(strata == one) for one in np.unique(strata)]
    squares = sum(float(((differences[one] - differences[one].mean()) ** 2).sum()) for one in groups) + floor
    num_free = num - len(groups)
    error = (squares / max(num_free, 1) / num) ** 0.5
    return Mean(value=float(differences.mean()), standard_error=error, num_free=num_free)
