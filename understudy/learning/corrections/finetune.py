"""Fine-tuning on corrections: the guide's finetune_with_vlm.py, and what its text leaves open.

The guide's command is about the Strategist, which takes in the corrections beside rehearsed base recordings. That
alone changes little of what the hand does (docs/log.md), so the Executor beside it goes on too, until it follows. Both
are written below `output_dir` and nothing plays until the gate has let it.
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
from understudy.contract.intent import Mode
from understudy.learning.corrections.aggregation import Judged, Resolution
from understudy.learning.corrections.correction_task import CorrectionTask
from understudy.learning.corrections.executor_finetune_task import FollowTask
from understudy.learning.corrections.state_augmentation import transplants
from understudy.learning.corrections.weak_labeller import Echo, echo_of
from understudy.learning.data.dataset import Material
from understudy.learning.data.labelled_episode import Lesson
from understudy.learning.data.upstream_conditioning import Upstream
from understudy.learning.supervised.train_policy import pick_device
from understudy.learning.training import rng_state
from understudy.learning.training.metric_logger import Journal, run_folder
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, CheckpointMeta, Parent, load_checkpoint, parent_now
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import restore_executor, restore_strategist, restore_tactician, unpack_hand
from understudy.policies.strategist import Strategist

FEW = 100
"""Corrections below which the guide advises to collect more."""
KEPT_BACK = 0.15
"""Share of the judged moments that is not learnt from, to choose the best epoch by."""
MOST_AGREEMENTS = 3.0
"""Agreements taken for each correction: more of them teach little and cost the same."""
HEAVIEST_AGREEMENT = 4.0
"""An agreement stands for those that were not taken, up to so many."""
FOLLOW = FitConfig(
    epochs=12, batch_size=256, lr=5e-4, ema_decay=0.99, save_every=None, validate_every=12, choose_by="choice"
)
"""How the Executor goes on. Validated at its end alone: held-out recordings prefer an Executor that has not changed."""

_log = logging.getLogger(__name__)
Stage = Callable[[str, FitProgress], None]
"""Is told which policy is being fitted, and how far it is."""


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings:
    """How to fine-tune."""

    model_path: Path
    """The Strategist's checkpoint; Tactician and Executor are looked for in the folders beside its own."""
    output_dir: Path
    """Where the new checkpoints go: the Strategist's into it, the Executor's into the folder executor below."""
    epochs: int = 20
    lr: float = 1e-5
    batch_size: int = 8
    device: str = "auto"
    seed: int = 0
    log_dir: Path = Path("logs/training")
    threads: int = 1
    """Of torch on the CPU: more than one on a busy machine are slower than one."""

    @property
    def models(self) -> Path:
        """Folder of the three policies."""
        return self.model_path.absolute().parent.parent


@dataclass(frozen=True, kw_only=True)
class FinetuneResult:
    """What came of it."""

    strategist: FitResult
    executor: FitResult | None
    """None where there is no Executor beside the Strategist."""
    before: dict[str, float]
    """The Strategist's figures before."""
    num_corrections: int
    num_agreements: int
    disputed: float
    """Share of the base recordings that the critic would have corrected."""
    num_transplants: int


def finetune(
    resolution: Resolution,
    material: Material,
    settings: FinetuneSettings,
    progress: Stage | None = None,
    stop: Callable[[], bool] | None = None,
) -> FinetuneResult:
    """Fine-tunes Strategist and Executor; nothing that plays is touched.

    Raises:
        TrainingError: if there is nothing to learn from.
        CheckpointError: if checkpoints cannot be read or written.
    """
    torch.set_num_threads(settings.threads)
    judged = resolution.judged
    if not judged.differs.any():
        raise TrainingError("There is no usable correction in these files: nothing is wrong with the policy, or the "
                            "corrections hold no look back (see understudy corrections list).")  # fmt: skip
    if material.is_short:
        material = material.everything  # the policy has learnt from all of it: what is not rehearsed would be lost
    device = pick_device(settings.device)
    random = np.random.default_rng(settings.seed)
    learnt, kept_back = _split(_thinned(judged, random), random)
    echo = echo_of(learnt)
    disputed = [echo.disputes(lesson) for lesson in material.train]
    base = [_as_the_critic_says(lesson, ticks, echo) for lesson, ticks in zip(material.train, disputed, strict=True)]
    checkpoint = load_checkpoint(settings.model_path, "strategist", ENCODING)
    with rng_state.seeded(settings.seed, device):
        task = CorrectionTask(
            learnt, kept_back, base, material.held_out, restore_strategist(checkpoint).to(device), device
        )
        before = task.validate(task.model.eval())
    strategist = _fit_strategist(task, checkpoint, material, settings, progress, stop)
    executor, num_pieces = None, 0
    if strategist.finished and (settings.models / "executor" / BEST).exists():
        executor, num_pieces = _fit_executor(learnt, disputed, material, settings, progress, stop)
    return FinetuneResult(
        strategist=strategist,
        executor=executor,
        before=before,
        num_corrections=int(judged.differs.sum()),
        num_agreements=int((~judged.differs).sum()),
        disputed=float(np.concatenate(disputed).mean()),
        num_transplants=num_pieces,
    )


