"""Sequential test of a candidate against the incumbent on pairs of segments, in worlds of equal seed or by turns.

The test takes in the scores of each pair and decides at each look to promote, to refuse or to go on. Promotion requires
both a higher mean score and non-inferior deaths, each by a test with its own error over all looks. The test of the
score allows for a rare disaster that no pair has shown yet (mean_bound.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Shaped

from understudy.evaluation.comparison.group_sequential import SHAPE, Mean, paired_mean, spending_bounds
from understudy.evaluation.comparison.mean_bound import lower_bound

RARE_EVENT_PRIOR = 3.0
"""Squares added to those of deaths: zero events in T hours only bound the rate below about 3 in T hours."""


@dataclass(frozen=True, kw_only=True)
class SequentialTestConfig:
    """Hypotheses and error rates of the test."""

    type_1_error: float = 0.05
    """Probability, over all looks, of finding a candidate better whose true score is no higher."""
    worst_loss: float = 50.0
    """Largest loss in a pair, points a minute, that is assumed possible although no pair has shown it. The larger, the
    rarer a disaster has to be to go undetected, and the more pairs a small gain takes."""
    smallest_gain: float = 1.0
    """Points a minute. A candidate whose upper confidence bound of the gain is below this is refused early."""
    type_2_error: float = 0.1
    """Probability, over all looks, of refusing early what truly gains `smallest_gain`, or is truly no deadlier."""
    deaths_ratio: float = 1.25
    """Non-inferiority margin: deaths below this times the incumbent's plus `deaths_allowance`, with confidence."""
    deaths_allowance: float = 0.5
    """Deaths an hour, so that pilots that hardly ever die can be compared."""
    deaths_error: float = 0.1
    """Probability, over all looks, of accepting a candidate whose deaths are exactly at the margin."""

    def __post_init__(self) -> None:
        if not all(0.0 < share < 0.5 for share in (self.type_1_error, self.type_2_error, self.deaths_error)):
            raise ValueError("type_1_error, type_2_error and deaths_error are chances: between 0 and 0.5")
        if min(self.smallest_gain, self.worst_loss, self.deaths_allowance) <= 0 or self.deaths_ratio < 1:
            raise ValueError("smallest_gain, worst_loss and deaths_allowance must be above 0, deaths_ratio at least 1")


@dataclass(frozen=True, kw_only=True)
class SegmentScores:
    """Scores and deaths of one pilot in n segments of equal length."""

    scores: Float64[np.ndarray, " n"]
    """Points a minute."""
    deaths: Float64[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True)
class InterimLook:
    """The estimates at one interim look."""

    num_pairs: int
    """Worlds played by both so far."""
    score: float
    """Candidate's points a minute."""
    incumbent_score: float
    """Incumbent's points a minute."""
    gain: float
    """Candidate's score minus the incumbent's."""
    gain_low: float
    """Lower confidence bound of the gain, at `type_1_error` over all looks."""
    gain_high: float
    """Upper confidence bound of the gain, at `type_2_error` over all looks."""
    deaths_per_hour: float
    """Candidate's."""
    incumbent_deaths_per_hour: float
    """Incumbent's."""
    deaths_excess_high: float
    """Upper confidence bound of deaths an hour beyond the margin; below 0: non-inferior."""


Decision = Literal["promote", "refuse", "go on"]


