"""Replay buffer (Lin 1992) of the newest samples, with ticks without an onset subsampled.

Onsets are rare. Each tick with one is kept, and one of IDLE_STRIDE others with that weight (importance sampling): the
hazards stay calibrated, and 5000 samples are about 20 minutes of play rather than four.
"""

import torch
from torch import Tensor

from understudy.learning.data.executor_batch import ExecutorBatch, concatenate

IDLE_STRIDE = 6
"""One of this many ticks without an onset is kept, with this weight."""


class ReplayBuffer:
    """Samples and their weights. Used by one thread."""

    def __init__(self, limit: int | None, generator: torch.Generator) -> None:
        """Args: `limit`, capacity in samples, None for unlimited; `generator`, for subsampling and drawing."""
        self._limit, self._generator = limit, generator
        self._parts: list[tuple[ExecutorBatch, Tensor]] = []
        self._num = 0

    def __len__(self) -> int:
        return self._num if self._limit is None else min(self._num, self._limit)

    def add(self, samples: ExecutorBatch) -> None:
        """Subsamples and adds samples; evicts the oldest."""
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
        """Returns all samples, oldest first, and their weights."""
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
        """Draws random indices into the samples, with replacement."""
        return torch.randint(0, len(self), (count,), generator=self._generator)
