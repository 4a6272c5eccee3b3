"""Loads a dataset through the cache: what is missing is encoded in parallel, and nothing else of it is read yet."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from understudy.contract.errors import TrainingError
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.worker_pool import InProcess, PartExecutor, add_progress, run_parts
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_episodes import CachedEpisodes
from understudy.learning.data.cache.recording_entry import (
    CacheJob,
    RecordingOutline,
    Stretch,
    cache_recording,
    read_outline,
    read_summary,
)
from understudy.learning.data.dataset import Dataset, one_profile, refuse_too_little, split_sessions
from understudy.recordings.store import finished_recordings

_log = logging.getLogger(__name__)
FEW_BYTES = 40_000_000
"""Size of recordings, about three hours, that are encoded in this process: to start others would take longer."""


def load_cached_dataset(
    place: Path | None,
    cache: EpisodeCache,
    progress: Callable[[int, int], None] | None = None,
    processes: int = 1,
) -> Dataset:
    """Like `load_dataset`, with episodes that stay on disk until they are used.

    The split and the data's hash are those of `load_dataset`; features are in half precision.

    Args:
        place: a folder or file; None for the default folders.
        cache: holds the episodes; what is missing in it is made.
        progress: called with the number of recordings that are ready and their total.
        processes: how many encode at the same time; does not change the result.

    Raises:
        NoRecordingsError: if there are none.
        RecordingError: if one cannot be read.
        TrainingError: if they are too short, or of different games, or the cache cannot be written.
    """
    paths = finished_recordings(place)
    try:
        with part_executor(processes) as executor:
            return _load(paths, cache, _Progress(progress, len(paths)), executor)
    except OSError as problem:
        raise TrainingError(
            f"The cache in {cache.root} cannot be written ({problem.strerror or problem}): free space there, give "
            "another --cache-dir, or --no-cache."
        ) from problem


def _load(paths: list[Path], cache: EpisodeCache, progress: "_Progress", executor: PartExecutor) -> Dataset:
    hashes = [cache.content_hash(path) for path in paths]
    cache.save_hashes()
    outlines = _outlines(paths, hashes, cache, progress, executor)
    for path, outline in zip(paths, outlines, strict=True):
        for loss in outline.losses:
            _log.warning("%s: %s.", path, loss.rstrip("."))
    profile = one_profile(paths, [outline.profile for outline in outlines])
    alone = [not outline.has_interventions for outline in outlines]
    if not any(alone):
        alone = [True] * len(paths)
    chosen = [number for number, is_alone in enumerate(alone) if is_alone]
    sessions = [_stretches(paths[number], hashes[number], "expert", outlines[number].experts) for number in chosen]
    train, held_out, split = split_sessions(sessions, [hashes[number] for number in chosen])
    refuse_too_little(train, held_out)
    shared = [
        stretch
        for number, outline in enumerate(outlines)
        if not alone[number]
        for stretch in _stretches(paths[number], hashes[number], "shared", outline.shared)
    ]
    _make_missing([*train, *shared, *held_out], cache, executor)
    for recording_hash in hashes:
        cache.mark_used(recording_hash)
    return Dataset(
        train=_episodes([*train, *shared], cache),
        validation=_episodes(held_out, cache),
        profile=profile,
        paths=paths,
        data_hash=hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()[:16],
        split_description=split,
    )


class _Progress:
    """Counts recordings that are ready."""

    def __init__(self, report: Callable[[int, int], None] | None, total: int) -> None:
        self._report, self._total, self._known = report, total, 0

    def show(self, made: int) -> None:
        if self._report is not None:
            self._report(min(self._known + made, self._total), self._total)

    def add_known(self, known: int) -> None:
        self._known += known
        self.show(0)


def _outlines(
    paths: list[Path], hashes: list[str], cache: EpisodeCache, progress: _Progress, executor: PartExecutor
) -> list[RecordingOutline]:
    """Returns the outline of each recording; caches those that have none."""
    found = [read_outline(cache, recording_hash) for recording_hash in hashes]
    jobs = [
        CacheJob(cache.root, path, recording_hash)
        for path, recording_hash, outline in zip(paths, hashes, found, strict=True)
        if outline is None
    ]
    progress.add_known(len(paths) - len(jobs))
    if jobs:
        cache.sweep()
        run_parts(_executor_for(jobs, executor), _cache_one, jobs, progress.show)
    outlines = []
    for path, recording_hash, outline in zip(paths, hashes, found, strict=True):
        made = outline or read_outline(cache, recording_hash)
        if made is None:
            raise TrainingError(f"{path} is not in the cache {cache.root}, which was just made: is it being cleared?")
        outlines.append(made)
    return outlines


def _cache_one(job: CacheJob) -> None:
    cache_recording(job)
    add_progress(1)


def _stretches(path: Path, recording_hash: str, kind: str, lengths: Sequence[int]) -> list[Stretch]:
    return [Stretch(path, recording_hash, kind, number, 0, length) for number, length in enumerate(lengths) if length]


def _make_missing(stretches: list[Stretch], cache: EpisodeCache, executor: PartExecutor) -> None:
    """Makes the entries of stretches that have none: pieces of segments, and those that were torn."""
    missing: dict[Path, list[Stretch]] = {}
    for stretch in stretches:
        if read_summary(cache, stretch) is None:
            missing.setdefault(stretch.path, []).append(stretch)
    jobs = [CacheJob(cache.root, path, parts[0].recording_hash, tuple(parts)) for path, parts in missing.items()]
    run_parts(_executor_for(jobs, executor), cache_recording, jobs)


def _executor_for(jobs: Sequence[CacheJob], executor: PartExecutor) -> PartExecutor:
    """Returns the executor, or one in this process where there is too little to start others for."""
    return InProcess() if sum(job.path.stat().st_size for job in jobs) < FEW_BYTES else executor


def _episodes(stretches: list[Stretch], cache: EpisodeCache) -> CachedEpisodes:
    found = [read_summary(cache, stretch) for stretch in stretches]
    summaries = [summary for summary in found if summary is not None]
    if len(summaries) != len(stretches):
        raise TrainingError(f"Entries of the cache {cache.root} vanished while it was made: is it being cleared?")
    return CachedEpisodes(cache, stretches, summaries)
