"""Storage for a rollout: T ticks of B worlds in lockstep, which PPO and the value function learn from."""

import copy
from collections.abc import Sequence

import numpy as np

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.learning.data.executor_batch import ExecutorBatch, batch_from_step
from understudy.learning.rl.reward import REWARD_TERMS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.sampling import SAMPLED, ExecutorStep

_STEP_FIELDS = tuple(ExecutorStep.__dataclass_fields__)


class RolloutBuffer:
    """T ticks of B worlds; filled tick by tick, then read as a whole."""

    def __init__(self, num_ticks: int, num_worlds: int, layout: FeatureLayout = COMMON) -> None:
        shape = (num_ticks, num_worlds)
        self.num_ticks, self.num_worlds = shape
        self.context = np.zeros((*shape, layout.width), np.float32)
        self.conditioning = np.zeros((*shape, CONDITIONING_WIDTH), np.float32)
        self.tracks = np.zeros((*shape, MAX_TRACKS, TRACK_WIDTH), np.float32)
        self.kinds = np.zeros((*shape, MAX_TRACKS), np.int64)
        self.target_probs = np.zeros((*shape, MAX_TRACKS), np.float32)
        self.landmarks = np.zeros((*shape, MAX_LANDMARKS, LANDMARK_WIDTH), np.float32)
        self.sampled = np.zeros(shape, SAMPLED)
        self.rewards = np.zeros((*shape, len(REWARD_TERMS)), np.float32)
        """Reward of each tick, points, by REWARD_TERMS; known with the observation after it."""
        self.is_new_episode = np.ones(num_worlds, bool)
        """Worlds in which this rollout does not continue the one before."""

    def add(self, tick: int, step: ExecutorStep) -> None:
        """Stores one tick of all worlds."""
        for name in _STEP_FIELDS:
            getattr(self, name)[tick] = getattr(step, name)

    def flatten(self) -> ExecutorBatch:
        """Returns all ticks as one batch, in which world b of tick t has index t * B + b; shares memory."""
        arrays = {name: getattr(self, name) for name in _STEP_FIELDS}
        flat = {name: array.reshape(-1, *array.shape[2:]) for name, array in arrays.items()}
        return batch_from_step(ExecutorStep(**flat))


def concatenate(buffers: Sequence[RolloutBuffer]) -> RolloutBuffer:
    """Joins rollouts of equal length into one, world after world."""
    if len(buffers) == 1:
        return buffers[0]
    joined = copy.copy(buffers[0])
    joined.num_worlds = sum(buffer.num_worlds for buffer in buffers)
    for name in (*_STEP_FIELDS, "rewards"):
        setattr(joined, name, np.concatenate([getattr(buffer, name) for buffer in buffers], axis=1))
    joined.is_new_episode = np.concatenate([buffer.is_new_episode for buffer in buffers])
    return joined
