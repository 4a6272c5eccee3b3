"""What a shadow session is set to, and what its learner reports. Light: the game's own process imports it."""

from dataclasses import dataclass, field
from pathlib import Path

from understudy.learning.worker.worker_endpoint import WorkerFailure


@dataclass(frozen=True, kw_only=True)
class ShadowSettings:
    """How to learn in the shadow of a person, by the guide's names and defaults."""

    learning_rate: float = 1e-4
    """Highest learning rate, after the warm-up."""
    buffer_size: int = 5000
    """Samples that are kept: every tick in which something begins, and one of six others."""
    batch_size: int = 64
    """Samples of the person's play in a step; as many are rehearsed from the base recordings."""
    update_interval: float = 3.0
    """Seconds between two updates."""
    min_samples: int = 32
    """Samples from which on there are updates."""
    steps_per_update: int = 16
    """Steps, each with a batch of its own, in one update."""
    ema_decay: float = 0.999
    """Part of the averaged weights that a step keeps; the average is scored, staged and promoted."""
    seed: int = 0
    """Of batches, dropout and mirrors."""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "buffer_size", "batch_size", "update_interval", "min_samples"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")


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


@dataclass(frozen=True, kw_only=True)
class WorkerReady:
    """The learner has loaded everything and begins."""

    base_minutes: float
    """Of base recordings that are rehearsed."""
    held_out_minutes: float
    note: str
    """Why there is nothing to rehearse, if so."""


@dataclass(frozen=True, kw_only=True)
class BufferFill:
    """How full the buffer is."""

    num_samples: int
    buffer_size: int


@dataclass(frozen=True, kw_only=True)
class UpdateStats:
    """One update."""

    number: int
    loss: float
    position_error: float
    """Mean distance of the would-be clicks from the person's, window fractions."""
    click_accuracy: float
    """Share of the person's clicks that would have gone to the same target."""
    learning_rate: float
    num_samples: int
    seconds: float
    """How long it took."""


@dataclass(frozen=True, kw_only=True)
class AgreementScore:
    """Agreement with the person's latest clicks, each judged before it was learnt from."""

    agreement: float
    initial_agreement: float
    """Of the weights that the session began with, on the same clicks."""
    num_clicks: int


@dataclass(frozen=True, kw_only=True)
class Disagreements:
    """Moments at which the understudy would have clicked elsewhere."""

    times_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PromotionResult:
    """A candidate was staged and judged."""

    promoted: bool
    reason: str
    identity: str
    path: str
    numbers: dict[str, float] = field(default_factory=dict)


Report = WorkerReady | BufferFill | UpdateStats | AgreementScore | Disagreements | PromotionResult | WorkerFailure
