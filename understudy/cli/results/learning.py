"""What the verbs that record, train and evaluate print with --json."""

from dataclasses import dataclass
from pathlib import Path

from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.offline.head_metrics import HeadReport


@dataclass(frozen=True, kw_only=True)
class RecordedSessions:
    """Result of `understudy record`."""

    teacher: str
    """Style of the teacher."""
    minutes: float
    """Minutes of play, all sessions together."""
    recordings: tuple[Path, ...]
    """The recordings, one for each session."""
    num_bytes: int
    """Their size together."""


@dataclass(frozen=True, kw_only=True)
class TrainedPolicy:
    """One trained policy."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    checkpoint: Path
    """The checkpoint of the best epoch."""
    best_epoch: int
    """That epoch."""
    metrics: dict[str, float]
    """Its metrics on held-out sessions (docs/metrics.md); NAME_baseline is the trivial baseline of NAME."""
    train_loss: float
    """Mean loss of the last epoch."""
    num_steps: int
    """Training steps."""
    num_skipped: int
    """Steps that were skipped because a loss or gradient was unusable."""
    seconds: float
    """Duration in seconds."""
    device: str
    """Torch device."""
    finished: bool
    """False after Ctrl-C."""
    log_dir: Path
    """Folder of its TensorBoard log."""


@dataclass(frozen=True, kw_only=True)
class TrainedPolicies:
    """Result of `understudy train`."""

    policies: tuple[TrainedPolicy, ...]
    """In the order of training; fewer after Ctrl-C, when the exit code is 130."""


@dataclass(frozen=True, kw_only=True)
class EvaluatedPolicies:
    """Result of `understudy evaluate`."""

    comparison: ComparisonResult
    """Policies, teacher and baselines on the same worlds."""
    heads: tuple[HeadReport, ...]
    """The copycat check, and with --data-dir each head of the policies on held-out sessions."""
    report: Path
    """The HTML report."""
