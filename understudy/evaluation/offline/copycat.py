"""The copycat check: does the understudy look at what is there, or does it repeat what was done a moment ago?

At 20 Hz the best guess for the next action is the last one, and a policy that sees its own past can foretell a person
well by going on as before and then play badly (de Haan and others 2019, arXiv 1905.11979). So it is asked twice.
First for skill over repeating, where something is decided: how much better does it tell what is clicked next, and
where, than one who clicks the same thing at the same place again? 0 is a copycat, 1 is perfect. (One tick ahead, while
the hand is on its way, moving on as before is hard to beat and means nothing.) Then with a blindfold (``blindfold``):
who loses more when its memory is hidden than when the present frame is hidden leans on the past.

Blindfolds: what the Executor sees with its memory hidden, and with the present frame hidden.

What is hidden is put in place by another moment's, so every number stays one that it could have met.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.evaluation.offline.executor_predictions import (
    ExecutorPredictions,
    ExecutorPredictor,
    candidate_categories,
    thing_probabilities,
)
from understudy.evaluation.offline.head_metrics import HeadReport, Metric
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.supervised.executor_metrics import likeliest_positions
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.policy_bundle import PolicyBundle

NAME = "Copycat check"
SKILL_PLACE = "skill over repeating, where it is clicked"
SKILL_THING = "skill over repeating, what is clicked"
MEMORY_DROP = "drop with its memory hidden, nats a minute"
PRESENT_DROP = "drop with the present hidden, nats a minute"
MEMORY_SHARE = "share of the loss that is memory's"


def copycat_check(
    bundles: Sequence[PolicyBundle], labelled_episodes: Sequence[LabelledEpisode], profile: Profile, seed: int = 0
) -> HeadReport:
    """One report over all training seeds and sessions.

    Args:
        bundles: one for each training seed.
        labelled_episodes: play that none of them has learnt from.
        profile: of the game.
        seed: of the moments that are put in place of the true ones.
    """
    assert bundles and labelled_episodes
    skills = _SkillScores()
    seeing, forgetting, blind = np.zeros(3)
    for labelled in labelled_episodes:
        columns, now = memory_columns(labelled, profile), np.arange(len(labelled))
        other = np.random.default_rng(seed).permutation(len(labelled))
        shown = [
            (labelled.encoded, now),
            (ablate_history(labelled.encoded, columns, other), now),
            (ablate_current_frame(labelled.encoded, columns, other), other),
        ]
        for policies in bundles:
            witness = ExecutorPredictor(policies)
            skills.add(labelled, witness.answers(labelled), profile)
            seeing, forgetting, blind = np.add((seeing, forgetting, blind), witness.nll(labelled, shown))
    minutes = len(bundles) * sum(map(len, labelled_episodes)) / TICK_RATE_HZ / 60.0
    drops = (max(forgetting - seeing, 0.0) / minutes, max(blind - seeing, 0.0) / minutes)
    return HeadReport(name=NAME, metrics=(*skills.metrics(), *_blindfold_metrics(seeing / minutes, *drops)))


def verdict_line(report: HeadReport) -> str:
    """The check in one sentence, for a terminal."""
    told = {metric.name: metric.value for metric in report.metrics}
    memory, present = told[MEMORY_DROP], told[PRESENT_DROP]
    leaning = "it looks" if present > memory else "it goes by its memory: a copycat"
    return (
        f"{NAME}: skill over repeating {told[SKILL_THING]:.2f} (what is clicked), {told[SKILL_PLACE]:.2f} (where); "
        f"hiding the present costs {present:.1f} nats a minute, hiding memory {memory:.1f}: {leaning}."
    )


def skill_over_repeat(error: float, repeat_error: float) -> float:
    """1 - error / error of repeating; NaN where repeating makes no error."""
    return 1 - error / repeat_error if repeat_error > 0 else float("nan")


class _SkillScores:
    """Adds up, over sessions and training seeds, how well clicks are foretold and how well they are repeated."""

    def __init__(self) -> None:
        self.clicks = 0
        self.off = np.zeros(2)
        """Distances of the click from where the understudy points at its onset, and from the click before."""
        self.right = np.zeros(2)
        """Clicks whose kind of thing the understudy tells, and that are on the same kind as the click before."""

    def add(self, labelled: LabelledEpisode, said: ExecutorPredictions, profile: Profile) -> None:
        corner = profile.minimap
        box = (corner.left, corner.top, corner.width, corner.height)
        gestures = labelled.labels.gestures
        best = said.pointer.argmax(axis=1)
        where = likeliest_positions(labelled, best, said.minimap, said.space, box)[gestures["onset"]][1:]
        clicks = np.stack([gestures["x"], gestures["y"]], axis=1)
        self.off += [np.linalg.norm(guess - clicks[1:], axis=1).sum() for guess in (where, clicks[:-1])]
        onsets = gestures["onset"]
        did = candidate_categories(labelled)[onsets, labelled.targets[onsets]]
        told = thing_probabilities(labelled, said.pointer)[onsets].argmax(axis=1)
        known = labelled.targets[onsets] >= 0
        self.right += [(one & known[1:]).sum() for one in (told[1:] == did[1:], known[:-1] & (did[:-1] == did[1:]))]
        self.clicks += max(len(gestures) - 1, 0)

    def metrics(self) -> tuple[Metric, ...]:
        """Each figure beside a copycat's."""
        right, same = self.right / max(self.clicks, 1)
        off, back = self.off / max(self.clicks, 1)
        skills = ((SKILL_THING, skill_over_repeat(1 - right, 1 - same)), (SKILL_PLACE, skill_over_repeat(off, back)))
        return (
            Metric(
                name="kind of thing clicked next, right",
                value=float(right),
                trivial=float(same),
                trivial_name="the same as last time",
                is_share=True,
            ),
            Metric(
                name="place clicked next, off by, window fractions",
                value=float(off),
                trivial=float(back),
                trivial_name="the same as last time",
                higher_is_better=False,
            ),
            *(Metric(name=name, value=value, trivial=0.0, trivial_name="a copycat") for name, value in skills),
        )


