"""The copycat check: measures whether a policy predicts from the current frame or repeats its past actions.

At 20 Hz the previous action is the best predictor of the next one, so behaviour cloning on observations that contain
the past can reach a low loss and still play badly (the copycat problem, Wen et al. 2020, arXiv 2010.14876; causal
confusion, de Haan et al. 2019, arXiv 1905.11979). Two measures:

* Skill over repeating: 1 - error / error of the predictor that repeats the previous click, for what is clicked and
  where. 0 is a copycat, 1 is perfect. It is computed at the onset of each click only: between onsets the cursor is
  under way, repeating is nearly always right, and a comparison has no meaning.
* Ablation: the rise of the negative log-likelihood when the history features are permuted over ticks, and when those
  of the current frame are. A policy whose loss rises more without its history relies on the past.

Permuted features come from other ticks of the same session, so every value stays inside the training distribution.
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
    """Computes one report over all training seeds and sessions.

    Args:
        bundles: one for each training seed.
        labelled_episodes: held-out sessions, in no bundle's training set.
        profile: of the game.
        seed: of the permutation of ticks that the ablations use.
    """
    assert bundles and labelled_episodes
    skills = _SkillScores()
    nll, nll_without_history, nll_without_frame = np.zeros(3)
    for labelled in labelled_episodes:
        columns, now = memory_columns(labelled, profile), np.arange(len(labelled))
        permuted = np.random.default_rng(seed).permutation(len(labelled))
        inputs = [
            (labelled.encoded, now),
            (ablate_history(labelled.encoded, columns, permuted), now),
            (ablate_current_frame(labelled.encoded, columns, permuted), permuted),
        ]
        for policies in bundles:
            predictor = ExecutorPredictor(policies)
            skills.add(labelled, predictor.answers(labelled), profile)
            nll, nll_without_history, nll_without_frame = np.add(
                (nll, nll_without_history, nll_without_frame), predictor.nll(labelled, inputs)
            )
    minutes = len(bundles) * sum(map(len, labelled_episodes)) / TICK_RATE_HZ / 60.0
    drops = (max(nll_without_history - nll, 0.0) / minutes, max(nll_without_frame - nll, 0.0) / minutes)
    return HeadReport(name=NAME, metrics=(*skills.metrics(), *_ablation_metrics(nll / minutes, *drops)))


def verdict_line(report: HeadReport) -> str:
    """Returns the result of the check as one sentence for a terminal."""
    metrics = {metric.name: metric.value for metric in report.metrics}
    memory, present = metrics[MEMORY_DROP], metrics[PRESENT_DROP]
    leaning = "it looks" if present > memory else "it goes by its memory: a copycat"
    return (
        f"{NAME}: skill over repeating {metrics[SKILL_THING]:.2f} (what is clicked), "
        f"{metrics[SKILL_PLACE]:.2f} (where); hiding the present costs {present:.1f} nats a minute, "
        f"hiding memory {memory:.1f}: {leaning}."
    )


def skill_over_repeat(error: float, repeat_error: float) -> float:
    """Returns 1 - error / error of repeating the previous action; NaN where repeating makes no error."""
    return 1 - error / repeat_error if repeat_error > 0 else float("nan")


class _SkillScores:
    """Sums the errors of the policy and of repeating the previous click, over sessions and training seeds."""

    def __init__(self) -> None:
        self.num_clicks = 0
        self.distances = np.zeros(2)
        """Summed distance to the click, window fractions: from the policy's prediction, and from the previous click."""
        self.num_right = np.zeros(2)
        """Clicks whose category is predicted correctly: by the policy, and by repeating the previous category."""

    def add(self, labelled: LabelledEpisode, output: ExecutorPredictions, profile: Profile) -> None:
        """Adds the clicks of one session, from the second one on."""
        corner = profile.minimap
        box = (corner.left, corner.top, corner.width, corner.height)
        gestures = labelled.labels.gestures
        best = output.pointer.argmax(axis=1)
        points = likeliest_positions(labelled, best, output.minimap, output.space, box)[gestures["onset"]][1:]
        clicks = np.stack([gestures["x"], gestures["y"]], axis=1)
        self.distances += [np.linalg.norm(guess - clicks[1:], axis=1).sum() for guess in (points, clicks[:-1])]
        onsets = gestures["onset"]
        true = candidate_categories(labelled)[onsets, labelled.targets[onsets]]
        predicted = thing_probabilities(labelled, output.pointer)[onsets].argmax(axis=1)
        known = labelled.targets[onsets] >= 0
        hits = (predicted[1:] == true[1:], known[:-1] & (true[:-1] == true[1:]))
        self.num_right += [(hit & known[1:]).sum() for hit in hits]
        self.num_clicks += max(len(gestures) - 1, 0)

    def metrics(self) -> tuple[Metric, ...]:
        """Returns each figure beside that of repeating the previous click."""
        right, same = self.num_right / max(self.num_clicks, 1)
        off, back = self.distances / max(self.num_clicks, 1)
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


def _ablation_metrics(nll: float, memory: float, present: float) -> tuple[Metric, ...]:
    """Returns the ablations in nats a minute: the intact loss, its rise without history, without the frame."""
    share = memory / (memory + present) if memory + present > 0 else float("nan")
    return (
        Metric(name="surprise at what began, nats a minute", value=nll, higher_is_better=False),
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
    """Which columns of an encoding depend on earlier ticks; the others depend on the current frame alone."""

    context: Bool[np.ndarray, " F"]
    tracks: Bool[np.ndarray, " G"]


def memory_columns(labelled: LabelledEpisode, profile: Profile) -> FeatureMask:
    """Finds the columns that change when each frame is encoded with an empty encoder state."""
    encoder = Encoder(profile)
    stateless = encoder.encode(labelled.observation, encoder.start(len(labelled)))
    return FeatureMask(
        (labelled.encoded.context != stateless.context).any(axis=0),
        (labelled.encoded.tracks != stateless.tracks).any(axis=(0, 1)),
    )


def ablate_history(encoded: Encoded, columns: FeatureMask, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """Replaces the history features by those of `ticks`; the features of the current frame stay."""
    context, tracks = encoded.context.copy(), encoded.tracks.copy()
    context[:, columns.context] = encoded.context[np.ix_(ticks, columns.context)]
    tracks[:, :, columns.tracks] = encoded.tracks[ticks][:, :, columns.tracks]
    return replace(encoded, context=context, tracks=tracks)


def ablate_current_frame(encoded: Encoded, columns: FeatureMask, ticks: Int[np.ndarray, " T"]) -> Encoded:
    """Replaces the features of the current frame by those of `ticks`; the history features stay."""
    context, tracks = encoded.context[ticks], encoded.tracks[ticks]
    context[:, columns.context] = encoded.context[:, columns.context]
    tracks[:, :, columns.tracks] = encoded.tracks[:, :, columns.tracks]
    return Encoded(context, tracks, encoded.kinds[ticks], encoded.landmarks[ticks])
