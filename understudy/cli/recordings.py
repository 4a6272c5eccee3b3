"""List, inspect, check, repair and export recordings."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from tyro.conf import Positional

from understudy.cli.flags.number_ranges import Range
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import DetectorWeights
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from rich.text import Text

    from understudy.cli.results.recordings import (
        ExportedRecording,
        PerceivedRecording,
        RecordingCheck,
        RecordingDetails,
        RecordingRepair,
        RecordingSummary,
        UnusableRecording,
    )
    from understudy.recordings.episode import Episode

EXIT_PROBLEMS = 1
"""Exit code if at least one recording is torn, damaged or otherwise faulty."""
MOST_CHARACTERS = 2000
DATASET_FOLDERS = {"lerobot": "lerobot", "minari": "minari-v0"}
"""Name of the folder of a data set by its form; Minari's names have a version."""
BEING_RECORDED = "it is being recorded right now"
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class List(JsonFlag):
    """List recordings, one per line."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Info(JsonFlag):
    """Show the details of each recording: game, pilot, times, input activity, losses."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Verify(JsonFlag):
    """Read every recording to its end and report problems; exit code 1 if there are any."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Repair(JsonFlag):
    """Rewrite torn or damaged recordings as whole ones; the old file is kept as NAME.torn.

    Recordings that are still being written, or cannot be read at all, are skipped.
    """

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Export(JsonFlag):
    """Convert recordings to another format, for other programs."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""
    form: Literal["pkl", "npz", "csv", "jsonl", "mcap", "foxglove", "lerobot", "minari"] = "npz"
    """Output format: the guide's pickle, numpy arrays, a CSV table, JSON lines, the native MCAP, that with pictures and
    boxes for Foxglove and rerun, or all recordings as one data set for LeRobot or Minari (extra `[datasets]`)."""
    out: OutputFolder | None = None
    """Output folder; by default the folder of each recording, and for a data set a new one in that of the first:
    lerobot or minari-v0."""


@dataclass(frozen=True, kw_only=True)
class Import(JsonFlag):
    """Import a LeRobot data set of a mouse and keyboard (format 3) as recordings, one per episode."""

    dataset: Positional[Path]
    """Folder of the data set."""
    out: OutputFolder = Path("data/recordings")
    """Folder of the new recordings, which are named after the data set and the number of the episode."""
    profile: str | None = None
    """Name of the game's profile, or path of its .toml file, for a data set that no export of this project wrote."""


@dataclass(frozen=True, kw_only=True)
class Reperceive(JsonFlag):
    """Run perception on recorded pictures again, with new weights or profile; the old file is kept as NAME.before.

    Replaces the observations; keeps actions, input events, marks and times.
    """

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""
    model: DetectorWeights = None
    """Detector weights, such as best.pt or an .onnx file; by default those of the profile."""
    profile: str | None = None
    """Name of a profile of the same game, or path of its .toml file; by default the recording's own profile."""


@dataclass(frozen=True, kw_only=True)
class Cache(JsonFlag):
    """Show the cache of encoded recordings that training reads, or delete it; it is made again when it is needed."""

    clear: bool = False
    """Delete what is in the cache."""
    unused_days: Annotated[float, Range(0.0, 36500.0)] = 0.0
    """With --clear: only recordings that no training used for so many days."""
    cache_dir: Path | None = None
    """Folder of the cache; by default understudy/episodes in the user's cache folder."""


Recordings = List | Info | Verify | Repair | Export | Import | Reperceive | Cache