def _thinned(judged: Judged, random: np.random.Generator) -> Judged:
    """All corrections, and not many more agreements than those."""
    corrections, agreements = np.flatnonzero(judged.differs), np.flatnonzero(~judged.differs)
    most = max(int(MOST_AGREEMENTS * len(corrections)), FEW)
    chosen = random.permutation(agreements)[:most]
    taken = judged.take(np.concatenate([corrections, chosen]))
    heavier = min(len(agreements) / max(len(chosen), 1), HEAVIEST_AGREEMENT)
    weights = taken.weights * np.where(taken.differs, 1.0, heavier).astype(np.float32)
    return replace(taken, weights=weights)


def _split(judged: Judged, random: np.random.Generator) -> tuple[Judged, Judged]:
    """What is learnt from and what is kept back, each with its share of corrections and agreements."""
    kept: list[int] = []
    for part in (np.flatnonzero(judged.differs), np.flatnonzero(~judged.differs)):
        kept += random.permutation(part)[: int(KEPT_BACK * len(part))].tolist()
    inside = np.isin(np.arange(len(judged)), kept)
    return judged.take(np.flatnonzero(~inside)), judged.take(np.flatnonzero(inside))


def _as_the_critic_says(lesson: Lesson, disputed: Bool[np.ndarray, " T"], echo: Echo) -> Lesson:
    """The lesson with the critic's word for the ticks that it surely disputes."""
    said = echo.probabilities(lesson.encoded.context).argmax(axis=1)
    modes = np.where(disputed, said, lesson.hindsight.modes).astype(np.int64)
    return replace(lesson, hindsight=replace(lesson.hindsight, modes=modes))


def _fit_strategist(
    task: CorrectionTask,
    checkpoint: Checkpoint,
    material: Material,
    settings: FinetuneSettings,
    progress: Stage | None,
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
        choose_by="choice",
    )
    parents = (
        *checkpoint.meta.lineage,
        parent_now(checkpoint.identity, BASE),
        parent_now(material.data_hash, "rehearsal"),
    )
    meta = _continued(checkpoint, parents)
    with Journal(run_folder(settings.log_dir, "strategist_vlm_ft")) as journal:
        return fit(task, config, settings.output_dir, meta, journal=journal, progress=_named("strategist", progress),
                   stop=stop)  # fmt: skip


def _fit_executor(
    learnt: Judged,
    disputed: list[np.ndarray],
    material: Material,
    settings: FinetuneSettings,
    progress: Stage | None,
    stop: Callable[[], bool] | None,
) -> tuple[FitResult, int]:
    device = pick_device(settings.device)
    strategist = load_checkpoint(settings.output_dir / BEST, "strategist", ENCODING)
    executor = load_checkpoint(settings.models / "executor" / BEST, "executor", ENCODING)
    tactician_path = settings.models / "tactician" / BEST
    tactician = load_checkpoint(tactician_path, "tactician", ENCODING) if tactician_path.exists() else None
    upstream = Upstream(
        restore_strategist(strategist).to(device),
        None if tactician is None else restore_tactician(tactician).to(device),
    )
    pieces = transplants(material.train, learnt, material.profile, np.random.default_rng(settings.seed))
    with rng_state.seeded(settings.seed, device):
        task = FollowTask(
            material.train,
            disputed,
            pieces,
            material.held_out,
            restore_executor(executor).to(device),
            device,
            upstream,
            material.profile,
            unpack_hand(executor.meta.hand),
        )
    parents = [parent for parent in executor.meta.lineage if parent.what != "strategist"]
    parents += [parent_now(strategist.identity, "strategist"), parent_now(executor.identity, BASE)]
    meta = _continued(executor, tuple(parents))
    with Journal(run_folder(settings.log_dir, "executor_vlm_ft")) as journal:
        result = fit(
            task,
            dataclasses.replace(FOLLOW, seed=settings.seed),
            settings.output_dir / "executor",
            meta,
            journal=journal,
            progress=_named("executor", progress),
            stop=stop,
        )
    return result, len(pieces)


def _continued(checkpoint: Checkpoint, lineage: tuple[Parent, ...]) -> CheckpointMeta:
    return replace(checkpoint.meta, lineage=lineage, metrics={}, epoch=0, versions={})


def _named(policy: str, progress: Stage | None) -> Callable[[FitProgress], None] | None:
    return None if progress is None else lambda told: progress(policy, told)


def mode_accuracy(model: Strategist, lessons: list[Lesson], keep: list[np.ndarray]) -> float:
    """Share of seconds, among those kept, in which the Strategist names the recorded mode.

    Args:
        model: in evaluation mode.
        lessons: not learnt from.
        keep: which ticks of each count.
    """
    said = [Upstream(strategist=model).strategies(lesson)[0, :, : len(Mode)].argmax(axis=1) for lesson in lessons]
    right = np.concatenate([guess == lesson.hindsight.modes for guess, lesson in zip(said, lessons, strict=True)])
    return float(right[np.concatenate(keep)].mean())
