"""Style metrics of a pilot: what it clicks, at what range it fights, when it retreats, how much of the map it covers.

Two pilots with equal scores can play differently, and an imitation policy should play like its demonstrator. The
metrics are a few interpretable numbers on purpose, not a learned embedding. `measure_style_drift` compares the policy
before and after reinforcement learning in the same worlds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.play_counters import HABITS, PlayCounters
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout_all


@dataclass(frozen=True, kw_only=True)
class StyleMetrics:
    """A pilot's style as interpretable numbers; NaN where the event never occurred."""

    box_share: float
    """Boxes among boxes and kills."""
    fight_range: float
    """Mean distance to the target while shooting, window widths."""
    retreat_hp: float
    """Mean vital gauge at the first minimap click of a retreat."""
    time_to_act: float
    """Mean reaction time, seconds: from the first enemy fire after a pause to the next click or key press."""
    clicks_per_minute: float
    """Clicks per minute."""
    key_presses_per_minute: float
    """Key presses per minute."""
    cursor_travel: float
    """Window widths a second."""
    safe_share: float
    """Share of the time spent in a base's safe zone."""
    coverage: float
    """Different cells (a map is 12 x 12) entered per minute."""
    click_mix: tuple[float, ...]
    """Shares of what is clicked, in the order of CLICK_KINDS."""
    unchanged_share: float
    """Share of ticks whose action equals the previous one: near 1 for a policy that copies its last action."""


def behaviour_of(habits: PlayCounters) -> StyleMetrics:
    """Computes rates and means, pooled over all worlds."""
    total = {name: habits.records[name].sum(axis=0) for name in HABITS.names or ()}
    seconds = total["ticks"] / TICK_RATE_HZ
    clicks = total["clicks"].sum()
    return StyleMetrics(
        box_share=_over(total["loot"], total["loot"] + total["kills"]),
        fight_range=_over(total["fight_range"], total["fight_ticks"]),
        retreat_hp=_over(total["retreat_hp"], total["retreats"]),
        time_to_act=_over(total["answer_s"], total["answers"]),
        clicks_per_minute=_over(60 * clicks, seconds),
        key_presses_per_minute=_over(60 * total["key_presses"], seconds),
        cursor_travel=_over(total["cursor_travel"], seconds),
        safe_share=_over(total["safe_ticks"], total["ticks"]),
        coverage=_over(60 * total["cells"], seconds),
        click_mix=tuple(_over(count, clicks) for count in total["clicks"]),
        unchanged_share=_over(total["unchanged_ticks"], total["ticks"]),
    )


def _over(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator > 0 else float("nan")


def click_distance(first: StyleMetrics, second: StyleMetrics) -> float:
    """Returns the total variation distance of two click mixes: the share of clicks that would change category."""
    return float(0.5 * np.abs(np.nan_to_num(first.click_mix) - np.nan_to_num(second.click_mix)).sum())


def style_distances(habits: Sequence[PlayCounters], num_splits: int = 20, seed: int = 0) -> Float64[np.ndarray, "P P"]:
    """Computes the pairwise distances in style of P pilots; 0 on the diagonal.

    The difference of each number of `StyleMetrics` is divided by its standard deviation over bootstrap resamples of
    the worlds; the distance is the root mean square over the numbers that are finite for both pilots. Two batches of
    the same pilot differ by about 1.4.
    """
    random = np.random.default_rng(seed)
    centres = np.stack([_vector(one) for one in habits])
    draws = np.stack(
        [
            [_vector(one[random.integers(len(one.records), size=len(one.records))]) for _ in range(num_splits)]
            for one in habits
        ]
    )
    variances = draws.var(axis=1, ddof=1)
    gaps = centres[:, None] - centres[None, :]
    noise = np.sqrt((variances[:, None] + variances[None, :]) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(noise > 0, gaps / noise, np.where(gaps == 0, 0.0, np.nan))
    counted = np.isfinite(scaled)
    squares = np.where(counted, scaled, 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=2) / np.maximum(counted.sum(axis=2), 1)))


def _vector(habits: PlayCounters) -> Float64[np.ndarray, " V"]:
    style = behaviour_of(habits)
    return np.array(
        [
            style.box_share,
            style.fight_range,
            style.retreat_hp,
            style.time_to_act,
            style.clicks_per_minute,
            style.key_presses_per_minute,
            style.cursor_travel,
            style.safe_share,
            style.coverage,
            *style.click_mix,
        ]
    )


ROWS = (
    ("coverage", "cells of the map entered a minute"),
    ("fight_range", "fight range, window widths"),
    ("retreat_hp", "health when it flees"),
    ("time_to_act", "seconds from being shot at to a click or key"),
    ("clicks_per_minute", "clicks a minute"),
    ("key_presses_per_minute", "key presses a minute"),
    ("box_share", "boxes among boxes and kills"),
    ("safe_share", "share of time in a base"),
)
"""Fields of StyleMetrics that are shown, with their labels."""


@dataclass(frozen=True, kw_only=True)
class StyleDrift:
    """Style and score of the policy before and after RL, in the same worlds."""

    person: StyleMetrics
    """Style before."""
    practised: StyleMetrics
    """Style after."""
    clicks_apart: float
    """Total variation distance of the click mixes, 0 to 1."""
    style_distance: float
    """From `style_distances`; two batches of one pilot differ by about 1.4."""
    person_score: float
    """Points a minute before."""
    practised_score: float
    """Points a minute in these worlds, which are too few to compare skill."""


def measure_style_drift(person: Pilot, practised: Pilot, num_worlds: int = 64, seconds: float = 120.0) -> StyleDrift:
    """Plays both pilots in the same validation worlds; about 20 s of one core with the defaults."""
    played = rollout_all({"person": person, "practised": practised}, seeds_for(Purpose.CHOOSE, num_worlds), seconds)
    habits = [played[name].habits for name in ("person", "practised")]
    first, second = (behaviour_of(one) for one in habits)
    return StyleDrift(
        person=first,
        practised=second,
        clicks_apart=click_distance(first, second),
        style_distance=float(style_distances(habits)[0, 1]),
        person_score=float(played["person"].scores.mean()),
        practised_score=float(played["practised"].scores.mean()),
    )
