"""A stretch of the understudy's own play, as practice learns from it: T ticks of B worlds, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.learning.rl.reward import PARTS
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.conditioning import ADVICE_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import Hazards
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.rollout_step import Thought
from understudy.policies.sampling import DRAWN


@dataclass(frozen=True, kw_only=True)
class Moments:
    """n ticks, in any order, as tensors."""

    context: Float32[Tensor, "n F"]
    advice: Float32[Tensor, "n A"]
    tracks: Float32[Tensor, "n N track_features"]
    kinds: Int64[Tensor, "n N"]
    weights: Float32[Tensor, "n N"]
    landmarks: Float32[Tensor, "n L landmark_features"]
    free: Bool[Tensor, " n"]
    """A gesture could have begun."""
    hazard: Float32[Tensor, " n"]
    """How many gestures and key presses were to be expected."""
    candidate: Int64[Tensor, " n"]
    """Where the gesture goes that began, -1 for none."""
    right: Bool[Tensor, " n"]
    point: Float32[Tensor, "n 2"]
    keys_up: Bool[Tensor, "n K"]
    keys: Bool[Tensor, "n K"]

    def __len__(self) -> int:
        return len(self.candidate)

    @property
    def eventful(self) -> Bool[Tensor, " n"]:
        """Something began."""
        return (self.candidate >= 0) | self.keys.any(dim=1)

    def take(self, ticks: Tensor) -> "Moments":
        """Some of them, by index."""
        return Moments(**{each.name: getattr(self, each.name)[ticks] for each in fields(self)})

    def ask(self, executor: torch.nn.Module) -> Hazards:
        """What an Executor says of them."""
        said: Hazards = executor(self.context, self.advice, self.tracks, self.kinds, self.weights, self.landmarks)
        return said


def join_moments(parts: Sequence[Moments]) -> Moments:
    """Ticks one after the other."""
    return Moments(**{each.name: torch.cat([getattr(part, each.name) for part in parts]) for each in fields(Moments)})


class Experience:
    """Room for T ticks of B worlds; filled tick by tick, then read as a whole."""

    def __init__(self, num_ticks: int, num_worlds: int) -> None:
        shape = (num_ticks, num_worlds)
        self.num_ticks, self.num_worlds = shape
        self.context = np.zeros((*shape, CONTEXT_WIDTH), np.float32)
        self.advice = np.zeros((*shape, ADVICE_WIDTH), np.float32)
        self.tracks = np.zeros((*shape, MAX_TRACKS, TRACK_WIDTH), np.float32)
        self.kinds = np.zeros((*shape, MAX_TRACKS), np.int64)
        self.weights = np.zeros((*shape, MAX_TRACKS), np.float32)
        self.landmarks = np.zeros((*shape, MAX_LANDMARKS, LANDMARK_WIDTH), np.float32)
        self.drawn = np.zeros(shape, DRAWN)
        self.rewards = np.zeros((*shape, len(PARTS)), np.float32)
        """What came of a tick, points, by PARTS: known with the observation after it."""
        self.fresh = np.ones(num_worlds, bool)
        """Worlds in which this does not go on where the stretch before ended."""

    def put(self, tick: int, worlds: slice, thought: Thought) -> None:
        """One tick of some of the worlds."""
        for name in ("context", "advice", "tracks", "kinds", "weights", "landmarks", "drawn"):
            getattr(self, name)[tick, worlds] = getattr(thought, name)

    def moments(self) -> Moments:
        """All of it, tick by tick: world b of tick t is number t * B + b. Shares memory with this."""
        drawn = self.drawn.reshape(-1)
        return Moments(
            context=_flat(self.context),
            advice=_flat(self.advice),
            tracks=_flat(self.tracks),
            kinds=_flat(self.kinds),
            weights=_flat(self.weights),
            landmarks=_flat(self.landmarks),
            hazard=torch.from_numpy(np.ascontiguousarray(drawn["hazard"])),
            free=torch.from_numpy(drawn["free"] != 0),
            candidate=torch.from_numpy(drawn["candidate"].astype(np.int64)),
            right=torch.from_numpy(drawn["right"] != 0),
            point=torch.from_numpy(np.stack([drawn["x"], drawn["y"]], axis=-1)),
            keys_up=_bits(drawn["keys_up"]),
            keys=_bits(drawn["keys"]),
        )


def _flat(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.reshape(-1, *array.shape[2:]))


def _bits(masks: np.ndarray) -> Bool[Tensor, "n K"]:
    return torch.from_numpy((masks[:, None] >> np.arange(MAX_KEYS, dtype=np.uint32)) & 1 == 1)
