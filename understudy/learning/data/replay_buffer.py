"""The newest samples of play, thinned so that a few thousand of them are many minutes.

Ticks in which something begins are rare. Each of them is kept, and one of REST_STRIDE of the others, which then stands
for that many: the hazards stay calibrated, and 5000 samples are some 20 minutes of play rather than four.
"""

import torch
from torch import Tensor

from understudy.learning.data.executor_batch import ExecutorBatch, concatenate

IDLE_STRIDE = 6
"""Of ticks without an onset one in so many is kept, and weighted as many times."""


class ReplayBuffer:
    """Samples and how many ticks each stands for. Used by one thread."""

    def __init__(self, limit: int | None, generator: torch.Generator) -> None:
        """Args: `limit`, the most samples that are kept, None for all; `generator`, for thinning and drawing."""
        self._limit, self._generator = limit, generator
        self._parts: list[tuple[ExecutorBatch, Tensor]] = []
        self._num = 0

    def __len__(self) -> int:
        return self._num if self._limit is None else min(self._num, self._limit)

    def add(self, samples: ExecutorBatch) -> None:
        """Thins samples and puts them in; the oldest make room."""
        has_onset = samples.has_onset
        offset = int(torch.randint(0, IDLE_STRIDE, (1,), generator=self._generator))
        kept = has_onset | ((torch.arange(len(samples)) + offset) % IDLE_STRIDE == 0)
        chosen = torch.nonzero(kept)[:, 0]
        weight = torch.where(has_onset[chosen], 1.0, float(IDLE_STRIDE))
        self._parts.append((samples.index(chosen), weight))
        self._num += len(chosen)
        while self._limit is not None and self._num - len(self._parts[0][1]) >= self._limit:
            self._num -= len(self._parts.pop(0)[1])

    def all(self) -> tuple[ExecutorBatch, Tensor]:
        """All samples, oldest first, and how many ticks each stands for."""
        if len(self._parts) > 1:
            samples = concatenate([part for part, _ in self._parts])
            weight = torch.cat([weight for _, weight in self._parts])
            self._parts = [(samples, weight)]
        samples, weight = self._parts[0]
        if self._limit is not None and self._num > self._limit:
            samples, weight = samples.index(slice(-self._limit, None)), weight[-self._limit :]
            self._parts, self._num = [(samples, weight)], self._limit
        return samples, weight

    def sample_indices(self, count: int) -> Tensor:
        """Random indices into `contents`, with replacement."""
        return torch.randint(0, len(self), (count,), generator=self._generator)
