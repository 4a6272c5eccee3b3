"""Interventions: labels shared-control sessions so that only the person's ticks are training targets.

Takeovers are corrections on the policy's own state distribution, as in DAgger (Ross et al. 2011, arXiv 1011.0686), and
are often only a few seconds long. The session is encoded as a whole, so the features are those of play, and the
training mask selects the ticks in which the person acted.
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
"""Shortest intervention, seconds; a shorter one is no correction."""
AFTER_TICKS = 6
"""Ticks after the last input that belong to an intervention; in the rest the person waits for the policy to resume."""
EXPERT_ACTORS = (Actor.PERSON, Actor.TEACHER)


def has_interventions(episode: Episode) -> bool:
    """Returns whether a person or the teacher acted in some ticks, but not in all."""
    is_expert = np.isin(episode.actors, EXPERT_ACTORS)
    return bool(is_expert.any() and not is_expert.all())


def intervention_segments(episode: Episode) -> list[tuple[int, int]]:
    """Returns the first and last tick (exclusive) of each intervention, without the person's final wait."""
    is_expert = np.isin(episode.actors, EXPERT_ACTORS)
    edges = np.flatnonzero(np.diff(is_expert.astype(np.int8), prepend=0, append=0)).tolist()
    found = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end < len(episode):
            end = min(end, begin + _last_touch(episode.actions[begin:end]) + AFTER_TICKS)
        if end - begin >= SHORTEST_S * TICK_RATE_HZ:
            found.append((begin, end))
    return found


def _last_touch(actions: np.ndarray) -> int:
    """Returns the index of the last tick in which the cursor moved or a button or key was down; 0 without any."""
    moved = np.diff(actions["cursor_x"], prepend=np.nan) != 0
    moved |= np.diff(actions["cursor_y"], prepend=np.nan) != 0
    touched = np.flatnonzero(moved | (actions["button"] > 0) | (actions["keys"] > 0))
    return int(touched[-1]) if len(touched) else 0


def label_shared_episode(episode: Episode, profile: Profile) -> LabelledEpisode:
    """Labels an unbroken shared-control session, with the person's interventions as the training mask.

    Before labelling, the policy's ticks become idle ones with the cursor where the person's next intervention starts.
    Events that the person's clicks cause after control returns to the policy still count for the labels.
    """
    train_mask = np.zeros(len(episode), bool)
    for begin, end in intervention_segments(episode):
        train_mask[begin:end] = True
    masked = _mask_policy_actions(episode.actions, train_mask)
    labelled = label_episode(episode.observation, masked, profile, episode.inputs)
    if episode.filled is not None:
        train_mask &= ~episode.filled
    return replace(
        labelled,
        train_mask=train_mask,
        can_start_gesture=labelled.can_start_gesture & train_mask,
        filled=episode.filled,
    )


def _mask_policy_actions(actions: np.ndarray, train_mask: Bool[np.ndarray, " T"]) -> np.ndarray:
    """Replaces the other ticks by idle actions with the cursor of the next expert tick."""
    ticks = np.arange(len(actions))
    source = np.where(train_mask, ticks, len(actions) - 1)
    source = np.minimum.accumulate(source[::-1])[::-1]
    masked = actions[source].copy()
    masked["button"][~train_mask], masked["keys"][~train_mask] = 0, 0
    return masked
