"""Supervised training loop of every policy, from recordings and corrections alike.

Notable: samples stay on the device and a batch is a tensor of indices; the data order is a function of seed and epoch,
so it is not stored; a run that stops at any step resumes from last_model.pt with identical results. A task of much play
has its samples in parts (learning/data/parts.py): an epoch visits them in random order, and each batch is of one part.
Deliberately absent: data loaders, worker processes, gradient scaling (bf16 needs none), early stopping.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from understudy.contract.errors import TrainingError
from understudy.learning.training import rng_state
from understudy.learning.training.checkpoint_manager import CheckpointManager
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.training.optim import guarded_step, warmup_cosine_lr
from understudy.learning.training.train_state import FitState
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult, Task, TaskInParts
from understudy.policies.checkpoint import BEST, CheckpointMeta

_log = logging.getLogger(__name__)


def fit(
    task: Task[Any],
    config: FitConfig,
    output_dir: Path,
    meta: CheckpointMeta,
    *,
    journal: MetricLogger | None = None,
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    resume: bool = False,
) -> FitResult:
    """Fits a task's model; writes best_model.pt, last_model.pt and checkpoint_epoch_N.pt to `output_dir`.

    Args:
        task: model and samples, on one device.
        config: hyperparameters.
        output_dir: created if missing.
        meta: metadata of the checkpoints; `fit` fills in the epoch, and the metrics if there is a validation.
        journal: logs the metrics; the caller closes it.
        progress: called after each step, on this thread.
        stop: called after each step; True writes last_model.pt and returns.
        resume: resume from last_model.pt if there is one.

    Raises:
        TrainingError: on too few samples or too many skipped steps, or if `resume` finds another run's state.
        CheckpointError: if checkpoints cannot be written or read.
    """
    if task.num_samples < 1:
        raise TrainingError(
            "There is nothing to train on: the recordings hold no usable sample, record some minutes of play."
        )
    loop = _Trainer(task, config, output_dir, meta, journal, progress, stop)
    with rng_state.seeded_rng(config.seed, loop.state.device):
        return loop.run(resume)


class _Trainer:
    """One training run."""

    def __init__(
        self,
        task: Task[Any],
        config: FitConfig,
        output_dir: Path,
        meta: CheckpointMeta,
        journal: MetricLogger | None,
        progress: Callable[[FitProgress], None] | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.task, self.config, self.journal, self.progress, self.stop = task, config, journal, progress, stop
        self.state = FitState(
            task,
            lr=config.lr,
            weight_decay=config.weight_decay,
            ema_decay=config.ema_decay,
            clip=config.gradient_clip,
            seed=config.seed,
        )
        # All settings that affect the result; a resumed run must agree. `epochs` is one, through the cosine schedule.
        shaping = (
            "epochs",
            "last_epoch",
            "batch_size",
            "lr",
            "weight_decay",
            "warmup_fraction",
            "gradient_clip",
            "ema_decay",
            "seed",
        )
        settings = {name: getattr(config, name) for name in shaping} | {"samples": task.num_samples}
        self.meta, self.settings = meta, settings
        self.checkpoints = CheckpointManager(output_dir, meta, settings, config.save_interval_s)
        self.part_sizes = task.part_sizes if isinstance(task, TaskInParts) else [task.num_samples]
        self.num_batches = [max(1, size // config.batch_size) for size in self.part_sizes]
        self.steps_per_epoch = sum(self.num_batches)
        self.num_epochs = config.last_epoch or config.epochs
        self.num_steps = config.epochs * self.steps_per_epoch
        """Steps of the whole learning-rate schedule; a run with a `last_epoch` ends before."""

    def run(self, resume: bool) -> FitResult:
        begun_s = time.perf_counter()
        if self.journal is not None:
            self.journal.log_settings({"policy": self.meta.policy, **self.settings, **self.meta.config})
        if resume:
            self.checkpoints.restore(self.state)
        finished = True
        try:
            while self.state.epoch < self.num_epochs and finished:
                finished = self._epoch()
        except TrainingError:
            self.checkpoints.save_now(self.state)
            raise
        if self.state.step > 0:
            self.checkpoints.save_now(self.state)
        return self._result(time.perf_counter() - begun_s, finished)

    def _epoch(self) -> bool:
        """Runs one epoch, or the rest of it; returns False if `stop` ended it."""
        state = self.state
        self.task.model.train()
        for indices in self._batches(state.epoch, state.step_in_epoch):
            self._step(indices)
            if self.stop is not None and self.stop():
                return False
        state.finish_epoch()
        self._validate()
        self.checkpoints.save_if_due(
            state, snapshot=self.config.save_every is not None and state.epoch % self.config.save_every == 0
        )
        return True

    def _batches(self, epoch: int, first: int) -> Iterator[Tensor]:
        """Yields the indices of an epoch's batches from number `first` on, each after its part was entered."""
        # Always on the CPU, so that a run can move between devices. 2**20 separates the orders of close seeds.
        shuffler = torch.Generator().manual_seed(self.config.seed * 2**20 + epoch)
        several, size = len(self.part_sizes) > 1, self.config.batch_size
        parts = torch.randperm(len(self.part_sizes), generator=shuffler).tolist() if several else [0]
        for part, upcoming in zip(parts, [*parts[1:], None], strict=True):
            order = torch.randperm(self.part_sizes[part], generator=shuffler)
            num_batches = self.num_batches[part]
            if first < num_batches and isinstance(self.task, TaskInParts):
                self.task.enter_part(part, upcoming)
            for number in range(first, num_batches):
                yield order[number * size : (number + 1) * size].to(self.state.device)
            first = max(first - num_batches, 0)

    def _step(self, indices: Tensor) -> None:
        state, config = self.state, self.config
        rate = warmup_cosine_lr(state.step, self.num_steps, config.lr, config.warmup_fraction)
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        with self._autocast():
            loss, extras = self.task.loss(state.model, indices, state.generator)
        step = guarded_step(
            loss, state.model, state.optimizer, state.guard, state.average, config.gradient_clip, state.step + 1
        )
        if step.is_taken:
            state.epoch_loss_sum += step.loss
            state.epoch_loss_count += 1
        else:
            _log.warning(
                "Step %d was skipped: loss %.4g, gradient norm %.4g.", state.step, step.loss, step.gradient_norm
            )
        state.step += 1
        state.step_in_epoch += 1
        self._log(step.loss, step.gradient_norm, rate, extras)

    def _log(self, loss: float, norm: float, rate: float, extras: dict[str, Tensor]) -> None:
        state = self.state
        if self.journal is not None and state.step % self.config.log_every == 0:
            numbers = {"train_loss": loss, "learning_rate": rate, "gradient_norm": norm}
            numbers |= {f"train/{name}": float(value.detach()) for name, value in extras.items()}
            self.journal.log(state.step, numbers)
        if self.progress is not None:
            self.progress(
                FitProgress(
                    epoch=state.epoch + 1,
                    num_epochs=self.num_epochs,
                    step=state.step,
                    num_steps=self.num_epochs * self.steps_per_epoch,
                    train_loss=state.running_loss,
                    metrics=state.metrics,
                )
            )

    def _validate(self) -> None:
        state, config = self.state, self.config
        if state.epoch != self.num_epochs and (config.selection_metric is None or state.epoch % config.validate_every):
            return
        if config.selection_metric is None:
            state.note_validation(dict(self.meta.metrics), 0.0)
            self.checkpoints.mark_best(state)
            return
        with torch.no_grad(), self._autocast():
            found = self.task.validate(state.average.model)
        metrics = {name: float(value) for name, value in found.items()}  # numpy and torch scalars are not JSON
        if state.note_validation(metrics, metrics[config.selection_metric]):
            self.checkpoints.mark_best(state)
        if self.journal is not None:
            numbers = {f"val_{name}": value for name, value in metrics.items()}
            self.journal.log(state.step, {"epoch": float(state.epoch), "epoch_train_loss": state.train_loss, **numbers})
            self.journal.flush()

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast("cuda", torch.bfloat16, enabled=self.state.device.type == "cuda")

    def _result(self, seconds: float, finished: bool) -> FitResult:
        state = self.state
        return FitResult(
            best_path=self.checkpoints.folder / BEST,
            best_epoch=state.best_epoch,
            metrics=state.best_metrics,
            train_loss=state.train_loss,
            num_steps=state.step,
            num_skipped=state.guard.num_skipped,
            seconds=seconds,
            finished=finished,
        )
