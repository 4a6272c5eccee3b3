"""Rules that the gate might judge a score by: the one that it has, the one that it had, and what was tried beside them.

All see the same trials at once. Used by benchmarks/gate.py; the results stand in docs/decisions/gate.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from understudy.evaluation.comparison.group_sequential import SHAPE, spending_bounds
from understudy.evaluation.comparison.mean_bound import lower_bounds
from understudy.evaluation.rollouts.vector_rollout import BLOCK

MAX_PAIRS, NUM_MAPS = 1024, 4
LOOKS = np.arange(BLOCK, MAX_PAIRS + 1, BLOCK)


@dataclass(frozen=True)
class Sums:
    """Means and their errors after each look, [trials, looks]."""

    mean: np.ndarray
    error: np.ndarray


Yes = Callable[[np.ndarray, Sums, float], np.ndarray]
"""Given differences [trials, maps, pairs / maps], their sums and the error: whether each look finds more points."""


def sums(values: np.ndarray, floor: float = 0.0) -> Sums:
    """Of values [trials, maps, pairs / maps], errors within the maps, as `sequential.paired_mean` does it."""
    per_map = LOOKS // NUM_MAPS
    totals = values.cumsum(axis=2)[..., per_map - 1]
    squares = (values**2).cumsum(axis=2)[..., per_map - 1] - totals**2 / per_map
    error = np.sqrt((squares.sum(axis=1) + floor) / (LOOKS - NUM_MAPS) / LOOKS)
    return Sums(totals.sum(axis=1) / LOOKS, error)


def reach(bound: np.ndarray) -> np.ndarray:
    """Standard errors for each look's bound, few pairs allowed for."""
    return np.asarray(-special.stdtrit(LOOKS - NUM_MAPS, special.ndtr(-bound)))


def spending(error: float, shape: float) -> np.ndarray:
    """Group-sequential bounds."""
    return reach(np.array(spending_bounds(tuple((LOOKS / MAX_PAIRS).tolist()), error, shape)))


def plain(error: float) -> np.ndarray:
    """The bound of a single look, at every look: what one must not do."""
    return reach(np.full(len(LOOKS), special.ndtri(1 - error)))


def at_the_end(error: float) -> np.ndarray:
    """One look, after the last pair."""
    return np.where(LOOKS < MAX_PAIRS, np.inf, plain(error))


def mixture(error: float, tuned_to: float = 256.0) -> np.ndarray:
    """An anytime-valid confidence sequence (normal mixture; Waudby-Smith and others 2024), one-sided."""
    rho = (2 * np.log(1 / (2 * error)) / tuned_to) ** 0.5
    scale = LOOKS * rho**2 + 1
    return np.asarray(np.sqrt(scale / (LOOKS * rho**2) * 2 * np.log(scale**0.5 / (2 * error) + 1)))


def by_t(bound: Callable[[float], np.ndarray]) -> Yes:
    """Promotes where a t-test's bound says so."""
    return lambda gain, score, error: score.mean - bound(error) * score.error > 0


def patient(first: int) -> Yes:
    """The t-test, and no promotion before so many pairs."""
    return lambda gain, score, error: (score.mean - spending(error, SHAPE) * score.error > 0) & (first <= LOOKS)


