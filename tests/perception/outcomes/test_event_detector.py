"""Events of a game: from its log where it has one, else what consecutive observations show."""

from dataclasses import replace

import numpy as np

from understudy.contract.observation import OBSERVATION, TICK_S, Role
from understudy.contract.profile import Profile
from understudy.perception.outcomes.event_detector import EventDetector
from understudy.worlds.catalog import load_profile

PROFILE = load_profile("darkorbit")
assert PROFILE.eye is not None
WITHOUT_LOG = replace(PROFILE, eye=replace(PROFILE.eye, log=None))


def play(profile: Profile, gone_at: int, lines: dict[int, dict[str, int]]) -> tuple[np.ndarray, list[int]]:
    """Thirty ticks in which the ship comes to box 9, which then is gone; returns the events, and the ids reported."""
    detector, events, ids = EventDetector(profile), [], list[int]()
    for tick in range(30):
        now = np.zeros(1, OBSERVATION)[0]
        now["time_s"], now["player"]["alive"] = tick * TICK_S, 1
        if tick < gone_at:
            track = now["tracks"][0]
            track["id"], track["role"], track["kind"] = 9, Role.LOOT, 10
            track["x"], track["y"], track["width"], track["height"] = (
                0.5 + max(0.01, 0.1 - 0.02 * tick),
                0.5,
                0.02,
                0.03,
            )
        ids += detector.detect(now, lines.get(tick, {}), died=False, jumped=False)
        events.append(now["events"].copy())
    return np.array(events), ids


def test_without_a_log_what_is_seen_counts_once_it_is_sure() -> None:
    events, ids = play(WITHOUT_LOG, 12, {})
    assert events["loot"].sum() == 1 and events["value"].sum() == PROFILE.kinds[10].value
    assert np.flatnonzero(events["loot"])[0] > 12, "not at once: a detector misses things for a moment"
    assert ids == []


def test_a_log_is_believed_and_says_which_object_is_gone() -> None:
    events, ids = play(PROFILE, 12, {12: {"loot": 1}})
    assert events["loot"].sum() == 1 and events["loot"][12] == 1
    assert ids == [9]
    assert play(PROFILE, 12, {})[0]["loot"].sum() == 0, "what the log does not say did not happen"
