"""What a shadow session begins with: the weights that play, base recordings to rehearse, and where candidates go."""

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
"""More base play than this is not used: it would only take longer to begin."""
MOST_HOURS_READ = 5.0
CPU = torch.device("cpu")


@dataclasses.dataclass(kw_only=True)
class ShadowState:
    """A learner that is ready, and what it was made from."""

    learner: ShadowLearner
    base: Checkpoint
    places: ShadowPaths
    base_minutes: float = 0.0
    held_out_minutes: float = 0.0
    note: str = ""

    def stage(self, data_hash: str, numbers: dict[str, float]) -> str:
        """Writes the averaged weights as a candidate, whole or not at all; returns their identity.

        Raises:
            CheckpointError: if they are not finite or cannot be written; the candidate before stays.
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
        return stage(self.places.candidate, candidate)


def build_shadow_learner(
    settings: ShadowSettings, places: ShadowPaths, profile: Profile, beat: Callable[[], None]
) -> ShadowState:
    """Loads everything.

    Args:
        beat: called now and then while it takes.

    Raises:
        CheckpointError: if there are no usable weights to begin with.
    """
    best = places.models / "executor" / BEST
    base = load_checkpoint(best, "executor", ENCODING)
    require_finite(base, best)
    policies = load_policies(places.models)
    beat()
    rehearsal, minutes, note = None, (0.0, 0.0), ""
    try:
        train, held_out = base_recordings(places.recordings, base_trained_at_s(base, best), profile)
    except (NoRecordingsError, RecordingError) as problem:
        note = str(problem)
    else:
        minutes = (_minutes(train), _minutes(held_out))
        rehearsal = build_rehearsal_buffer(
            train, held_out, UpstreamPolicies(policies.strategist, policies.tactician), profile, settings, beat
        )
    working = _load_staged(places.candidate)
    return ShadowState(
        learner=ShadowLearner(policies, profile, settings, rehearsal, working, _load_root_policy(base, places.models)),
        base=base,
        places=places,
        base_minutes=minutes[0],
        held_out_minutes=minutes[1],
        note=note,
    )


def base_trained_at_s(base: Checkpoint, path: Path) -> float:
    """Unix time at which these weights, or those that they were learnt on from, were trained from recordings.

    The file's own time is no measure: a promotion writes it anew, and what was recorded in shadow since is no base.
    """
    for parent in base.meta.lineage:
        if parent.what == "recordings":
            with contextlib.suppress(ValueError, OverflowError):  # no time, or none that a clock can show
                return datetime.fromisoformat(parent.when).timestamp() + 1.0  # it is cut to whole seconds
    return path.stat().st_mtime


def _load_root_policy(base: Checkpoint, models: Path) -> Executor | None:
    """The weights that all shadow sessions together set out from; None where it is this one, or they are gone.

    Drift is measured from there: a point lost in each session would otherwise add up unseen.
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
    """Weights of a learner of the same session that was lost."""
    if not candidate.exists():
        return None
    try:
        staged = load_checkpoint(candidate, "executor", ENCODING)
        require_finite(staged, candidate)
    except CheckpointError as problem:
        _log.warning("%s", problem)
        return None
    return build_executor(staged)


def base_recordings(place: Path | None, before_s: float, profile: Profile) -> tuple[list[Episode], list[Episode]]:
    """What the weights were trained from, and what was held out then: recordings that are older than they are.

    The split is the one of training (`material.gather`): weights look better on what they have seen. Of both parts some
    is taken, up to MOST_BASE_MINUTES and MOST_HELD_OUT_MINUTES.

    Args:
        place: a folder or file; None for the default folders.
        before_s: Unix time at which the weights were written.
        profile: of the game that is played; recordings of another are left out.

    Raises:
        NoRecordingsError: if there are none.
    """
    sessions, hashes, hours = [], [], 0.0
    for path in find_recordings(place):
        if path.stat().st_mtime > before_s or hours > MOST_HOURS_READ:
            continue
        episode = read_episode(path)
        if episode.info.profile == profile and not has_interventions(episode):
            sessions.append(expert_segments(episode))
            hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
            hours += len(episode) / TICK_RATE_HZ / 3600.0
    train, held_out, _ = split_sessions(sessions, hashes) if sessions else ([], [], "")
    if not train or not held_out:
        raise NoRecordingsError("no base recordings older than the weights were found")
    return _some(train, MOST_BASE_MINUTES), _some(held_out, MOST_HELD_OUT_MINUTES)


def _some(episodes: list[Episode], minutes: float) -> list[Episode]:
    """Up to so many minutes, from all over; at least one stretch."""
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
    beat: Callable[[], None],
) -> RehearsalData:
    """Base play as samples."""
    short = is_small(sum(map(len, (*train, *held_out))))  # then the weights know all of it
    pool = ReplayBuffer(None, torch.Generator().manual_seed(settings.seed + 1))
    kept = []
    for episode in (*train, *held_out):
        labelled = label_stretch(episode, profile)
        beat()
        samples = build_batch([labelled], [upstream.conditioning(labelled)], CPU)
        beat()
        if short or any(episode is one for one in train):
            pool.add(samples)
        if not any(episode is one for one in train):
            kept.append(samples)
    return RehearsalData(pool=pool, held_out=concatenate(kept))


def _minutes(episodes: list[Episode]) -> float:
    return sum(map(len, episodes)) / TICK_RATE_HZ / 60.0
