"""One optimisation step for all that learns (`guarded_step`), and its parts: guard, moving average, learning rate.

The guard keeps one bad batch from ruining a run: a step that is not a number, or far out of line, is not taken.

A batch whose loss or gradient is NaN or infinite would destroy the weights for good. A gradient norm far above its
recent median is nearly always a bad batch too (a corrupt recording, a division by almost nothing); clipping alone
still lets it choose the direction of a full step and fills Adam's second moments. Adam then crawls for hundreds of
steps. The median, unlike a mean, is not moved by the spikes it is to find.

An exponential moving average of a model's weights: the one that is validated, saved as best and played.

Learning rate over a run: a linear warm-up, then half a cosine. A pure function of the step, so it needs no state.
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
"""Accepted steps that the median looks back on, and that must have passed before spikes are judged at all: the first
gradients of a run are wild by nature. With a look back of 100 from the 20th step on, the Executor came to 7.2."""
MOST_IN_A_ROW = 10
"""Steps skipped one after another that end the run: this is no longer one bad batch."""
MAX_CONSECUTIVE_SPIKES = 5
"""So many high norms in a row are no bad batches: the norms have grown, as they do when a small recording begins to be
learnt after the first, slow steps (eight minutes of a game with one kind of object: from 1.5 to 17 within 20 steps).
What is usual is then found anew."""


class GradientGuard:
    """Judges each step before it is taken."""

    def __init__(self, max_ok_norm: float) -> None:
        """Args: harmless_norm: gradient norms up to here are never spikes (the clipping threshold)."""
        self.max_ok_norm = max_ok_norm
        self.num_skipped = 0
        self._in_a_row = self._high_in_a_row = 0
        self._norms: deque[float] = deque(maxlen=WINDOW)

    def should_step(self, loss: float, gradient_norm: float) -> bool:
        """Whether to take the step.

        Raises:
            TrainingError: when too many in a row were refused.
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
        """Plain values, for a checkpoint."""
        counts = {"num_skipped": self.num_skipped, "in_a_row": self._in_a_row, "high_in_a_row": self._high_in_a_row}
        return counts | {"norms": list(self._norms)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.num_skipped = from_plain(int, state["num_skipped"])
        self._in_a_row = from_plain(int, state["in_a_row"])
        self._high_in_a_row = from_plain(int, state.get("high_in_a_row", 0))  # runs begun before it was counted
        self._norms = deque(from_plain(list[float], state["norms"], "norms"), maxlen=WINDOW)


class ExponentialMovingAverage:
    """Follows a model's weights at a distance."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        """Args: decay: part of the average that one step keeps, below 1; 0 follows the model exactly."""
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        pairs = [(own, other) for own, other in zip(self.model.parameters(), model.parameters(), strict=True)]
        self._own = [own for own, _ in pairs if own.is_floating_point()]
        self._followed = [other for own, other in pairs if own.is_floating_point()]
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))

    @torch.no_grad()
    def update(self, num_steps: int) -> None:
        """Moves towards the model after its `num_steps`-th step.

        The decay climbs as (1 + n) / (10 + n), so that a short run is not held back by its random beginning
        (TensorFlow's ExponentialMovingAverage does the same). Buffers are copied: they are statistics already.
        """
        decay = min(self.decay, (1 + num_steps) / (10 + num_steps))
        move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        move(self._own, self._followed, 0)
        for own, other in self._buffers:
            own.copy_(other)


@dataclass(frozen=True)
class StepResult:
    """One optimisation step."""

    loss: float
    gradient_norm: float
    """Before clipping."""
    is_taken: bool
    """False where the guard refused it: the weights are as before."""


def guarded_step(
    loss: Tensor,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    guard: GradientGuard,
    average: ExponentialMovingAverage,
    gradient_clip: float,
    num_steps: int,
) -> StepResult:
    """Backpropagates, clips the gradient's norm, steps if the guard lets it, and moves the average.

    Args:
        loss: a scalar with gradients.
        model: what is trained; its gradients are cleared afterwards.
        optimizer: of the model's parameters.
        guard: judges loss and norm.
        average: follows the model; not moved where the step is not taken.
        gradient_clip: longest gradient that is followed (Pascanu et al. 2013, arXiv 1211.5063).
        num_steps: of the average, this one included.

    Raises:
        TrainingError: after too many unusable steps in a row.
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
    """The learning rate of one step.

    Args:
        step: steps taken before this one, 0..num_steps - 1.
        num_steps: steps of the whole run.
        peak: highest learning rate, reached at the end of the warm-up.
        warmup_fraction: part of the run that climbs linearly; at least one step is never at zero.
        final_fraction: part of `peak` where the cosine ends.
    """
    warmup = round(warmup_fraction * num_steps)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1, num_steps - 1 - warmup))
    return peak * (final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + math.cos(math.pi * done)))
