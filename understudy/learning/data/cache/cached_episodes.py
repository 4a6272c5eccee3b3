"""Episodes that lie in the cache, read from it one at a time; an entry that turns out to be unusable is made again."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar, overload

import numpy as np
from jaxtyping import Bool

from understudy.contract.errors import TrainingError
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.entry_file import TornEntryError
from understudy.learning.data.cache.episode_entry import read_episode_entry, read_hand, read_train_mask
from understudy.learning.data.cache.recording_entry import CacheJob, Stretch, cache_recording
from understudy.learning.data.episodes import Episodes, EpisodeSummary
from understudy.learning.data.labelled_episode import LabelledEpisode

_log = logging.getLogger(__name__)
ReadT = TypeVar("ReadT")


class CachedEpisodes(Episodes):
    """Stretches of recordings whose entries have been made."""

    def __init__(self, cache: EpisodeCache, stretches: Sequence[Stretch], summaries: Sequence[EpisodeSummary]) -> None:
        """Args: summaries: one for each stretch."""
        self.cache = cache
        self.stretches = stretches
        self._summaries = summaries

    def __len__(self) -> int:
        return len(self.stretches)

    @overload
    def __getitem__(self, number: int) -> LabelledEpisode: ...
    @overload
    def __getitem__(self, number: slice) -> "CachedEpisodes": ...
    def __getitem__(self, number: int | slice) -> "LabelledEpisode | CachedEpisodes":
        if isinstance(number, slice):
            return CachedEpisodes(self.cache, self.stretches[number], self._summaries[number])
        stretch = self.stretches[number]
        labelled = self._read(stretch, lambda: read_episode_entry(stretch.entry(self.cache)))
        if len(labelled) != len(stretch):
            raise TrainingError(f"{stretch.entry(self.cache)} is not of this recording: delete it, and start again.")
        return labelled

    @property
    def summaries(self) -> Sequence[EpisodeSummary]:
        return self._summaries

    def train_mask(self, number: int) -> Bool[np.ndarray, " T"] | None:
        stretch, summary = self.stretches[number], self._summaries[number]
        if summary.num_taught == summary.num_ticks:
            return None
        return self._read(stretch, lambda: read_train_mask(stretch.entry(self.cache)))

    def hand(self, number: int) -> tuple[np.ndarray, np.ndarray, Bool[np.ndarray, " T"] | None]:
        """Returns actions, gestures and filled ticks of one episode."""
        stretch = self.stretches[number]
        return self._read(stretch, lambda: read_hand(stretch.entry(self.cache)))

    def _read(self, stretch: Stretch, read: Callable[[], ReadT]) -> ReadT:
        try:
            return read()
        except TornEntryError as problem:
            _log.warning("%s; it is made again.", problem)
        stretch.entry(self.cache).with_suffix(".json").unlink(missing_ok=True)
        cache_recording(CacheJob(self.cache.root, stretch.path, stretch.recording_hash, (stretch,)))
        try:
            return read()
        except TornEntryError as problem:
            raise TrainingError(f"{problem}: the cache cannot be used, give another --cache-dir.") from problem
