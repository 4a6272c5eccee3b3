"""Parts of a dataset: groups of whole episodes, of which training holds one in memory at a time.

An epoch goes through the parts in a random order and through each part's samples in a random order (shuffling within
shards, as readers of large datasets do). Up to PART_HOURS of play is one part, in the order of a dataset in memory.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ

PART_HOURS = 3.0
"""Largest part, hours of play; about 170 MB an hour for the Executor, and the next part is read meanwhile."""
PART_TICKS = round(PART_HOURS * 3600 * TICK_RATE_HZ)

PartT = TypeVar("PartT")


def split_into_parts(num_ticks: Sequence[int], most_ticks: int | None = PART_TICKS) -> list[list[int]]:
    """Groups episodes into parts of nearly equal length; several parts are drawn from all sessions at random.

    Args:
        num_ticks: of each episode.
        most_ticks: of a part, if no single episode is longer; None for one part.

    Returns:
        Numbers of the episodes of each part. The same for the same lengths.
    """
    total = sum(num_ticks)
    if most_ticks is None or total <= most_ticks:
        return [list(range(len(num_ticks)))]
    count = -(-total // most_ticks)
    parts: list[list[int]] = [[] for _ in range(count)]
    lengths = [0] * count
    for number in np.random.default_rng(0).permutation(len(num_ticks)).tolist():
        shortest = lengths.index(min(lengths))
        parts[shortest].append(number)
        lengths[shortest] += num_ticks[number]
    return [sorted(part) for part in parts if part]


class PartLoader(Generic[PartT]):
    """Holds one part, and loads the next on a thread meanwhile."""

    def __init__(self, load: Callable[[int], PartT]) -> None:
        """Args: load: makes a part from its number; called on this thread or on the loader's."""
        self._load = load
        self._held: tuple[int, PartT] | None = None
        self._coming: tuple[int, Future[PartT]] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def get(self, number: int, upcoming: int | None) -> PartT:
        """Returns a part, and begins to load the one that will be wanted next.

        Args:
            number: of the part.
            upcoming: number of the next part; None if none is known.
        """
        if self._held is None or self._held[0] != number:
            self._held = None  # frees its memory before the next is loaded
            part = self._coming[1].result() if self._coming and self._coming[0] == number else self._load(number)
            self._held, self._coming = (number, part), None
        if upcoming is not None and upcoming != number and (self._coming is None or self._coming[0] != upcoming):
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, "part loader")
            self._coming = upcoming, self._thread.submit(self._load, upcoming)
        return self._held[1]
