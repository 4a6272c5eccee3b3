"""Index of the recordings that the studio shows: found by their folders, named by keys, summarised once per change.

A page never names a path: it names the key of a recording that was found, the hash of its path.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from understudy.contract.errors import NoRecordingsError, RecordingError, UnderstudyError
from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.diagnostics.diagnose import diagnose
from understudy.evaluation.diagnostics.findings import Finding, Severity
from understudy.recordings.episode import Episode, irregularities
from understudy.recordings.recording_stats import RecordingStats, recording_stats
from understudy.recordings.store import find_recordings, is_being_written, read_episode
from understudy.recordings.video.video_paths import video_path

TAGS_SUFFIX = ".tags.json"
MAX_TAGS, MAX_TAG = 20, 40
"""Tags of one recording, and characters of one tag."""
KEPT_EPISODES = 2
"""Recordings held in memory: an hour takes about 90 MB."""
OF_A_SET = ("length", "leakage", "styles")
"""Checks of the doctor that judge all recordings together, and say nothing about one."""


@dataclass(frozen=True, kw_only=True)
class RecordingRow:
    """One recording, by its file alone."""

    key: str
    path: Path
    folder: Path
    """The folder in which it was found."""
    size_bytes: int
    """Of the recording and its video."""
    modified_at: float
    """Seconds since 1970."""
    has_video: bool
    is_growing: bool
    """Whether a process records to it."""
    tags: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its path below the folder."""
        return self.path.relative_to(self.folder).as_posix() if self.path != self.folder else self.path.name


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What reading a recording showed."""

    pilot: str
    started_at: str
    stats: RecordingStats | None
    """None if it cannot be read."""
    problems: tuple[str, ...]
    """What is torn or irregular."""
    findings: tuple[Finding, ...]
    """The doctor's, the worst first, without those that judge a set of recordings."""

    @property
    def health(self) -> str:
        """One word for the list."""
        if self.stats is None:
            return "unreadable"
        if self.problems:
            return "damaged"
        worst = max((finding.severity for finding in self.findings), default=Severity.FINE)
        return {Severity.SERIOUS: "serious", Severity.WARNING: "warning", Severity.NOTE: "fine"}.get(worst, "fine")


class RecordingIndex:
    """The recordings of some folders. May be used by several threads."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._lock = threading.RLock()
        self._places: dict[str, tuple[Path, Path]] = {}
        self._summaries: dict[tuple[Path, int, int], Summary] = {}
        self._episodes: OrderedDict[tuple[Path, int, int], Episode] = OrderedDict()

    def rows(self) -> list[RecordingRow]:
        """Returns all recordings, the newest first; those that a link leads out of the folder to are left out."""
        rows: dict[str, RecordingRow] = {}
        for folder in self.folders:
            try:
                paths = find_recordings(folder)
            except NoRecordingsError:
                continue
            for path in paths:
                row = _row_of(path, folder) if _is_inside(path, folder) else None
                if row is not None:
                    rows.setdefault(row.key, row)
                    self._places[row.key] = path, folder
        return sorted(rows.values(), key=lambda row: (-row.modified_at, row.name))

    def row(self, key: str) -> RecordingRow:
        """Returns one recording.

        Raises:
            RecordingError: if it is not there (any more).
        """
        known = self._places.get(key)  # a seek asks for one recording thirty times a second
        if known is not None:
            path, folder = known
            row = _row_of(path, folder) if _is_inside(path, folder) else None
            if row is not None:
                return row
        for row in self.rows():
            if row.key == key:
                return row
        raise RecordingError("There is no such recording in the studio's folders (any more): look into the list.")

    def episode(self, row: RecordingRow) -> Episode:
        """Reads a recording, once for each change of its file.

        Raises:
            RecordingError: if it cannot be read.
        """
        stamp = _stamp(row.path)
        with self._lock:
            if stamp not in self._episodes:
                self._episodes[stamp] = read_episode(row.path)
                while len(self._episodes) > KEPT_EPISODES:
                    self._episodes.popitem(last=False)
            self._episodes.move_to_end(stamp)
            return self._episodes[stamp]

    def known_summary(self, row: RecordingRow) -> Summary | None:
        """Returns the summary if it was made already."""
        return self._summaries.get(_stamp(row.path))

    def summary(self, row: RecordingRow) -> Summary:
        """Reads a recording and examines it with the doctor's checks: about half a second for five minutes of play."""
        stamp = _stamp(row.path)
        with self._lock:
            if stamp not in self._summaries:
                self._summaries[stamp] = _summarise(row)
            return self._summaries[stamp]


def _is_inside(path: Path, folder: Path) -> bool:
    """Returns whether a file lies in a folder, also after its links were followed."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _row_of(path: Path, folder: Path) -> RecordingRow | None:
    """Returns None for a file that has gone meanwhile."""
    try:
        stat, video = path.stat(), video_path(path)
        has_video = video.is_file() and video.resolve().is_relative_to(folder.resolve())
        return RecordingRow(
            key=hashlib.sha256(str(path.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16],
            path=path,
            folder=folder if folder.is_dir() else folder.parent,
            size_bytes=stat.st_size + (video.stat().st_size if has_video else 0),
            modified_at=stat.st_mtime,
            has_video=has_video,
            is_growing=is_being_written(path),
            tags=read_tags(path),
        )
    except OSError:
        return None


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        stat = path.stat()
    except OSError as problem:
        raise RecordingError(f"{path} cannot be opened ({problem.strerror or problem})") from problem
    return path, stat.st_mtime_ns, stat.st_size


def _summarise(row: RecordingRow) -> Summary:
    try:
        episode = read_episode(row.path)
        findings = diagnose(row.path).findings if len(episode) and not row.is_growing else ()
    except UnderstudyError as problem:
        return Summary(pilot="", started_at="", stats=None, problems=(str(problem),), findings=())
    return Summary(
        pilot=episode.info.pilot,
        started_at=episode.info.started_at,
        stats=recording_stats(episode) if len(episode) else None,
        problems=() if row.is_growing else (*episode.losses, *irregularities(episode)),
        findings=tuple(finding for finding in findings if finding.name not in OF_A_SET),
    )


def tags_path(recording: Path) -> Path:
    """Returns the path of a recording's tags, whether it exists or not."""
    return recording.with_name(f"{recording.stem}{TAGS_SUFFIX}")


def read_tags(recording: Path) -> tuple[str, ...]:
    """Returns the tags of a recording; none if their file is missing or damaged."""
    path = tags_path(recording)
    try:
        if path.is_symlink() or path.stat().st_size > MAX_TAGS * MAX_TAG * 16:
            return ()
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    return tuple(tag[:MAX_TAG] for tag in found if isinstance(tag, str))[:MAX_TAGS]


def write_tags(recording: Path, tags: tuple[str, ...]) -> None:
    """Writes the tags of a recording beside it: a JSON list.

    Raises:
        OSError: if they cannot be written.
    """
    path = tags_path(recording)
    if tags:
        replace_bytes(path, json.dumps(list(tags)).encode())
    else:
        path.unlink(missing_ok=True)
