"""Dataset for behaviour cloning: finds recordings, cuts them into segments, splits by session, encodes and labels.

Training targets are the actions of a person or the teacher alone. Whole sessions are held out, because neighbouring
ticks are nearly equal: a random split would leak training data into validation. Shared-control sessions hold a person's
corrections in short takeovers (DAgger, Ross et al. 2011): they are always in the training split.
"""

import functools
import hashlib
import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Bool

from understudy.contract.errors import TooLittlePlayError, TrainingError
from understudy.contract.game.older_profiles import DECLARED
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile, differences
from understudy.learning.data.episodes import EpisodeSummary, episodes_of
from understudy.learning.data.interventions import EXPERT_ACTORS, has_interventions, label_shared_episode
from understudy.learning.data.labelled_episode import LabelledEpisode, label_stretch
from understudy.learning.data.tick_grid import fill_missed_ticks
from understudy.policies.declared.feature_layout import layout_of
from understudy.recordings.episode import LARGEST_STEP_S, SHORTEST_S, Episode
from understudy.recordings.store import finished_recordings, read_episode, require_perceived

_log = logging.getLogger(__name__)

HELD_OUT_SHARE = 0.15
"""Target fraction of the validation split, of all ticks."""
LARGEST_HELD_OUT_SHARE = 0.34
"""Largest fraction for holding out a whole session; a larger one would leave too little to train on."""
MOST_HELD_OUT_H = 2.0
"""Largest validation split, hours of play: more of it would only cost time."""
SHORT_H = 0.5
"""Hours of play below which a second pass also trains on the validation split (`supervised.train_policy`)."""
GAP_S = 60.0
"""Gap between training and validation ticks of one session: the Strategist's input window."""
LEAST_TRAINING_S = 60.0
"""Minimum of training data, the Strategist's input window; with less there is no sample."""


@runtime_checkable
class Ticks(Protocol):
    """A run of ticks that can be measured and cut: an Episode, or the place of one on disk."""

    def __len__(self) -> int: ...
    def __getitem__(self: "TicksT", ticks: slice, /) -> "TicksT": ...


TicksT = TypeVar("TicksT", bound=Ticks)


@dataclass(frozen=True)
class Dataset:
    """Training and validation data of the three policies."""

    train: Sequence[LabelledEpisode]
    validation: Sequence[LabelledEpisode]
    profile: Profile
    paths: list[Path]
    data_hash: str
    """Hash of the recordings' content, independent of names and order."""
    split_description: str
    """How the validation split was chosen, one sentence for the user."""

    @property
    def is_small(self) -> bool:
        """Whether a second pass also trains on the validation split."""
        return is_small(self._num_ticks)

    @property
    def with_validation_merged(self) -> "Dataset":
        """Returns a copy that trains on the validation split too, whose metrics are then optimistic."""
        return replace(self, train=episodes_of(self.train).joined(episodes_of(self.validation)))

    @property
    def hours(self) -> float:
        """Hours of play, filled-in ticks included."""
        return self._num_ticks / TICK_RATE_HZ / 3600.0

    @property
    def num_filled(self) -> int:
        """Number of missed ticks that were filled in: context, but no training targets."""
        return sum(summary.num_filled for summary in self._summaries)

    @property
    def recorded_hours(self) -> float:
        """Hours of recorded ticks, which are the training targets."""
        return (self._num_ticks - self.num_filled) / TICK_RATE_HZ / 3600.0

    @property
    def _num_ticks(self) -> int:
        return sum(summary.num_ticks for summary in self._summaries)

    @functools.cached_property
    def _summaries(self) -> list[EpisodeSummary]:
        return [*episodes_of(self.train).summaries, *episodes_of(self.validation).summaries]


def is_small(num_ticks: int) -> bool:
    """Returns whether a dataset is so small that a held-out session contains much that occurs nowhere else."""
    return num_ticks / TICK_RATE_HZ / 3600.0 < SHORT_H


