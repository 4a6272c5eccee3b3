"""Episodes of a dataset, in memory or on disk, one loaded at a time, with a summary of each that needs no loading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from jaxtyping import Bool

from understudy.contract.intent import NUM_MODES
from understudy.learning.data.labelled_episode import LabelledEpisode


@dataclass(frozen=True, kw_only=True)
class EpisodeSummary:
    """Counts and sums of one labelled episode; those of labels are over its training targets."""

    num_ticks: int
    num_taught: int
    """Ticks that are training targets."""
    num_filled: int
    """Ticks that were missed in the recording and filled in."""
    num_onsets: int
    """Training targets in which a gesture begins or a key goes down."""
    num_gestures: int
    mode_counts: tuple[int, ...]
    future_sum: tuple[float, ...]
    future_square_sum: tuple[float, ...]


def summarize(labelled: LabelledEpisode) -> EpisodeSummary:
    """Summarises one episode."""
    taught = labelled.taught_ticks
    onset = (labelled.gesture_index >= 0) | labelled.key_onsets.any(axis=1)
    future = labelled.labels.future_summary[taught].astype(np.float64)
    return EpisodeSummary(
        num_ticks=len(labelled),
        num_taught=len(taught),
        num_filled=0 if labelled.filled is None else int(labelled.filled.sum()),
        num_onsets=int(onset[taught].sum()),
        num_gestures=len(labelled.labels.gestures),
        mode_counts=tuple(np.bincount(labelled.labels.modes[taught], minlength=NUM_MODES).tolist()),
        future_sum=tuple(future.sum(axis=0).tolist()),
        future_square_sum=tuple((future**2).sum(axis=0).tolist()),
    )


class Episodes(Sequence[LabelledEpisode]):
    """Episodes in memory; a subclass reads them from disk, one at a time."""

    def __init__(self, episodes: Sequence[LabelledEpisode]) -> None:
        self._episodes = episodes

    def __len__(self) -> int:
        return len(self._episodes)

    @overload
    def __getitem__(self, number: int) -> LabelledEpisode: ...
    @overload
    def __getitem__(self, number: slice) -> "Episodes": ...
    def __getitem__(self, number: int | slice) -> "LabelledEpisode | Episodes":
        return Episodes(self._episodes[number]) if isinstance(number, slice) else self._episodes[number]

    @property
    def summaries(self) -> Sequence[EpisodeSummary]:
        """Returns the summary of each episode."""
        return [summarize(labelled) for labelled in self._episodes]

    def train_mask(self, number: int) -> Bool[np.ndarray, " T"] | None:
        """Returns the mask of training targets of one episode; None if all ticks are."""
        return self._episodes[number].train_mask

    def hand(self, number: int) -> tuple[np.ndarray, np.ndarray, Bool[np.ndarray, " T"] | None]:
        """Returns actions, gestures and the mask of filled ticks (None without any) of one episode."""
        labelled = self._episodes[number]
        return labelled.actions, labelled.labels.gestures, labelled.filled

    def joined(self, others: "Episodes") -> "Episodes":
        """Returns these episodes followed by others."""
        return _Joined(self, others)


class _Joined(Episodes):
    """Episodes of two sources."""

    def __init__(self, first: Episodes, second: Episodes) -> None:
        self._sources = first, second
        self._places = [(source, number) for source in self._sources for number in range(len(source))]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, number: int) -> LabelledEpisode: ...
    @overload
    def __getitem__(self, number: slice) -> Episodes: ...
    def __getitem__(self, number: int | slice) -> LabelledEpisode | Episodes:
        if isinstance(number, slice):
            return Episodes([source[at] for source, at in self._places[number]])
        source, at = self._places[number]
        return source[at]

    def __iter__(self) -> Iterator[LabelledEpisode]:
        for source in self._sources:
            yield from source

    @property
    def summaries(self) -> Sequence[EpisodeSummary]:
        return [summary for source in self._sources for summary in source.summaries]

    def train_mask(self, number: int) -> Bool[np.ndarray, " T"] | None:
        source, at = self._places[number]
        return source.train_mask(at)

    def hand(self, number: int) -> tuple[np.ndarray, np.ndarray, Bool[np.ndarray, " T"] | None]:
        source, at = self._places[number]
        return source.hand(at)


def episodes_of(source: Sequence[LabelledEpisode]) -> Episodes:
    """Returns the source itself, or a list of episodes in memory as Episodes."""
    return source if isinstance(source, Episodes) else Episodes(source)
