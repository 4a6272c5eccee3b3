"""Checks of consistency: slow or scattered reactions, varying attention, two styles of play.

Reaction times are measured at moments that always require a next action: a target died, a box was collected. Other
moments (a new enemy, the first hit) are reported as figures only, because not reacting may be right.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from understudy.contract.observation import TICK_RATE_HZ, Role
from understudy.evaluation.diagnostics.findings import Finding, Severity, finding
from understudy.evaluation.diagnostics.segments import ExaminedRecording, Segment, all_segments
from understudy.policies.click_semantics import ClickKind

LONGEST_S = 3.0
"""Longer times are left out: the player had another plan."""
CALM_S = 5.0
"""Seconds without a hit after which the next one is a surprise."""
SLOW_S = 0.9
SCATTERED_MIDDLE, SCATTERED_TAILS = 2.5, 5.5
"""Ratios of reaction times, third to first quarter and 90th to 10th percentile, that count as uneven."""
NEIGHBOUR_S = 40.0
"""Two reactions closer than this are neighbours; with steady attention they are no more alike than any two."""
LEAST_REACTIONS = 40
ALIKE = 0.28
"""Rank correlation of neighbouring reactions from which attention counts as varying."""
WINDOW_S, LEAST_IN_WINDOW, LEAST_WINDOWS = 45.0, 5, 8
MANNER_CHANGES, HAND_CHANGES, HAND_TIRES = 0.66, 0.36, 0.52
"""Standard deviation of the windows' true means, in units of that within a window: of fight distances and of the
hand's speed. No two styles differ as much in speed as one player awake and tired. One sitting of a person at a desk
reached 0.34 in speed (ten people, 40 minutes each), so two styles that differ in speed alone are seen from 0.36 on."""


@dataclass(frozen=True)
class Reactions:
    """Reaction times to one kind of event in one segment."""

    ticks: Int64[np.ndarray, " R"]
    """Ticks of the events."""
    seconds: Float64[np.ndarray, " R"]
    """Time until the next gesture began."""


def check_reaction_delay(examined: list[ExaminedRecording]) -> Finding:
    """Checks the reaction time to each kind of event."""
    kinds = {"after a kill": _kills, "after a box": _boxes, "new enemy": _new_enemies, "first hit": _first_hits}
    medians = {}
    for name, find in kinds.items():
        seconds = np.concatenate([np.zeros(0), *(react(part, find(part)).seconds for part in all_segments(examined))])
        if len(seconds) >= 10:
            medians[name] = float(np.median(seconds))
    calls = [medians[name] for name in ("after a kill", "after a box") if name in medians]
    figure = ", ".join(f"{name} {median:.2f} s" for name, median in medians.items())
    problem = (
        bool(calls) and max(calls) > SLOW_S,
        Severity.WARNING,
        "Reactions are slow",
        "If you waited on purpose, nothing; if the game or the recording lags, mend that and record again.",
    )
    return finding("reaction_delay", "Reactions are prompt (medians)", figure or "too few to tell", problem)


def check_uneven_reactions(examined: list[ExaminedRecording]) -> Finding:
    """Checks the spread of reaction times."""
    pooled = np.concatenate([np.zeros(0), *(log for _, log in _log_reactions(examined))])
    if len(pooled) < LEAST_REACTIONS:
        return finding("uneven_reactions", "Spread of reaction times", "too few to tell")
    low, first, third, high = np.exp(np.percentile(pooled, [10, 25, 75, 90]))
    problem = (
        bool(third / first > SCATTERED_MIDDLE and high / low > SCATTERED_TAILS),
        Severity.WARNING,
        "Reaction times scatter widely: like moments are answered at once or after a long while",
        "Record in shorter sittings, awake. The understudy learns the mixture and will be as uneven.",
    )
    figure = f"middle half within a factor of {third / first:.1f}, 8 in 10 within {high / low:.1f}"
    return finding("uneven_reactions", "Reaction times are even", figure, problem)


def check_attention(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether slow reactions and slow movements cluster in time."""
    likeness, pairs = _likeness(examined)
    hand = changes([_hand_tempos(part) for part in all_segments(examined)])
    if pairs < LEAST_REACTIONS:
        return finding("attention", "Attention", "too few reactions to tell")
    problem = (
        bool(likeness > ALIKE or hand > HAND_TIRES),
        Severity.WARNING,
        "Attention comes and goes: there are spells of slow reactions and a slow hand",
        "Leave the slow spells out: record in shorter sittings and stop when tired.",
    )
    figure = f"reactions close in time correlate {likeness:+.2f}, hand changes {hand:.2f}"
    return finding("attention", "Attention is steady", figure, problem)


