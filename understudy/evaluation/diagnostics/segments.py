"""Splits a recording into the segments that training would use, each with gestures and modes, for the checks.

Segments, gestures and modes are computed as for training, so the checks see what training sees.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.dataset import expert_segments
from understudy.learning.data.gesture_segmentation import key_presses
from understudy.learning.data.hindsight_labels import label_hindsight
from understudy.policies.click_semantics import clicking_inputs, geometry_of
from understudy.recordings.episode import Episode


@dataclass(frozen=True, kw_only=True)
class Segment:
    """T ticks of one session without a gap (missed ticks are filled in), in which a person or the teacher acted."""

    observations: np.ndarray
    """Records of dtype OBSERVATION, shape (T,)."""
    actions: np.ndarray
    """Records of dtype ACTION, shape (T,)."""
    gestures: np.ndarray
    """Records of dtype GESTURE, in order of time."""
    modes: Int64[np.ndarray, " T"]
    """Hindsight label of each tick: a Mode."""
    clicks: Int64[np.ndarray, " C"]
    """Ticks of button presses, also on panels."""
    keys: tuple[Int64[np.ndarray, " _"], ...]
    """For each key of the profile, the ticks of its presses."""
    profile: Profile
    num_filled: int = 0
    """Ticks that are missing in the recording and were filled in."""

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def key_ticks(self) -> Int64[np.ndarray, " P"]:
        """Ticks in which any key was pressed, in order."""
        return np.sort(np.concatenate([np.zeros(0, np.int64), *self.keys]))

    @property
    def busy(self) -> Bool[np.ndarray, " T"]:
        """Marks the ticks within a gesture."""
        busy = np.zeros(len(self), bool)
        for gesture in self.gestures:
            busy[gesture["onset"] : gesture["release"] + 1] = True
        return busy


@dataclass(frozen=True, kw_only=True)
class ExaminedRecording:
    """One recording with its segments."""

    path: Path
    episode: Episode
    stretches: tuple[Segment, ...]

    @property
    def taught_ticks(self) -> int:
        """Ticks that training would use, including those that it fills in."""
        return sum(map(len, self.stretches))


def examine(path: Path, episode: Episode) -> ExaminedRecording:
    """Computes segments, gestures and modes of one recording."""
    geometry = geometry_of(episode.info.profile)
    num_keys = len(episode.info.profile.keys)
    return ExaminedRecording(
        path=path,
        episode=episode,
        stretches=tuple(_stretch(part, geometry, num_keys) for part in expert_segments(episode)),
    )


def _stretch(part: Episode, geometry: np.void, num_keys: int) -> Segment:
    hindsight = label_hindsight(part.observation, part.actions, geometry, part.inputs, part.info.profile.keys)
    held = clicking_inputs(part.actions["button"], part.actions["keys"], geometry)
    return Segment(
        observations=part.observations,
        actions=part.actions,
        gestures=hindsight.gestures,
        modes=hindsight.modes,
        clicks=np.flatnonzero(held[1:] & ~held[:-1]) + 1,
        keys=tuple(starts for starts, _ in key_presses(part.actions, num_keys)),
        profile=part.info.profile,
        num_filled=0 if part.filled is None else int(part.filled.sum()),
    )


def all_segments(examined: list[ExaminedRecording]) -> list[Segment]:
    """Returns the segments of all recordings, in order."""
    return [stretch for one_examined in examined for stretch in one_examined.stretches]


def minutes_of(examined: list[ExaminedRecording]) -> float:
    """Returns the minutes that training would use, over all recordings."""
    return sum(one_examined.taught_ticks for one_examined in examined) / TICK_RATE_HZ / 60.0
