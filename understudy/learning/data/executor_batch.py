"""ExecutorBatch: the Executor's inputs and actions per tick, for behaviour cloning, shadow learning and PPO.

Cloning and shadow learning build batches from labelled episodes (`build_batch`), in NUM_MIRRORS mirrors; PPO and online
learning from the Executor's sampled actions (`batch_from_step`), without mirrors.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

from understudy.contract.observation import Button
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.executor import ExecutorOutput
from understudy.policies.sampling import ExecutorStep

Conditioning = tuple[Float[np.ndarray, "4 T A"], Float[np.ndarray, "4 T N"]]
"""Conditioning and the Tactician's target probabilities at each tick, for each mirror."""
_VIEW_FIRST = ("conditioning", "target_probs")
"""Fields whose first axis is the view, and whose second is the tick."""


@dataclass(frozen=True, kw_only=True)
class ExecutorBatch:
    """T ticks on one device, in any order; V views: the four mirrors of a labelled episode, or one.

    Samples of cached recordings are held in half precision and with kinds of one byte; `index` draws them as float32
    and int64.
    """

    context: Float[Tensor, "T F"]
    conditioning: Float[Tensor, "V T A"]
    tracks: Float[Tensor, "T N track_features"]
    kinds: Int[Tensor, "T N"]
    target_probs: Float[Tensor, "V T N"]
    """The Tactician's target probabilities, each in the slot where its object is."""
    landmarks: Float[Tensor, "T L landmark_features"]
    can_start_gesture: Bool[Tensor, " T"]
    """No gesture was in progress, so one could have started."""
    started: Bool[Tensor, " T"]
    """A gesture started."""
    target: Int64[Tensor, " T"]
    """Pointer candidate of the gesture, -1 for none or unknown."""
    position: Float32[Tensor, "T 2"]
    """End point of the gesture, -1..1 of the map (candidate MINIMAP) or of the window (SPACE)."""
    press_ticks: Int64[Tensor, " T"]
    """Ticks from the gesture's onset to its press; -1 for none or unknown."""
    is_other_button: Bool[Tensor, " T"]
    """The gesture is made with another button than the left, or with a key."""
    key_available: Bool[Tensor, "T K"]
    """The key was up, so it could have gone down."""
    keys: Bool[Tensor, "T K"]
    """The key went down."""
    expected_onsets: Float32[Tensor, " T"]
    """Sum of the behaviour policy's hazards: its expected onsets; 0 where unknown."""

    def __len__(self) -> int:
        return len(self.started)

    @property
    def has_onset(self) -> Bool[Tensor, " T"]:
        """Ticks in which a gesture started or a key went down."""
        return self.started | self.keys.any(dim=1)

    def index(self, ticks: Tensor | slice) -> "ExecutorBatch":
        """Selects ticks by indices, a mask or a slice; the result is in single precision."""
        return self._selected(ticks, single=True)

    def _selected(self, ticks: Tensor | slice, *, single: bool) -> "ExecutorBatch":
        return ExecutorBatch(
            **{
                each.name: _single(drawn) if single else drawn
                for each in fields(self)
                for value in (getattr(self, each.name),)
                for drawn in (value[:, ticks] if each.name in _VIEW_FIRST else value[ticks],)
            }
        )

    def mirrored(self, mirror_T: Int64[Tensor, " T"], signs: Sequence[Tensor]) -> "ExecutorBatch":
        """Returns the same ticks, each in one mirror: data augmentation of a batch with all four views.

        Args:
            mirror_T: mirror of each tick; bit 0 flips left-right, bit 1 up-down.
            signs: of context, track and landmark features under each mirror (`mirror_sign_tables`), on the device.
        """
        ticks_T = torch.arange(len(self), device=mirror_T.device)
        context_signs, track_signs, landmark_signs = signs
        return replace(
            self,
            context=self.context * context_signs[mirror_T],
            conditioning=self.conditioning[mirror_T, ticks_T][None],
            tracks=self.tracks * track_signs[mirror_T][:, None],
            target_probs=self.target_probs[mirror_T, ticks_T][None],
            landmarks=self.landmarks * landmark_signs[mirror_T][:, None],
            position=self.position * position_signs(mirror_T),
        )


def _single(values: Tensor) -> Tensor:
    if values.dtype == torch.float16:
        return values.float()
    return values.long() if values.dtype == torch.int8 else values


def position_signs(mirror_T: Int64[Tensor, " T"]) -> Float32[Tensor, "T 2"]:
    """Returns -1 for the axes that a mirror flips, else 1, shape (T, 2)."""
    return torch.stack([1.0 - 2.0 * (mirror_T & 1), 1.0 - (mirror_T & 2)], dim=-1)


def forward_policy(model: torch.nn.Module, batch: ExecutorBatch) -> ExecutorOutput:
    """Returns an Executor's output for a batch's first view (not mirrored unless made by `mirrored`)."""
    output: ExecutorOutput = model(
        batch.context, batch.conditioning[0], batch.tracks, batch.kinds, batch.target_probs[0], batch.landmarks
    )
    return output


