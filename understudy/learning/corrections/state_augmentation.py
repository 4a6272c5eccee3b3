"""What the person does in a mode, shown with the bars of the moments in which the critic asked for that mode.

A policy that was never shown a flight with a broken hull does not fly home because its Strategist now says FLEE: the
Executor has learnt to go by the bars as well as by the mode. The recordings hold flights at other bars; here those are
seen again with the bars of corrected moments, so that mode and bars say the same, and the gestures stay the person's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.learning.corrections.aggregation import LabelledMoments
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.policies.click_semantics import ClickKind
from understudy.policies.context_features import NUM_MIRRORED

LEAD_S = 12.0
"""So much before a stretch is shown too, so that the encoding has something to look back on."""
RAMP_S = 4.0
"""The bars glide to the corrected ones within this time before the stretch."""
AFTER_S = 3.0
TURN_S = 4.0
"""A stretch begins with the click on the minimap that led to it, if there was one so shortly before: shots that are
still in the air make hindsight call the first seconds of a flight a fight."""
REACTION_S = 0.75
"""And with the time that it took to decide on that gesture."""
SHORTEST_S = 1.0
LONGEST_S = 15.0
"""Of a longer stretch the rest is like its middle, and its beginning is what has to be learnt."""
COPIES = 4
"""How often each stretch is shown, each time with other bars."""
MOST_MADE = 400
MOST_KEPT = 120
"""Pieces that are most like the corrected moments, over all modes."""


@dataclass(frozen=True)
class AugmentedSegment:
    """A stretch of play in one mode with other bars, and what led to it."""

    labelled: LabelledEpisode
    taught: Bool[np.ndarray, " T"]
    """The ticks to learn from."""


def augment_with_corrected_health(
    labelled_episodes: Sequence[LabelledEpisode], judged: LabelledMoments, profile: Profile, random: np.random.Generator
) -> list[AugmentedSegment]:
    """Pieces for each mode that the corrections ask for, those most like the corrected moments.

    Args:
        labelled_episodes: of the base recordings.
        judged: what the critic said.
        profile: of the game.
        random: picks bars.
    """
    wanted = judged.take(np.flatnonzero(judged.is_correction & np.isfinite(judged.health).all(axis=1)))
    scale = np.maximum(
        np.concatenate([labelled.encoded.context[::20] for labelled in labelled_episodes]).std(axis=0), 0.05
    )
    pieces: list[AugmentedSegment] = []
    for mode in np.unique(wanted.modes):
        asked = wanted.take(np.flatnonzero(wanted.modes == mode))
        share = len(asked) / len(wanted)
        found = [
            (labelled, each) for labelled in labelled_episodes for each in _stretches(labelled, int(mode))
        ] * COPIES
        chosen = random.permutation(len(found))[: int(np.ceil(MOST_MADE * share))]
        made = []
        for labelled, stretch in (found[index] for index in chosen):
            made.append(_piece(labelled, stretch, int(mode), asked.health[random.integers(len(asked))], profile))
        likeness = [_distance(piece, asked, scale) for piece in made]
        pieces += [made[index] for index in np.argsort(likeness)[: int(np.ceil(MOST_KEPT * share))]]
    return pieces


def _distance(piece: AugmentedSegment, asked: LabelledMoments, scale: np.ndarray) -> float:
    """How unlike the beginning of a piece is to the corrected moment that is most like it; places do not count."""
    plain = slice(2 * NUM_MIRRORED, None)
    begin = piece.labelled.encoded.context[int(np.argmax(piece.taught)), plain]
    corrected = np.stack([window[-1, plain] for window in asked.windows])
    return float(np.abs((corrected - begin) / scale[plain]).clip(max=4.0).mean(axis=1).min())


def _stretches(labelled: LabelledEpisode, mode: int) -> Iterator[tuple[int, int]]:
    """First and last tick (exclusive) of each stretch in a mode, from the gesture on that led to it."""
    inside = np.concatenate([[0], (labelled.labels.modes == mode).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(inside))
    gestures = labelled.labels.gestures
    onsets = gestures["onset"][np.isin(gestures["sort"], [int(ClickKind.LANDMARK), int(ClickKind.MINIMAP)])]
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin < SHORTEST_S * TICK_RATE_HZ:
            continue
        before = onsets[(onsets <= begin) & (onsets > begin - TURN_S * TICK_RATE_HZ)]
        turned = int(before[-1]) - round(REACTION_S * TICK_RATE_HZ) if len(before) else begin
        yield max(0, turned), min(end, begin + round(LONGEST_S * TICK_RATE_HZ))


def _piece(
    labelled: LabelledEpisode, stretch: tuple[int, int], mode: int, bars: Float32[np.ndarray, " 2"], profile: Profile
) -> AugmentedSegment:
    begin, end = stretch
    first = max(0, begin - round(LEAD_S * TICK_RATE_HZ))
    last = min(len(labelled), end + round(AFTER_S * TICK_RATE_HZ))
    records = labelled.observation.records[first:last].copy()
    glide = _health_ramp(last - first, begin - first)
    for name, bar in zip(("hp", "shield"), bars, strict=True):
        shown = records["player"][name]
        moved = np.clip(bar + shown - shown[begin - first], 0.02, 1.0)
        records["player"][name] = np.where(np.isfinite(moved), shown + glide * (moved - shown), shown)
    made = label_episode(Observation(records), labelled.actions[first:last], profile)
    taught = np.zeros(last - first, bool)
    taught[begin - first : end - first] = True
    # What was done stays what it was: read again beside other bars, a mode might get another name.
    modes = np.where(taught, mode, labelled.labels.modes[first:last]).astype(np.int64)
    return AugmentedSegment(replace(made, labels=replace(made.labels, modes=modes)), taught)


def _health_ramp(length: int, begin: int) -> Float32[np.ndarray, " T"]:
    """0 until RAMP_S before the stretch, 1 from its first tick on."""
    ticks = np.arange(length, dtype=np.float32)
    return np.asarray(np.clip(1.0 + (ticks - begin) / (RAMP_S * TICK_RATE_HZ), 0.0, 1.0), np.float32)
