"""Feeds a recorded live session through the policies once more: the same decisions to the bit, or something is wrong.

What a live session decides follows from its observations, its seed, its weights, the ticks that the world did not wait
for, and the moments at which the charge changed hands; a recording holds all of them. So a difference means that an
encoding, a policy or a library does not compute what it did when the session was recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from understudy.contract.action import ACTION, Actor
from understudy.contract.errors import RecordingError
from understudy.contract.intent import INTENT
from understudy.contract.observation import Observation
from understudy.contract.timing import Level
from understudy.recordings.episode import Episode
from understudy.runtime.hierarchy import Hierarchy

PROGRESS_TICKS = 100


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What the policies decide on a recording's first T ticks, before any new weights came in."""

    decided: np.ndarray
    """Records of dtype ACTION, shape (T,)."""
    intents: np.ndarray
    """Records of dtype INTENT, shape (T,)."""


def replay(episode: Episode, hierarchy: Hierarchy) -> Replayed:
    """Decides every tick anew, as the session did: one world at a time, from the seed in the recording.

    Args:
        episode: of a live session; read up to the first swap of weights, for later ones are not in it.
        hierarchy: with the weights that the session began with.

    Raises:
        RecordingError: if it was not recorded by a live policy.
    """
    if episode.timings is None or episode.info.pilot_seed is None:
        raise RecordingError(
            "This recording holds no decisions of a live policy, so they cannot be compared: record one with  "
            "understudy run --save-recordings ."
        )
    swaps = np.flatnonzero(episode.timings["swapped"])
    num_ticks = int(swaps[0]) if len(swaps) else len(episode)
    decided, intents = np.zeros(num_ticks, ACTION), np.zeros(num_ticks, INTENT)
    carry = hierarchy.start(np.array([episode.info.pilot_seed], np.uint64))
    by_person = episode.actors == Actor.PERSON
    for tick in range(num_ticks):
        skipped = int(episode.timings["skipped"][tick, Level.EXECUTOR])
        if skipped:
            hierarchy.skip(carry, skipped)
        decision = hierarchy.decide(Observation(episode.observations[tick : tick + 1]), carry)
        carry = decision.carry
        decided[tick], intents[tick] = decision.action.records[0], decision.intent.records[0]
        if by_person[tick] != (tick > 0 and by_person[tick - 1]):
            hierarchy.let_go(carry)
    return Replayed(decided=decided, intents=intents)


def intents_of(
    episode: Episode, hierarchy: Hierarchy, progress: Callable[[int], None] = lambda done: None
) -> np.ndarray:
    """What a hierarchy would have meant to do at each tick of any recording, whoever played.

    Args:
        episode: of one world.
        hierarchy: of the same game.
        progress: told now and then how many ticks are done.

    Returns:
        Records of dtype INTENT, shape (T,).
    """
    intents = np.zeros(len(episode), INTENT)
    carry = hierarchy.start(np.zeros(1, np.uint64))
    for tick in range(len(episode)):
        decision = hierarchy.decide(Observation(episode.observations[tick : tick + 1]), carry)
        carry, intents[tick] = decision.carry, decision.intent.records[0]
        if tick % PROGRESS_TICKS == 0:
            progress(tick)
    return intents


def differences(episode: Episode, replayed: Replayed) -> Bool[np.ndarray, " T"]:
    """Which ticks were decided otherwise than recorded, in as much as a bit."""
    assert episode.timings is not None and episode.intents is not None
    ticks = len(replayed.decided)
    decided = _differ(episode.timings["decided"][:ticks], replayed.decided)
    return np.asarray(decided | _differ(episode.intents[:ticks], replayed.intents))


def _differ(one: np.ndarray, other: np.ndarray) -> Bool[np.ndarray, " T"]:
    width = one.dtype.itemsize
    pair = [np.frombuffer(each.tobytes(), np.uint8).reshape(len(each), width) for each in (one, other)]
    return np.asarray((pair[0] != pair[1]).any(axis=1))
