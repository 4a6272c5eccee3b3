"""Caches one recording: its outline, by which a dataset is split, and an entry for each of its segments.

A worker process does it for a whole recording, which it reads once. A segment of which only a piece is wanted (the
beginning of a session whose end is held out) is encoded for itself, because labels must not see across the cut.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import RecordingError, WireError
from understudy.contract.profile import Profile
from understudy.contract.safe_files import replace_bytes
from understudy.contract.serialization import from_plain, to_plain
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.entry_file import TornEntryError
from understudy.learning.data.cache.episode_entry import write_episode_entry
from understudy.learning.data.dataset import contiguous_segments, expert_segments
from understudy.learning.data.episodes import EpisodeSummary, summarize
from understudy.learning.data.interventions import has_interventions, label_shared_episode
from understudy.learning.data.labelled_episode import LabelledEpisode, label_stretch
from understudy.recordings.episode import Episode
from understudy.recordings.store import read_episode, require_perceived

OUTLINE = "outline.json"
PlainT = TypeVar("PlainT")


@dataclass(frozen=True, kw_only=True)
class RecordingOutline:
    """What a dataset needs to know of a recording before it is split."""

    profile: Profile
    has_interventions: bool
    losses: tuple[str, ...]
    experts: tuple[int, ...]
    """Ticks of each segment in which a person or the teacher acted (`expert_segments`)."""
    shared: tuple[int, ...]
    """Ticks of each segment of any actor (`contiguous_segments`), 0 for one without interventions."""


@dataclass(frozen=True)
class Stretch:
    """Ticks `begin` to `end` (exclusive) of one segment of a recording, missed ticks counted."""

    path: Path
    recording_hash: str
    kind: str
    """`expert`, or `shared` for a session with interventions."""
    segment: int
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def __getitem__(self, ticks: slice) -> "Stretch":
        begin, end, _ = ticks.indices(len(self))
        return Stretch(
            self.path, self.recording_hash, self.kind, self.segment, self.begin + begin, self.begin + max(begin, end)
        )

    def entry(self, cache: EpisodeCache) -> Path:
        """Returns the path of its entry; its summary is beside it."""
        return cache.folder_of(self.recording_hash) / f"{self.kind}_{self.segment}_{self.begin}_{self.end}.npz"


@dataclass(frozen=True, kw_only=True)
class _Summary:
    """The file beside an entry."""

    num_bytes: int
    summary: EpisodeSummary


def read_outline(cache: EpisodeCache, recording_hash: str) -> RecordingOutline | None:
    """Reads the outline of a recording; None if it is not in the cache."""
    return _read(RecordingOutline, cache.folder_of(recording_hash) / OUTLINE)


def read_summary(cache: EpisodeCache, stretch: Stretch) -> EpisodeSummary | None:
    """Reads the summary of a stretch; None if its entry is missing or torn."""
    entry = stretch.entry(cache)
    found = _read(_Summary, entry.with_suffix(".json"))
    try:
        whole = found is not None and entry.stat().st_size == found.num_bytes
    except OSError:
        return None
    if found is None or not whole or found.summary.num_ticks != len(stretch):
        return None
    return found.summary


def _read(kind: type[PlainT], path: Path) -> PlainT | None:
    try:
        return from_plain(kind, parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, WireError):
        return None


@dataclass(frozen=True)
class CacheJob:
    """One recording to cache, as a part for a worker."""

    root: Path
    path: Path
    recording_hash: str
    stretches: tuple[Stretch, ...] | None = None
    """What is missing; None for the outline and all whole segments."""


def cache_recording(job: CacheJob) -> None:
    """Writes what is missing of one recording.

    Raises:
        RecordingError: if it cannot be read, or has changed since it was hashed.
        OSError: if the cache cannot be written.
    """
    cache = EpisodeCache(job.root)
    if cache.content_hash(job.path) != job.recording_hash:
        raise RecordingError(f"{job.path} has changed while it was read: start again")
    episode = read_episode(job.path)
    require_perceived(job.path, episode)
    segments = _Segments(episode)
    stretches = job.stretches
    if stretches is None:
        outline = segments.outline()
        lengths = outline.shared if outline.has_interventions else outline.experts
        kind = "shared" if outline.has_interventions else "expert"
        stretches = tuple(
            Stretch(job.path, job.recording_hash, kind, number, 0, length)
            for number, length in enumerate(lengths)
            if length
        )
    for stretch in stretches:
        if read_summary(cache, stretch) is None:
            _write_entry(stretch.entry(cache), segments.label(stretch))
    if job.stretches is None:  # last: an outline says that the segments' entries were made
        folder = cache.folder_of(job.recording_hash)
        folder.mkdir(parents=True, exist_ok=True)
        replace_bytes(folder / OUTLINE, json.dumps(to_plain(outline)).encode())


def _write_entry(path: Path, labelled: LabelledEpisode) -> None:
    num_bytes = write_episode_entry(path, labelled)
    summary = _Summary(num_bytes=num_bytes, summary=summarize(labelled))
    replace_bytes(path.with_suffix(".json"), json.dumps(to_plain(summary)).encode())


class _Segments:
    """The segments of one recording, cut on first use."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self._cut: dict[str, list[Episode]] = {}

    def _of(self, kind: str) -> list[Episode]:
        if kind not in self._cut:
            cut: Callable[[Episode], list[Episode]] = expert_segments if kind == "expert" else contiguous_segments
            self._cut[kind] = cut(self._episode)
        return self._cut[kind]

    def outline(self) -> RecordingOutline:
        shared = has_interventions(self._episode)
        return RecordingOutline(
            profile=self._episode.info.profile,
            has_interventions=shared,
            losses=self._episode.losses,
            experts=tuple(map(len, self._of("expert"))),
            shared=tuple(len(part) * has_interventions(part) for part in self._of("shared")) if shared else (),
        )

    def label(self, stretch: Stretch) -> LabelledEpisode:
        segments = self._of(stretch.kind)
        if not (stretch.segment < len(segments) and stretch.end <= len(segments[stretch.segment])):
            raise TornEntryError(f"{stretch} is not in its recording")
        part, profile = segments[stretch.segment], self._episode.info.profile
        if len(stretch) < len(part):
            part = part[stretch.begin : stretch.end]
        return label_stretch(part, profile) if stretch.kind == "expert" else label_shared_episode(part, profile)
