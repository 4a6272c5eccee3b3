"""Optimisation step of all training (`guarded_step`), and its parts: gradient guard, EMA, learning-rate schedule.

The gradient guard keeps one bad batch from ruining a run: it skips steps whose loss or norm is not finite or an
outlier.

A batch whose loss or gradient is NaN or infinite would destroy the weights for good. A gradient norm far above its
running median is nearly always a bad batch too (a corrupt recording, a division by almost zero). With clipping alone
(Pascanu et al. 2013) it still determines the direction of a full step, and inflates Adam's second moments, so that the
next hundreds of steps are tiny. The median, unlike a mean, is robust to these spikes.

The exponential moving average (EMA; Polyak and Juditsky 1992) of the weights is validated, saved as best and played.

The learning rate has a linear warm-up, then half a cosine (Loshchilov and Hutter 2017); a pure function of the step.
"""

import copy
import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from understudy.contract.errors import TrainingError
from understudy.contract.serialization import from_plain

SPIKE_FACTOR = 10.0
"""Measured on an hour of the teacher's play, the largest norm over its running median was 2.0 for the Strategist,
2.9 for the Tactician and 4.2 for the Executor (in its first 100 steps, while norms grow). 10 leaves twice that."""
WINDOW = 50
"""Window of the running median, accepted steps, and the number of steps before spikes are rejected: the first gradients
of a run vary widely. With a window of 100 from the 20th step on, the Executor's largest ratio was 7.2."""
MOST_IN_A_ROW = 10
"""Consecutive skipped steps that end the run, because this is no longer a single bad batch."""
MAX_CONSECUTIVE_SPIKES = 5
"""Consecutive high norms that reset the median: the norms have grown, as they do when the loss on a small recording
starts to fall (eight minutes of a game with one kind of object: from 1.5 to 17 within 20 steps)."""


class GradientGuard:
    """Decides for each step whether to take or skip it."""

    def __init__(self, max_ok_norm: float) -> None:
        """Args: harmless_norm: gradient norms up to here are never spikes (the clipping threshold)."""
        self.max_ok_norm = max_ok_norm
        self.num_skipped = 0
        self._in_a_row = self._high_in_a_row = 0
        self._norms: deque[float] = deque(maxlen=WINDOW)

    def should_step(self, loss: float, gradient_norm: float) -> bool:
        """Returns whether to take the step.

        Raises:
            TrainingError: after too many consecutive skipped steps.
        """
        reason = self._objection(loss, gradient_norm)
        is_high = reason is not None and math.isfinite(loss) and math.isfinite(gradient_norm)
        self._high_in_a_row = self._high_in_a_row + 1 if is_high else 0
        if self._high_in_a_row >= MAX_CONSECUTIVE_SPIKES:
            self._norms.clear()
            self._high_in_a_row, reason = 0, None
        if reason is None:
            self._norms.append(gradient_norm)
            self._in_a_row = 0
            return True
        self.num_skipped += 1
        self._in_a_row += 1
        if self._in_a_row >= MOST_IN_A_ROW:
            raise TrainingError(
                f"Training stopped after {MOST_IN_A_ROW} unusable steps in a row (the last because {reason}): lower "
                "--lr or check the recordings; last_model.pt holds the last good weights."
            )
        return False

    def _objection(self, loss: float, gradient_norm: float) -> str | None:
        if not math.isfinite(loss):
            return f"the loss was {loss}"
        if not math.isfinite(gradient_norm):
            return f"the gradient norm was {gradient_norm}"
        if gradient_norm > self.max_ok_norm and len(self._norms) == WINDOW:
            usual = median(self._norms)
            if gradient_norm > SPIKE_FACTOR * usual:
                return f"the gradient norm was {gradient_norm:.3g}, usually {usual:.3g}"
        return None

    def state_dict(self) -> dict[str, Any]:
        """Returns plain values for a checkpoint."""
        counts = {"num_skipped": self.num_skipped, "in_a_row": self._in_a_row, "high_in_a_row": self._high_in_a_row}
        return counts | {"norms": list(self._norms)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores `state_dict`."""
        self.num_skipped = from_plain(int, state["num_skipped"])
        self._in_a_row = from_plain(int, state["in_a_row"])
        self._high_in_a_row = from_plain(int, state.get("high_in_a_row", 0))  # absent in older runs
        self._norms = deque(from_plain(list[float], state["norms"], "norms"), maxlen=WINDOW)


class ExponentialMovingAverage:
    """Exponential moving average (EMA) of a model's weights (Polyak and Juditsky 1992)."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        """Args: decay: weight of the old average in each update, below 1; 0 copies the model."""
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        pairs = [(own, other) for own, other in zip(self.model.parameters(), model.parameters(), strict=True)]
        self._own = [own for own, _ in pairs if own.is_floating_point()]
        self._followed = [other for own, other in pairs if own.is_floating_point()]
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))

    @torch.no_grad()
    def update(self, num_steps: int) -> None:
        """Updates the average after the model's `num_steps`-th step.

        The decay rises as (1 + n) / (10 + n), so that the initial weights do not dominate a short run (as in
        TensorFlow's ExponentialMovingAverage). Buffers are copied: they are statistics already.
        """
        decay = min(self.decay, (1 + num_steps) / (10 + num_steps))
        move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        move(self._own, self._followed, 0)
        for own, other in self._buffers:
            own.copy_(other)


@dataclass(frozen=True)
class StepResult:
    """Result of one optimisation step."""

    loss: float
    gradient_norm: float
    """Gradient norm before clipping."""
    is_taken: bool
    """False if the guard skipped the step: the weights are unchanged."""


def guarded_step(
    loss: Tensor,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    guard: GradientGuard,
    average: ExponentialMovingAverage,
    gradient_clip: float,
    num_steps: int,
) -> StepResult:
    """Backpropagates, clips the gradient's norm, takes the step unless the guard skips it, and updates the EMA.

    Args:
        loss: a scalar with gradients.
        model: trained in place; its gradients are cleared afterwards.
        optimizer: of the model's parameters.
        guard: checks loss and norm.
        average: EMA of the model; unchanged if the step is skipped.
        gradient_clip: largest gradient norm (Pascanu et al. 2013, arXiv 1211.5063).
        num_steps: number of steps of the average, including this one.

    Raises:
        TrainingError: after too many consecutive skipped steps.
    """
    torch.autograd.backward(loss)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), gradient_clip)
    # One transfer for both numbers: each wait for the device costs as much as a small model's step.
    loss_value, norm_value = torch.stack([loss.detach().float(), norm.float()]).tolist()
    is_taken = guard.should_step(loss_value, norm_value)
    if is_taken:
        optimizer.step()
        average.update(num_steps)
    optimizer.zero_grad(set_to_none=True)
    return StepResult(loss_value, norm_value, is_taken)


def warmup_cosine_lr(
    step: int, num_steps: int, peak: float, warmup_fraction: float, final_fraction: float = 0.01
) -> float:
    """Returns the learning rate of one step.

    Args:
        step: steps taken before this one, 0..num_steps - 1.
        num_steps: steps of the whole run.
        peak: highest learning rate, reached at the end of the warm-up.
        warmup_fraction: fraction of the run with a linear warm-up; the first step's rate is above zero.
        final_fraction: final learning rate as a fraction of `peak`.
    """
    warmup = round(warmup_fraction * num_steps)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1, num_steps - 1 - warmup))
    return peak * (final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + math.cos(math.pi * done)))
