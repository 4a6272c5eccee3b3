"""What the verbs that record, train, fine-tune, practise and evaluate print with --json."""

from dataclasses import dataclass
from pathlib import Path

from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.offline.head_metrics import HeadReport
from understudy.evaluation.rollouts.play_style import StyleDrift


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


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """Result of `understudy demo`; after Ctrl-C the exit code is 130."""

    finished: tuple[str, ...]
    """Finished stages, of `record`, `train` and `evaluate`."""
    recordings: Path
    """Folder of the recordings."""
    models: Path
    """Folder of the policies."""
    log_dir: Path
    """Folder of their TensorBoard logs."""
    report: Path | None
    """The HTML report; null before the last stage is finished."""
    video: Path | None
    """The video of play; null before the last stage is finished."""
    comparison: ComparisonResult | None
    """Policies, teacher and baselines on the same worlds; null before the last stage is finished."""


@dataclass(frozen=True, kw_only=True)
class FinetunedPolicies:
    """Result of `understudy finetune`; after Ctrl-C the exit code is 130."""

    num_corrections: int
    """Corrections that were learnt from or held out."""
    num_agreements: int
    """Agreements that were learnt from or held out."""
    before: dict[str, float]
    """Metrics of the Strategist before: corrections followed, agreements kept, accuracy on recordings."""
    policies: tuple[TrainedPolicy, ...]
    """The new Strategist and, where there is one, the Executor adapted to it."""
    verdict: GateVerdict | None
    """The gate's decision on both, which was carried out; null without a test."""


@dataclass(frozen=True, kw_only=True)
class PracticeCandidate:
    """One candidate of `understudy practise`."""

    hours: float
    """Simulated hours after which it was staged."""
    path: Path
    """Its checkpoint."""
    verdict: GateVerdict | None
    """The gate's decision, which was carried out; null with --no-gate."""


@dataclass(frozen=True, kw_only=True)
class PractisedPolicy:
    """Result of `understudy practise`; after Ctrl-C the exit code is 130."""

    hours: float
    """Simulated hours, those before --resume included."""
    finished: bool
    """False after Ctrl-C."""
    score: float
    """Points a minute in the last rollout; null without one."""
    deaths_per_hour: float
    """Deaths an hour in the last rollout; null without one."""
    candidates: tuple[PracticeCandidate, ...]
    """The candidates of this run, in their order."""
    drift: StyleDrift | None
    """Style and score beside the policy that was cloned; null after Ctrl-C and with --no-likeness."""
    plot: Path
    """The plot of the learning curves."""
    log_dir: Path
    """Folder of the TensorBoard log."""
