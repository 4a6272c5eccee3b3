"""An exponential moving average of a model's weights: the one that is validated, saved as best and played."""

import copy

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
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
