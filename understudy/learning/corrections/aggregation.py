"""Aggregates lines of corrections files into training samples: one per moment, with one label each.

Two lines may be about the same moment: a file copied twice, a person and a model at the same time, a model queried
twice. Equal labels are merged; of unequal ones a person's takes precedence over any provider's, else the label with
the larger weight wins, and a tie drops the moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.errors import WireError
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.correction_reader import Entry
from understudy.feedback.state_snapshot import unpack_window
from understudy.policies.click_semantics import NUM_HEALTH
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout
from understudy.policies.encoder import encoding_of

SAME_MOMENT_S = 1.0
"""Lines of one file closer in time than this are about the same moment, seconds."""
PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class LabelledMoments:
    """J moments with the mode that was right in each."""

    windows: tuple[Float32[np.ndarray, "_ features"], ...]
    """Input window of each moment, oldest second first; lengths may differ."""
    modes: Int64[np.ndarray, " J"]
    """The right mode."""
    policy_modes: Int64[np.ndarray, " J"]
    """The bot's mode."""
    weights: Float32[np.ndarray, " J"]
    """Confidence, 0..1."""
    health: Float32[np.ndarray, "J gauges"]
    """Of the profile's `health_places`, NaN where unreadable or undeclared."""

    def __len__(self) -> int:
        return len(self.modes)

    @property
    def is_correction(self) -> np.ndarray:
        """Marks the corrections; the others are agreements. Shape (J,)."""
        return np.asarray(self.modes != self.policy_modes)

    def take(self, which: np.ndarray) -> "LabelledMoments":
        """Selects some of the moments, by index."""
        return LabelledMoments(
            windows=tuple(self.windows[int(index)] for index in which),
            modes=self.modes[which],
            policy_modes=self.policy_modes[which],
            weights=self.weights[which],
            health=self.health[which],
        )


@dataclass(frozen=True, kw_only=True)
class AggregationResult:
    """The samples, and counts of the lines that were left out."""

    reviewed: LabelledMoments
    num_lines: int
    num_duplicates: int
    """Lines equal to another of the same moment."""
    num_contradictions: int
    """Lines outweighed by another of the same moment, or of equal weight."""
    num_other_encoding: int
    """Lines written by another version of the encoding."""
    num_without_window: int
    """Lines without an input window, which training needs."""

    @property
    def num_corrections(self) -> int:
        """Number of moments whose mode is corrected."""
        return int(self.reviewed.is_correction.sum())


def aggregate_corrections(entries: Sequence[Entry], layout: FeatureLayout = COMMON) -> AggregationResult:
    """Groups lines by moment, resolves conflicts, and unpacks the rest.

    Args:
        entries: of the corrections files.
        layout: of the Strategist that learns from them; windows of another encoding are left out.
    """
    encoding = encoding_of(layout)
    kept: list[Correction] = []
    duplicates = contradictions = other = without = 0
    for group in _moments(entries):
        winner, same, against = _resolve_conflict(group)
        duplicates, contradictions = duplicates + same, contradictions + against
        if winner is None:
            continue
        packed = winner.state.window
        without += packed is None
        other += packed is not None and packed.layout != encoding
        if packed is not None and packed.layout == encoding:
            kept.append(winner)
    windows, modes, bots, weights, bars = [], [], [], [], []
    for correction in kept:
        window = _window_of(correction, layout.width)
        if window is None:
            without += 1
            continue
        windows.append(window)
        modes.append(int(correction.vlm_correction))
        bots.append(int(correction.bot_action))
        weights.append(correction.confidence)
        state = correction.state
        bars.append([np.nan if bar is None else bar for bar in state.gauges.values()])
    reviewed = LabelledMoments(
        windows=tuple(windows),
        modes=np.array(modes, np.int64),
        policy_modes=np.array(bots, np.int64),
        weights=np.array(weights, np.float32),
        health=_table(bars),
    )
    return AggregationResult(
        reviewed=reviewed,
        num_lines=len(entries),
        num_duplicates=duplicates,
        num_contradictions=contradictions,
        num_other_encoding=other,
        num_without_window=without,
    )


def _table(bars: Sequence[Sequence[float]]) -> Float32[np.ndarray, "J gauges"]:
    """Returns rows of one length, at least NUM_HEALTH; NaN where a row is shorter."""
    width = max([NUM_HEALTH, *map(len, bars)])
    return np.array([[*row, *[np.nan] * (width - len(row))] for row in bars], np.float32).reshape(-1, width)


def _window_of(correction: Correction, width: int) -> np.ndarray | None:
    assert correction.state.window is not None
    try:
        window = unpack_window(correction.state.window)
    except WireError:
        return None
    return window if window.shape[1] == width else None


def _moments(entries: Iterable[Entry]) -> list[list[Correction]]:
    """Groups lines of the same moment: equal observation bytes, or within a second of one session."""
    groups: dict[str, list[Correction]] = {}
    latest: dict[str, tuple[float, str]] = {}
    for entry in entries:
        correction = entry.correction
        key = _print_of(correction)
        before = latest.get(entry.path.name)
        close = before is not None and abs(correction.time_s - before[0]) < SAME_MOMENT_S and correction.time_s > 0
        if key not in groups and close and before is not None:
            key = before[1]
        groups.setdefault(key, []).append(correction)
        latest[entry.path.name] = (correction.time_s, key)
    return list(groups.values())


def _print_of(correction: Correction) -> str:
    state = correction.state
    packed = state.observation or state.window
    return packed.data if packed is not None else f"{correction.time_s}:{state.words}"


def _resolve_conflict(group: list[Correction]) -> tuple[Correction | None, int, int]:
    """Returns the winning line, the number of duplicates, and the number of contradictions."""
    by_person = [each for each in group if each.source == PERSON]
    voters = by_person or group
    votes: dict[Mode, float] = {}
    for each in voters:
        votes[each.vlm_correction] = votes.get(each.vlm_correction, 0.0) + each.confidence
    best = max(votes, key=lambda mode: votes[mode])
    if sum(abs(weight - votes[best]) < 1e-9 for weight in votes.values()) > 1:
        return None, 0, len(group)
    same = [each for each in group if each.vlm_correction is best]
    winner = max((each for each in voters if each.vlm_correction is best), key=lambda each: each.confidence)
    return winner, len(same) - 1, len(group) - len(same)
