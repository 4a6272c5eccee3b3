"""What each head says on held-out sessions, against what the person did: the offline half of the report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import MAX_TRACKS
from understudy.contract.profile import Profile
from understudy.evaluation.offline.executor_predictions import THINGS, Witness, thing_probabilities, things
from understudy.evaluation.offline.head_metrics import HeadReport, choice_head, event_head, fitted_head
from understudy.learning.data.labelled_episode import Lesson
from understudy.learning.data.upstream_conditioning import Upstream
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.conditioning import STRATEGIST_TICKS, TACTICIAN_TICKS
from understudy.policies.policy_bundle import Brain

FLOORS = {"mode_accuracy": 0.80, "target_accuracy": 0.65, "position_error": 0.10, "click_accuracy": 0.70}
"""What the guide asks for; beside each stands what knowing nothing would reach."""


def held_out_heads(brain: Brain, lessons: Sequence[Lesson], profile: Profile) -> tuple[HeadReport, ...]:
    """One report a head, on sessions that none of the policies has seen."""
    upstream = Upstream(brain.strategist, brain.tactician)
    reports: list[HeadReport] = []
    if brain.strategist is not None:
        reports.append(_modes(upstream, lessons))
    if brain.tactician is not None:
        reports.append(_targets(upstream, lessons, profile))
    return (*reports, *_executor(brain, lessons, profile))


def training_figures(folder: Path) -> tuple[HeadReport, ...]:
    """What the training runs of the policies in `folder` measured on their own held-out sessions.

    Raises:
        CheckpointError: if a policy is unusable.
    """
    return tuple(
        fitted_head(f"{name.capitalize()}: figures of its training", load_checkpoint(path, name).meta.metrics, FLOORS)
        for name in ("strategist", "tactician", "executor")
        if (path := folder / name / BEST).exists()
    )


def _modes(upstream: Upstream, lessons: Sequence[Lesson]) -> HeadReport:
    said = [upstream.strategies(lesson)[0, ::STRATEGIST_TICKS, :NUM_MODES] for lesson in lessons]
    truth = [lesson.hindsight.modes[::STRATEGIST_TICKS] for lesson in lessons]
    labels = tuple(mode.name for mode in Mode)
    return choice_head("Strategist: mode", np.concatenate(said), np.concatenate(truth), labels, floor=0.80)


def _targets(upstream: Upstream, lessons: Sequence[Lesson], profile: Profile) -> HeadReport:
    """Targets by what they are: a slot number means nothing to a reader."""
    kinds = [kind.name for kind in profile.kinds]
    labels = (*kinds, "none")
    rows, truth = [], []
    for lesson in lessons:
        tracks = lesson.observation.records["tracks"]
        advice, weights = (part[0] for part in upstream.advice(lesson))
        row = np.zeros((len(lesson), len(labels)))
        for slot in range(MAX_TRACKS):
            present = tracks["id"][:, slot] > 0
            np.add.at(row, (np.flatnonzero(present), tracks["kind"][present, slot]), weights[present, slot])
        row[:, -1] = advice[:, -1]
        decided = row[::TACTICIAN_TICKS]
        rows.append(decided / np.maximum(decided.sum(axis=1, keepdims=True), 1e-9))
        slots = lesson.hindsight.targets
        named = tracks["kind"][np.arange(len(lesson)), np.minimum(slots, MAX_TRACKS - 1)]
        truth.append(np.where(slots < MAX_TRACKS, named, len(kinds)).astype(np.int64)[::TACTICIAN_TICKS])
    said, wanted = np.concatenate(rows), np.concatenate(truth)
    used = np.unique(np.concatenate([wanted, said.argmax(axis=1)]))
    position = {int(label): index for index, label in enumerate(used)}
    renamed = np.array([position[int(label)] for label in wanted])
    return choice_head(
        "Tactician: kind of target", said[:, used], renamed, tuple(labels[label] for label in used), floor=0.65
    )


def _executor(brain: Brain, lessons: Sequence[Lesson], profile: Profile) -> list[HeadReport]:
    witness = Witness(brain)
    starts, happened, said_things, chosen = [], [], [], []
    keys: list[np.ndarray] = []
    downs: list[np.ndarray] = []
    ups: list[np.ndarray] = []
    for lesson in lessons:
        said = witness.answers(lesson)
        starts.append(said.start[lesson.free])
        happened.append((lesson.starts >= 0)[lesson.free])
        known = lesson.candidates >= 0
        said_things.append(thing_probabilities(lesson, said.pointer)[known])
        chosen.append(things(lesson)[np.flatnonzero(known), lesson.candidates[known]])
        keys.append(said.keys)
        downs.append(lesson.key_onsets)
        ups.append(~lesson.keys_down)
    key_says, key_did, up = np.concatenate(keys), np.concatenate(downs), np.concatenate(ups)
    reports = [event_head("Executor: a gesture begins", np.concatenate(starts), np.concatenate(happened))]
    if sum(map(len, chosen)):
        reports.append(
            choice_head("Executor: what it goes to", np.concatenate(said_things), np.concatenate(chosen), THINGS)
        )
    for index, name in enumerate(profile.keys):
        if key_did[:, index].any():
            says, did = key_says[up[:, index], index], key_did[up[:, index], index]
            reports.append(event_head(f"Executor: key {name} goes down", says, did))
    return reports