def _blindfold_metrics(seeing: float, memory: float, present: float) -> tuple[Metric, ...]:
    share = memory / (memory + present) if memory + present > 0 else float("nan")
    return (
        Metric(name="surprise at what began, nats a minute", value=seeing, higher_is_better=False),
        Metric(name=MEMORY_DROP, value=memory, higher_is_better=False),
        Metric(name=PRESENT_DROP, value=present),
        Metric(
            name=MEMORY_SHARE,
            value=share,
            trivial=1.0,
            trivial_name="a copycat",
            higher_is_better=False,
            is_share=True,
        ),
    )


@dataclass(frozen=True)
class FeatureMask:
    """Which features come from memory; the others are read off the present frame alone."""

    context: Bool[np.ndarray, " F"]
    tracks: Bool[np.ndarray, " G"]


def memory_columns(labelled: LabelledEpisode, profile: Profile) -> FeatureMask:
    """Features that change when the same frames are encoded without a past."""
    encoder = Encoder(profile)
    forgetful = encoder.encode(labelled.observation, encoder.start(len(labelled)))
    return FeatureMask(
        (labelled.encoded.context != forgetful.context).any(axis=0),
        (labelled.encoded.tracks != forgetful.tracks).any(axis=(0, 1)),
    )


def ablate_history(encoded: Encoded, columns: FeatureMask, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """The present as it is, the memory of other moments."""
    context, tracks = encoded.context.copy(), encoded.tracks.copy()
    context[:, columns.context] = encoded.context[np.ix_(ticks, columns.context)]
    tracks[:, :, columns.tracks] = encoded.tracks[ticks][:, :, columns.tracks]
    return replace(encoded, context=context, tracks=tracks)


def ablate_current_frame(encoded: Encoded, columns: FeatureMask, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """The memory as it is, the present of other moments."""
    context, tracks = encoded.context[ticks], encoded.tracks[ticks]
    context[:, columns.context] = encoded.context[:, columns.context]
    tracks[:, :, columns.tracks] = encoded.tracks[:, :, columns.tracks]
    return Encoded(context, tracks, encoded.kinds[ticks], encoded.landmarks[ticks])
