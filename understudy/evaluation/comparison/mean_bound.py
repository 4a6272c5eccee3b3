"""A lower confidence bound for a mean that allows for a rare large loss which the sample has not shown yet.

Where a candidate gains a little in most pairs and loses very much in few, a t-test on the first hundred pairs sees
only the gains: nothing in the sample tells of the loss, neither its variance nor its skewness. Gaffke's bound (2005,
Mathematical Methods of Statistics 14; Learned-Miller and Thomas 2019, arXiv 1905.06208) adds to the sample the
worst value that a pair may have, and weighs all values by chance, as a Bayesian bootstrap does:

    P(mean <= m) = P(sum of E_i (x_i - m) over the sample and the worst value <= 0),   E_i exponential, independent

It is conjectured to hold for every distribution above the worst value, whatever the size of the sample, and costs
nothing once the sample is large. The probability is found by the saddlepoint approximation of Lugannani and Rice
(1980), which needs no random numbers. Simulated, beside what was tried in its place: docs/decisions/gate.md.
"""

import numpy as np
from jaxtyping import Float64, Shaped

_NEAR = 1e-6
"""Of the log likelihood ratio: nearer to the sample's mean the approximation divides nothing by nothing."""
_TOLERANCE = 1e-5
"""Of the standard normal deviate, and of the logarithm of the tilt."""
_FIRST, _BELOW, _GROWTH = 0.5, 10.0, 1.0
"""Where the search begins, in parts of the tilt of a large sample, and how far its logarithm goes down and up."""
_MOST_STEPS = 100


def lower_bound(
    values: Float64[np.ndarray, " n"], z: float, worst: float, strata: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """The true mean is above this, with the certainty of a standard normal `z`.

    Args:
        values: a sample.
        z: above 0; the error is the normal's tail beyond it.
        worst: no value is below this; where the sample holds a smaller one, that is taken.
        strata: values of equal stratum vary around a mean of their own.
    """
    spread = within_strata(values, strata)
    return float(lower_bounds(spread[None], z, worst)[0]) if len(spread) else float("-inf")


def within_strata(
    values: Float64[np.ndarray, " n"], strata: Shaped[np.ndarray, " n"] | None
) -> Float64[np.ndarray, " m"]:
    """The values around their common mean, without what differs between strata; empty where nothing is left to vary.

    They are spread a little wider, by the degrees of freedom that the means of the strata have taken.
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
    """`lower_bound` for each of T samples, without strata.

    The mean that a tilt leaves is known in closed form, and with it its probability: so the tilt is sought at which
    that is the normal's. A larger tilt puts more weight on the worst value.
    """
    ends = np.minimum(worst, samples.min(axis=1))
    above = np.concatenate([samples - ends[:, None], np.zeros((len(samples), 1))], axis=1)
    bounds = ends.copy()
    rows = np.flatnonzero(above.max(axis=1) > 0)  # the others hold nothing but the worst value
    if len(rows):
        bounds[rows] += _tilted(above[rows], _tilt(above[rows], z))[0]
    return np.asarray(bounds)


def _tilted(above: np.ndarray, tilt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean m that a tilt leaves of samples whose smallest value is 0, and the deviate of P(mean <= m)."""
    weights = 1 / (1 + tilt[:, None] * above)
    mean = (above * weights).sum(axis=1) / weights.sum(axis=1)
    ratio = (np.log1p(tilt * mean)[:, None] + np.log(weights)).sum(axis=1)  # minus the log likelihood ratio
    root = np.sqrt(2 * np.maximum(-ratio, _NEAR))
    curvature = ((tilt[:, None] * (above - mean[:, None]) * weights) ** 2).sum(axis=1)
    return mean, np.where(-ratio > _NEAR, -root - np.log(np.sqrt(curvature) / root) / root, 0.0)


def _tilt(above: np.ndarray, z: float) -> np.ndarray:
    """At which the deviate is -z: found by the Illinois method on the logarithm of the tilt."""

    def beyond(log_tilt: np.ndarray) -> np.ndarray:
        return _tilted(above, np.exp(log_tilt))[1] + z

    high = np.log(_FIRST * z / (above.std(axis=1) * above.shape[1] ** 0.5))
    low, at_low = high - _BELOW, np.full(len(above), z)  # without any tilt the deviate is 0
    at_high = beyond(high)
    while (at_high > 0).any():  # ends: the more weight on the worst value, the less the probability
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
        kept = np.where(side == before, 0.5, 1.0)  # an end that stays twice counts half, or it would stay for ever
        low, at_low = np.where(side > 0, new, low), np.where(side > 0, at_new, at_low * kept)
        high, at_high = np.where(side > 0, high, new), np.where(side > 0, at_high * kept, at_new)
        before = side
    return np.asarray(np.exp(new))
