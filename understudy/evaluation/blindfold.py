"""The copycat check: does the Executor listen to what is there now, or to what was done before?

A policy that sees its own past can foretell a person well by going on as before, and then plays badly (de Haan and
others 2019, arXiv 1905.11979). So it is asked again with a blindfold: once its memory, once the present frame is that
of another moment. Who leans on history more than on the present is a copycat.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from understudy.contract.profile import Profile
from understudy.evaluation.heads import HeadReport, Metric
from understudy.learning.lesson import Lesson
from understudy.policies.encoding import Encoded, Encoder

Surprise = Callable[[Encoded, Int[np.ndarray, " T"]], float]
"""Nats that what happened in a lesson costs when the policy sees these numbers; the ticks say whose advice it hears."""


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


def blindfold_head(lessons: list[tuple[Lesson, Surprise]], profile: Profile, seed: int = 0) -> HeadReport:
    """What each blindfold costs, over all lessons.

    Args:
        lessons: each with what its surprise is.
        profile: of the game.
        seed: of the moments that are put in place of the true ones.
    """
    random = np.random.default_rng(seed)
    seeing, forgetting, blind, ticks = 0.0, 0.0, 0.0, 0
    for lesson, surprise in lessons:
        columns, now = memory_columns(lesson, profile), np.arange(len(lesson))
        other = random.permutation(len(lesson))
        seeing += surprise(lesson.encoded, now)
        forgetting += surprise(without_memory(lesson.encoded, columns, other), now)
        blind += surprise(without_present(lesson.encoded, columns, other), other)
        ticks += len(lesson)
    minutes = max(ticks, 1) / 1200.0
    memory, present = max(forgetting - seeing, 0.0), max(blind - seeing, 0.0)
    share = memory / (memory + present) if memory + present > 0 else float("nan")
    metrics = (
        Metric(name="surprise, nats a minute", value=seeing / minutes, higher_is_better=False),
        Metric(name="the same with its memory hidden", value=forgetting / minutes, higher_is_better=False),
        Metric(name="the same with the present hidden", value=blind / minutes, higher_is_better=False),
        Metric(
            name="share of the loss that is memory's",
            value=share,
            trivial=1.0,
            trivial_name="a copycat",
            higher_is_better=False,
            is_share=True,
        ),
    )
    return HeadReport(name="Executor: copycat check", metrics=metrics)