def check_styles(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether the style of play changes over time beyond chance."""
    parts = all_segments(examined)
    distance = changes([_flight_distances(part) for part in parts])
    hand = changes([_hand_tempos(part) for part in parts])
    likeness, _ = _likeness(examined)
    tired = likeness > ALIKE or hand > HAND_TIRES
    problem = (
        bool(distance > MANNER_CHANGES or (hand > HAND_CHANGES and not tired)),
        Severity.WARNING,
        "Two ways of playing take turns: distances in fights or the hand's speed change beyond chance",
        "Keep one style, or one player, to a folder and train from one: mixed, the understudy plays neither.",
    )
    figures = (("distance", distance), ("hand", hand))
    figure = ", ".join(f"{name} {value:.2f}" for name, value in figures if np.isfinite(value))
    return finding("styles", "One way of playing (change between stretches)", figure or "too few to tell", problem)


def changes(series: list[tuple[Int64[np.ndarray, " _"], Float64[np.ndarray, " _"]]]) -> float:
    """Returns how much means over windows of time vary beyond chance, in units of the spread within a window.

    The variance component between groups of a one-way analysis of variance with unequal groups; NaN with too few.

    Args:
        series: ticks and values of each segment.
    """
    groups = []
    for ticks, values in series:
        window = ticks // round(WINDOW_S * TICK_RATE_HZ)
        groups += [values[window == number] for number in np.unique(window)]
    groups = [group for group in groups if len(group) >= LEAST_IN_WINDOW]
    if len(groups) < LEAST_WINDOWS:
        return float("nan")
    sizes = np.array([len(group) for group in groups], np.float64)
    means = np.array([group.mean() for group in groups])
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / (sizes.sum() - len(groups))
    grand = float((sizes * means).sum() / sizes.sum())
    between = float((sizes * (means - grand) ** 2).sum()) / (len(groups) - 1)
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(groups) - 1)
    return float(np.sqrt(max(0.0, (between - within) / typical) / max(within, 1e-12)))


def react(part: Segment, moments: Int64[np.ndarray, " R"]) -> Reactions:
    """Returns the reaction times to events outside gestures."""
    onsets = part.gestures["onset"]
    free = moments[~part.busy[moments]]
    after = np.searchsorted(onsets, free)
    known = after < len(onsets)
    seconds = (onsets[after[known]] - free[known]) / TICK_RATE_HZ
    soon = seconds <= LONGEST_S
    return Reactions(free[known][soon], np.maximum(seconds[soon], 0.5 / TICK_RATE_HZ))


def _log_reactions(
    examined: list[ExaminedRecording],
) -> list[tuple[Int64[np.ndarray, " _"], Float64[np.ndarray, " _"]]]:
    """Returns for each segment ticks and log reaction times, minus the median of their kind, in order of time."""
    parts = all_segments(examined)
    found = []
    for find in (_kills, _boxes):
        reactions = [react(part, find(part)) for part in parts]
        logs = [np.log(one.seconds) for one in reactions]
        middle = float(np.median(np.concatenate([np.zeros(0), *logs]))) if any(map(len, logs)) else 0.0
        found.append([(one.ticks, log - middle) for one, log in zip(reactions, logs, strict=True)])
    merged = []
    for (kill_ticks, kill_logs), (box_ticks, box_logs) in zip(*found, strict=True):
        ticks, logs_ = np.concatenate([kill_ticks, box_ticks]), np.concatenate([kill_logs, box_logs])
        order = np.argsort(ticks, kind="stable")
        merged.append((ticks[order], logs_[order]))
    return merged


def _likeness(examined: list[ExaminedRecording]) -> tuple[float, int]:
    """Returns (rank correlation of neighbouring reaction times, number of pairs)."""
    series = _log_reactions(examined)
    pooled = np.sort(np.concatenate([np.zeros(0), *(log for _, log in series)]))
    pairs = []
    for ticks, logs in series:
        ranks = np.searchsorted(pooled, logs)
        near = np.flatnonzero(np.diff(ticks) < NEIGHBOUR_S * TICK_RATE_HZ)
        pairs += [(ranks[i], ranks[i + 1]) for i in near]
    if len(pairs) < LEAST_REACTIONS:
        return 0.0, len(pairs)
    first, second = np.array(pairs, np.float64).T
    return (float(np.corrcoef(first, second)[0, 1]) if first.std() and second.std() else 0.0), len(pairs)


def _kills(part: Segment) -> Int64[np.ndarray, " R"]:
    return np.flatnonzero(part.observations["events"]["kills"] > 0)


def _boxes(part: Segment) -> Int64[np.ndarray, " R"]:
    return np.flatnonzero(part.observations["events"]["loot"] > 0)


def _new_enemies(part: Segment) -> Int64[np.ndarray, " R"]:
    """Returns the ticks in which an enemy comes into sight where there was none."""
    tracks = part.observations["tracks"]
    seen = ((tracks["id"] > 0) & (tracks["role"] == Role.ENEMY)).any(axis=1)
    return np.flatnonzero(seen[1:] & ~seen[:-1]) + 1


def _first_hits(part: Segment) -> Int64[np.ndarray, " R"]:
    """Returns the ticks in which health is lost after CALM_S without a hit."""
    hits = np.flatnonzero(part.observations["events"]["damage_taken"] > 0)
    return hits[np.diff(hits, prepend=-(10**6)) > CALM_S * TICK_RATE_HZ]


def _flight_distances(part: Segment) -> tuple[Int64[np.ndarray, " E"], Float64[np.ndarray, " E"]]:
    """Returns ticks of clicks on space while shooting, and the log distance of each click from the target."""
    clicks = part.gestures[part.gestures["sort"] == ClickKind.SPACE]
    seen = part.observations[clicks["press"]]
    tracks = seen["tracks"]
    chosen = (tracks["id"] > 0) & (tracks["selected"] != 0)
    target = tracks[np.arange(len(clicks)), chosen.argmax(axis=1)]
    away = np.hypot(clicks["x"] - target["x"], (clicks["y"] - target["y"]) * 9 / 16).astype(np.float64)
    fights = chosen.any(axis=1) & part.profile.is_armed(seen["player"]["switches"])
    return clicks["press"][fights].astype(np.int64), np.log(away[fights] + 0.02)


def _hand_tempos(part: Segment) -> tuple[Int64[np.ndarray, " E"], Float64[np.ndarray, " E"]]:
    """Returns ticks of clicks, and the log ratio of movement time to that predicted by Fitts' law (Fitts 1954)."""
    g = part.gestures[part.gestures["arrival"] >= part.gestures["onset"]]
    way = np.hypot(g["x"] - g["start_x"], (g["y"] - g["start_y"]) * 9 / 16).astype(np.float64)
    g, way = g[way > 0.05], way[way > 0.05]
    took_s = (g["arrival"] - g["onset"] + 1) / TICK_RATE_HZ
    asked_s = 0.1 + 0.095 * np.log2(way / np.maximum(g["size"], 1e-3) + 1.0)
    return g["press"].astype(np.int64), np.log(took_s / asked_s)
