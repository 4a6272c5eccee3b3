"""Ticks as the Executor learns from them: what was seen, what the slower levels said, and what began."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.executor import ExecutorOutput

Conditioning = tuple[Float32[np.ndarray, "4 T A"], Float32[np.ndarray, "4 T N"]]
"""What the Executor is told at each tick and the Tactician's weight for each object, for each mirror."""
_MIRRORED_FIRST = ("conditioning", "target_probs")
"""Fields whose first axis is the mirror, and whose second is the tick."""


@dataclass(frozen=True, kw_only=True)
class ExecutorBatch:
    """T ticks on one device."""

    context: Float32[Tensor, "T F"]
    tracks: Float32[Tensor, "T N track_features"]
    kinds: Int64[Tensor, "T N"]
    landmarks: Float32[Tensor, "T L landmark_features"]
    free: Bool[Tensor, " T"]
    """The hand was free, so a gesture could have begun."""
    started: Bool[Tensor, " T"]
    """A gesture began."""
    candidates: Int64[Tensor, " T"]
    """Where it went, -1 for none or unknown."""
    points: Float32[Tensor, "T 2"]
    right: Float32[Tensor, " T"]
    """1 where it was made with the right button."""
    key_onsets: Bool[Tensor, "T K"]
    keys_down: Bool[Tensor, "T K"]
    conditioning: Float32[Tensor, "4 T A"]
    target_probs: Float32[Tensor, "4 T N"]

    def __len__(self) -> int:
        return len(self.started)

    @property
    def eventful(self) -> Bool[Tensor, " T"]:
        """Ticks in which a gesture began or a key went down."""
        return self.started | self.key_onsets.any(dim=1)

    def index(self, ticks: Tensor | slice) -> "ExecutorBatch":
        """Some of the ticks: indices, a mask or a slice."""
        return ExecutorBatch(
            **{
                each.name: value[:, ticks] if each.name in _MIRRORED_FIRST else value[ticks]
                for each in fields(self)
                for value in (getattr(self, each.name),)
            }
        )


def concatenate(parts: Sequence[ExecutorBatch]) -> ExecutorBatch:
    """Ticks one after the other."""
    return ExecutorBatch(
        **{
            each.name: torch.cat([getattr(part, each.name) for part in parts], dim=int(each.name in _MIRRORED_FIRST))
            for each in fields(ExecutorBatch)
        }
    )


def build_batch(
    labelled_episodes: Sequence[LabelledEpisode], advised: Iterable[Conditioning], device: torch.device
) -> ExecutorBatch:
    """The ticks to learn from of lessons one after the other, with what the slower levels said in each lesson."""

    def gather(parts: list[np.ndarray], axis: int = 0) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis=axis)).to(device)

    said = list(advised)
    samples = ExecutorBatch(
        context=gather([labelled.encoded.context for labelled in labelled_episodes]),
        tracks=gather([labelled.encoded.tracks for labelled in labelled_episodes]),
        kinds=gather([labelled.encoded.kinds for labelled in labelled_episodes]),
        landmarks=gather([labelled.encoded.landmarks for labelled in labelled_episodes]),
        free=gather([labelled.can_start_gesture for labelled in labelled_episodes]),
        started=gather([labelled.gesture_index >= 0 for labelled in labelled_episodes]),
        candidates=gather([labelled.targets for labelled in labelled_episodes]),
        points=gather([labelled.positions for labelled in labelled_episodes]),
        right=gather([_right_button(labelled) for labelled in labelled_episodes]),
        key_onsets=gather([labelled.key_onsets for labelled in labelled_episodes]),
        keys_down=gather([labelled.keys_down for labelled in labelled_episodes]),
        conditioning=gather([advice for advice, _ in said], axis=1),
        target_probs=gather([weights for _, weights in said], axis=1),
    )
    if all(labelled.train_mask is None for labelled in labelled_episodes):
        return samples
    offsets = np.cumsum([0, *map(len, labelled_episodes)])[:-1]
    return samples.index(
        gather([offset + labelled.taught_ticks for offset, labelled in zip(offsets, labelled_episodes, strict=True)])
    )


def forward_policy(
    model: torch.nn.Module, samples: ExecutorBatch, ticks_B: Tensor, mirror_B: Tensor, signs: Sequence[Tensor]
) -> ExecutorOutput:
    """What an Executor says of some ticks, each as seen in one mirror.

    Args:
        signs: of context, track and landmark features under each mirror (`mirror_tables`), on the samples' device.
    """
    context_signs, track_signs, landmark_signs = signs
    said: ExecutorOutput = model(
        samples.context[ticks_B] * context_signs[mirror_B],
        samples.conditioning[mirror_B, ticks_B],
        samples.tracks[ticks_B] * track_signs[mirror_B][:, None],
        samples.kinds[ticks_B],
        samples.target_probs[mirror_B, ticks_B],
        samples.landmarks[ticks_B] * landmark_signs[mirror_B][:, None],
    )
    return said


def _right_button(labelled: LabelledEpisode) -> np.ndarray:
    right = np.zeros(len(labelled), np.float32)
    chosen = labelled.gesture_index >= 0
    right[chosen] = labelled.labels.gestures["button"][labelled.gesture_index[chosen]] == 2
    return right
