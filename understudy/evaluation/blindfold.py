"""Blindfolds: what the Executor sees with its memory hidden, and with the present frame hidden.

What is hidden is put in place by another moment's, so every number stays one that it could have met.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from understudy.contract.profile import Profile
from understudy.learning.lesson import Lesson
from understudy.policies.encoding import Encoded, Encoder


@dataclass(frozen=True)
class Columns:
    """Which features come from memory; the others are read off the present frame alone."""

    context: Bool[np.ndarray, " F"]
    tracks: Bool[np.ndarray, " G"]


def memory_columns(lesson: Lesson, profile: Profile) -> Columns:
    """Features that change when the same frames are encoded without a past."""
    encoder = Encoder(profile)
    forgetful = encoder.encode(lesson.observation, encoder.start(len(lesson)))
    return Columns(
        (lesson.encoded.context != forgetful.context).any(axis=0),
        (lesson.encoded.tracks != forgetful.tracks).any(axis=(0, 1)),
    )


def without_memory(encoded: Encoded, columns: Columns, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """The present as it is, the memory of other moments."""
    context, tracks = encoded.context.copy(), encoded.tracks.copy()
    context[:, columns.context] = encoded.context[np.ix_(ticks, columns.context)]
    tracks[:, :, columns.tracks] = encoded.tracks[ticks][:, :, columns.tracks]
    return replace(encoded, context=context, tracks=tracks)


def without_present(encoded: Encoded, columns: Columns, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """The memory as it is, the present of other moments."""
    context, tracks = encoded.context[ticks], encoded.tracks[ticks]
    context[:, columns.context] = encoded.context[:, columns.context]
    tracks[:, :, columns.tracks] = encoded.tracks[:, :, columns.tracks]
    return Encoded(context, tracks, encoded.kinds[ticks], encoded.landmarks[ticks])