def load_dataset(place: Path | None, progress: Callable[[int, int], None] | None = None) -> Dataset:
    """Reads, splits, encodes and labels all finished recordings of a folder or file.

    Args:
        place: a folder or file; None for the default folders.
        progress: called with the number of recordings read and their total.

    Raises:
        NoRecordingsError: if there are none.
        RecordingError: if one cannot be read.
        TrainingError: if they are too short, or of different games.
    """
    paths = finished_recordings(place)
    sessions, hashes = [], []
    for number, path in enumerate(paths, 1):
        episode = read_episode(path)
        require_perceived(path, episode)
        for loss in episode.losses:
            _log.warning("%s: %s.", path, loss.rstrip("."))
        sessions.append(episode)
        hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
        if progress is not None:
            progress(number, len(paths))
    profile = one_profile(paths, [session.info.profile for session in sessions])
    alone = [not has_interventions(session) for session in sessions]
    if not any(alone):
        alone = [True] * len(sessions)  # all sessions are shared: their longer segments are split like any other
    chosen = [number for number, is_alone in enumerate(alone) if is_alone]
    train, held_out, split = split_sessions(
        [expert_segments(sessions[number]) for number in chosen], [hashes[number] for number in chosen]
    )
    refuse_too_little(train, held_out)
    shared = [
        part for number, session in enumerate(sessions) if not alone[number] for part in contiguous_segments(session)
    ]
    return Dataset(
        train=[
            *(label_stretch(stretch, profile) for stretch in train),
            *(label_shared_episode(part, profile) for part in shared if has_interventions(part)),
        ],
        validation=[label_stretch(stretch, profile) for stretch in held_out],
        profile=profile,
        paths=paths,
        data_hash=hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()[:16],
        split_description=split,
    )


def expert_segments(episode: Episode) -> list[Episode]:
    """Returns the contiguous segments of a session in which a person or the teacher acted, missed ticks filled in."""
    taught = np.isin(episode.actors, EXPERT_ACTORS)
    found = [part for part in _cut(episode, taught[1:] != taught[:-1]) if part.actors[0] in EXPERT_ACTORS]
    stretches = map(fill_missed_ticks, found)
    return [stretch for stretch in stretches if len(stretch) >= SHORTEST_S * TICK_RATE_HZ]


def contiguous_segments(episode: Episode) -> list[Episode]:
    """Returns the segments of a session between time jumps, of any actor, missed ticks filled in."""
    return list(map(fill_missed_ticks, _cut(episode, np.zeros(max(len(episode) - 1, 0), bool))))


