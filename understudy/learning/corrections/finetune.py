"""Fine-tunes the policies on corrections: the guide's finetune_with_vlm.py, and what it leaves open.

The guide's command fine-tunes the Strategist on the corrections with rehearsed base recordings. That alone changes
little of how the policy acts (docs/log.md), so the Executor is then adapted to it. Both are written below `output_dir`
and become active only through the gate.
"""

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool

from understudy.contract.errors import TrainingError
from understudy.learning.corrections.aggregation import AggregationResult, LabelledMoments
from understudy.learning.corrections.correction_task import CorrectionTask
from understudy.learning.corrections.executor_finetune_task import ExecutorFinetuneTask
from understudy.learning.corrections.state_augmentation import augment_with_corrected_health
from understudy.learning.corrections.weak_labeller import WeakLabeller, fit_weak_labeller
from understudy.learning.data.dataset import Dataset
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.supervised.train_policy import resolve_device
from understudy.learning.training import rng_state
from understudy.learning.training.metric_logger import MetricLogger, run_folder
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, CheckpointMeta, Parent, load_checkpoint, parent_now
from understudy.policies.declared.feature_layout import FeatureLayout
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import (
    build_executor,
    build_strategist,
    build_tactician,
    hand_from_plain,
    require_layout,
)

FEW = 100
"""Number of corrections below which the guide advises to collect more."""
KEPT_BACK = 0.15
"""Share of the reviewed moments held out to select the best epoch."""
MOST_AGREEMENTS = 3.0
"""Agreements used for each correction: more of them teach little and cost the same."""
HEAVIEST_AGREEMENT = 4.0
"""Upper limit of an agreement's weight, which makes up for the agreements that were not used."""
EXECUTOR_FINETUNE_CONFIG = FitConfig(
    epochs=12, batch_size=256, lr=5e-4, ema_decay=0.99, save_every=None, validate_every=12, selection_metric="choice"
)
"""For the Executor. Validated at the end alone: held-out recordings prefer an Executor that has not changed."""

_log = logging.getLogger(__name__)
ProgressCallback = Callable[[str, FitProgress], None]
"""Called with the name of the policy being trained, and its progress."""


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings:
    """Settings of fine-tuning."""

    model_path: Path
    """The Strategist's checkpoint; Tactician and Executor are expected in the folders beside its own."""
    output_dir: Path
    """Folder of the new checkpoints: the Strategist's in it, the Executor's in its folder `executor`."""
    epochs: int = 20
    lr: float = 1e-5
    batch_size: int = 8
    device: str = "auto"
    seed: int = 0
    log_dir: Path = Path("logs/training")
    threads: int = 1
    """Torch threads on the CPU: on a busy machine more than one is slower than one."""

    @property
    def models(self) -> Path:
        """Folder of the three policies."""
        return self.model_path.absolute().parent.parent


@dataclass(frozen=True, kw_only=True)
class FinetuneResult:
    """Training results, and metrics before and after."""

    strategist: FitResult
    executor: FitResult | None
    """None if there is no Executor beside the Strategist."""
    before: dict[str, float]
    """The Strategist's metrics before fine-tuning."""
    device: str
    log_folders: dict[str, Path]
    """Policy -> folder of its TensorBoard log."""
    num_corrections: int
    num_agreements: int
    disputed: float
    """Share of the base recordings that the weak labeller disputes."""
    num_transplants: int


def finetune(
    resolution: AggregationResult,
    dataset: Dataset,
    settings: FinetuneSettings,
    progress: ProgressCallback | None = None,
    stop: Callable[[], bool] | None = None,
) -> FinetuneResult:
    """Fine-tunes Strategist and Executor; active weights are not changed.

    Raises:
        TrainingError: if there is nothing to learn from, or another process trains into the folder.
        CheckpointError: if checkpoints cannot be read or written.
    """
    torch.set_num_threads(settings.threads)
    with training_lock(settings.output_dir):
        return _finetune_alone(resolution, dataset, settings, progress, stop)


