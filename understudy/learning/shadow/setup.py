"""Builds a shadow learner: loads the active weights and the base recordings for rehearsal, stages candidates."""

import contextlib
import copy
import dataclasses
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError, NoRecordingsError, RecordingError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.dataset import expert_segments, is_small, split_sessions
from understudy.learning.data.executor_batch import build_batch, concatenate
from understudy.learning.data.interventions import has_interventions
from understudy.learning.data.labelled_episode import label_stretch
from understudy.learning.data.replay_buffer import ReplayBuffer
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.registry.audit_log import HISTORY
from understudy.learning.registry.candidates import require_finite, stage
from understudy.learning.shadow.learner import RehearsalData, ShadowLearner
from understudy.learning.shadow.messages import ShadowPaths, ShadowSettings
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, load_checkpoint, parent_now
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import build_executor, load_policies
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode

_log = logging.getLogger(__name__)

MOST_BASE_MINUTES, MOST_HELD_OUT_MINUTES = 30.0, 10.0
"""Limits of base play, minutes: more would only delay the start."""
MOST_HOURS_READ = 5.0
CPU = torch.device("cpu")


@dataclasses.dataclass(kw_only=True)
class ShadowState:
    """A learner that is ready, and the checkpoint that it began with."""

    learner: ShadowLearner
    base: Checkpoint
    paths: ShadowPaths
    base_minutes: float = 0.0
    held_out_minutes: float = 0.0
    note: str = ""

    def stage(self, data_hash: str, numbers: dict[str, float]) -> str:
        """Writes the averaged weights as a candidate, atomically; returns their identity.

        Raises:
            CheckpointError: if they are not finite or cannot be written; the previous candidate stays.
        """
        meta = dataclasses.replace(
            self.base.meta,
            config=serialization.to_plain(self.learner.model.config),
            data_hash=data_hash,
            lineage=(
                *self.base.meta.lineage,
                parent_now(self.base.identity, BASE),
                parent_now(data_hash, "shadow"),
            ),
            metrics={**self.base.meta.metrics, **{f"shadow_{name}": value for name, value in numbers.items()}},
            epoch=self.learner.num_updates,
            versions={},
        )
        candidate = Checkpoint(meta=meta, weights=copy.deepcopy(self.learner.average.model.state_dict()))
        return stage(self.paths.candidate, candidate)


def build_shadow_learner(
    settings: ShadowSettings, paths: ShadowPaths, profile: Profile, heartbeat: Callable[[], None]
) -> ShadowState:
    """Loads everything.

    Args:
        heartbeat: called every few seconds while it loads.

    Raises:
        CheckpointError: if there are no usable weights.
    """
    best = paths.models / "executor" / BEST
    base = load_checkpoint(best, "executor", ENCODING)
    require_finite(base, best)
    policies = load_policies(paths.models)
    policies.require_layout(profile)
    heartbeat()
    rehearsal, minutes, note = None, (0.0, 0.0), ""
    try:
        train, held_out = base_recordings(paths.recordings, base_trained_at_s(base, best), profile)
    except (NoRecordingsError, RecordingError) as problem:
        note = str(problem)
    else:
        minutes = (_minutes(train), _minutes(held_out))
        rehearsal = build_rehearsal_buffer(
            train, held_out, UpstreamPolicies(policies.strategist, policies.tactician), profile, settings, heartbeat
        )
    staged = _load_staged(paths.candidate)
    return ShadowState(
        learner=ShadowLearner(policies, profile, settings, rehearsal, staged, _load_root_policy(base, paths.models)),
        base=base,
        paths=paths,
        base_minutes=minutes[0],
        held_out_minutes=minutes[1],
        note=note,
    )


def base_trained_at_s(base: Checkpoint, path: Path) -> float:
    """Returns the Unix time at which these weights, or the first of their lineage, were trained from recordings.

    The file's own time does not serve: a promotion writes the file again, and shadow recordings since are no base.
    """
    for parent in base.meta.lineage:
        if parent.what == "recordings":
            with contextlib.suppress(ValueError, OverflowError):  # missing, or out of range
                return datetime.fromisoformat(parent.when).timestamp() + 1.0  # it is rounded down to seconds
    return path.stat().st_mtime


