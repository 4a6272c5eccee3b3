"""Stratified, paired bootstrap (Efron 1979; Agarwal et al. 2021): the same resampled worlds for all pilots.

Values have shape `[R B]`: R training seeds (1 for a teacher or a baseline) in the same B worlds. A replicate draws
worlds with replacement within each stratum (a start map), the same worlds for every pilot, and training seeds where
there are several (the k-th of one pilot together with the k-th of another that has as many). Statistics of several
pilots are computed within each replicate, and the percentiles of the results are the interval: differences, ratios and
normalised scores need no formula of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from understudy.evaluation.comparison.statistics import LEVEL, Estimate, interquartile_mean

NUM_RESAMPLES = 2000
Statistic = Callable[[np.ndarray], np.ndarray]
"""Reduces the last axis."""


@dataclass(frozen=True)
class Resampling:
    """The worlds drawn in each replicate."""

    worlds: Int64[np.ndarray, "S B"]
    seed: int

    @property
    def num_resamples(self) -> int:
        """Number of replicates, S."""
        return len(self.worlds)


def resample_worlds(strata: Shaped[np.ndarray, " B"], num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Resampling:
    """Draws worlds with replacement within each stratum, S times."""
    random = np.random.default_rng(seed)
    worlds = np.empty((num_resamples, len(strata)), np.int64)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        worlds[:, members] = random.choice(members, size=(num_resamples, len(members)))
    return Resampling(worlds, seed)


@dataclass(frozen=True)
class Bootstrapped:
    """A statistic on the sample, and on each of S replicates."""

    value: float
    replicates: Float64[np.ndarray, " S"]

    def estimate(self, level: float = LEVEL) -> Estimate:
        """Returns the value with its percentile interval."""
        tail = (1 - level) / 2
        # A quantile that is one of the replicates: interpolation between infinite ratios would give NaN.
        low, high = np.quantile(self.replicates, [tail, 1 - tail], method="closest_observation")
        return Estimate(value=self.value, low=float(low), high=float(high))


def bootstrap(
    values: Float64[np.ndarray, "R B"], resampling: Resampling, statistic: Statistic = interquartile_mean
) -> Bootstrapped:
    """Computes a statistic of one pilot over all its training seeds and worlds."""
    num_runs = len(values)
    if num_runs == 1:
        drawn = values[0][resampling.worlds]
    else:
        random = np.random.default_rng([resampling.seed, num_runs])
        runs = random.integers(num_runs, size=(resampling.num_resamples, num_runs, 1))
        drawn = values[runs, resampling.worlds[:, None, :]].reshape(resampling.num_resamples, -1)
    return Bootstrapped(float(statistic(values.reshape(-1))), np.asarray(statistic(drawn), np.float64))


def combine(function: Callable[..., np.ndarray], *parts: Bootstrapped) -> Bootstrapped:
    """Applies `function` to several bootstrapped numbers, replicate by replicate."""
    value = function(*(np.array([part.value]) for part in parts))
    return Bootstrapped(float(value[0]), np.asarray(function(*(part.replicates for part in parts)), np.float64))


def difference(first: Bootstrapped, second: Bootstrapped) -> Bootstrapped:
    """Returns the first minus the second, on the same worlds."""
    return combine(lambda a, b: a - b, first, second)


def ratio(first: Bootstrapped, second: Bootstrapped) -> Bootstrapped:
    """Returns the first over the second; 1 if both are zero, infinite if only the second is."""
    return combine(_safe_ratio, first, second)


def normalised(policy: Bootstrapped, random: Bootstrapped, person: Bootstrapped) -> Bootstrapped:
    """Returns (policy - random) / (person - random): 0 is random play, 1 the demonstrator's."""
    return combine(lambda p, r, t: _safe_ratio(p - r, t - r), policy, random, person)


def _safe_ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.divide(numerator, denominator)
    return np.where((denominator == 0) & (numerator == 0), 1.0, result)


def probability_of_improvement(
    first: Float64[np.ndarray, "R B"],
    second: Float64[np.ndarray, "Q B"],
    strata: Shaped[np.ndarray, " B"],
    resampling: Resampling,
) -> Bootstrapped:
    """Returns the probability that the first scores higher in a world of the same stratum; ties count half.

    As in Agarwal et al. 2021 (arXiv 2108.13264), all pairs of worlds within a stratum are compared, not only those of
    equal seed; strata are weighted by size. The interval is over worlds; training seeds are averaged.
    """
    counts = _multiplicities(resampling)
    value, replicates = 0.0, np.zeros(resampling.num_resamples)
    for stratum in np.unique(strata):
        members = strata == stratum
        wins = _win_matrix(first[:, members], second[:, members])
        weight = members.mean()
        drawn = counts[:, members]
        value += weight * wins.mean()
        replicates += weight * ((drawn @ wins) * drawn).sum(axis=1) / members.sum() ** 2
    return Bootstrapped(float(value), replicates)


def _win_matrix(first: Float64[np.ndarray, "R n"], second: Float64[np.ndarray, "Q n"]) -> Float64[np.ndarray, "n n"]:
    gaps = first[:, None, :, None] - second[None, :, None, :]
    return np.asarray(((gaps > 0) + 0.5 * (gaps == 0)).mean(axis=(0, 1)))


def _multiplicities(resampling: Resampling) -> Float64[np.ndarray, "S B"]:
    """Returns how often each replicate drew each world."""
    num_resamples, num_worlds = resampling.worlds.shape
    flat = resampling.worlds + num_worlds * np.arange(num_resamples)[:, None]
    counts = np.bincount(flat.ravel(), minlength=num_resamples * num_worlds)
    return counts.reshape(num_resamples, num_worlds).astype(np.float64)
