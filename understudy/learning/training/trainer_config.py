"""What a run of `fit` is told, what it tells while it runs, and what comes of it.

What `fit` fits: a model, samples on a device, a loss and a validation. Each policy has one task.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How to fit."""

    epochs: int = 60
    """Passes over the samples."""
    batch_size: int = 128
    """Samples a step."""
    lr: float = 3e-4
    """Highest learning rate, reached after the warm-up."""
    weight_decay: float = 0.01
    """AdamW's pull of matrices towards zero."""
    warmup_fraction: float = 0.05
    """Part of the run in which the learning rate climbs."""
    gradient_clip: float = 1.0
    """Longest gradient that a step may follow."""
    ema_decay: float = 0.999
    """Part of the averaged weights that one step keeps; the average is validated, saved and played."""
    seed: int = 0
    """Of data order, dropout and augmentation."""
    save_every: int | None = 20
    """Epochs between two checkpoint_epoch_N.pt; None writes none."""
    save_interval_s: float = 20.0
    """Seconds between two writes of last_model.pt: what a crash may cost."""
    validate_every: int = 1
    """Epochs between two validations; the last epoch is always validated."""
    log_every: int = 20
    """Steps between two points of the training curves."""
    selection_metric: str | None = "accuracy"
    """The metric of `validate` by which best_model.pt is chosen; higher is better. None where nothing is held out:
    nothing is validated and the last weights are the best."""
    last_epoch: int | None = None
    """Ends the run after this epoch, on the way of the learning rate to `epochs`; None goes all the way."""

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
    """Where a run stands, told after each step."""

    epoch: int
    """The epoch under way, from 1."""
    num_epochs: int
    step: int
    """Steps done in the whole run."""
    num_steps: int
    train_loss: float
    """Mean over the epoch so far."""
    metrics: dict[str, float]
    """Of the last validation; empty before the first."""


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """What came of a run."""

    best_path: Path
    best_epoch: int
    metrics: dict[str, float]
    """Of the best epoch, on held-out sessions."""
    train_loss: float
    """Mean over the last epoch."""
    num_steps: int
    num_skipped: int
    """Steps that the guard refused."""
    seconds: float
    finished: bool
    """False where `stop` ended it early."""


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
        """How many training samples there are."""
        ...

    def loss(self, model: ModelT, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The training loss on some samples.

        Args:
            model: `self.model`, in training mode.
            indices: Int64 of shape (B,) on the device, within 0..num_samples - 1.
            generator: of the device; all randomness that is not dropout (augmentation, negatives) comes from it.

        Returns:
            The scalar to minimise, and further scalars worth a curve, by name.
        """
        ...

    def validate(self, model: ModelT) -> dict[str, float]:
        """Metrics on held-out sessions, without gradients and in evaluation mode (the caller sees to both).

        Contains the key that `FitConfig.choose_by` names (higher is better) and `accuracy`, which becomes the
        guide's curve `val_accuracy`. Baselines of a metric stand beside it as `<metric>_baseline`.
        """
        ...
