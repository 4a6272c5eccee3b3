"""The result of a comparison as plain data: one row for each pilot, with maps and modes; JSON by `contract.wire`."""

from dataclasses import dataclass
from typing import Literal

from understudy.evaluation.comparison.statistics import Estimate
from understudy.evaluation.rollouts.play_style import StyleMetrics

Kind = Literal["policy", "person", "baseline"]
"""Kind of a pilot: a learned policy, its demonstrator (or a stand-in such as a teacher), or a trivial baseline."""


@dataclass(frozen=True, kw_only=True)
class MapRow:
    """Results in the worlds that began on one map."""

    map_name: str
    """Name of the map."""
    num_worlds: int
    """Number of worlds that began there."""
    score: Estimate
    """Interquartile mean of points per minute."""
    kills_per_minute: float
    """Kills per minute."""
    boxes_per_minute: float
    """Collected boxes per minute."""
    deaths_per_hour: float
    """Deaths per hour."""
    time_share: float
    """Share of the playing time, in all worlds, that was spent on this map."""
    cells: tuple[float, ...] = ()
    """Shares of the playing time in each of 12 x 12 cells of this map, row by row; empty for a baseline, and in a
    verdict of an earlier version."""


@dataclass(frozen=True, kw_only=True)
class ModeRow:
    """Results while the pilot was in one mode."""

    mode: str
    """Name of the mode."""
    time_share: float
    """Share of the playing time in it."""
    value_per_minute: float
    """Points from kills and boxes, per minute in this mode."""
    damage_taken_per_minute: float
    """Fractions of a full vital gauge, per minute in this mode."""
    deaths: int
    """Number of deaths in this mode."""


@dataclass(frozen=True, kw_only=True)
class TravelResult:
    """How one pilot moves over the maps: what is decided over minutes."""

    maps_visited: Estimate
    """Maps on which a world was played, mean over worlds."""
    portals_per_minute: Estimate
    """Portals taken per minute."""
    returns_per_hour: Estimate
    """Entries into a base's safe zone per hour, each after ten seconds or more outside; a new ship is none."""
    idle_share: Estimate
    """Share of the time in which the ship stands still with its weapons off."""


@dataclass(frozen=True, kw_only=True)
class EntryResult:
    """Results of one pilot."""

    name: str
    """Name of the pilot."""
    kind: Kind
    """`policy`, `person` (the demonstrator) or `baseline`."""
    num_runs: int
    """Number of training seeds."""
    score: Estimate
    """Interquartile mean over worlds of (value - 10 x deaths) per minute."""
    mean_score: Estimate
    """Plain mean of the same: sensitive to rare catastrophes that the interquartile mean cuts off."""
    normalised: Estimate
    """(score - random's) / (person's - random's)."""
    normalised_mean: Estimate
    """The same, of plain means."""
    gap: Estimate
    """Score minus the reference's, on the same worlds."""
    improvement: Estimate
    """Probability of a higher score than the reference in a world of the same map."""
    kills_per_minute: Estimate
    """Kills per minute."""
    boxes_per_minute: Estimate
    """Collected boxes per minute."""
    deaths_per_hour: Estimate
    """Deaths per hour."""
    deaths_ratio: Estimate
    """Deaths over the person's; 1 where neither died."""
    damage_taken_per_minute: Estimate
    """Fractions of a full vital gauge."""
    hit_rate: Estimate
    """Hits among shots, Wilson interval."""
    maps: tuple[MapRow, ...]
    """Results by the map on which a world began."""
    modes: tuple[ModeRow, ...]
    """Empty for a pilot without modes."""
    travel: TravelResult | None = None
    """How it moves over the maps; None in a verdict of an earlier version."""
    behaviour: StyleMetrics
    """Play style."""


@dataclass(frozen=True, kw_only=True)
class ComparisonResult:
    """Results of all pilots, on the same worlds."""

    purpose: str
    """Purpose of the seeds: TRAIN, CHOOSE or HOLDOUT."""
    first_seed: int
    """Seed of the first world."""
    num_worlds: int
    """Number of worlds that every pilot plays."""
    seconds: float
    """Game time in each world."""
    person: str
    """Name of the row that counts as 1 in normalised scores."""
    random: str
    """Name of the row that counts as 0."""
    reference: str
    """Name of the row that gaps and probabilities of improvement refer to."""
    rows: tuple[EntryResult, ...]
    """One for each pilot."""

    def row(self, name: str) -> EntryResult:
        """Returns one pilot's row.

        Raises:
            KeyError: if there is no pilot of that name.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)
