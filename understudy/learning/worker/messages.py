"""Settings and reports of every learner in a process of its own. Imports no torch: the game's process imports it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from understudy.contract.profile import Profile


@dataclass(frozen=True, kw_only=True)
class LearnerSettings:
    """How a learner beside live play trains, by the guide's names; each learner has defaults of its own."""

    learning_rate: float
    """Of the optimizer."""
    buffer_size: int
    """Samples in the replay buffer."""
    batch_size: int = 64
    """Samples of play in one gradient step."""
    update_interval: float = 3.0
    """Seconds between two updates."""
    steps_per_update: int
    """Gradient steps in one update, each on a batch of its own."""
    seed: int = 0
    """Of batches and of whatever else is random in training."""

    def __post_init__(self) -> None:
        self._require_above_zero("learning_rate", "buffer_size", "batch_size", "update_interval", "steps_per_update")

    def _require_above_zero(self, *names: str) -> None:
        for name in names:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")


SettingsT = TypeVar("SettingsT", bound=LearnerSettings)
PathsT = TypeVar("PathsT")


@dataclass(frozen=True, kw_only=True)
class WorkerJob(Generic[SettingsT, PathsT]):
    """What a learner's process is started with; picklable."""

    settings: SettingsT
    paths: PathsT
    profile: Profile


@dataclass(frozen=True, kw_only=True)
class WorkerReady:
    """The learner has loaded everything and waits for play."""


@dataclass(frozen=True, kw_only=True)
class WorkerFailure:
    """The learner failed at something; play goes on."""

    text: str


@dataclass(frozen=True, kw_only=True)
class UpdateStats:
    """One update of the weights."""

    number: int
    learning_rate: float
    num_samples: int
    """In the replay buffer."""
    seconds: float
    """Duration of the update."""


@dataclass(frozen=True, kw_only=True)
class CandidateResult:
    """A candidate was staged, and accepted or not."""

    promoted: bool
    reason: str
    path: str