def _cut(episode: Episode, also: Bool[np.ndarray, " t"]) -> list[Episode]:
    """Splits an episode at time jumps and after the ticks marked in `also`."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps_s = np.diff(episode.observations["time_s"])
    follows = (steps_s > 0) & (steps_s <= LARGEST_STEP_S)  # False for NaN
    broken = np.flatnonzero(~follows | also) + 1
    return [episode[begin:end] for begin, end in itertools.pairwise([0, *broken.tolist(), len(episode)]) if end > begin]


def split_sessions(
    sessions: Sequence[Sequence[TicksT]], hashes: Sequence[str]
) -> tuple[list[TicksT], list[TicksT], str]:
    """Returns training segments, validation segments, and a sentence on how they were chosen.

    Args:
        sessions: the segments of each session.
        hashes: one per session; their order selects the validation split, so a new recording moves few others.
    """
    usable = [(hash_, list(parts)) for hash_, parts in zip(hashes, sessions, strict=True) if parts]
    total = sum(_ticks(parts) for _, parts in usable)
    chosen = _choose(usable, total)
    if chosen:
        train = [part for number, (_, parts) in enumerate(usable) if number not in chosen for part in parts]
        held_out = [part for number, (_, parts) in enumerate(usable) if number in chosen for part in parts]
        share = _ticks(held_out) / total
        return train, held_out, f"{len(chosen)} of {len(usable)} sessions are held out whole ({share:.0%} of the play)."
    train, held_out = list[TicksT](), list[TicksT]()
    for _, parts in usable:
        _cut_end(parts, train, held_out)
    return train, held_out, (
        f"Too few sessions to hold one out: the last {HELD_OUT_SHARE:.0%} of each is held out, after a gap of "
        f"{GAP_S:.0f} s."
    )  # fmt: skip


def _choose(usable: list[tuple[str, list[TicksT]]], total: int) -> set[int]:
    """Returns the indices of the sessions to hold out; empty if each is too large a fraction of all."""
    chosen: set[int] = set()
    held, wanted = 0, min(HELD_OUT_SHARE * total, MOST_HELD_OUT_H * 3600 * TICK_RATE_HZ)
    for number in sorted(range(len(usable)), key=lambda number: usable[number][0]):
        size = _ticks(usable[number][1])
        if held < wanted and held + size <= 2.0 * wanted:
            chosen.add(number)
            held += size
    if not chosen and len(usable) > 1:
        smallest = min(range(len(usable)), key=lambda number: _ticks(usable[number][1]))
        if _ticks(usable[smallest][1]) <= LARGEST_HELD_OUT_SHARE * total:
            chosen.add(smallest)
    return chosen


def _cut_end(parts: list[TicksT], train: list[TicksT], validation: list[TicksT]) -> None:
    """Splits one session: holds out its end and drops the gap before it."""
    shortest = round(SHORTEST_S * TICK_RATE_HZ)
    cut = _ticks(parts) - max(round(HELD_OUT_SHARE * _ticks(parts)), shortest)
    learnt_until = cut - round(GAP_S * TICK_RATE_HZ)
    offset = 0
    for part in parts:
        before, after = part[: max(0, learnt_until - offset)], part[max(0, cut - offset) :]
        offset += len(part)
        if len(before) >= shortest:
            train.append(before)
        if len(after) >= shortest:
            validation.append(after)


def _ticks(parts: Sequence[Ticks]) -> int:
    return sum(map(len, parts))


def one_profile(paths: Sequence[Path], profiles: Sequence[Profile]) -> Profile:
    """Returns the profile of all recordings: where some were made before the last gauges, switches or selectors were
    declared, that of the others.

    Raises:
        TrainingError: if two differ, or what was added has features of its own.
    """
    whole = max(profiles, key=lambda profile: sum(len(getattr(profile, name)) for name in DECLARED))
    for path, profile in zip(paths, profiles, strict=True):
        if not _is_earlier(profile, whole):
            first = paths[profiles.index(whole)]
            raise TrainingError(
                f"{first} and {path} were recorded with different game profiles (they differ in "
                f"{', '.join(differences(whole, profile))}) and cannot be learnt together: train from one folder per "
                "profile, with --data_dir."
            )
    return whole


def _is_earlier(profile: Profile, whole: Profile) -> bool:
    """Returns whether a profile is `whole`, or was it before its last readings were declared, which had no value then
    and change no width of features."""
    begins = {name: getattr(whole, name)[: len(getattr(profile, name))] for name in DECLARED}
    return profile == whole or (profile == replace(whole, **begins) and layout_of(profile) == layout_of(whole))


def refuse_too_little(train: Sequence[Ticks], validation: Sequence[Ticks]) -> None:
    """Raises TooLittlePlayError if the stretches are too short to train on."""
    longest = max(map(len, train), default=0)
    if longest < LEAST_TRAINING_S * TICK_RATE_HZ or not validation:
        minutes = (_ticks(train) + _ticks(validation)) / TICK_RATE_HZ / 60.0
        raise TooLittlePlayError(
            f"The recordings hold {minutes:.1f} minutes of unbroken play by a person or the teacher, the longest "
            f"training stretch {longest / TICK_RATE_HZ:.0f} s; training needs at least 3 minutes and a stretch of at "
            f"least {LEAST_TRAINING_S:.0f} s without a break of more than half a second",
            "record more with  understudy play --record  or  understudy record --teacher hunter .",
        )
