"""Configuration of an online session, and its learner's reports. Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from understudy.learning.rl.reward import RewardWeights
from understudy.learning.worker.messages import (
    CandidateResult,
    LearnerSettings,
    UpdateStats,
    WorkerFailure,
    WorkerJob,
    WorkerReady,
)

PromotionCheck = Callable[[Path, Path, str, Callable[[int, int], None]], tuple[bool, str]]
"""Evaluates a candidate: of the folder of models, the candidate's path, a note for the audit log, and a callback for
progress (done, total); returns whether it was promoted, and the reason."""


@dataclass(frozen=True, kw_only=True)
class OnlineSettings(LearnerSettings):
    """Hyperparameters of online learning, by the guide's names and defaults."""

    learning_rate: float = 1e-5
    """Learning rate of Adam: low, because one live game gives little data."""
    buffer_size: int = 2000
    """Replay buffer capacity, samples: every tick with an onset, and about one of six others."""
    steps_per_update: int = 4
    """Gradient steps in one update, each on a batch of its own."""
    kl_coef: float = 0.3
    """KL coefficient: points that each nat of divergence from the reference policy has to earn."""
    reward_weights: RewardWeights = field(default_factory=RewardWeights)
    """Reward of each outcome."""
    from_vision: bool = False
    """Observations come from perception: outcomes are detected with tolerance for its errors."""
    seed: int = 0
    """Seed of batches and of the value function's initial weights."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kl_coef < 0:
            raise ValueError(f"kl_coef must be 0 or more, not {self.kl_coef}")


@dataclass(frozen=True, kw_only=True)
class OnlinePaths:
    """Folders that an online session reads and writes."""

    models: Path
    """Folder of strategist, tactician and executor."""
    session: str
    """Names the candidate and the curves."""
    log_folder: Path
    """Folder for the learning curves."""


@dataclass(frozen=True, kw_only=True)
class OnlineJob(WorkerJob[OnlineSettings, OnlinePaths]):
    """Arguments of the learner's process."""

    judge: PromotionCheck | None = None
    """Promotion check; None only stages candidates."""


@dataclass(frozen=True, kw_only=True)
class SegmentStats:
    """Outcomes of a segment of play, and the value function's fit."""

    num_samples: int
    buffer_size: int
    points_per_minute: float
    """Return of this segment, by the reward weights."""
    hits: float
    misses: float
    kills: float
    loot: float
    deaths: float
    explained_variance: float
    """Share of the variance of returns that the value function explains, a running mean."""


@dataclass(frozen=True, kw_only=True)
class OnlineUpdateStats(UpdateStats):
    """One PPO update."""

    kl_to_reference: float
    """KL divergence from the reference policy, nats a minute."""
    approx_kl: float
    """KL divergence from the behaviour policy, nats a minute."""


OnlineReport = WorkerReady | SegmentStats | OnlineUpdateStats | CandidateResult | WorkerFailure
