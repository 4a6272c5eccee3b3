"""Observation encoder: one compiled function computes the features for training and play alike.

A tick becomes a context vector (policies/context_features.py, policies/declared), a matrix of track features and a
matrix of landmark features (policies/object_features.py). The state between ticks is an explicit carry
(policies/temporal_features.py). Features that change sign under a left-right mirror come first, then those that change
sign under an up-down mirror, then the rest, so `mirror_signs` needs no list of names.
"""

import hashlib
from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float, Float32, Int64

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, Observation
from understudy.contract.profile import Profile
from understudy.contract.serialization import to_json
from understudy.policies.click_semantics import geometry_of
from understudy.policies.context_features import CONTEXT_WIDTH, encode_context
from understudy.policies.declared.declared_features import encode_declared
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout, layout_of
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH, encode_landmarks, encode_tracks
from understudy.policies.temporal_features import initial_state, update_events, update_inputs, update_tracks

ENCODING = "gesture-7"
"""Version of this encoding; a checkpoint of another version is refused. Change it whenever a feature changes."""


def encoding_of(layout: FeatureLayout) -> str:
    """Returns the name of the encoding with the layout of one game: ENCODING itself for the common one."""
    return ENCODING if layout == COMMON else f"{ENCODING}:{hashlib.sha256(to_json(layout).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Encoded:
    """Features of B worlds (or ticks), in single precision; from the cache of recordings in half precision."""

    context: Float[np.ndarray, "B F"]
    """F is the width of the game's FeatureLayout."""
    tracks: Float[np.ndarray, "B N track_features"]
    kinds: Int64[np.ndarray, "B N"]
    """0 for an empty slot, else kind + 1."""
    landmarks: Float[np.ndarray, "B L landmark_features"]


class Encoder:
    """Encodes observations of one game; stateless, the state is in the carry."""

    def __init__(self, profile: Profile) -> None:
        self.geometry = geometry_of(profile)
        self.layout = layout_of(profile)

    def start(self, num_worlds: int) -> np.ndarray:
        """Returns initial carries, records of dtype ENCODING_CARRY, shape (num_worlds,)."""
        return initial_state(num_worlds)

    def encode(self, observation: Observation, carry: np.ndarray) -> Encoded:
        """Encodes one tick of B worlds; updates `carry` in place."""
        arrays = _buffers(len(observation), self.layout.width)
        _encode_worlds(observation.records, carry, self.geometry, *arrays)
        return Encoded(*arrays)

    def encode_episode(self, observation: Observation) -> Encoded:
        """Encodes all ticks of one world, in order, from an initial carry."""
        arrays = _buffers(len(observation), self.layout.width)
        _encode_ticks(observation.records, self.start(1), self.geometry, *arrays)
        return Encoded(*arrays)


def _buffers(size: int, context_width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.zeros((size, context_width), np.float32),
        np.zeros((size, MAX_TRACKS, TRACK_WIDTH), np.float32),
        np.zeros((size, MAX_TRACKS), np.int64),
        np.zeros((size, MAX_LANDMARKS, LANDMARK_WIDTH), np.float32),
    )


@numba.njit(cache=True)
def _encode_worlds(records, carries, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    for b in range(len(records)):
        _encode(records[b], carries[b], geometry, context[b], tracks[b], kinds[b], landmarks[b])


@numba.njit(cache=True)
def _encode_ticks(records, carries, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    for t in range(len(records)):
        _encode(records[t], carries[0], geometry, context[t], tracks[t], kinds[t], landmarks[t])


@numba.njit(cache=True)
def _encode(observation, carry, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    update_tracks(observation, carry)
    update_inputs(observation, carry, geometry)
    update_events(observation, carry, geometry)
    encode_tracks(observation, carry, geometry, tracks, kinds)
    encode_landmarks(observation, landmarks)
    encode_context(observation, carry, geometry, context[:CONTEXT_WIDTH])
    encode_declared(observation, carry, geometry, context[CONTEXT_WIDTH:])
    for i in range(MAX_LANDMARKS):
        for column in range(LANDMARK_WIDTH):
            if landmarks[i, column] != landmarks[i, column]:
                landmarks[i, column] = 0.0


def mirror_signs(mirrored: int, width: int, flip_x: bool, flip_y: bool) -> Float32[np.ndarray, " width"]:
    """Returns the signs that turn features, in the layout of the module docstring, into those of the mirrored scene."""
    signs = np.ones(width, np.float32)
    signs[:mirrored] = -1.0 if flip_x else 1.0
    signs[mirrored : 2 * mirrored] = -1.0 if flip_y else 1.0
    return signs