def strategist_layout(settings: FinetuneSettings) -> FeatureLayout:
    """Returns the layout of the features that the Strategist takes.

    Raises:
        CheckpointError: if it cannot be read.
    """
    return build_strategist(load_checkpoint(settings.model_path, "strategist", ENCODING)).config.layout


def _finetune_alone(
    resolution: AggregationResult,
    dataset: Dataset,
    settings: FinetuneSettings,
    progress: ProgressCallback | None,
    stop: Callable[[], bool] | None,
) -> FinetuneResult:
    """Called under the lock of the folder."""
    reviewed = resolution.reviewed
    if not reviewed.is_correction.any():
        raise TrainingError("There is no usable correction in these files: nothing is wrong with the policy, or the "
                            "corrections hold no look back (see understudy corrections list).")  # fmt: skip
    if dataset.is_small:
        dataset = (
            dataset.with_validation_merged
        )  # the policy was trained on all of it: what is not rehearsed would be forgotten
    device = resolve_device(settings.device)
    random = np.random.default_rng(settings.seed)
    learnt, kept_back = _split(_subsample_agreements(reviewed, random), random)
    echo = fit_weak_labeller(learnt)
    disputed = [echo.disagreement_mask(labelled) for labelled in dataset.train]
    base = [_relabel_disputed(labelled, ticks, echo) for labelled, ticks in zip(dataset.train, disputed, strict=True)]
    checkpoint = load_checkpoint(settings.model_path, "strategist", ENCODING)
    model = build_strategist(checkpoint)
    require_layout("strategist", model.config.layout, dataset.profile)
    with rng_state.seeded_rng(settings.seed, device):
        task = CorrectionTask(learnt, kept_back, base, dataset.validation, model.to(device), device)
        before = task.validate(task.model.eval())
    log_folders = {name: run_folder(settings.log_dir, f"{name}_vlm_ft") for name in ("strategist", "executor")}
    strategist = _fit_strategist(task, checkpoint, dataset, settings, log_folders, progress, stop)
    executor, num_pieces = None, 0
    if strategist.finished and (settings.models / "executor" / BEST).exists():
        executor, num_pieces = _fit_executor(learnt, disputed, dataset, settings, log_folders, progress, stop)
    return FinetuneResult(
        strategist=strategist,
        executor=executor,
        before=before,
        device=str(device),
        log_folders=log_folders,
        num_corrections=int(reviewed.is_correction.sum()),
        num_agreements=int((~reviewed.is_correction).sum()),
        disputed=float(np.concatenate(disputed).mean()),
        num_transplants=num_pieces,
    )


def _subsample_agreements(reviewed: LabelledMoments, random: np.random.Generator) -> LabelledMoments:
    """Keeps all corrections and up to MOST_AGREEMENTS times as many agreements."""
    corrections, agreements = np.flatnonzero(reviewed.is_correction), np.flatnonzero(~reviewed.is_correction)
    most = max(int(MOST_AGREEMENTS * len(corrections)), FEW)
    chosen = random.permutation(agreements)[:most]
    taken = reviewed.take(np.concatenate([corrections, chosen]))
    heavier = min(len(agreements) / max(len(chosen), 1), HEAVIEST_AGREEMENT)
    weights = taken.weights * np.where(taken.is_correction, 1.0, heavier).astype(np.float32)
    return replace(taken, weights=weights)


def _split(reviewed: LabelledMoments, random: np.random.Generator) -> tuple[LabelledMoments, LabelledMoments]:
    """Splits into training and validation moments, stratified by corrections and agreements."""
    kept: list[int] = []
    for part in (np.flatnonzero(reviewed.is_correction), np.flatnonzero(~reviewed.is_correction)):
        kept += random.permutation(part)[: int(KEPT_BACK * len(part))].tolist()
    inside = np.isin(np.arange(len(reviewed)), kept)
    return reviewed.take(np.flatnonzero(~inside)), reviewed.take(np.flatnonzero(inside))


