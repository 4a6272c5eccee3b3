"""State augmentation: recorded play in a mode, shown with the health of moments corrected to that mode.

A policy that was never trained on fleeing with low health does not flee when its Strategist predicts FLEE: the
Executor has learnt to rely on health as well as on the mode. The recordings hold flights at other health; here they
get the health of corrected moments, so that mode and health agree, and the gestures stay the person's (counterfactual
augmentation: Pitis et al. 2020).
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
"""Seconds before a stretch that are included as context for the encoding."""
RAMP_S = 4.0
"""Seconds before the stretch over which health changes to the corrected values."""
AFTER_S = 3.0
TURN_S = 4.0
"""A stretch begins with the minimap click that led to it, if one came within this many seconds before: shots still in
the air make the hindsight labels call the first seconds of a flight a fight."""
REACTION_S = 0.75
"""Seconds added before that gesture: the time to decide on it."""
SHORTEST_S = 1.0
LONGEST_S = 15.0
"""Longer stretches are cut to this many seconds: the rest is like the middle, and the beginning has to be learnt."""
COPIES = 4
"""Copies of each stretch, each with other health values."""
MOST_MADE = 400
MOST_KEPT = 120
"""Segments kept, over all modes: those most similar to the corrected moments."""


@dataclass(frozen=True)
class AugmentedSegment:
    """A stretch of play in one mode with altered health, and its context."""

    labelled: LabelledEpisode
    taught: Bool[np.ndarray, " T"]
    """The ticks to train on."""


def augment_with_corrected_health(
    labelled_episodes: Sequence[LabelledEpisode],
    reviewed: LabelledMoments,
    profile: Profile,
    random: np.random.Generator,
) -> list[AugmentedSegment]:
    """Generates segments for each mode that occurs in corrections; keeps those most similar to the corrected moments.

    Args:
        labelled_episodes: of the base recordings.
        reviewed: the reviewed moments.
        profile: of the game.
        random: draws the health values.
    """
    wanted = reviewed.take(np.flatnonzero(reviewed.is_correction & _all_known(reviewed, profile)))
    scale = np.maximum(
        np.concatenate([labelled.encoded.context[::20] for labelled in labelled_episodes]).std(axis=0), 0.05
    )
    pieces: list[AugmentedSegment] = []
    for mode in np.unique(wanted.modes):
        candidates = wanted.take(np.flatnonzero(wanted.modes == mode))
        share = len(candidates) / len(wanted)
        found = [
            (labelled, each) for labelled in labelled_episodes for each in _stretches(labelled, int(mode))
        ] * COPIES
        chosen = random.permutation(len(found))[: int(np.ceil(MOST_MADE * share))]
        made = []
        for labelled, stretch in (found[index] for index in chosen):
            made.append(
                _piece(labelled, stretch, int(mode), candidates.health[random.integers(len(candidates))], profile)
            )
        likeness = [_distance(piece, candidates, scale) for piece in made]
        pieces += [made[index] for index in np.argsort(likeness)[: int(np.ceil(MOST_KEPT * share))]]
    return pieces


def _all_known(reviewed: LabelledMoments, profile: Profile) -> Bool[np.ndarray, " J"]:
    """Returns which moments have a reading of every gauge of health that the profile declares, and at least one."""
    number = len(profile.health_places)
    return np.asarray(np.isfinite(reviewed.health[:, :number]).all(axis=1) & (number > 0))


def _distance(piece: AugmentedSegment, candidates: LabelledMoments, scale: np.ndarray) -> float:
    """Returns the distance of a segment's beginning to the nearest corrected moment; positions do not count."""
    plain = slice(2 * NUM_MIRRORED, None)
    begin = piece.labelled.encoded.context[int(np.argmax(piece.taught)), plain]
    corrected = np.stack([window[-1, plain] for window in candidates.windows])
    return float(np.abs((corrected - begin) / scale[plain]).clip(max=4.0).mean(axis=1).min())


def _stretches(labelled: LabelledEpisode, mode: int) -> Iterator[tuple[int, int]]:
    """Yields first and last tick (exclusive) of each stretch in a mode, including the gesture that led to it."""
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
    labelled: LabelledEpisode,
    stretch: tuple[int, int],
    mode: int,
    bars: Float32[np.ndarray, " gauges"],
    profile: Profile,
) -> AugmentedSegment:
    begin, end = stretch
    first = max(0, begin - round(LEAD_S * TICK_RATE_HZ))
    last = min(len(labelled), end + round(AFTER_S * TICK_RATE_HZ))
    records = labelled.observation.records[first:last].copy()
    glide = _health_ramp(last - first, begin - first)
    for place, bar in zip(profile.health_places, bars, strict=False):
        shown = records["player"]["gauges"][:, place]
        moved = np.clip(bar + shown - shown[begin - first], 0.02, 1.0)
        records["player"]["gauges"][:, place] = np.where(np.isfinite(moved), shown + glide * (moved - shown), shown)
    made = label_episode(Observation(records), labelled.actions[first:last], profile)
    taught = np.zeros(last - first, bool)
    taught[begin - first : end - first] = True
    # Keep the labels: relabelled with other health, a tick might get another mode.
    modes = np.where(taught, mode, labelled.labels.modes[first:last]).astype(np.int64)
    return AugmentedSegment(replace(made, labels=replace(made.labels, modes=modes)), taught)


def _health_ramp(length: int, begin: int) -> Float32[np.ndarray, " T"]:
    """Returns weights that are 0 until RAMP_S before the stretch and rise to 1 at its first tick."""
    ticks = np.arange(length, dtype=np.float32)
    return np.asarray(np.clip(1.0 + (ticks - begin) / (RAMP_S * TICK_RATE_HZ), 0.0, 1.0), np.float32)
