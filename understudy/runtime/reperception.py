"""Perceives the recorded pictures of a session again: observations are replaced, everything else stays.

Perception gets what it got live: each picture with the time, cursor, keys and buttons of its tick, in order. A tick
without a picture (dropped, or damaged) is bridged from the one before, with its tracks moved on by their velocities;
after a longer gap nothing is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.profile import Profile
from understudy.recordings.episode import Episode
from understudy.worlds.desktop.deferred_perception import DeferredPerception
from understudy.worlds.desktop.latency_compensation import AHEAD_S, extrapolate_tracks
from understudy.worlds.desktop.perception_thread import Perception

LONGEST_BRIDGE_S = 1.0
"""Perception drops its tracks after such a gap too."""
PROGRESS_TICKS = 20


@runtime_checkable
class Pictures(Protocol):
    """The recorded pictures, as `recordings.video.recorded_frames` decodes them."""

    def at(self, time_s: float) -> np.ndarray | None:
        """The RGB picture of the tick of that time; None where it has none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reperceived:
    """A session whose pictures were perceived again."""

    episode: Episode
    num_seen: int
    """Ticks with a picture."""
    num_bridged: int
    """Ticks without, a moment after one with."""

    @property
    def num_unknown(self) -> int:
        """Ticks of which nothing is known."""
        return len(self.episode) - self.num_seen - self.num_bridged


def reperceive(
    episode: Episode,
    pictures: Pictures,
    perception: Perception,
    profile: Profile,
    progress: Callable[[int], None] = lambda done: None,
) -> Reperceived:
    """Perceives a whole session.

    Args:
        episode: as it was recorded.
        pictures: its own.
        perception: of that profile, new: what it saw before would be carried on.
        profile: of the game, perhaps mended; its keys and buttons have to be those of the recording.
        progress: told now and then how many ticks are done.

    Raises:
        RecordingError: if no tick has a picture, or the profile is of another game or has other keys.
    """
    require_same_game(episode.info.profile, profile)
    observations = np.empty_like(episode.observations)
    num_seen = num_bridged = 0
    last: np.ndarray | None = None
    for tick, recorded in enumerate(episode.observations):
        pixels = pictures.at(float(recorded["time_s"]))
        if pixels is not None:
            last = perception.process(pixels, *_given(recorded)).records.copy()
            observations[tick] = _moved_on(last, AHEAD_S)[0]
            num_seen += 1
        elif last is not None and 0 < float(recorded["time_s"] - last["time_s"][0]) <= LONGEST_BRIDGE_S:
            observations[tick] = _bridged(last, recorded)[0]
            num_bridged += 1
        else:
            observations[tick] = _unknown(recorded)[0]
        if tick % PROGRESS_TICKS == 0:
            progress(tick)
    if num_seen == 0:
        raise RecordingError("none of its ticks has a picture: nothing can be perceived again")
    return Reperceived(
        episode=replace(episode, observations=observations, info=replace(episode.info, profile=profile)),
        num_seen=num_seen,
        num_bridged=num_bridged,
    )


def require_same_game(recorded: Profile, profile: Profile) -> None:
    """Refuses a profile in whose terms the recorded actions would mean something else.

    Raises:
        RecordingError: naming what differs.
    """
    if profile.name != recorded.name:
        raise RecordingError(
            f"it was recorded in the game {recorded.name!r}, and the profile is of {profile.name!r}: give the profile "
            "of the same game"
        )
    if profile.keys != recorded.keys:
        raise RecordingError(
            f"the profile's keys are {', '.join(profile.keys)}, those of the recording {', '.join(recorded.keys)}: "
            "its actions would mean other keys, so keep the keys and their order"
        )


def _given(recorded: np.void) -> tuple[float, tuple[float, float], int, int]:
    """What perception is told beside the picture."""
    cursor = (float(recorded["cursor_x"]), float(recorded["cursor_y"]))
    return float(recorded["time_s"]), cursor, int(recorded["keys"]), int(recorded["button"])


def _moved_on(records: np.ndarray, seconds: float) -> np.ndarray:
    moved = records.copy()
    extrapolate_tracks(moved, seconds)
    return moved


def _bridged(last: np.ndarray, recorded: np.void) -> np.ndarray:
    """The observation before, moved on to this tick; what happened in between is not known."""
    moved = _moved_on(last, float(recorded["time_s"] - last["time_s"][0]) + AHEAD_S)
    moved["events"] = np.zeros(1, moved["events"].dtype)
    for name in ("time_s", "cursor_x", "cursor_y", "keys", "button"):
        moved[name] = recorded[name]
    return moved


def _unknown(recorded: np.void) -> np.ndarray:
    """Nothing but time and input."""
    time_s, cursor, keys, button = _given(recorded)
    return DeferredPerception().process(_NO_PICTURE, time_s, cursor, keys, button).records


_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)
