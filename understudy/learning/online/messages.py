"""What an online session is configured with, and what its learner reports. Light: the game's own process imports it."""

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
    """How to learn from the policy's own play, by the guide's names and defaults."""

    learning_rate: float = 1e-5
    """Of Adam: low, because one live game tells little."""
    buffer_size: int = 2000
    """Samples that are kept: every tick with an onset, and about one of six others."""
    steps_per_update: int = 4
    """Gradient steps in one update, each on a batch of its own."""
    kl_coef: float = 0.3
    """KL coefficient: points that each nat of divergence from the reference policy has to earn."""
    reward_weights: RewardWeights = field(default_factory=RewardWeights)
    """What outcomes are worth."""
    from_vision: bool = False
    """Observations come from perception: outcomes are detected with tolerance for its errors."""
    seed: int = 0
    """Of batches and of the value function's first weights."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kl_coef < 0:
            raise ValueError(f"kl_coef must be 0 or more, not {self.kl_coef}")


@dataclass(frozen=True, kw_only=True)
class OnlinePaths:
    """Which folders an online session reads and writes."""

    models: Path
    """With strategist, tactician and executor."""
    session: str
    """Names the candidate and the curves."""
    log_folder: Path
    """For the curves."""


@dataclass(frozen=True, kw_only=True)
class OnlineJob(WorkerJob[OnlineSettings, OnlinePaths]):
    """What the learner's process is started with."""

    judge: PromotionCheck | None = None
    """None only stages candidates."""


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
