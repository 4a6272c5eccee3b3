"""Store of recordings on disk: reads, writes, finds, repairs and replaces them; the suffix selects the format.

`read_episode` converts every exception that a damaged file causes in a parser to a RecordingError with the file's name,
so that one damaged file does not stop the reading of others.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from understudy.contract.errors import BeingWrittenError, NoRecordingsError, RecordingError, WireError
from understudy.contract.file_lock import is_locked, try_lock
from understudy.contract.safe_files import keep_under_new_name, replace_file, temporary_beside
from understudy.contract.terminal_text import brief
from understudy.recordings import mcap_format
from understudy.recordings.episode import Episode
from understudy.recordings.pickles import pickle_format
from understudy.recordings.video.video_paths import is_video, is_viewer_copy

_log = logging.getLogger(__name__)

DEFAULT_FOLDERS = (Path("data/recordings"), Path("recordings/v2_training"))
"""Searched when no folder is given: the guide records to the first and trains from the second."""

_READERS: dict[str, Callable[[Path], Episode]] = {".mcap": mcap_format.read, ".pkl": pickle_format.read}
_WRITERS: dict[str, Callable[[Episode, Path], None]] = {".mcap": mcap_format.write, ".pkl": pickle_format.write}
_SEARCH_DEPTH = 4
"""Depth below the current folder to which an empty search looks for recordings to suggest."""


def read_episode(path: Path) -> Episode:
    """Reads one recording; repairs a torn one in memory, and its `losses` list what is missing.

    Raises:
        RecordingError: if it cannot be read; HostileRecordingError if it is a pickle that would run code.
    """
    reader = _READERS.get(path.suffix)
    if is_video(path):
        raise RecordingError(f"{path} holds only the pictures of a recording: name the recording beside it")
    if reader is None:
        raise RecordingError(f"{path} is no recording: expected one of {', '.join(_READERS)}")
    try:
        return reader(path)
    except RecordingError:
        raise
    except OSError as problem:
        raise RecordingError(f"{path} cannot be opened ({problem.strerror or problem})") from problem
    except WireError as problem:
        raise RecordingError(f"{path}: its description cannot be understood ({brief(problem)})") from problem
    except Exception as problem:  # parsing untrusted data can raise anything
        raise RecordingError(f"{path} is damaged and cannot be read ({brief(problem)})") from problem


def write_episode(episode: Episode, path: Path) -> None:
    """Writes one episode atomically; replaces an existing file.

    Raises:
        RecordingError: if the suffix is of no known format.
        OSError: if it cannot be written.
    """
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise RecordingError(f"{path} cannot be written: expected one of {', '.join(_WRITERS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(episode, path)


def require_perceived(path: Path, episode: Episode) -> None:
    """Rejects a recording that has video and input but no observations.

    Raises:
        RecordingError: if it was recorded with `--perceive later` and not perceived yet.
    """
    if not episode.info.perceived:
        raise RecordingError(
            f"{path} was recorded with --perceive later and holds no observations yet: run  "
            f"understudy recordings reperceive {path}  first"
        )


def is_being_written(path: Path) -> bool:
    """Returns whether a running process is recording to a file or repairing it."""
    return is_locked(path)


def repair_recording(path: Path) -> tuple[str, ...]:
    """Rewrites a torn recording as a complete one; keeps the old file as NAME.torn, NAME.torn.2, ...

    The path always holds the old or the new file, and the new one replaces it only after it was read back.

    Returns:
        What was lost; empty if the recording was complete, in which case nothing is written.

    Raises:
        BeingWrittenError: if a running process records to it or repairs it.
        RecordingError: if it cannot be read or rewritten, or has no readable content; the file is unchanged.
    """
    with _held(path):
        episode = read_episode(path)
        if not episode.losses:
            return ()
        if len(episode) == 0:
            raise RecordingError(f"{path} is left as it is: not one whole tick can be read ({episode.losses[0]})")
        repaired = temporary_beside(path)
        try:
            _WRITERS[path.suffix](replace(episode, losses=()), repaired)
            kept = len(_READERS[path.suffix](repaired))
            if kept < len(episode):
                raise ValueError(f"its repair would hold {kept} of {len(episode)} ticks")
            _keep_beside(path, "torn")
        except Exception as problem:  # a full disk, or damaged values that cannot be written
            repaired.unlink(missing_ok=True)
            raise RecordingError(f"{path} is left as it is: it cannot be repaired ({brief(problem)})") from problem
    replace_file(repaired, path)  # after the lock is released: Windows replaces no open file
    return episode.losses


def replace_recording(path: Path, episode: Episode) -> Path:
    """Replaces a native recording by an episode; keeps the old file as NAME.before, NAME.before.2.

    The path always holds the old or the new file, and the new one replaces it only after it was read back.

    Returns:
        Path of the old file.

    Raises:
        BeingWrittenError: if a running process records to it or repairs it.
        RecordingError: if it cannot be replaced; the file is unchanged.
    """
    with _held(path):
        written = temporary_beside(path)
        try:
            write = _WRITERS[path.suffix]
            write(replace(episode, losses=()), written)
            if len(_READERS[path.suffix](written)) != len(episode):
                raise ValueError("what was written does not read back")
            kept = _keep_beside(path, "before")
        except Exception as problem:  # a full disk, a read-only folder
            written.unlink(missing_ok=True)
            raise RecordingError(f"{path} is left as it is: it cannot be replaced ({brief(problem)})") from problem
    replace_file(written, path)  # after the lock is released: Windows replaces no open file
    return kept


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Holds the file's lock, so that no other process repairs it.

    Raises:
        BeingWrittenError: if another process holds it.
    """
    try:
        file = path.open("rb")
    except OSError as problem:
        raise RecordingError(f"{path} cannot be opened ({problem.strerror or problem})") from problem
    with file:
        if not try_lock(file):
            raise BeingWrittenError(f"{path} is being recorded right now and is left alone")
        yield


