"""Process replay: runs the policies on a recorded live session and compares the decisions bit by bit.

The decisions of a live session are a function of its observations with their times, seed, weights, inference library,
what was done in each tick, and the ticks at which control changed between person and policy or new weights were loaded.
A recording holds all of them, the weights by their identity. So a difference means that the encoding, a policy or the
library computes something else than when the session was recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.errors import CheckpointError, RecordingError
from understudy.contract.intent import INTENT
from understudy.contract.observation import Observation
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.inference_backend import Library, make_backend
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.recordings.episode import Episode
from understudy.runtime.hierarchical_policy import HierarchicalPolicy

WEIGHTS = "weights"
"""Kind of the raw event at which new weights came in; its code is the Executor's identity."""
PROGRESS_TICKS = 100


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """Decisions of the policies on a recording's first T ticks, up to the first swap to unknown weights."""

    decided: np.ndarray
    """Records of dtype ACTION, shape (T,)."""
    intents: np.ndarray
    """Records of dtype INTENT, shape (T,)."""


def hierarchy_of(episode: Episode, models: Path) -> HierarchicalPolicy:
    """Loads the policy that an episode began with, on the inference library that it was recorded with.

    Args:
        episode: of a live session.
        models: folder of the three policies; older weights are searched among the Executor's checkpoints.

    Raises:
        RecordingError: if it was not recorded by a live policy.
        CheckpointError: if the folder no longer holds the weights.
    """
    _expect_decisions(episode)
    policies = find_policies(models, episode.info.weights.get("executor", ""))
    if policies is None:
        raise CheckpointError(
            f"{models} no longer holds the weights that this recording began with ({episode.info.weights}): give the "
            "folder that has them."
        )
    return HierarchicalPolicy(policies, episode.info.profile, make_backend(policies, library_of(episode)))


def library_of(episode: Episode) -> Library:
    """Returns the inference library of an episode; torch for recordings older than the field."""
    return "onnxruntime" if episode.info.library.startswith("onnxruntime") else "torch"


def find_policies(models: Path, executor: str) -> PolicyBundle | None:
    """Finds the policies whose Executor has this identity among all checkpoints in the folder; None if there are none.

    Raises:
        CheckpointError: if the levels above it are missing or incomplete.
    """
    folder = models / "executor"
    named = sorted(folder.rglob(f"*{executor}*.pt"))
    others = [folder / BEST, *sorted(folder.rglob("candidate*.pt"))]
    for path in [*named, *others]:
        try:
            found = load_checkpoint(path, "executor", ENCODING)
        except CheckpointError:
            continue  # incomplete or of another encoding, so not the one searched for
        if found.identity == executor:
            return load_policies(models, found)
    return None


def replay(
    episode: Episode, hierarchy: HierarchicalPolicy, later: Callable[[str], PolicyBundle | None] = lambda executor: None
) -> Replayed:
    """Runs the policy on every recorded observation, as one world and from the recorded seed.

    Args:
        episode: of a live session.
        hierarchy: with the weights that the session began with.
        later: maps the Executor identity of weights that were swapped in to the policies; where it returns None,
            the replay ends.

    Raises:
        RecordingError: if it was not recorded by a live policy, or with another library than the hierarchy's.
    """
    _expect_decisions(episode)
    _expect_same_library(episode, hierarchy)
    assert episode.timings is not None and episode.info.pilot_seed is not None
    new_weights = [event.code for event in episode.inputs if event.kind == WEIGHTS]
    decided, intents = np.zeros(len(episode), ACTION), np.zeros(len(episode), INTENT)
    carry = hierarchy.start(np.array([episode.info.pilot_seed], np.uint64))
    by_person = episode.actors == Actor.PERSON
    for tick in range(len(episode)):
        if episode.timings["swapped"][tick]:
            policies = later(new_weights.pop(0)) if new_weights else None
            if policies is None:
                return Replayed(decided=decided[:tick], intents=intents[:tick])
            hierarchy.swap(policies, carry, make_backend(policies, library_of(episode)))
        decision = hierarchy.decide(Observation(episode.observations[tick : tick + 1]), carry)
        carry = decision.carry
        hierarchy.set_done(carry, Action(episode.actions[tick : tick + 1]))
        decided[tick], intents[tick] = decision.action.records[0], decision.intent.records[0]
        if by_person[tick] != (tick > 0 and by_person[tick - 1]):
            hierarchy.cancel_actions(carry)
    return Replayed(decided=decided, intents=intents)


def _expect_decisions(episode: Episode) -> None:
    if episode.timings is None or episode.info.pilot_seed is None:
        raise RecordingError(
            "This recording holds no decisions of a live policy, so they cannot be compared: record one with  "
            "understudy run --save-recordings ."
        )


def _expect_same_library(episode: Episode, hierarchy: HierarchicalPolicy) -> None:
    recorded, here = episode.info.library, hierarchy.networks.library
    if recorded and recorded != here:
        raise RecordingError(
            f"This recording was decided by {recorded} and would be decided again by {here}, which differ in the last "
            "bits: give the same library in the same version."
        )


def intents_of(
    episode: Episode, hierarchy: HierarchicalPolicy, progress: Callable[[int], None] = lambda done: None
) -> np.ndarray:
    """Computes the policy's intents at each tick of any recording, whoever played.

    Args:
        episode: of one world.
        hierarchy: of the same game.
        progress: called every PROGRESS_TICKS ticks with the number of ticks done.

    Returns:
        Records of dtype INTENT, shape (T,).
    """
    intents = np.zeros(len(episode), INTENT)
    carry = hierarchy.start(np.zeros(1, np.uint64))
    for tick in range(len(episode)):
        decision = hierarchy.decide(Observation(episode.observations[tick : tick + 1]), carry)
        carry, intents[tick] = decision.carry, decision.intent.records[0]
        hierarchy.set_done(carry, Action(episode.actions[tick : tick + 1]))
        if tick % PROGRESS_TICKS == 0:
            progress(tick)
    return intents


def differences(episode: Episode, replayed: Replayed) -> Bool[np.ndarray, " T"]:
    """Marks the ticks whose action or intent differs from the recording in at least one bit."""
    assert episode.timings is not None and episode.intents is not None
    ticks = len(replayed.decided)
    decided = _differ(episode.timings["decided"][:ticks], replayed.decided)
    return np.asarray(decided | _differ(episode.intents[:ticks], replayed.intents))


def _differ(one: np.ndarray, other: np.ndarray) -> Bool[np.ndarray, " T"]:
    width = one.dtype.itemsize
    pair = [np.frombuffer(each.tobytes(), np.uint8).reshape(len(each), width) for each in (one, other)]
    return np.asarray((pair[0] != pair[1]).any(axis=1))
