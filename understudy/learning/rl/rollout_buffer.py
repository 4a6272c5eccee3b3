"""A stretch of the understudy's own play, as practice learns from it: T ticks of B worlds, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.learning.rl.reward import REWARD_TERMS
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import ExecutorOutput
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.rollout_step import ExecutorStep
from understudy.policies.sampling import SAMPLED


@dataclass(frozen=True, kw_only=True)
class RolloutBatch:
    """n ticks, in any order, as tensors."""

    context: Float32[Tensor, "n F"]
    conditioning: Float32[Tensor, "n A"]
    tracks: Float32[Tensor, "n N track_features"]
    kinds: Int64[Tensor, "n N"]
    target_probs: Float32[Tensor, "n N"]
    landmarks: Float32[Tensor, "n L landmark_features"]
    can_start_gesture: Bool[Tensor, " n"]
    """A gesture could have begun."""
    expected_onsets: Float32[Tensor, " n"]
    """How many gestures and key presses were to be expected."""
    target: Int64[Tensor, " n"]
    """Where the gesture goes that began, -1 for none."""
    is_right_button: Bool[Tensor, " n"]
    position: Float32[Tensor, "n 2"]
    key_available: Bool[Tensor, "n K"]
    keys: Bool[Tensor, "n K"]

    def __len__(self) -> int:
        return len(self.target)

    @property
    def has_onset(self) -> Bool[Tensor, " n"]:
        """Something began."""
        return (self.target >= 0) | self.keys.any(dim=1)

    def take(self, ticks: Tensor) -> "RolloutBatch":
        """Some of them, by index."""
        return RolloutBatch(**{each.name: getattr(self, each.name)[ticks] for each in fields(self)})

    def forward_policy(self, executor: torch.nn.Module) -> ExecutorOutput:
        """What an Executor says of them."""
        said: ExecutorOutput = executor(
            self.context, self.conditioning, self.tracks, self.kinds, self.target_probs, self.landmarks
        )
        return said


def concatenate(parts: Sequence[RolloutBatch]) -> RolloutBatch:
    """Ticks one after the other."""
    return RolloutBatch(
        **{each.name: torch.cat([getattr(part, each.name) for part in parts]) for each in fields(RolloutBatch)}
    )


class RolloutBuffer:
    """Room for T ticks of B worlds; filled tick by tick, then read as a whole."""

    def __init__(self, num_ticks: int, num_worlds: int) -> None:
        shape = (num_ticks, num_worlds)
        self.num_ticks, self.num_worlds = shape
        self.context = np.zeros((*shape, CONTEXT_WIDTH), np.float32)
        self.conditioning = np.zeros((*shape, CONDITIONING_WIDTH), np.float32)
        self.tracks = np.zeros((*shape, MAX_TRACKS, TRACK_WIDTH), np.float32)
        self.kinds = np.zeros((*shape, MAX_TRACKS), np.int64)
        self.target_probs = np.zeros((*shape, MAX_TRACKS), np.float32)
        self.landmarks = np.zeros((*shape, MAX_LANDMARKS, LANDMARK_WIDTH), np.float32)
        self.sampled = np.zeros(shape, SAMPLED)
        self.rewards = np.zeros((*shape, len(REWARD_TERMS)), np.float32)
        """What came of a tick, points, by PARTS: known with the observation after it."""
        self.is_new_episode = np.ones(num_worlds, bool)
        """Worlds in which this does not go on where the stretch before ended."""

    def add(self, tick: int, worlds: slice, thought: ExecutorStep) -> None:
        """One tick of some of the worlds."""
        for name in ("context", "conditioning", "tracks", "kinds", "target_probs", "landmarks", "sampled"):
            getattr(self, name)[tick, worlds] = getattr(thought, name)

    def flatten(self) -> RolloutBatch:
        """All of it, tick by tick: world b of tick t is number t * B + b. Shares memory with this."""
        drawn = self.sampled.reshape(-1)
        return RolloutBatch(
            context=_flat(self.context),
            conditioning=_flat(self.conditioning),
            tracks=_flat(self.tracks),
            kinds=_flat(self.kinds),
            target_probs=_flat(self.target_probs),
            landmarks=_flat(self.landmarks),
            expected_onsets=torch.from_numpy(np.ascontiguousarray(drawn["hazard"])),
            can_start_gesture=torch.from_numpy(drawn["free"] != 0),
            target=torch.from_numpy(drawn["candidate"].astype(np.int64)),
            is_right_button=torch.from_numpy(drawn["right"] != 0),
            position=torch.from_numpy(np.stack([drawn["x"], drawn["y"]], axis=-1)),
            key_available=_bits(drawn["keys_up"]),
            keys=_bits(drawn["keys"]),
        )


def _flat(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.reshape(-1, *array.shape[2:]))


def _bits(masks: np.ndarray) -> Bool[Tensor, "n K"]:
    return torch.from_numpy((masks[:, None] >> np.arange(MAX_KEYS, dtype=np.uint32)) & 1 == 1)