def concatenate(parts: Sequence[ExecutorBatch]) -> ExecutorBatch:
    """Concatenates batches along the ticks."""
    return ExecutorBatch(
        **{
            each.name: torch.cat([getattr(part, each.name) for part in parts], dim=int(each.name in _VIEW_FIRST))
            for each in fields(ExecutorBatch)
        }
    )


def batch_from_step(step: ExecutorStep) -> ExecutorBatch:
    """Converts a rollout step of T ticks and its sampled actions; shares memory with `step`."""
    sampled = step.sampled
    target = torch.from_numpy(sampled["candidate"].astype(np.int64))
    return ExecutorBatch(
        context=torch.from_numpy(step.context),
        conditioning=torch.from_numpy(step.conditioning)[None],
        tracks=torch.from_numpy(step.tracks),
        kinds=torch.from_numpy(step.kinds),
        target_probs=torch.from_numpy(step.target_probs)[None],
        landmarks=torch.from_numpy(step.landmarks),
        can_start_gesture=torch.from_numpy(sampled["free"] != 0),
        started=target >= 0,
        target=target,
        position=torch.from_numpy(np.stack([sampled["x"], sampled["y"]], axis=-1)),
        press_ticks=torch.full_like(target, -1),
        is_other_button=torch.from_numpy(sampled["right"] != 0),
        key_available=_bits(sampled["keys_up"]),
        keys=_bits(sampled["keys"]),
        expected_onsets=torch.from_numpy(np.ascontiguousarray(sampled["hazard"])),
    )


def build_batch(
    labelled_episodes: Sequence[LabelledEpisode], conditionings: Iterable[Conditioning], device: torch.device
) -> ExecutorBatch:
    """Concatenates the training ticks of labelled episodes, in all mirrors.

    Args:
        labelled_episodes: features, actions and labels.
        conditionings: outputs of the slower levels for each episode.
        device: of the batch.
    """

    def gather(parts: list[np.ndarray], axis: int = 0) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis=axis)).to(device)

    parts = list(conditionings)
    kind_type = np.int8 if all(each.encoded.context.dtype == np.float16 for each in labelled_episodes) else np.int64
    samples = ExecutorBatch(
        context=gather([labelled.encoded.context for labelled in labelled_episodes]),
        tracks=gather([labelled.encoded.tracks for labelled in labelled_episodes]),
        kinds=gather([labelled.encoded.kinds.astype(kind_type, copy=False) for labelled in labelled_episodes]),
        landmarks=gather([labelled.encoded.landmarks for labelled in labelled_episodes]),
        can_start_gesture=gather([labelled.can_start_gesture for labelled in labelled_episodes]),
        started=gather([labelled.gesture_index >= 0 for labelled in labelled_episodes]),
        target=gather([labelled.targets for labelled in labelled_episodes]),
        position=gather([labelled.positions for labelled in labelled_episodes]),
        press_ticks=gather([_press_ticks(labelled) for labelled in labelled_episodes]),
        is_other_button=gather([_other_button(labelled) for labelled in labelled_episodes]),
        key_available=gather([~labelled.keys_down for labelled in labelled_episodes]),
        keys=gather([labelled.key_onsets for labelled in labelled_episodes]),
        expected_onsets=torch.zeros(sum(map(len, labelled_episodes)), device=device),
        conditioning=gather([conditioning for conditioning, _ in parts], axis=1),
        target_probs=gather([target_probs for _, target_probs in parts], axis=1),
    )
    if all(labelled.train_mask is None for labelled in labelled_episodes):
        return samples
    offsets = np.cumsum([0, *map(len, labelled_episodes)])[:-1]
    return samples._selected(
        gather([offset + labelled.taught_ticks for offset, labelled in zip(offsets, labelled_episodes, strict=True)]),
        single=False,
    )


def _other_button(labelled: LabelledEpisode) -> Bool[np.ndarray, " T"]:
    other = np.zeros(len(labelled), bool)
    chosen = labelled.gesture_index >= 0
    other[chosen] = labelled.labels.gestures["button"][labelled.gesture_index[chosen]] != int(Button.LEFT)
    return other


def _press_ticks(labelled: LabelledEpisode) -> Int64[np.ndarray, " T"]:
    """Returns the ticks from each onset to its press; -1 where there is none or a tick between was missed."""
    ticks = np.full(len(labelled), -1, np.int64)
    gestures = labelled.labels.gestures[labelled.gesture_index[labelled.gesture_index >= 0]]
    ticks[gestures["onset"]] = gestures["press"] - gestures["onset"]
    if labelled.filled is not None:
        missed = np.cumsum(np.append(0, labelled.filled))
        ticks[gestures["onset"][missed[gestures["press"] + 1] > missed[gestures["onset"]]]] = -1
    return ticks


def _bits(masks: np.ndarray) -> Bool[Tensor, "T K"]:
    return torch.from_numpy((masks[:, None] >> np.arange(MAX_KEYS, dtype=np.uint32)) & 1 == 1)
