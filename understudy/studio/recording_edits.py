"""Changes to recordings: cut a part, and move whole sessions to a bin and back.

Nothing is lost: a cut keeps the old file as NAME.mcap.before (`replace_recording`), and the bin is a folder `.bin`
beside the recordings, whose files end in `.deleted` so that no search for recordings finds them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from understudy.contract.errors import BeingWrittenError, FlagError, RecordingError
from understudy.contract.safe_files import move_to_new
from understudy.recordings.episode import Episode
from understudy.recordings.input_events import InputEvents
from understudy.recordings.store import is_being_written, replace_recording
from understudy.recordings.video.video_paths import video_path
from understudy.studio.recording_index import RecordingRow, tags_path

BIN, DELETED = ".bin", ".deleted"


@dataclass(frozen=True, kw_only=True)
class BinnedRecording:
    """One recording in the bin."""

    name: str
    """Name of the recording's file."""
    folder: Path
    """The folder whose bin it lies in."""
    size_bytes: int
    deleted_at: float
    """Seconds since 1970."""


def cut(row: RecordingRow, episode: Episode, first: int, last: int, *, keep: bool) -> Path:
    """Keeps only some ticks of a recording, or takes them out; returns the path of the old file, which stays.

    Args:
        row: the recording, in the native format.
        episode: its content.
        first: of the ticks.
        last: the tick after them.
        keep: whether the part is kept or taken out.

    Raises:
        FlagError: if nothing would remain or nothing would change, or it is not in the native format.
        RecordingError: if it cannot be replaced; the file is unchanged.
    """
    if row.path.suffix != ".mcap":
        raise FlagError("Only recordings in the native format can be cut: export it with --form mcap first.")
    if episode.losses:
        raise FlagError(f"The recording is damaged: run  understudy recordings repair {row.path}  first.")
    if not 0 <= first < last <= len(episode):
        raise FlagError("The part to cut has to lie inside the recording.")
    remaining = last - first if keep else len(episode) - (last - first)
    if remaining in (0, len(episode)):
        raise FlagError("Nothing would remain of the recording." if not remaining else "Nothing would be cut.")
    part = episode[first:last] if keep else _without(episode, first, last)
    return replace_recording(row.path, part)


def _without(episode: Episode, first: int, last: int) -> Episode:
    """Returns an episode without some ticks; its times jump there, where training splits it."""
    before, after = episode[:first], episode[last:]

    def joined(name: str) -> np.ndarray | None:
        parts = [getattr(one, name) for one in (before, after)]
        return None if parts[0] is None else np.concatenate(parts)

    joins = {name: joined(name) for name in ("observations", "actions", "actors", "intents", "timings")}
    return replace(before, inputs=InputEvents.of(before.inputs) + after.inputs, **joins)  # type: ignore[arg-type]


def move_to_bin(row: RecordingRow) -> None:
    """Moves a recording with its video and tags to the bin of its folder.

    Raises:
        BeingWrittenError: if a process records to it.
        FlagError: if the bin holds one of that name already.
        OSError: if a file cannot be moved.
    """
    if is_being_written(row.path):
        raise BeingWrittenError(f"{row.path} is being recorded right now and is left alone.")
    folder = _bin_of(row.path.parent)
    folder.mkdir(exist_ok=True)
    if (folder / f"{row.path.name}{DELETED}").exists():
        raise FlagError(f"The bin holds a recording named {row.path.name} already: empty it or rename this one.")
    for path in (video_path(row.path), tags_path(row.path), row.path):
        if path.is_file():
            move_to_new(path, folder / f"{path.name}{DELETED}")


def _bin_of(folder: Path) -> Path:
    """Returns the bin of a folder.

    Raises:
        FlagError: if a link has its name, which could lead anywhere.
    """
    place = folder / BIN
    if place.is_symlink():
        raise FlagError(f"{place} is a link: remove it, so that the bin can be a folder.")
    return place


def bin_content(folders: tuple[Path, ...]) -> list[BinnedRecording]:
    """Returns the recordings in the bins of some folders, the newest first."""
    found = []
    for place in folders:
        for path in place.rglob(f"{BIN}/*{DELETED}"):
            name = path.name.removesuffix(DELETED)
            inside = path.resolve().is_relative_to(place.resolve())
            if inside and path.is_file() and Path(name).suffix in (".mcap", ".pkl") and ".video." not in name:
                stat = path.stat()
                found.append(
                    BinnedRecording(
                        name=name, folder=path.parent.parent, size_bytes=stat.st_size, deleted_at=stat.st_ctime
                    )
                )
    return sorted(found, key=lambda one: -one.deleted_at)


def restore(folders: tuple[Path, ...], number: int, name: str) -> Path:
    """Moves a recording of the bin back to its folder; returns its path.

    Args:
        folders: of the recordings.
        number: index in `bin_content`.
        name: that the caller saw there, so that a list that changed meanwhile restores nothing else.

    Raises:
        FlagError: if the list has changed, or the name is taken.
        OSError: if a file cannot be moved.
    """
    content = bin_content(folders)
    if not 0 <= number < len(content) or content[number].name != name:
        raise FlagError("The bin has changed meanwhile: load the page again.")
    one = content[number]
    path = one.folder / one.name
    if path.exists():
        raise FlagError(f"{path} is taken: rename that recording first.")
    for target in (video_path(path), tags_path(path), path):
        source = _bin_of(one.folder) / f"{target.name}{DELETED}"
        if source.is_file() and not source.is_symlink():
            try:
                move_to_new(source, target)
            except FileExistsError as problem:
                raise RecordingError(f"{target} is in the way: rename it first.") from problem
    return path
