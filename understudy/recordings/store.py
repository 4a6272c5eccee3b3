"""Recordings on disk: the suffix picks the format, folders are searched, and an empty search says where to look."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from understudy.contract.errors import NoRecordingsError, RecordingError, WireError
from understudy.recordings import mcap_format, pickle_format
from understudy.recordings.episode import Episode

DEFAULT_FOLDERS = (Path("data/recordings"), Path("recordings/v2_training"))
"""The guide records to the first and trains from the second, so whoever names no folder gets both."""

_READERS: dict[str, Callable[[Path], Episode]] = {".mcap": mcap_format.read, ".pkl": pickle_format.read}
_WRITERS: dict[str, Callable[[Episode, Path], None]] = {".mcap": mcap_format.write, ".pkl": pickle_format.write}
_SEARCH_DEPTH = 4
"""Levels below the current folder in which an empty search looks for recordings elsewhere."""


def read_episode(path: Path) -> Episode:
    """Reads one recording; a torn one is repaired in memory, and its `losses` say what is missing.

    Raises:
        RecordingError: if it cannot be read; HostileRecordingError if it is a pickle that would run code.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise RecordingError(f"{path} is no recording: expected one of {', '.join(_READERS)}")
    try:
        return reader(path)
    except OSError as problem:
        raise RecordingError(f"{path} cannot be opened ({problem.strerror or problem})") from problem
    except WireError as problem:
        raise RecordingError(f"{path}: its description cannot be understood ({problem})") from problem


def write_episode(episode: Episode, path: Path) -> None:
    """Writes one episode, whole or not at all; a file of that name is replaced.

    Raises:
        RecordingError: if the suffix belongs to no format.
    """
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise RecordingError(f"{path} cannot be written: expected one of {', '.join(_WRITERS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(episode, path)


def repair_recording(path: Path) -> tuple[str, ...]:
    """Rewrites a torn recording as a whole one; the old file stays beside it with the suffix `.torn`.

    Returns:
        What was lost; nothing if the recording was whole, and then nothing was written.

    Raises:
        RecordingError: if it cannot be read at all.
    """
    episode = read_episode(path)
    if episode.losses:
        path.replace(path.with_name(f"{path.name}.torn"))
        write_episode(replace(episode, losses=()), path)
    return episode.losses


def find_recordings(path: Path | None = None) -> list[Path]:
    """All recordings of a folder (searched to the bottom) or the one file, in order of name.

    Where a session lies there both as `.mcap` and `.pkl`, the `.mcap` is taken, so that it counts once.

    Args:
        path: a folder or file; None looks in both of DEFAULT_FOLDERS, below the current folder.

    Raises:
        NoRecordingsError: if there is nothing; says where recordings do lie.
    """
    places = DEFAULT_FOLDERS if path is None else (path,)
    found = [recording for place in places for recording in _in_place(place)]
    if not found:
        raise NoRecordingsError(f"no recordings in {' or '.join(map(str, places))}: {_where_they_lie()}")
    return found


def _in_place(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    by_stem: dict[Path, Path] = {}
    for suffix in reversed(_READERS):  # the native format comes last and so wins
        by_stem.update({file.with_suffix(""): file for file in place.rglob(f"*{suffix}") if file.is_file()})
    return [by_stem[stem] for stem in sorted(by_stem)]


def _where_they_lie() -> str:
    folders: dict[Path, int] = {}
    for depth in range(_SEARCH_DEPTH):
        for suffix in _READERS:
            for file in Path().glob("*/" * depth + f"*{suffix}"):
                if not any(part.startswith(".") for part in file.parts):
                    folders[file.parent] = folders.get(file.parent, 0) + 1
    if not folders:
        return "record some with `understudy play --record` or `understudy record --teacher hunter --minutes 60`"
    listed = [f"{folder} ({count} files)" for folder, count in sorted(folders.items())[:5]]
    return f"there are some in {', '.join(listed)}"
