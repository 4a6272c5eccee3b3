"""Point estimates and the intervals that need no resampling: IQM, Wilson, exact Poisson.

What is compared between pilots goes through `bootstrap`; here is what can be written down in closed form.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy import stats

LEVEL = 0.95
"""Every interval of the house covers this much unless a caller asks otherwise."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and the interval that it lies in with 95 % confidence."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 1) -> str:
        """For people: `14.0 (12.7 to 15.3)`."""
        return f"{self.value:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def mean(values: Float64[np.ndarray, "... n"]) -> Float64[np.ndarray, "..."]:
    """Mean over the last axis."""
    return np.asarray(values.mean(axis=-1))


def interquartile_mean(values: Float64[np.ndarray, "... n"]) -> Float64[np.ndarray, "..."]:
    """Mean of the middle half over the last axis (IQM; Agarwal and others 2021, arXiv 2108.13264).

    A quarter of the values is cut off at each end, rounded down, as `scipy.stats.trim_mean(values, 0.25)` does.
    It is steadier than the mean, and blind to rare catastrophes: report deaths and the plain mean beside it.
    """
    num_values = values.shape[-1]
    cut = num_values // 4
    # Only the two borders need to be in place, so a partition does what a full sort would at a third of the price.
    middle = np.partition(values, sorted({cut, num_values - cut - 1}), axis=-1)[..., cut : num_values - cut]
    return np.asarray(middle.mean(axis=-1))


def wilson(successes: float, trials: float, level: float = LEVEL) -> Estimate:
    """A share and its Wilson interval (Wilson 1927); sound near 0 and 1 and for few trials, unlike the textbook one."""
    if trials <= 0:
        return Estimate(value=float("nan"), low=0.0, high=1.0)
    z = float(stats.norm.ppf(0.5 + level / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return Estimate(value=share, low=max(0.0, float(centre - half)), high=min(1.0, float(centre + half)))


def poisson_rate(count: float, exposure: float, level: float = LEVEL) -> Estimate:
    """Events per unit of exposure with the exact Poisson interval (Garwood 1936); zero events still give a bound."""
    assert exposure > 0
    tail = (1 - level) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count > 0 else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * (count + 1))) / 2
    return Estimate(value=count / exposure, low=low / exposure, high=high / exposure)


def union(first: Estimate, second: Estimate) -> Estimate:
    """The first one's value with an interval that covers both."""
    return Estimate(value=first.value, low=min(first.low, second.low), high=max(first.high, second.high))
