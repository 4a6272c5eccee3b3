"""Training state: everything that changes while `fit` runs, so that a run can stop at any step and resume exactly."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor

from understudy.contract.serialization import from_plain
from understudy.learning.training import rng_state
from understudy.learning.training.optim import ExponentialMovingAverage, GradientGuard
from understudy.learning.training.trainer_config import Task


class FitState:
    """Weights, their average, optimiser, guard, random state and counters of one run."""

    def __init__(
        self, task: Task[Any], *, lr: float, weight_decay: float, ema_decay: float, clip: float, seed: int
    ) -> None:
        self.model = task.model
        self.device = next(task.model.parameters()).device
        self.average = ExponentialMovingAverage(task.model, ema_decay)
        self.optimizer = torch.optim.AdamW(_parameter_groups(task.model, weight_decay), lr=lr, fused=True)
        self.guard = GradientGuard(max_ok_norm=clip)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.epoch = 0
        """Number of finished epochs."""
        self.step_in_epoch = 0
        """Batches used in the current epoch."""
        self.step = 0
        """Batches used in all."""
        self.epoch_loss_sum = 0.0
        self.epoch_loss_count = 0
        self.best_score = -math.inf
        self.best_epoch = 0
        self.best_metrics: dict[str, float] = {}
        self.metrics: dict[str, float] = {}
        """Metrics of the last validation."""
        self.train_loss = math.nan
        """Mean loss over the accepted steps of the last finished epoch."""

    @property
    def running_loss(self) -> float:
        """Mean loss over the accepted steps of the epoch so far."""
        return self.epoch_loss_sum / self.epoch_loss_count if self.epoch_loss_count else math.nan

    def finish_epoch(self) -> None:
        """Counts the epoch and starts the next."""
        self.train_loss = self.running_loss
        self.epoch += 1
        self.step_in_epoch, self.epoch_loss_sum, self.epoch_loss_count = 0, 0.0, 0

    def note_validation(self, metrics: dict[str, float], score: float) -> bool:
        """Records a validation; returns True if it is the best so far. NaN is best only if it is first."""
        self.metrics = metrics
        if self.best_epoch > 0 and not score > self.best_score:
            return False
        self.best_score = score if math.isfinite(score) else -math.inf
        self.best_epoch, self.best_metrics = self.epoch, metrics
        return True

    _COUNTERS: ClassVar[dict[str, Any]] = {
        "epoch": int,
        "step_in_epoch": int,
        "step": int,
        "epoch_loss_sum": float,
        "epoch_loss_count": int,
        "best_score": float,
        "best_epoch": int,
        "best_metrics": dict[str, float],
        "metrics": dict[str, float],
        "train_loss": float,
    }

    def state_dict(self) -> dict[str, Any]:
        """Returns plain values and tensors, without the averaged weights, which a checkpoint holds as its weights."""
        return {
            "model": _copied(self.model.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "guard": self.guard.state_dict(),
            "generator": self.generator.get_state(),
            "random": rng_state.capture(self.device),
            **{name: getattr(self, name) for name in self._COUNTERS},
        }

    def load_state_dict(self, state: dict[str, Any], averaged_weights: dict[str, Tensor]) -> None:
        """Restores `state_dict` and the averaged weights that were saved with it.

        Raises:
            Exception: of any type, if it is the state of another model.
        """
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(averaged_weights)
        self.optimizer.load_state_dict(state["optimizer"])
        self.guard.load_state_dict(state["guard"])
        if self.generator.get_state().shape == state["generator"].shape:  # a run may move between CPU and CUDA
            self.generator.set_state(state["generator"])
        rng_state.restore(state["random"], self.device)
        for name, kind in self._COUNTERS.items():
            setattr(self, name, from_plain(kind, state[name], name))


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Returns groups in which only matrices have weight decay, not norms, biases and other vectors (as in GPT-2)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