def _keep_beside(path: Path, word: str) -> Path:
    """Links a file under a second name, NAME.word or NAME.word.2, ...; returns that path."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.{word}" + (f".{number}" if number > 1 else ""))
        try:
            keep_under_new_name(path, kept)
            return kept
        except FileExistsError:
            number += 1


def find_recordings(path: Path | None = None) -> list[Path]:
    """Returns all recordings of a folder (recursively), or the one file, sorted by name.

    If a session exists both as `.mcap` and `.pkl`, only the `.mcap` is returned, so that it counts once.

    Args:
        path: a folder or file; None searches both DEFAULT_FOLDERS, below the current folder.

    Raises:
        NoRecordingsError: if there is none; its message names folders that have recordings.
    """
    places = DEFAULT_FOLDERS if path is None else (path,)
    found = [recording for place in places for recording in _in_place(place)]
    if not found:
        raise NoRecordingsError(f"no recordings in {' or '.join(map(str, places))}: {_where_they_lie()}")
    return found


def finished_recordings(path: Path | None = None) -> list[Path]:
    """Like `find_recordings`, without those that are still being recorded, which are logged.

    Raises:
        NoRecordingsError: if there are no others.
    """
    found = find_recordings(path)
    unfinished = [recording for recording in found if is_being_written(recording)]
    for recording in unfinished:
        _log.warning("%s is being recorded right now and is left out.", recording)
    if len(unfinished) == len(found):
        raise NoRecordingsError(
            f"all that there is, {found[0]}, is being recorded right now: end the recording first, then try again"
        )
    return [recording for recording in found if recording not in unfinished]


def _in_place(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    by_stem: dict[Path, Path] = {}
    for suffix in reversed(_READERS):  # the native format comes last and takes precedence
        by_stem.update({file.with_suffix(""): file for file in _files(place, suffix)})
    return [by_stem[stem] for stem in sorted(by_stem)]


def _files(place: Path, suffix: str) -> Iterator[Path]:
    """Yields the recordings of a format, without their videos and their copies for viewers."""
    return (
        file for file in place.rglob(f"*{suffix}") if file.is_file() and not (is_video(file) or is_viewer_copy(file))
    )


def _where_they_lie() -> str:
    folders: dict[Path, int] = {}
    for depth in range(_SEARCH_DEPTH):
        for suffix in _READERS:
            for file in Path().glob("*/" * depth + f"*{suffix}"):
                if not any(part.startswith(".") for part in file.parts) and not (
                    is_video(file) or is_viewer_copy(file)
                ):
                    folders[file.parent] = folders.get(file.parent, 0) + 1
    if not folders:
        return "record some with `understudy play --record` or `understudy record --teacher hunter --minutes 60`"
    listed = [f"{folder} ({count} files)" for folder, count in sorted(folders.items())[:5]]
    return f"there are some in {', '.join(listed)}"
