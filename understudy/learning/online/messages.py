"""What an online session is set to, and what its learner reports. Light: the game's own process imports it."""

from dataclasses import dataclass, field
from pathlib import Path

from understudy.learning.rl.reward import RewardWeights
from understudy.learning.worker.worker_endpoint import WorkerFailure


@dataclass(frozen=True, kw_only=True)
class OnlineSettings:
    """How to learn from the understudy's own play, by the guide's names and defaults."""

    learning_rate: float = 1e-5
    """Of Adam: low, because one live game tells little."""
    buffer_size: int = 2000
    """Samples that are kept: every tick in which something began, and about one of six others."""
    batch_size: int = 64
    """Samples in a step."""
    update_interval: float = 3.0
    """Seconds between two updates."""
    steps_per_update: int = 4
    """Steps, each with a batch of its own, in one update."""
    kl_coef: float = 0.3
    """KL coefficient: points that each nat of divergence from the person's policy has to earn."""
    reward_weights: RewardWeights = field(default_factory=RewardWeights)
    """What outcomes are worth."""
    by_eye: bool = False
    """Observations are read off pictures: what came of play is looked for less sharply."""
    seed: int = 0
    """Of batches and of the value's first weights."""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "buffer_size", "batch_size", "update_interval", "steps_per_update"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
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
class WorkerReady:
    """The learner has loaded everything and begins."""


@dataclass(frozen=True, kw_only=True)
class SegmentStats:
    """A stretch of play is over and was weighed."""

    num_samples: int
    buffer_size: int
    points_per_minute: float
    """Of this stretch, by the price list."""
    hits: float
    misses: float
    kills: float
    loot: float
    deaths: float
    explained: float
    """Part of the variance of what came that the learned value had expected, a running mean."""


@dataclass(frozen=True, kw_only=True)
class UpdateStats:
    """One update."""

    number: int
    unlike_per_minute: float
    """Nats a minute from the person's policy."""
    moved_per_minute: float
    """Nats a minute from what plays."""
    learning_rate: float
    num_samples: int
    seconds: float
    """How long it took."""


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """A candidate went to the gate."""

    promoted: bool
    reason: str
    path: str


OnlineReport = WorkerReady | SegmentStats | UpdateStats | GateResult | WorkerFailure
