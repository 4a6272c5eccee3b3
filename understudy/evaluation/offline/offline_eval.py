"""Offline evaluation: metrics of each policy head on held-out sessions, against the person's recorded actions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import MAX_TRACKS
from understudy.contract.profile import Profile
from understudy.evaluation.offline.executor_predictions import (
    THINGS,
    ExecutorPredictor,
    candidate_categories,
    thing_probabilities,
)
from understudy.evaluation.offline.head_metrics import HeadReport, choice_head, event_head, fitted_head
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.conditioning import STRATEGIST_TICKS, TACTICIAN_TICKS
from understudy.policies.policy_bundle import PolicyBundle

FLOORS = {"mode_accuracy": 0.80, "target_accuracy": 0.65, "position_error": 0.10, "click_accuracy": 0.70}
"""Minimum values that the guide requires; the report shows the trivial baseline beside each."""


def held_out_heads(
    policies: PolicyBundle, labelled_episodes: Sequence[LabelledEpisode], profile: Profile
) -> tuple[HeadReport, ...]:
    """Returns one report for each head, on sessions outside every policy's training set."""
    upstream = UpstreamPolicies(policies.strategist, policies.tactician)
    reports: list[HeadReport] = []
    if policies.strategist is not None:
        reports.append(_modes(upstream, labelled_episodes))
    if policies.tactician is not None:
        reports.append(_targets(upstream, labelled_episodes, profile))
    return (*reports, *_executor(policies, labelled_episodes, profile))


def training_figures(folder: Path) -> tuple[HeadReport, ...]:
    """Reads the held-out metrics that the training runs stored in the checkpoints under `folder`.

    Raises:
        CheckpointError: if a checkpoint cannot be read.
    """
    return tuple(
        fitted_head(f"{name.capitalize()}: figures of its training", load_checkpoint(path, name).meta.metrics, FLOORS)
        for name in ("strategist", "tactician", "executor")
        if (path := folder / name / BEST).exists()
    )


def _modes(upstream: UpstreamPolicies, labelled_episodes: Sequence[LabelledEpisode]) -> HeadReport:
    rows = [upstream.strategist_outputs(labelled)[0, ::STRATEGIST_TICKS, :NUM_MODES] for labelled in labelled_episodes]
    truth = [labelled.labels.modes[::STRATEGIST_TICKS] for labelled in labelled_episodes]
    labels = tuple(mode.name for mode in Mode)
    return choice_head("Strategist: mode", np.concatenate(rows), np.concatenate(truth), labels, floor=0.80)


def _targets(upstream: UpstreamPolicies, labelled_episodes: Sequence[LabelledEpisode], profile: Profile) -> HeadReport:
    """Scores targets by kind of object, because slot numbers change from tick to tick."""
    kinds = [kind.name for kind in profile.kinds]
    labels = (*kinds, "none")
    rows, truth = [], []
    for labelled in labelled_episodes:
        tracks = labelled.observation.records["tracks"]
        conditioning, weights = (part[0] for part in upstream.conditioning(labelled))
        row = np.zeros((len(labelled), len(labels)))
        for slot in range(MAX_TRACKS):
            present = tracks["id"][:, slot] > 0
            np.add.at(row, (np.flatnonzero(present), tracks["kind"][present, slot]), weights[present, slot])
        row[:, -1] = conditioning[:, -1]
        decided = row[::TACTICIAN_TICKS]
        rows.append(decided / np.maximum(decided.sum(axis=1, keepdims=True), 1e-9))
        slots = labelled.labels.targets
        named = tracks["kind"][np.arange(len(labelled)), np.minimum(slots, MAX_TRACKS - 1)]
        truth.append(np.where(slots < MAX_TRACKS, named, len(kinds)).astype(np.int64)[::TACTICIAN_TICKS])
    probabilities, true = np.concatenate(rows), np.concatenate(truth)
    used = np.unique(np.concatenate([true, probabilities.argmax(axis=1)]))
    position = {int(label): index for index, label in enumerate(used)}
    renamed = np.array([position[int(label)] for label in true])
    return choice_head(
        "Tactician: kind of target", probabilities[:, used], renamed, tuple(labels[label] for label in used), floor=0.65
    )


def _executor(
    policies: PolicyBundle, labelled_episodes: Sequence[LabelledEpisode], profile: Profile
) -> list[HeadReport]:
    predictor = ExecutorPredictor(policies)
    starts, happened, categories, chosen = [], [], [], []
    keys: list[np.ndarray] = []
    downs: list[np.ndarray] = []
    ups: list[np.ndarray] = []
    for labelled in labelled_episodes:
        output = predictor.answers(labelled)
        starts.append(output.start[labelled.can_start_gesture])
        happened.append((labelled.gesture_index >= 0)[labelled.can_start_gesture])
        known = labelled.targets >= 0
        categories.append(thing_probabilities(labelled, output.pointer)[known])
        chosen.append(candidate_categories(labelled)[np.flatnonzero(known), labelled.targets[known]])
        keys.append(output.keys)
        downs.append(labelled.key_onsets)
        ups.append(~labelled.keys_down)
    key_probabilities, key_onsets, up = np.concatenate(keys), np.concatenate(downs), np.concatenate(ups)
    reports = [event_head("Executor: a gesture begins", np.concatenate(starts), np.concatenate(happened))]
    if sum(map(len, chosen)):
        reports.append(
            choice_head("Executor: what it goes to", np.concatenate(categories), np.concatenate(chosen), THINGS)
        )
    for index, name in enumerate(profile.keys):
        if key_onsets[:, index].any():
            probabilities, onsets = key_probabilities[up[:, index], index], key_onsets[up[:, index], index]
            reports.append(event_head(f"Executor: key {name} goes down", probabilities, onsets))
    return reports
