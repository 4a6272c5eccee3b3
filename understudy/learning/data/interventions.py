"""Sessions that a person and a policy shared: what the person did is learnt from, what the policy did is only seen.

A takeover is often a few seconds long, and just these seconds are corrections. So the session is encoded as a whole,
as it was seen in play, and only the ticks in which the person acted are taught.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.recordings.episode import Episode

SHORTEST_S = 1.0
"""A shorter touch is no correction."""
AFTER_TICKS = 6
"""So long after the last touch the person is still at it; what follows is waiting to be played on, which is no play."""
EXPERT_ACTORS = (Actor.PERSON, Actor.TEACHER)


def has_interventions(episode: Episode) -> bool:
    """Whether some ticks, but not all, were a person's or the teacher's."""
    taught = np.isin(episode.actors, EXPERT_ACTORS)
    return bool(taught.any() and not taught.all())


def intervention_segments(episode: Episode) -> list[tuple[int, int]]:
    """First and last tick (exclusive) of each stretch to learn from, without the wait for being relieved."""
    taught = np.isin(episode.actors, EXPERT_ACTORS)
    edges = np.flatnonzero(np.diff(taught.astype(np.int8), prepend=0, append=0)).tolist()
    found = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end < len(episode):
            end = min(end, begin + _last_touch(episode.actions[begin:end]) + AFTER_TICKS)
        if end - begin >= SHORTEST_S * TICK_RATE_HZ:
            found.append((begin, end))
    return found


def _last_touch(actions: np.ndarray) -> int:
    """The last tick in which the cursor moved or something was down; 0 without any."""
    moved = np.diff(actions["cursor_x"], prepend=np.nan) != 0
    moved |= np.diff(actions["cursor_y"], prepend=np.nan) != 0
    touched = np.flatnonzero(moved | (actions["button"] > 0) | (actions["keys"] > 0))
    return int(touched[-1]) if len(touched) else 0


def label_shared_episode(episode: Episode, profile: Profile) -> LabelledEpisode:
    """An unbroken shared session as one Lesson, of which only the person's stretches are taught.

    To the labels it looks as if the hand had rested, where the person begins next, while the policy acted; what came
    of the person's clicks after handing back still counts.
    """
    taught = np.zeros(len(episode), bool)
    for begin, end in intervention_segments(episode):
        taught[begin:end] = True
    labelled = label_episode(episode.observation, _mask_policy_actions(episode.actions, taught), profile)
    return replace(labelled, train_mask=taught, can_start_gesture=labelled.can_start_gesture & taught)


def _mask_policy_actions(actions: np.ndarray, taught: Bool[np.ndarray, " T"]) -> np.ndarray:
    """The actions with nothing done in the other ticks, and the cursor where the next taught tick has it."""
    ticks = np.arange(len(actions))
    source = np.where(taught, ticks, len(actions) - 1)
    source = np.minimum.accumulate(source[::-1])[::-1]
    rested = actions[source].copy()
    rested["button"][~taught], rested["keys"][~taught] = 0, 0
    return rested
