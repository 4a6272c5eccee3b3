"""What the expected values are computed from: fixtures and seeds alone.

Weights come from checkpoints, never from a seed, so the order in which modules are built does not matter.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.golden.digests import FIXTURES
from understudy.contract.observation import Observation
from understudy.contract.serialization import to_plain
from understudy.learning.data.executor_batch import ExecutorBatch, build_batch
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode, mirror_sign_tables
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.supervised.tactician_task import TacticianTask
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitResult
from understudy.policies.checkpoint import BEST, CheckpointMeta, load_checkpoint
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import (
    PolicyBundle,
    SamplingConfig,
    build_executor,
    build_strategist,
    build_tactician,
    load_policies,
)
from understudy.policies.sampling import ExecutorStep
from understudy.recordings.episode import Episode
from understudy.recordings.store import read_episode
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile

CPU = torch.device("cpu")
PROFILE = load_profile("darkorbit")
SAMPLING = SamplingConfig()
MODELS, MODELS_WITH_HISTORY = FIXTURES / "models", FIXTURES / "models_with_history"
TRAIN, HELD_OUT = slice(0, 1240), slice(1300, 1920)
ROLLOUT_TICKS, WORLDS_AT = 60, (0, 300, 600, 900)
FIT = {
    "strategist": FitConfig(
        epochs=4,
        batch_size=2,
        lr=1e-3,
        seed=3,
        log_every=1,
        save_every=None,
        ema_decay=0.9,
        selection_metric="accuracy",
    ),
    **{
        policy: FitConfig(
            epochs=2,
            batch_size=64,
            lr=1e-3,
            seed=3,
            log_every=1,
            save_every=None,
            ema_decay=0.9,
            selection_metric="choice",
        )
        for policy in ("tactician", "executor")
    },
}


@cache
def episode() -> Episode:
    """96 s of a teacher's play."""
    return read_episode(FIXTURES / "recordings" / "teacher_hunter.mcap")


@cache
def labelled() -> tuple[LabelledEpisode, LabelledEpisode]:
    """Play to learn from, and held-out play."""
    train, held_out = (episode()[part] for part in (TRAIN, HELD_OUT))
    return (
        label_episode(train.observation, train.actions, PROFILE),
        label_episode(held_out.observation, held_out.actions, PROFILE),
    )


def policies() -> PolicyBundle:
    return load_policies(MODELS)


def executor() -> Executor:
    return build_executor(load_checkpoint(MODELS / "executor" / BEST))


def two_styles() -> Executor:
    """An Executor that plays the newer style and holds the base style beside it."""
    return build_executor(load_checkpoint(FIXTURES / "executor_two_manners.pt"))


def trained_executor() -> Executor:
    """One that plays a little."""
    return build_executor(load_checkpoint(FIXTURES / "executor_trained.pt"))


@cache
def upstream() -> UpstreamPolicies:
    made = policies()
    return UpstreamPolicies(made.strategist, made.tactician)


@cache
def motor_model() -> np.void:
    train = labelled()[0]
    return fit_motor_model([(train.observation, train.actions, train.labels.gestures)])


def batch_of(each: LabelledEpisode) -> ExecutorBatch:
    return build_batch([each], [upstream().conditioning(each)], CPU)


def held_out_batch() -> tuple[ExecutorBatch, torch.Tensor, torch.Tensor]:
    """All held-out ticks, their indices, and the mirror that each is seen in."""
    batch = batch_of(labelled()[1])
    ticks = torch.arange(len(batch))
    return batch, ticks, ticks % 4


def signs() -> list[torch.Tensor]:
    return [torch.from_numpy(table) for table in mirror_sign_tables(CONTEXT_WIDTH)]


def task_of(
    policy: str, models: Path = MODELS, dropout: float | None = None
) -> StrategistTask | TacticianTask | ExecutorTask:
    """A fresh task with the weights of a checkpoint; dropout None keeps that of its config."""
    train, held_out = labelled()
    checkpoint = load_checkpoint(models / policy / BEST)
    if policy == "strategist":
        return StrategistTask([train], [held_out], with_dropout(build_strategist(checkpoint), dropout), CPU)
    if policy == "tactician":
        return TacticianTask([train], [held_out], with_dropout(build_tactician(checkpoint), dropout), CPU, upstream())
    model = with_dropout(build_executor(checkpoint), dropout)
    return ExecutorTask([train], [held_out], model, CPU, upstream(), PROFILE, motor_model())


def with_dropout(model: Any, dropout: float | None) -> Any:
    """Sets every nn.Dropout and every attribute `dropout` of a module; None leaves all as it is."""
    if dropout is not None:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
            elif isinstance(getattr(module, "dropout", None), float):
                module.dropout = dropout
    return model


def fit_policy(
    policy: str, folder: Path, models: Path = MODELS, dropout: float | None = None, resume: bool = False
) -> tuple[FitResult, Any, list[dict[str, Any]]]:
    """Fits one policy for a few steps; returns the result, the task and what was logged at each step."""
    task = task_of(policy, models, dropout)
    meta = CheckpointMeta(policy=policy, encoding=ENCODING, config=to_plain(task.model.config), data_hash="golden")
    with MetricLogger(folder / "logs") as logger:
        result = fit(task, FIT[policy], folder, meta, journal=logger, resume=resume)
    lines = (folder / "logs" / "numbers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{name: value for name, value in json.loads(line).items() if name != "time_s"} for line in lines]
    return result, task, rows


def rollout(first: int = 0) -> RolloutBuffer:
    """What the policies do in 60 ticks of the recording at four places, as four worlds; rewards are drawn."""
    hierarchy = HierarchicalPolicy(policies(), PROFILE)
    buffer = RolloutBuffer(ROLLOUT_TICKS, len(WORLDS_AT))
    carry = hierarchy.start(np.arange(len(WORLDS_AT), dtype=np.uint64) + np.uint64(50))
    for tick in range(ROLLOUT_TICKS):
        seen = Observation(episode().observations[np.array(WORLDS_AT) + first + tick].copy())
        decision = hierarchy.decide(seen, carry)
        carry = decision.carry
        assert isinstance(decision.rollout_step, ExecutorStep)
        buffer.add(tick, decision.rollout_step)
    rewards = np.random.default_rng(3 + first).normal(size=buffer.rewards.shape).astype(np.float32)
    buffer.rewards[:] = rewards * np.array([1.0, 0.1, 1.0], np.float32)
    buffer.is_new_episode[:] = [True, False, False, True]
    return buffer


def decided(hierarchy: HierarchicalPolicy, observations: np.ndarray, seed: int) -> np.ndarray:
    """Records of dtype ACTION: what a pilot decides on recorded observations, tick by tick."""
    carry = hierarchy.start(np.array([seed], np.uint64))
    actions: list[np.ndarray] = []
    for tick in range(len(observations)):
        decision = hierarchy.decide(Observation(observations[tick : tick + 1]), carry)
        carry = decision.carry
        actions.append(decision.action.records)
    return np.concatenate(actions)


def mean_of(losses: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(losses)).sum(0).mean()