def skewness_corrected(transform: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Yes:
    """A t-test whose statistic is corrected by the skewness of the sample.

    A bootstrap-t agrees with it to second order (Hall 1992), at thousands of resamples a look.
    """

    def yes(gain: np.ndarray, score: Sums, error: float) -> np.ndarray:
        skewness = np.stack([_skewness(flat(gain, num)) for num in LOOKS], axis=1)
        return transform(score.mean / score.error, skewness / LOOKS**0.5) > spending(error, SHAPE)

    return yes


def _skewness(values: np.ndarray) -> np.ndarray:
    around = values - values.mean(axis=1, keepdims=True)
    return np.asarray((around**3).mean(axis=1) / (around**2).mean(axis=1) ** 1.5)


def johnson(t: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Johnson 1978, Chen 1995."""
    return t + a / 6 + a * t**2 / 3


def hall(t: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Hall 1992, monotone."""
    return johnson(t, a) + a**2 * t**3 / 27


def one_more_pair(loss: float) -> Yes:
    """The t-test of a sample to which a pair with that loss was added: a prior of one disaster."""

    def yes(gain: np.ndarray, score: Sums, error: float) -> np.ndarray:
        squares = score.error**2 * LOOKS * (LOOKS - NUM_MAPS) + loss**2
        deviation = np.sqrt(squares / (LOOKS - NUM_MAPS) / LOOKS)
        return (score.mean * LOOKS - loss) / (LOOKS + 1) > spending(error, SHAPE) * deviation

    return yes


def betting(loss: float, num_bets: int = 24) -> Yes:
    """A mixture of constant bets against a mean of zero or less, valid at any time for losses up to that."""
    bets = np.geomspace(0.0015, 0.98 / loss, num_bets)

    def yes(gain: np.ndarray, score: Sums, error: float) -> np.ndarray:
        values = np.maximum(np.swapaxes(gain, 1, 2).reshape(len(gain), -1), -loss)
        wealth = [np.log1p(bet * values).cumsum(axis=1)[:, LOOKS - 1] for bet in bets]
        rich = special.logsumexp(wealth, axis=0) - np.log(num_bets) > np.log(1 / error)
        return np.maximum.accumulate(rich, axis=1)

    return yes


def empirical_bernstein(loss: float) -> Yes:
    """Predictable plug-in (Waudby-Smith and Ramdas 2024), tuned to the last look, for differences of up to that."""

    def yes(gain: np.ndarray, score: Sums, error: float) -> np.ndarray:
        values = np.clip(np.swapaxes(gain, 1, 2).reshape(len(gain), -1) / (2 * loss) + 0.5, 0, 1)
        count = np.arange(1, values.shape[1] + 1)
        mean = (0.5 + values.cumsum(axis=1)) / (count + 1)
        variance = (0.25 + ((values - mean) ** 2).cumsum(axis=1)) / (count + 1)
        mean, variance = (
            np.concatenate([np.full((len(values), 1), first), each[:, :-1]], axis=1)
            for first, each in ((0.5, mean), (0.25, variance))
        )
        weight = np.minimum(np.sqrt(2 * np.log(1 / error) / (variance * MAX_PAIRS)), 0.75)
        spent = np.log(1 / error) + ((-np.log1p(-weight) - weight) * (values - mean) ** 2).cumsum(axis=1)
        low = ((weight * values).cumsum(axis=1) - spent) / weight.cumsum(axis=1)
        return np.maximum.accumulate(low[:, LOOKS - 1] > 0.5, axis=1)

    return yes


def gaffke(loss: float, shape: float = SHAPE) -> Yes:
    """The gate's: the worst loss as one more pair, all weighed by chance (evaluation/comparison/mean_bound.py)."""

    def yes(gain: np.ndarray, score: Sums, error: float) -> np.ndarray:
        deviates = spending_bounds(tuple((LOOKS / MAX_PAIRS).tolist()), error, shape)
        found = np.zeros(score.mean.shape, bool)
        for look, (num, deviate) in enumerate(zip(LOOKS, deviates, strict=True)):
            hopeful = np.flatnonzero(score.mean[:, look] > 0.9 * deviate * score.error[:, look])
            if len(hopeful):
                found[hopeful, look] = lower_bounds(flat(gain[hopeful], num), deviate, -loss) > 0
        return found

    return yes


def flat(gain: np.ndarray, num: int) -> np.ndarray:
    """The first pairs of each trial, [trials, pairs], as the gate takes them: without what differs between maps."""
    values = gain[:, :, : num // NUM_MAPS]
    around = (values - values.mean(axis=2, keepdims=True)) * (num / (num - NUM_MAPS)) ** 0.5
    return np.asarray((values.mean(axis=(1, 2), keepdims=True) + around).reshape(len(gain), num))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a trial is judged."""

    yes: Yes
    bound: Callable[[float], np.ndarray] = lambda error: spending(error, SHAPE)
    """Of deaths and of early refusal."""


def plainly(bound: Callable[[float], np.ndarray]) -> Rule:
    """A t-test with that bound for everything."""
    return Rule(yes=by_t(bound), bound=bound)


RULES: dict[str, Rule] = {
    "t, 5 % at every look": plainly(plain),
    "t, one look at 1024": plainly(at_the_end),
    "t, spending, shape 1": plainly(lambda error: spending(error, 1.0)),
    "t, spending, shape 1.5 (was)": plainly(lambda error: spending(error, SHAPE)),
    "t, spending, shape 3": plainly(lambda error: spending(error, 3.0)),
    "t, mixture e-process": plainly(mixture),
    "t, not before 256 pairs": Rule(yes=patient(256)),
    "t, skewness by Johnson": Rule(yes=skewness_corrected(johnson)),
    "t, skewness by Hall": Rule(yes=skewness_corrected(hall)),
    "t, one more pair of -25": Rule(yes=one_more_pair(25.0)),
    "t, one more pair of -50": Rule(yes=one_more_pair(50.0)),
    "empirical Bernstein, 75": Rule(yes=empirical_bernstein(75.0)),
    "betting, 50": Rule(yes=betting(50.0)),
    "betting, 100": Rule(yes=betting(100.0)),
    "Gaffke, worst 25": Rule(yes=gaffke(25.0)),
    "Gaffke, worst 50 (the gate)": Rule(yes=gaffke(50.0)),
    "Gaffke, worst 100": Rule(yes=gaffke(100.0)),
}
