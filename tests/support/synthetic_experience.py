"""Play that nobody played: experience of random scenes in which chance really drew from an Executor's hazards."""

import numpy as np
import torch

from understudy.contract.action import ACTION
from understudy.contract.observation import OBSERVATION
from understudy.learning.data.executor_batch import forward_policy
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.policies.click_semantics import geometry_of
from understudy.policies.executor import Executor, ExecutorConfig, ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.motor_model import MOTOR_MODEL, MOTOR_STATE
from understudy.policies.object_features import THERE_AT
from understudy.policies.policy_bundle import SamplingConfig
from understudy.policies.sampling import SAMPLED, ExecutorStep, sample_actions
from understudy.worlds.catalog import load_profile

SAMPLING = SamplingConfig()


def small_executor(seed: int = 0, start: float = -1.0, keys: float = -3.0) -> Executor:
    torch.manual_seed(seed)
    executor = Executor(ExecutorConfig(width=16, components=2))
    torch.nn.init.constant_(executor.start.bias, start)
    torch.nn.init.constant_(executor.keys.bias, keys)
    return executor.eval()


def draw(said: ExecutorOutput, streams: np.ndarray, sampling: SamplingConfig = SAMPLING) -> np.ndarray:
    """What chance makes of hazards, one world each whose hand is free and who can reach all things; records DRAWN."""
    size = len(streams)
    records = np.zeros(size, OBSERVATION)
    records["player"]["alive"] = 1
    tracks = records["tracks"]
    tracks["id"], tracks["x"], tracks["y"], tracks["width"], tracks["height"] = 1, 0.3, 0.5, 0.001, 0.001
    drawn = np.zeros(size, SAMPLED)
    with torch.no_grad():
        sample_actions(
            records,
            np.zeros(size, MOTOR_STATE),
            np.zeros(1, MOTOR_MODEL)[0],
            geometry_of(load_profile("darkorbit")),
            streams,
            ExecutorDistribution(said, sampling).probabilities(),
            np.zeros(size, ACTION),
            drawn,
        )
    return drawn


def empty_experience(num_ticks: int, num_worlds: int, seed: int = 0) -> RolloutBuffer:
    """Random contexts, three objects in sight, nothing drawn yet."""
    random = np.random.default_rng(seed)
    experience = RolloutBuffer(num_ticks, num_worlds)
    experience.context[:] = random.normal(size=experience.context.shape)
    experience.tracks[:] = random.normal(size=experience.tracks.shape)
    experience.kinds[..., :3] = random.integers(1, 8, size=(num_ticks, num_worlds, 3))
    experience.landmarks[..., :2, THERE_AT] = 1.0
    return experience


def played_by(
    executor: Executor, num_ticks: int, num_worlds: int, seed: int = 0, sampling: SamplingConfig = SAMPLING
) -> RolloutBuffer:
    """The same, with what chance drew from this Executor."""
    experience = empty_experience(num_ticks, num_worlds, seed)
    streams = np.arange(seed, seed + num_worlds, dtype=np.uint64) << np.uint64(20)
    everything = experience.flatten()
    for tick in range(num_ticks):
        here = torch.arange(tick * num_worlds, (tick + 1) * num_worlds)
        with torch.no_grad():
            said = forward_policy(executor, everything.index(here))
        experience.sampled[tick] = draw(said, streams, sampling)
    return experience


def rollout_step_of(experience: RolloutBuffer, tick: int) -> ExecutorStep:
    """Returns one tick of it as a rollout step."""
    names = ("context", "conditioning", "tracks", "kinds", "target_probs", "landmarks", "sampled")
    return ExecutorStep(*(getattr(experience, name)[tick] for name in names))