def run(command: Recordings) -> int:
    """Runs the subcommand on every recording found; prints those that cannot be used and continues."""
    from understudy.cli.results import recordings as results
    from understudy.cli.results.json_output import print_result
    from understudy.recordings.store import find_recordings

    if isinstance(command, Import):
        return _import(command)
    if isinstance(command, Cache):
        return _cache(command)
    places = command.paths or (None,)
    paths = list(dict.fromkeys(path for place in places for path in find_recordings(place)))
    result: Any
    match command:
        case List():
            summaries, unusable, code = _list(paths)
            result = results.RecordingsList(recordings=tuple(summaries), unusable=unusable)
        case Info():
            details, unusable, code = _each(paths, _info)
            result = results.RecordingsInfo(recordings=tuple(details), unusable=unusable)
            code = code or _code(details)
        case Verify():
            checks, unusable, code = _each(paths, _verify)
            result = results.RecordingsVerify(recordings=tuple(checks), unusable=unusable)
            code = code or _code(checks)
        case Repair():
            repairs, unusable, code = _each(paths, _repair)
            result = results.RecordingsRepair(recordings=tuple(repairs), unusable=unusable)
        case Export(form="lerobot" | "minari"):
            exports, unusable, code = _export_dataset(paths, command.form, command.out)
            result = results.RecordingsExport(recordings=tuple(exports), unusable=unusable)
        case Export():
            exports, unusable, code = _each(paths, lambda path: _export(path, command.form, command.out))
            result = results.RecordingsExport(recordings=tuple(exports), unusable=unusable)
        case Reperceive():
            perceived, unusable, code = _reperceive(command, paths)
            result = results.RecordingsReperceive(recordings=tuple(perceived), unusable=unusable)
    if command.json:
        print_result(f"recordings {type(command).__name__.lower()}", result)
    return code


def _say(text: str) -> None:
    from understudy.cli.show.terminal import Console
    from understudy.contract.terminal_text import printable

    Console(soft_wrap=True, highlight=False).print(printable(text, MOST_CHARACTERS), markup=False)


def _each(
    paths: list[Path], handle: Callable[[Path], Found]
) -> "tuple[list[Found], tuple[UnusableRecording, ...], int]":
    """Calls `handle` with every path; an error in one does not stop the others.

    Returns:
        What `handle` returned, the recordings that it could not use, and the exit code.
    """
    from understudy.cli.results.recordings import UnusableRecording
    from understudy.contract.errors import BeingWrittenError, UnderstudyError
    from understudy.contract.terminal_text import brief

    found: list[Found] = []
    unusable: list[UnusableRecording] = []
    code = 0
    for path in paths:
        try:
            found.append(handle(path))
            continue
        except UnderstudyError as problem:
            sentence = str(problem)
            code = code if isinstance(problem, BeingWrittenError) else EXIT_PROBLEMS
        except OSError as problem:
            sentence = problem.strerror or brief(problem)
            code = EXIT_PROBLEMS
        _say(sentence if str(path) in sentence else f"{path}: {sentence}")
        unusable.append(UnusableRecording(path=path, problem=sentence))
    return found, tuple(unusable), code


def _code(found: "Iterable[RecordingCheck | RecordingDetails]") -> int:
    return EXIT_PROBLEMS if any(each.problems for each in found) else 0


def _list(paths: list[Path]) -> "tuple[list[RecordingSummary], tuple[UnusableRecording, ...], int]":
    from rich.table import Table

    from understudy.cli.results.recording_facts import read_summary
    from understudy.cli.show.terminal import Console

    table = Table("recording", "pilot", "minutes", "kills", "boxes", "deaths", "MB", "", box=None, padding=(0, 1))
    table.columns[0].no_wrap = True
    for column in table.columns[2:7]:
        column.justify = "right"
    found, unusable, code = _each(paths, read_summary)
    folder: Path | None = None
    for one in found:
        if one.path.parent != folder:
            folder = one.path.parent
            table.add_row(_text(f"{folder}/"))
        table.add_row(*_list_row(one))
        if one.state == "growing":
            _say(f"{one.path}: {BEING_RECORDED}")
    Console().print(table)
    _say(f"{len(paths)} recordings, {sum(one.minutes for one in found):.1f} minutes")
    return found, unusable, code


