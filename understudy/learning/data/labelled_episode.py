"""A recorded session as training data for behaviour cloning: encoded features, hindsight labels, gesture targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int64

from understudy.contract.observation import MAX_TRACKS, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.learning.data.gesture_segmentation import key_presses
from understudy.learning.data.hindsight_labels import HindsightLabels, label_hindsight
from understudy.policies.click_semantics import MAX_KEYS, ClickKind, geometry_of
from understudy.policies.context_features import NUM_MIRRORED
from understudy.policies.encoder import Encoded, Encoder, mirror_signs
from understudy.policies.object_features import (
    LANDMARK_WIDTH,
    MINIMAP,
    NUM_LANDMARK_MIRRORED,
    NUM_TRACK_MIRRORED,
    SPACE,
    TRACK_WIDTH,
)
from understudy.recordings.episode import Episode

NUM_MIRRORS = 4
"""Mirrors for data augmentation: none, left-right, up-down, both."""


@dataclass(frozen=True)
class LabelledEpisode:
    """Features and labels of T ticks of one session."""

    observation: Observation
    actions: np.ndarray
    """Records of dtype ACTION, shape (T,)."""
    encoded: Encoded
    labels: HindsightLabels
    can_start_gesture: Bool[np.ndarray, " T"]
    """No gesture was in progress at the start of the tick, so one could have begun in it."""
    gesture_index: Int64[np.ndarray, " T"]
    """Index of the gesture that began in the tick, -1 for none."""
    targets: Int64[np.ndarray, " T"]
    """Pointer candidate of that gesture at its onset; -1 for no gesture, or where the object was not visible yet."""
    positions: Float32[np.ndarray, "T 2"]
    """End point of the gesture, -1..1 of the map (candidate MINIMAP) or of the window (SPACE)."""
    key_onsets: Bool[np.ndarray, "T K"]
    """Keys that went down in the tick, and clicks of the wheel."""
    train_mask: Bool[np.ndarray, " T"] | None = None
    """Mask of the ticks that are training targets (a policy acted in the others, or they are filled); None for all."""
    click_keys: int = 0
    """Bits of the keys that click: gestures press them."""
    wheel: int = 0
    """Bits of the mouse wheel, which is never held: it may click in every tick."""
    filled: Bool[np.ndarray, " T"] | None = None
    """Ticks that were missed in the recording and filled in; None where none was."""
    entry: str | None = None
    """Path of its file in the cache; None if it is not from there."""

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def taught_ticks(self) -> Int64[np.ndarray, " t"]:
        """Indices of the ticks that are training targets."""
        return np.arange(len(self)) if self.train_mask is None else np.flatnonzero(self.train_mask)

    @property
    def keys_down(self) -> Bool[np.ndarray, "T K"]:
        """Keys that cannot go down in the tick by themselves: held at its start, pressed by gestures, or down since a
        gap before it, which the observation does not show yet."""
        keys = self.observation.records["keys"] | np.uint32(self.click_keys)
        wheel = np.uint32(self.wheel)
        if self.filled is not None:
            after_gap = np.flatnonzero(np.diff(self.filled.astype(np.int8)) == -1) + 1
            keys[after_gap] |= self.actions["keys"][after_gap - 1]
        held = (keys & ~wheel)[:, None] >> np.arange(MAX_KEYS, dtype=np.uint32)
        return np.asarray((held & 1).astype(bool))


def label_episode(
    observation: Observation, actions: np.ndarray, profile: Profile, inputs: Sequence[InputEvent] = ()
) -> LabelledEpisode:
    """Encodes and labels one session of T ticks from its observations, actions and, where there are any, raw events."""
    geometry = geometry_of(profile)
    hindsight = label_hindsight(observation, actions, geometry, inputs, profile.keys)
    ticks = len(actions)
    free, starts = np.ones(ticks, bool), np.full(ticks, -1, np.int64)
    candidates, points = np.full(ticks, -1, np.int64), np.zeros((ticks, 2), np.float32)
    next_onsets = np.append(hindsight.gestures["onset"][1:], ticks)
    for index, (gesture, next_onset) in enumerate(zip(hindsight.gestures, next_onsets, strict=False)):
        onset = gesture["onset"]
        free[onset + 1 : min(gesture["release"] + 1, next_onset)] = False  # the next may begin before the release
        starts[onset] = index
        candidates[onset], points[onset] = _candidate(observation, gesture)
    key_onsets, click_keys = np.zeros((ticks, MAX_KEYS), bool), int(geometry["click_keys"])
    for key, (presses, _) in enumerate(key_presses(actions, MAX_KEYS)):
        key_onsets[presses, key] = not click_keys >> key & 1
    wheel = int(geometry["wheel"])
    turned = (actions["keys"] & np.uint32(wheel))[:, None] >> np.arange(MAX_KEYS, dtype=np.uint32)
    key_onsets |= (turned & 1).astype(bool)
    encoded = Encoder(profile).encode_episode(observation)
    return LabelledEpisode(
        observation,
        actions,
        encoded,
        hindsight,
        free,
        starts,
        candidates,
        points,
        key_onsets,
        click_keys=click_keys,
        wheel=wheel,
    )


def label_stretch(stretch: Episode, profile: Profile) -> LabelledEpisode:
    """Encodes and labels an unbroken stretch of a recording; ticks that were filled in are no training targets."""
    labelled = label_episode(stretch.observation, stretch.actions, profile, stretch.inputs)
    return labelled if stretch.filled is None else replace(labelled, train_mask=~stretch.filled, filled=stretch.filled)


def _candidate(observation: Observation, gesture: np.void) -> tuple[int, tuple[float, float]]:
    if gesture["sort"] == ClickKind.TRACK:
        slots = np.flatnonzero(observation.records["tracks"]["id"][gesture["onset"]] == gesture["track_id"])
        return (int(slots[0]) if len(slots) else -1), (0.0, 0.0)
    if gesture["sort"] == ClickKind.LANDMARK:
        mark = int(gesture["landmark"])
        there = observation.records["landmarks"]["role"][gesture["onset"], mark] > 0  # the map may have changed
        return (MAX_TRACKS + mark if there else -1), (0.0, 0.0)
    if gesture["sort"] == ClickKind.MINIMAP:
        return MINIMAP, (2.0 * float(gesture["map_x"]) - 1.0, 2.0 * float(gesture["map_y"]) - 1.0)
    return SPACE, (2.0 * float(gesture["x"]) - 1.0, 2.0 * float(gesture["y"]) - 1.0)


def mirror_sign_tables(
    context_width: int,
) -> tuple[Float32[np.ndarray, "4 F"], Float32[np.ndarray, "4 J"], Float32[np.ndarray, "4 I"]]:
    """Returns the signs of context, track and landmark features under each of the NUM_MIRRORS mirrors."""
    flips = [(bool(mirror & 1), bool(mirror & 2)) for mirror in range(NUM_MIRRORS)]
    return (
        np.stack([mirror_signs(NUM_MIRRORED, context_width, *flip) for flip in flips]),
        np.stack([mirror_signs(NUM_TRACK_MIRRORED, TRACK_WIDTH, *flip) for flip in flips]),
        np.stack([mirror_signs(NUM_LANDMARK_MIRRORED, LANDMARK_WIDTH, *flip) for flip in flips]),
    )
