"""Moves a recording to a profile with other keys, so that keys can be chosen after the play has been recorded.

A new game is recorded with every key that games usually have; which of them it knows is seen from what was pressed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt32

from understudy.contract.profile import WHEEL, Profile
from understudy.contract.protocols import event_code
from understudy.recordings.episode import Episode

COMMON_KEYS = (
    *("space", "shift", "ctrl", "enter", "tab"),
    *("left", "right", "up", "down"),
    *WHEEL,
    *("w", "a", "s", "d", "q", "e", "r", "f", "z", "x", "c", "v", "g"),
    *("1", "2", "3", "4", "5", "6", "7", "8"),
)
"""Keys that are recorded where a game's own are not known yet; as many as an action has bits."""
FEWEST_PRESSES = 3
"""A key that was pressed less often was hit by mistake, or cannot be learnt from so little."""


def used_keys(episodes: Iterable[Episode], fewest: int = FEWEST_PRESSES) -> tuple[str, ...]:
    """Returns the keys that were pressed at least `fewest` times over all episodes, in the profiles' order."""
    presses: Counter[str] = Counter()
    known: dict[str, None] = {}
    for episode in episodes:
        codes = {event_code(key): key for key in episode.info.profile.keys}
        known |= dict.fromkeys(episode.info.profile.keys)
        presses.update(codes[event.code] for event in episode.inputs if event.kind == "press" and event.code in codes)
    return tuple(key for key in known if presses[key] >= fewest)


def with_profile(episode: Episode, profile: Profile) -> Episode:
    """Returns the episode in the terms of another profile of the same window: key bits are moved, others dropped.

    Observations of objects, bars and maps are kept as they are; perceive the recording again if these differ.
    """
    before = episode.info.profile.keys
    observations, actions = episode.observations.copy(), episode.actions.copy()
    for records in (observations, actions):
        records["keys"] = _moved(records["keys"], before, profile.keys)
    dropped = {event_code(key) for key in before} - {event_code(key) for key in profile.keys}
    return replace(
        episode,
        info=replace(episode.info, profile=profile),
        observations=observations,
        actions=actions,
        inputs=tuple(event for event in episode.inputs if event.code not in dropped),
    )


def _moved(bits: UInt32[np.ndarray, " T"], before: Sequence[str], after: Sequence[str]) -> UInt32[np.ndarray, " T"]:
    """Returns the key bits of one profile as those of another."""
    moved = np.zeros_like(bits)
    for bit, key in enumerate(before):
        if key in after:
            moved |= ((bits >> np.uint32(bit)) & np.uint32(1)) << np.uint32(after.index(key))
    return moved