class PairedSequentialTest:
    """The test of one candidate, from the first pair to the decision."""

    def __init__(self, config: SequentialTestConfig, looks: Sequence[int], seconds: float) -> None:
        """Args:
        config: hypotheses and error rates.
        looks: numbers of pairs at the interim looks, increasing; the last ends the test.
        seconds: length of a segment.
        """
        self.config = config
        self._looks = tuple(looks)
        self._hours = seconds / 3600.0
        self._pairs: list[tuple[SegmentScores, SegmentScores, np.ndarray]] = []
        self.seen: list[InterimLook] = []
        """All looks so far."""

    def add(
        self, candidate: SegmentScores, incumbent: SegmentScores, strata: Shaped[np.ndarray, " n"] | None = None
    ) -> None:
        """Adds the next pairs; strata are what each pair has in common with others (its map)."""
        assert len(candidate.scores) == len(incumbent.scores)
        self._pairs.append((candidate, incumbent, np.zeros(len(candidate.scores)) if strata is None else strata))

    def look(self) -> tuple[Decision, str]:
        """Returns the decision and its reason in words.

        Raises:
            AssertionError: if the number of pairs is not that of the next planned look.
        """
        new, old, strata = self._joined()
        number = len(self.seen)
        assert len(strata) == self._looks[number], (len(strata), self._looks, number)
        config, hours = self.config, self._hours
        gain = paired_mean(new.scores - old.scores, strata)
        excess = paired_mean(
            new.deaths - config.deaths_ratio * old.deaths - config.deaths_allowance * hours,
            strata,
            floor=RARE_EVENT_PRIOR,
        )
        yes, no, safe = (
            self._bound(number, error) for error in (config.type_1_error, config.type_2_error, config.deaths_error)
        )
        look = InterimLook(
            num_pairs=len(strata),
            score=float(new.scores.mean()),
            incumbent_score=float(old.scores.mean()),
            gain=gain.value,
            gain_low=lower_bound(new.scores - old.scores, yes, -config.worst_loss, strata),
            gain_high=_limit(gain, no, 1.0),
            deaths_per_hour=float(new.deaths.mean()) / hours,
            incumbent_deaths_per_hour=float(old.deaths.mean()) / hours,
            deaths_excess_high=_limit(excess, safe, 1.0) / hours,
        )
        self.seen.append(look)
        return self._ruling(look, deadlier=_limit(excess, no, -1.0) > 0)

    def _ruling(self, look: InterimLook, deadlier: bool) -> tuple[Decision, str]:
        config = self.config
        scores = f"{look.score:.1f} points a minute against {look.incumbent_score:.1f}"
        deaths = f"{look.deaths_per_hour:.1f} deaths an hour against {look.incumbent_deaths_per_hour:.1f}"
        over = f"over {look.num_pairs} pairs"
        better, not_worse = look.gain_low > 0, look.deaths_excess_high < 0
        if better and not_worse:
            return "promote", f"better: {scores}, surely more; {deaths}, surely not worse; {over}"
        if deadlier:
            return "refuse", f"it surely dies more often than allowed: {deaths}; {scores}; {over}"
        if look.gain_high < config.smallest_gain:
            return "refuse", f"it surely gains less than {config.smallest_gain:g} points: {scores}; {deaths}; {over}"
        if look.num_pairs < self._looks[-1]:
            return "go on", f"not sure yet: {scores}; {deaths}; {over}"
        if better:
            return "refuse", f"it scores more, but may die too often: {deaths}; {scores}; {over}"
        return "refuse", f"it is not surely better: {scores}; {deaths}; {over}"

    def _joined(self) -> tuple[SegmentScores, SegmentScores, np.ndarray]:
        new, old, strata = zip(*self._pairs, strict=True)
        return _concatenate(new), _concatenate(old), np.concatenate(strata)

    def _bound(self, number: int, type_1_error: float) -> float:
        fractions = tuple(look / self._looks[-1] for look in self._looks)
        return spending_bounds(fractions, type_1_error, SHAPE)[number]


def _limit(mean: Mean, bound: float, side: float) -> float:
    """Returns the repeated confidence limit below (side -1) or above (side 1) a mean."""
    return mean.value + side * mean.reach(bound)


def _concatenate(parts: Sequence[SegmentScores]) -> SegmentScores:
    return SegmentScores(
        scores=np.concatenate([part.scores for part in parts]), deaths=np.concatenate([part.deaths for part in parts])
    )