def _list_row(one: "RecordingSummary") -> "list[Text]":
    cells = [
        f"  {one.path.name}",
        one.pilot,
        f"{one.minutes:.1f}",
        *("?" if count is None else f"{count:.0f}" for count in (one.kills, one.boxes, one.deaths)),
        f"{one.num_bytes / 1e6:.1f}",
        "" if one.state == "whole" else one.state,
    ]
    return [_text(cell) for cell in cells]


def _text(text: str) -> "Text":
    """Returns a table cell in which text from a file is neither markup nor an escape sequence."""
    from rich.text import Text

    from understudy.contract.terminal_text import printable

    return Text(printable(text))


def _info(path: Path) -> "RecordingDetails":
    from rich.table import Table

    from understudy.cli.results.recording_facts import read_details
    from understudy.cli.show.terminal import Console

    details = read_details(path)
    table = Table.grid(padding=(0, 2))
    for name, value in _facts(details).items():
        table.add_row(name, _text(str(value)))
    for problem in (BEING_RECORDED,) if details.state == "growing" else details.problems:
        table.add_row("note", _text(problem))
    _say(f"{path}")
    Console(soft_wrap=True, highlight=False).print(table)
    return details


def _facts(one: "RecordingDetails") -> dict[str, Any]:
    from understudy.cli.live.unseen_outcomes import UNSEEN

    shares = ", ".join(f"{name} {share:.0%}" for name, share in one.actor_shares.items())
    events = (
        f"{one.kills:.0f} kills, {one.boxes:.0f} boxes, {one.deaths:.0f} deaths, {one.points:.0f} points"
        if (one.points is not None)
        else UNSEEN
    )
    return {
        "game": f"{one.game} in {one.world}, window {one.window_width} x {one.window_height}",
        "pilot": one.pilot,
        "who acted": shares or "nobody",
        "started": f"{one.started_at} (time_s: {one.clock})",
        "seed": "none" if one.seed is None else one.seed,
        "maps": ", ".join(one.maps) or "unknown",
        "length": f"{one.duration_s:.1f} s, {one.num_ticks} ticks at {one.rate_hz:.2f} Hz",
        "hand": f"{one.clicks_per_minute:.1f} clicks and {one.keys_per_minute:.1f} key presses a minute",
        "input events": one.num_input_events,
        "intents": "recorded" if one.has_intents else "none",
        "game events": events,
        "pictures": _pictures_in_words(one),
        "perceived": _perceived_in_words(one),
        "made with": ", ".join(f"{name} {number}" for name, number in one.versions.items()),
    }


def _pictures_in_words(one: "RecordingDetails") -> str:
    found = one.pictures
    if found is None:
        return "; ".join(one.picture_problems) or "none"
    size = f"{found.width} x {found.height}, {found.encoder}"
    return "; ".join((f"{found.num_pictures}, {size}, {found.num_bytes / 1e6:.1f} MB", *one.picture_problems))


def _perceived_in_words(one: "RecordingDetails") -> str:
    if not one.perceived:
        return "not yet: run  understudy recordings reperceive"
    last = one.last_reperception
    if last is None:
        return "live"
    return f"again, {one.num_reperceptions} times; last {last.at} with {last.detector}, {last.num_ticks} ticks"


def _verify(path: Path) -> "RecordingCheck":
    from understudy.cli.results.recording_facts import check

    found = check(path)
    state = "; ".join(found.problems) or (BEING_RECORDED if found.state == "growing" else "whole")
    _say(f"{path}: {found.num_ticks} ticks, {found.duration_s:.1f} s, {state}")
    return found


def _repair(path: Path) -> "RecordingRepair":
    from understudy.cli.results.recordings import RecordingRepair
    from understudy.recordings.store import repair_recording

    losses = repair_recording(path)
    _say(f"{path}: {'repaired: ' + '; '.join(losses) if losses else 'whole, nothing to repair'}")
    return RecordingRepair(path=path, repaired=bool(losses), losses=losses)