def _relabel_disputed(
    labelled: LabelledEpisode, disputed: Bool[np.ndarray, " T"], echo: WeakLabeller
) -> LabelledEpisode:
    """Replaces the mode labels of disputed ticks by those of the weak labeller."""
    said = echo.probabilities(labelled.encoded.context).argmax(axis=1)
    modes = np.where(disputed, said, labelled.labels.modes).astype(np.int64)
    return replace(labelled, labels=replace(labelled.labels, modes=modes))


def _fit_strategist(
    task: CorrectionTask,
    checkpoint: Checkpoint,
    dataset: Dataset,
    settings: FinetuneSettings,
    log_folders: dict[str, Path],
    progress: ProgressCallback | None,
    stop: Callable[[], bool] | None,
) -> FitResult:
    config = FitConfig(
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        lr=settings.lr,
        ema_decay=0.98,
        seed=settings.seed,
        save_every=None,
        validate_every=max(1, settings.epochs // 10),
        selection_metric="choice",
    )
    parents = (
        *checkpoint.meta.lineage,
        parent_now(checkpoint.identity, BASE),
        parent_now(dataset.data_hash, "rehearsal"),
    )
    meta = _continued(checkpoint, parents)
    with MetricLogger(log_folders["strategist"]) as journal:
        return fit(task, config, settings.output_dir, meta, journal=journal, progress=_named("strategist", progress),
                   stop=stop)  # fmt: skip


def _fit_executor(
    learnt: LabelledMoments,
    disputed: list[np.ndarray],
    dataset: Dataset,
    settings: FinetuneSettings,
    log_folders: dict[str, Path],
    progress: ProgressCallback | None,
    stop: Callable[[], bool] | None,
) -> tuple[FitResult, int]:
    device = resolve_device(settings.device)
    strategist = load_checkpoint(settings.output_dir / BEST, "strategist", ENCODING)
    executor = load_checkpoint(settings.models / "executor" / BEST, "executor", ENCODING)
    tactician_path = settings.models / "tactician" / BEST
    tactician = load_checkpoint(tactician_path, "tactician", ENCODING) if tactician_path.exists() else None
    upstream = UpstreamPolicies(
        build_strategist(strategist).to(device),
        None if tactician is None else build_tactician(tactician).to(device),
    )
    pieces = augment_with_corrected_health(dataset.train, learnt, dataset.profile, np.random.default_rng(settings.seed))
    with rng_state.seeded_rng(settings.seed, device):
        task = ExecutorFinetuneTask(
            dataset.train,
            disputed,
            pieces,
            dataset.validation,
            build_executor(executor).to(device),
            device,
            upstream,
            dataset.profile,
            hand_from_plain(executor.meta.hand),
        )
    parents = [parent for parent in executor.meta.lineage if parent.what != "strategist"]
    parents += [parent_now(strategist.identity, "strategist"), parent_now(executor.identity, BASE)]
    meta = _continued(executor, tuple(parents))
    with MetricLogger(log_folders["executor"]) as journal:
        result = fit(
            task,
            dataclasses.replace(EXECUTOR_FINETUNE_CONFIG, seed=settings.seed),
            settings.output_dir / "executor",
            meta,
            journal=journal,
            progress=_named("executor", progress),
            stop=stop,
        )
    return result, len(pieces)


def _continued(checkpoint: Checkpoint, lineage: tuple[Parent, ...]) -> CheckpointMeta:
    return replace(checkpoint.meta, lineage=lineage, metrics={}, epoch=0, versions={})


def _named(policy: str, progress: ProgressCallback | None) -> Callable[[FitProgress], None] | None:
    return None if progress is None else lambda metrics: progress(policy, metrics)
