"""What `fit` fits: a model, samples on a device, a loss and a validation. Each policy has one task."""

from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

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
