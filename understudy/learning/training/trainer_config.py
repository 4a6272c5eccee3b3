"""Interfaces of `fit`: its configuration, progress, result, and the Task protocol.

A Task holds a model, samples on a device, a loss and a validation. Each policy has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Hyperparameters of `fit`."""

    epochs: int = 60
    """Epochs: passes over the samples."""
    batch_size: int = 128
    """Batch size, samples per step."""
    lr: float = 3e-4
    """Peak learning rate, reached after the warm-up."""
    weight_decay: float = 0.01
    """Weight decay of AdamW, for matrices only."""
    warmup_fraction: float = 0.05
    """Fraction of the run with a linear warm-up of the learning rate."""
    gradient_clip: float = 1.0
    """Largest gradient norm; larger gradients are clipped."""
    ema_decay: float = 0.999
    """Decay of the EMA weights, which are validated, saved and played."""
    seed: int = 0
    """Seed of data order, dropout and augmentation."""
    save_every: int | None = 20
    """Epochs between two checkpoint_epoch_N.pt; None writes none."""
    save_interval_s: float = 20.0
    """Seconds between two writes of last_model.pt, the most training that a crash can lose."""
    validate_every: int = 1
    """Epochs between two validations; the last epoch is always validated."""
    log_every: int = 20
    """Steps between two points of the training curves."""
    selection_metric: str | None = "accuracy"
    """Metric of `validate` that selects best_model.pt; higher is better. None without held-out data: there is no
    validation and the last weights are the best."""
    last_epoch: int | None = None
    """Ends the run after this epoch, with the learning-rate schedule of `epochs`; None runs all epochs."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "lr", "gradient_clip", "validate_every", "log_every"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.last_epoch is not None and not 1 <= self.last_epoch <= self.epochs:
            raise ValueError(f"last_epoch must be within 1..{self.epochs}, not {self.last_epoch}")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"ema_decay must be within 0..1, not {self.ema_decay}")


@dataclass(frozen=True, kw_only=True)
class FitProgress:
    """Progress of a run, reported after each step."""

    epoch: int
    """Current epoch, from 1."""
    num_epochs: int
    step: int
    """Steps done in the whole run."""
    num_steps: int
    train_loss: float
    """Mean loss of the epoch so far."""
    metrics: dict[str, float]
    """Metrics of the last validation; empty before the first."""


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """Result of a run."""

    best_path: Path
    best_epoch: int
    metrics: dict[str, float]
    """Metrics of the best epoch on held-out sessions."""
    train_loss: float
    """Mean loss of the last epoch."""
    num_steps: int
    num_skipped: int
    """Steps that the guard skipped."""
    seconds: float
    finished: bool
    """False if `stop` ended it early."""


ModelT = TypeVar("ModelT", bound=torch.nn.Module)


@runtime_checkable
class Task(Protocol[ModelT]):
    """One policy's training and held-out samples, held as tensors on the model's device."""

    @property
    def model(self) -> ModelT:
        """The module to fit, on the device of the samples; `fit` changes its weights in place."""
        ...

    @property
    def num_samples(self) -> int:
        """Number of training samples."""
        ...

    def loss(self, model: ModelT, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the training loss on some samples.

        Args:
            model: `self.model`, in training mode.
            indices: Int64 of shape (B,) on the device, within 0..num_samples - 1.
            generator: on the device; source of all randomness but dropout (augmentation, negatives).

        Returns:
            The scalar to minimise, and further scalars to log, by name.
        """
        ...

    def validate(self, model: ModelT) -> dict[str, float]:
        """Computes metrics on held-out sessions; called in evaluation mode and without gradients.

        Contains the key that `FitConfig.choose_by` names (higher is better) and `accuracy`, which becomes the guide's
        curve `val_accuracy`. The baseline of a metric is `<metric>_baseline`.
        """
        ...


@runtime_checkable
class TaskInParts(Protocol):
    """A Task whose samples are in memory a part at a time; the indices of `loss` are those within the present part."""

    @property
    def part_sizes(self) -> Sequence[int]:
        """Number of samples of each part."""
        ...

    def enter_part(self, part: int, upcoming: int | None) -> None:
        """Loads a part for `loss`.

        Args:
            part: its number.
            upcoming: number of the part after it, which may be loaded meanwhile; None for the last of a run.
        """
        ...
