"""What a shadow session is configured with, and what its learner reports. Light: the game's own process imports it."""

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
    """How to learn from a person as they play, by the guide's names and defaults."""

    learning_rate: float = 1e-4
    """Highest learning rate, after the warm-up."""
    buffer_size: int = 5000
    """Samples that are kept: every tick with an onset, and one of six others."""
    batch_size: int = 64
    """Samples of the person's play in a step; as many are rehearsed from the base recordings."""
    min_samples: int = 32
    """Samples from which on there are updates."""
    steps_per_update: int = 16
    """Gradient steps in one update, each on a batch of its own."""
    ema_decay: float = 0.999
    """Of the averaged weights, which are scored, staged and promoted."""
    seed: int = 0
    """Of batches, dropout and mirrors."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_above_zero("min_samples")


@dataclass(frozen=True, kw_only=True)
class ShadowPaths:
    """Which folders a shadow session reads and writes."""

    models: Path
    """With strategist, tactician and executor."""
    candidate: Path
    """Where the candidate is staged."""
    log_folder: Path
    """For the curves."""
    recordings: Path | None = None
    """Base recordings for rehearsal; None for the default folders."""


ShadowJob = WorkerJob[ShadowSettings, ShadowPaths]


@dataclass(frozen=True, kw_only=True)
class ShadowReady(WorkerReady):
    """The learner has loaded the weights and the base recordings."""

    base_minutes: float
    """Of base recordings that are rehearsed."""
    held_out_minutes: float
    """Of base recordings that are only scored."""
    note: str
    """Why there is nothing to rehearse; empty where there is."""


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
    """Agreement with the person's latest clicks, each scored before it is learnt from."""

    agreement: float
    initial_agreement: float
    """Of the weights that the session began with, on the same clicks."""
    num_clicks: int


@dataclass(frozen=True, kw_only=True)
class Disagreements:
    """Times at which the person clicked another target than the policy's likeliest."""

    times_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PromotionResult(CandidateResult):
    """A candidate was staged and scored on held-out play."""

    identity: str
    """Of its weights."""
    numbers: dict[str, float] = field(default_factory=dict)
    """Metrics of learning/shadow/acceptance.py."""


ShadowReport = (
    ShadowReady | BufferFill | ShadowUpdateStats | AgreementScore | Disagreements | PromotionResult | WorkerFailure
)