def _load_root_policy(base: Checkpoint, models: Path) -> Executor | None:
    """Loads the weights from before all shadow sessions; None if this is the first, or they are deleted.

    Forgetting is measured against them: a point lost in each session would otherwise add up undetected.
    """
    roots = [parent.identity for parent in base.meta.lineage if parent.what == BASE]
    if not roots:
        return None
    for path in sorted((models / "executor" / HISTORY).glob(f"*_{roots[0]}.pt")):
        try:
            return build_executor(load_checkpoint(path, "executor", ENCODING))
        except CheckpointError as problem:
            _log.warning("%s", problem)
    _log.warning(
        "The first weights %s are no longer in the history: drift is measured from the present ones.", roots[0]
    )
    return None


def _load_staged(candidate: Path) -> Executor | None:
    """Loads the candidate of an earlier learner process of the same session; None without one."""
    if not candidate.exists():
        return None
    try:
        staged = load_checkpoint(candidate, "executor", ENCODING)
        require_finite(staged, candidate)
    except CheckpointError as problem:
        _log.warning("%s", problem)
        return None
    return build_executor(staged)


def base_recordings(path: Path | None, before_s: float, profile: Profile) -> tuple[list[Episode], list[Episode]]:
    """Loads the training and validation recordings of the weights, which are those older than the weights.

    The split is that of training (`load_dataset`). A random selection is taken of both, up to
    MOST_BASE_MINUTES and MOST_HELD_OUT_MINUTES.

    Args:
        path: a folder or file; None for the default folders.
        before_s: Unix time at which the weights were written.
        profile: of the game that is played; recordings of another are left out.

    Raises:
        NoRecordingsError: if there are none.
    """
    sessions, hashes, hours = [], [], 0.0
    for recording in find_recordings(path):
        if recording.stat().st_mtime > before_s or hours > MOST_HOURS_READ:
            continue
        episode = read_episode(recording)
        if episode.info.profile == profile and episode.info.perceived and not has_interventions(episode):
            sessions.append(expert_segments(episode))
            hashes.append(hashlib.sha256(recording.read_bytes()).hexdigest())
            hours += len(episode) / TICK_RATE_HZ / 3600.0
    train, held_out, _ = split_sessions(sessions, hashes) if sessions else ([], [], "")
    if not train or not held_out:
        raise NoRecordingsError("no base recordings older than the weights were found")
    return _some(train, MOST_BASE_MINUTES), _some(held_out, MOST_HELD_OUT_MINUTES)


def _some(episodes: list[Episode], minutes: float) -> list[Episode]:
    """Returns a random selection of up to `minutes` of play, at least one episode."""
    chosen: list[Episode] = []
    for number in np.random.default_rng(0).permutation(len(episodes)):
        if not chosen or _minutes(chosen) + _minutes([episodes[number]]) <= minutes:
            chosen.append(episodes[number])
    return chosen


def build_rehearsal_buffer(
    train: list[Episode],
    held_out: list[Episode],
    upstream: UpstreamPolicies,
    profile: Profile,
    settings: ShadowSettings,
    heartbeat: Callable[[], None],
) -> RehearsalData:
    """Labels base play and puts it into a replay buffer; held-out play apart."""
    is_small_dataset = is_small(sum(map(len, (*train, *held_out))))  # then the weights were trained on all of it
    pool = ReplayBuffer(None, torch.Generator().manual_seed(settings.seed + 1))
    held_out_batches = []
    for episode in (*train, *held_out):
        labelled = label_stretch(episode, profile)
        heartbeat()
        samples = build_batch([labelled], [upstream.conditioning(labelled)], CPU)
        heartbeat()
        if is_small_dataset or any(episode is one for one in train):
            pool.add(samples)
        if not any(episode is one for one in train):
            held_out_batches.append(samples)
    return RehearsalData(pool=pool, held_out=concatenate(held_out_batches))


def _minutes(episodes: list[Episode]) -> float:
    return sum(map(len, episodes)) / TICK_RATE_HZ / 60.0
