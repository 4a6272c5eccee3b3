"""Gaffke's lower confidence bound for a mean; it allows for a rare large loss that the sample does not contain yet.

Where a candidate gains a little in most pairs and loses very much in few, a t-test on the first hundred pairs sees
only the gains: neither the sample's variance nor its skewness reveals the loss. Gaffke's bound (2005, Mathematical
Methods of Statistics 14; Learned-Miller and Thomas 2019, arXiv 1905.06208) adds the worst possible value of a pair to
the sample and draws random weights for all values, as a Bayesian bootstrap does:

    P(mean <= m) = P(sum of E_i (x_i - m) over the sample and the worst value <= 0),   E_i exponential, independent

It is conjectured to hold for every distribution above the worst value and every sample size, and costs nothing for a
large sample. The probability is computed by the saddlepoint approximation of Lugannani and Rice (1980), which needs no
random numbers. Simulations, also of the alternatives: docs/decisions/gate.md.
"""

import numpy as np
from jaxtyping import Float64, Shaped

_NEAR = 1e-6
"""Log likelihood ratio below which the approximation would be 0 / 0, near the sample's mean."""
_TOLERANCE = 1e-5
"""Of the standard normal deviate, and of the logarithm of the tilt."""
_FIRST, _BELOW, _GROWTH = 0.5, 10.0, 1.0
"""Start of the search, as a fraction of the tilt of a large sample, and how far its logarithm goes down and up."""
_MOST_STEPS = 100


def lower_bound(
    values: Float64[np.ndarray, " n"], z: float, worst: float, strata: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Returns a lower bound of the true mean, with the confidence of a standard normal `z`.

    Args:
        values: a sample.
        z: above 0; the error is the normal's tail beyond it.
        worst: lower limit of all values; a smaller one in the sample replaces it.
        strata: values of equal stratum vary around a mean of their own.
    """
    spread = within_strata(values, strata)
    return float(lower_bounds(spread[None], z, worst)[0]) if len(spread) else float("-inf")


def within_strata(
    values: Float64[np.ndarray, " n"], strata: Shaped[np.ndarray, " n"] | None
) -> Float64[np.ndarray, " m"]:
    """Removes the differences between strata from values; empty if no variation is left.

    The residuals are scaled up for the degrees of freedom that the means of the strata use.
    """
    groups = np.zeros(len(values)) if strata is None else strata
    names = np.unique(groups)
    if len(values) <= len(names):
        return np.zeros(0)
    around = values.astype(np.float64)
    for name in names:
        around[groups == name] -= values[groups == name].mean()
    return np.asarray(values.mean() + around * (len(values) / (len(values) - len(names))) ** 0.5)


def lower_bounds(samples: Float64[np.ndarray, "T n"], z: float, worst: float) -> Float64[np.ndarray, " T"]:
    """Computes `lower_bound` for each of T samples, without strata.

    A tilt determines the bound and its probability in closed form, so the search is for the tilt at which that
    probability is the normal's. A larger tilt puts more weight on the worst value.
    """
    ends = np.minimum(worst, samples.min(axis=1))
    above = np.concatenate([samples - ends[:, None], np.zeros((len(samples), 1))], axis=1)
    bounds = ends.copy()
    rows = np.flatnonzero(above.max(axis=1) > 0)  # the others consist of the worst value alone
    if len(rows):
        bounds[rows] += _tilted(above[rows], _tilt(above[rows], z))[0]
    return np.asarray(bounds)


def _tilted(above: np.ndarray, tilt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean m for a tilt of samples whose smallest value is 0, and the deviate of P(mean <= m)."""
    weights = 1 / (1 + tilt[:, None] * above)
    mean = (above * weights).sum(axis=1) / weights.sum(axis=1)
    ratio = (np.log1p(tilt * mean)[:, None] + np.log(weights)).sum(axis=1)  # minus the log likelihood ratio
    root = np.sqrt(2 * np.maximum(-ratio, _NEAR))
    curvature = ((tilt[:, None] * (above - mean[:, None]) * weights) ** 2).sum(axis=1)
    return mean, np.where(-ratio > _NEAR, -root - np.log(np.sqrt(curvature) / root) / root, 0.0)


def _tilt(above: np.ndarray, z: float) -> np.ndarray:
    """Finds the tilt whose deviate is -z, by the Illinois method on its logarithm."""

    def beyond(log_tilt: np.ndarray) -> np.ndarray:
        return _tilted(above, np.exp(log_tilt))[1] + z

    high = np.log(_FIRST * z / (above.std(axis=1) * above.shape[1] ** 0.5))
    low, at_low = high - _BELOW, np.full(len(above), z)  # at tilt 0 the deviate is 0
    at_high = beyond(high)
    while (at_high > 0).any():  # terminates: more weight on the worst value lowers the probability
        low, at_low = np.where(at_high > 0, high, low), np.where(at_high > 0, at_high, at_low)
        high = np.where(at_high > 0, high + _GROWTH, high)
        at_high = beyond(high)
    before = np.zeros(len(above))
    for _ in range(_MOST_STEPS):
        new = high - (high - low) * at_high / np.minimum(at_high - at_low, -_TOLERANCE)
        at_new = beyond(new)
        if ((np.abs(at_new) < _TOLERANCE) | (high - low < _TOLERANCE)).all():
            break
        side = np.where(at_new > 0, 1, -1)
        kept = np.where(side == before, 0.5, 1.0)  # Illinois: halve an end that stays twice, or it would stay for ever
        low, at_low = np.where(side > 0, new, low), np.where(side > 0, at_new, at_low * kept)
        high, at_high = np.where(side > 0, high, new), np.where(side > 0, at_high * kept, at_new)
        before = side
    return np.asarray(np.exp(new))
