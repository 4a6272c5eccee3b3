"""Configuration of a shadow session, and its learner's reports. Imports no torch."""

from dataclasses import dataclass, field
from pathlib import Path

from understudy.learning.worker.messages import (
    CandidateResult,
    LearnerSettings,
    UpdateStats,
    WorkerFailure,
    WorkerJob,
    WorkerReady,
)


@dataclass(frozen=True, kw_only=True)
class ShadowSettings(LearnerSettings):
    """Hyperparameters of shadow learning, by the guide's names and defaults."""

    learning_rate: float = 1e-4
    """Peak learning rate, after the warm-up."""
    buffer_size: int = 5000
    """Replay buffer capacity, samples: every tick with an onset, and one of six others."""
    batch_size: int = 64
    """Samples of the person's play per step; a rehearsal step has as many of the base recordings."""
    min_samples: int = 32
    """Minimum of samples for an update."""
    steps_per_update: int = 16
    """Gradient steps in one update, each on a batch of its own."""
    ema_decay: float = 0.999
    """Decay of the EMA weights, which are evaluated, staged and promoted."""
    seed: int = 0
    """Seed of batches, dropout and mirrors."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_above_zero("min_samples")


@dataclass(frozen=True, kw_only=True)
class ShadowPaths:
    """Folders that a shadow session reads and writes."""

    models: Path
    """Folder of strategist, tactician and executor."""
    candidate: Path
    """Folder in which the candidate is staged."""
    log_folder: Path
    """Folder for the learning curves."""
    recordings: Path | None = None
    """Base recordings for rehearsal; None for the default folders."""


ShadowJob = WorkerJob[ShadowSettings, ShadowPaths]


@dataclass(frozen=True, kw_only=True)
class ShadowReady(WorkerReady):
    """The learner has loaded the weights and the base recordings."""

    base_minutes: float
    """Minutes of base recordings for rehearsal."""
    held_out_minutes: float
    """Minutes of base recordings that are only evaluated."""
    note: str
    """Why there is no rehearsal data; empty if there is."""


@dataclass(frozen=True, kw_only=True)
class BufferFill:
    """How full the replay buffer is."""

    num_samples: int
    buffer_size: int


@dataclass(frozen=True, kw_only=True)
class ShadowUpdateStats(UpdateStats):
    """One update, scored on its own batches before each step."""

    loss: float
    position_error: float
    """Mean distance of the likeliest clicks from the person's, window fractions."""
    click_accuracy: float
    """Share of the person's clicks whose target is the likeliest candidate."""


@dataclass(frozen=True, kw_only=True)
class AgreementScore:
    """Agreement with the person's latest clicks, each scored before it is trained on."""

    agreement: float
    initial_agreement: float
    """Agreement of the initial weights on the same clicks."""
    num_clicks: int


@dataclass(frozen=True, kw_only=True)
class Disagreements:
    """Times at which the person clicked another target than the policy's likeliest."""

    times_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PromotionResult(CandidateResult):
    """A candidate was staged and scored on held-out play."""

    identity: str
    """Identity of its weights."""
    numbers: dict[str, float] = field(default_factory=dict)
    """Metrics of learning/shadow/acceptance.py."""


ShadowReport = (
    ShadowReady | BufferFill | ShadowUpdateStats | AgreementScore | Disagreements | PromotionResult | WorkerFailure
)