def _export(path: Path, form: str, folder: Path | None) -> "ExportedRecording":
    from understudy.cli.results.recordings import ExportedRecording
    from understudy.contract.errors import RecordingError
    from understudy.recordings.exports.foxglove_export import export_foxglove
    from understudy.recordings.exports.table_export import export_episode
    from understudy.recordings.store import read_episode
    from understudy.recordings.video.video_paths import VIEWER_SUFFIX, video_path

    suffix = VIEWER_SUFFIX if form == "foxglove" else f".{form}"
    target = (path.parent if folder is None else folder) / f"{path.stem}{suffix}"
    if target.exists():
        raise RecordingError(f"{target} is there already and was left as it is ({path})")
    if form == "foxglove":
        pictures = video_path(path)
        for loss in export_foxglove(read_episode(path), pictures if pictures.is_file() else None, target):
            _say(f"{pictures}: {loss}")
    else:
        export_episode(read_episode(path), target)
    _say(f"{path} -> {target}")
    return ExportedRecording(path=path, out=target)


def _export_dataset(
    paths: list[Path], form: str, folder: Path | None
) -> "tuple[list[ExportedRecording], tuple[UnusableRecording, ...], int]":
    """Exports all recordings as one data set; those that cannot be read are printed and left out."""
    from understudy.cli.exports.datasets import common_videos, export_dataset, readable_episode
    from understudy.cli.results.recordings import ExportedRecording

    videos = common_videos(paths, _say) if form == "lerobot" else {}
    out = folder or paths[0].parent / DATASET_FOLDERS[form]
    exported: list[ExportedRecording] = []
    unusable: list[UnusableRecording] = []
    code = 0

    def recordings() -> "Iterator[tuple[Episode, Path | None]]":
        nonlocal code
        for path in paths:
            read, problems, code_here = _each([path], readable_episode)
            unusable.extend(problems)
            code = max(code, code_here)
            exported.extend(ExportedRecording(path=path, out=out) for _ in read)
            yield from ((episode, videos.get(path)) for episode in read)

    export_dataset(recordings(), form, out, _say)
    return exported, tuple(unusable), code


def _import(command: Import) -> int:
    from understudy.cli.exports.datasets import import_dataset
    from understudy.cli.results.json_output import print_result

    result = import_dataset(command.dataset, command.out, command.profile, _say)
    if command.json:
        print_result("recordings import", result)
    return EXIT_PROBLEMS if result.existing else 0


def _cache(command: Cache) -> int:
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.recordings import RecordingsCache
    from understudy.learning.data.cache.cache_folder import EpisodeCache, default_cache_folder

    cache = EpisodeCache(command.cache_dir or default_cache_folder())
    deleted, deleted_bytes = cache.clear(command.unused_days) if command.clear else (0, 0)
    entries = list(cache.entries())
    stale = [entry for entry in entries if not entry.is_current]
    result = RecordingsCache(
        folder=cache.root,
        num_recordings=len(entries) - len(stale),
        num_bytes=sum(entry.num_bytes for entry in entries if entry.is_current),
        num_stale=len(stale),
        stale_bytes=sum(entry.num_bytes for entry in stale),
        oldest_use_days=max((time.time() - entry.used_s for entry in entries), default=0.0) / 86400.0,
        num_deleted=deleted,
        deleted_bytes=deleted_bytes,
    )
    if command.clear:
        _say(f"{deleted} recordings were deleted from the cache ({deleted_bytes / 1e6:.1f} MB)")
    _say(
        f"{cache.root}: {result.num_recordings} recordings, {result.num_bytes / 1e6:.1f} MB; {result.num_stale} of "
        f"other versions of the program, {result.stale_bytes / 1e6:.1f} MB; the longest unused for "
        f"{result.oldest_use_days:.1f} days"
    )
    if command.json:
        print_result("recordings cache", result)
    return 0


def _reperceive(
    command: Reperceive, paths: list[Path]
) -> "tuple[list[PerceivedRecording], tuple[UnusableRecording, ...], int]":
    from understudy.cli.pictures.reperceive import reperceive_recording, with_pictures

    found = with_pictures(paths, _say)
    return _each(found, lambda path: reperceive_recording(path, command.model, command.profile, _say))
