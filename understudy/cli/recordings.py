"""List, inspect, check, repair and export recordings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from understudy.cli.flags.output_paths import OutputFolder

if TYPE_CHECKING:
    from rich.text import Text

    from understudy.recordings.episode import Episode, EpisodeInfo
    from understudy.recordings.recording_stats import RecordingStats

EXIT_PROBLEMS = 1
"""Exit code if at least one recording is torn, damaged or otherwise faulty."""
MOST_CHARACTERS = 2000
DATASET_FOLDERS = {"lerobot": "lerobot", "minari": "minari-v0"}
"""Name of the folder of a data set by its form; Minari's names have a version."""
BEING_RECORDED = "it is being recorded right now"


@dataclass(frozen=True, kw_only=True)
class List:
    """List recordings, one per line."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Info:
    """Show the details of each recording: game, pilot, times, input activity, losses."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Read every recording to its end and report problems; exit code 1 if there are any."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """Rewrite torn or damaged recordings as whole ones; the old file is kept as NAME.torn.

    Recordings that are still being written, or cannot be read at all, are skipped.
    """

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Convert recordings to another format, for other programs."""

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""
    form: Literal["pkl", "npz", "csv", "jsonl", "mcap", "lerobot", "minari"] = "npz"
    """Output format: the guide's pickle, numpy arrays, a CSV table, JSON lines, the native MCAP, or all recordings as
    one data set for LeRobot or Minari (extra `[datasets]`)."""
    out: OutputFolder | None = None
    """Output folder; by default the folder of each recording, and for a data set a new one in that of the first:
    lerobot or minari-v0."""


@dataclass(frozen=True, kw_only=True)
class Import:
    """Import a LeRobot data set of a mouse and keyboard (format 3) as recordings, one per episode."""

    dataset: Positional[Path]
    """Folder of the data set."""
    out: OutputFolder = Path("data/recordings")
    """Folder of the new recordings, which are named after the data set and the number of the episode."""
    profile: str | None = None
    """Name of the game's profile, or path of its .toml file, for a data set that no export of this project wrote."""


@dataclass(frozen=True, kw_only=True)
class Reperceive:
    """Run perception on recorded pictures again, with new weights or profile; the old file is kept as NAME.before.

    Replaces the observations; keeps actions, input events, marks and times.
    """

    paths: Positional[tuple[Path, ...]] = ()
    """Recordings, or folders of recordings; by default data/recordings and recordings/v2_training."""
    model: Path | None = None
    """Detector weights, such as best.pt or an .onnx file; by default those of the profile."""
    profile: str | None = None
    """Name of a profile of the same game, or path of its .toml file; by default the recording's own profile."""


Recordings = List | Info | Verify | Repair | Export | Import | Reperceive


def run(command: Recordings) -> int:
    """Runs the subcommand on every recording found; prints those that cannot be read and continues."""
    from understudy.recordings.store import find_recordings

    if isinstance(command, Import):
        from understudy.cli.exports.datasets import import_dataset

        return EXIT_PROBLEMS * (not import_dataset(command.dataset, command.out, command.profile, _say))
    places = command.paths or (None,)
    paths = list(dict.fromkeys(path for place in places for path in find_recordings(place)))
    match command:
        case List():
            return _list(paths)
        case Info():
            return _each(paths, _print_info)
        case Verify():
            return _each(paths, _verify)
        case Repair():
            return _each(paths, _repair)
        case Export(form="lerobot" | "minari"):
            return _export_dataset(paths, command.form, command.out)
        case Export():
            return _each(paths, lambda path: _export(path, command.form, command.out))
        case Reperceive():
            from understudy.cli.pictures.reperceive import reperceive_recording, with_pictures

            return _each(
                with_pictures(paths, _say),
                lambda path: reperceive_recording(path, command.model, command.profile, _say),
            )


def _say(text: str) -> None:
    from understudy.cli.show.terminal import Console
    from understudy.contract.terminal_text import printable

    Console(soft_wrap=True, highlight=False).print(printable(text, MOST_CHARACTERS), markup=False)


def _each(paths: list[Path], handle: Callable[[Path], bool]) -> int:
    """Calls `handle` with every path, which returns whether all was well; an error in one does not stop the others."""
    from understudy.contract.errors import BeingWrittenError, UnderstudyError
    from understudy.contract.terminal_text import brief

    well = True
    for path in paths:
        try:
            well &= handle(path)
        except BeingWrittenError as problem:
            _say(str(problem))
        except UnderstudyError as problem:
            _say(str(problem) if str(path) in str(problem) else f"{path}: {problem}")
            well = False
        except OSError as problem:
            _say(f"{path}: {problem.strerror or brief(problem)}")
            well = False
    return 0 if well else EXIT_PROBLEMS


def _list(paths: list[Path]) -> int:
    from rich.table import Table

    from understudy.cli.show.terminal import Console
    from understudy.recordings.recording_stats import recording_stats
    from understudy.recordings.store import read_episode

    table = Table("recording", "pilot", "minutes", "kills", "boxes", "deaths", "MB", "", box=None, padding=(0, 1))
    table.columns[0].no_wrap = True
    for column in table.columns[2:7]:
        column.justify = "right"
    seconds = 0.0
    folder: Path | None = None

    def add(path: Path) -> bool:
        nonlocal seconds, folder
        episode = read_episode(path)
        found = recording_stats(episode)
        seconds += found.duration_s
        if path.parent != folder:
            folder = path.parent
            table.add_row(_text(f"{folder}/"))
        table.add_row(*_list_row(path, episode, found))
        for note in _note(path):
            _say(f"{path}: {note}")
        return True

    code = _each(paths, add)
    Console().print(table)
    _say(f"{len(paths)} recordings, {seconds / 60:.1f} minutes")
    return code


def _list_row(path: Path, episode: "Episode", found: "RecordingStats") -> "list[Text]":
    state = "growing" if _note(path) else "torn" if episode.losses else ""
    cells = [
        f"  {path.name}",
        episode.info.pilot,
        f"{found.duration_s / 60:.1f}",
        *(f"{count:.0f}" if episode.info.shows_outcomes else "?" for count in (found.kills, found.boxes, found.deaths)),
        f"{path.stat().st_size / 1e6:.1f}",
        state,
    ]
    return [_text(cell) for cell in cells]


def _text(text: str) -> "Text":
    """Returns a table cell in which text from a file is neither markup nor an escape sequence."""
    from rich.text import Text

    from understudy.contract.terminal_text import printable

    return Text(printable(text))


def _print_info(path: Path) -> bool:
    from rich.table import Table

    from understudy.cli.show.terminal import Console
    from understudy.recordings.recording_stats import recording_stats
    from understudy.recordings.store import read_episode

    episode = read_episode(path)
    problems = _problems(path, episode)
    table = Table.grid(padding=(0, 2))
    for name, value in _facts(path, episode, recording_stats(episode)).items():
        table.add_row(name, _text(str(value)))
    for problem in problems or _note(path):
        table.add_row("note", _text(problem))
    _say(f"{path}")
    Console(soft_wrap=True, highlight=False).print(table)
    return not problems


def _facts(path: Path, episode: "Episode", found: "RecordingStats") -> dict[str, Any]:
    from understudy.cli.live.unseen_outcomes import UNSEEN

    info = episode.info
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.actor_shares.items())
    events = f"{found.kills:.0f} kills, {found.boxes:.0f} boxes, {found.deaths:.0f} deaths, {found.value:.0f} points"
    return {
        "game": f"{info.profile.name} in {info.world}, window {info.window_width} x {info.window_height}",
        "pilot": info.pilot,
        "who acted": shares or "nobody",
        "started": f"{info.started_at} (time_s: {info.clock})",
        "seed": "none" if info.seed is None else info.seed,
        "maps": ", ".join(found.maps) or "unknown",
        "length": f"{found.duration_s:.1f} s, {found.ticks} ticks at {found.rate_hz:.2f} Hz",
        "hand": f"{found.clicks_per_minute:.1f} clicks and {found.keys_per_minute:.1f} key presses a minute",
        "input events": len(episode.inputs),
        "intents": "none" if episode.intents is None else "recorded",
        "game events": events if info.shows_outcomes else UNSEEN,
        "pictures": _pictures_in_words(path),
        "perceived": _perceived_in_words(info),
        "made with": ", ".join(f"{name} {number}" for name, number in info.versions.items()),
    }


def _pictures_in_words(path: Path) -> str:
    from understudy.contract.errors import RecordingError
    from understudy.recordings.video.video_paths import video_path
    from understudy.recordings.video.video_reader import VideoReader

    pictures = video_path(path)
    if not pictures.is_file():
        return "none"
    try:
        with VideoReader(pictures) as video:
            size = f"{video.info.width} x {video.info.height}, {video.info.encoder}"
            return "; ".join((f"{len(video)}, {size}, {pictures.stat().st_size / 1e6:.1f} MB", *video.losses))
    except RecordingError as problem:
        return str(problem)


def _video_problems(path: Path) -> tuple[str, ...]:
    """Returns the problems of the pictures beside a recording; none while they are still being recorded."""
    from understudy.contract.errors import RecordingError
    from understudy.recordings.store import is_being_written
    from understudy.recordings.video.video_paths import video_path
    from understudy.recordings.video.video_reader import VideoReader

    pictures = video_path(path)
    if not pictures.is_file() or is_being_written(pictures):
        return ()
    try:
        with VideoReader(pictures) as video:
            return video.losses
    except RecordingError as problem:
        return (str(problem),)


def _perceived_in_words(info: "EpisodeInfo") -> str:
    if not info.perceived:
        return "not yet: run  understudy recordings reperceive"
    if not info.reperceptions:
        return "live"
    last = info.reperceptions[-1]
    return f"again, {len(info.reperceptions)} times; last {last.at} with {last.detector}, {last.num_ticks} ticks"


def _problems(path: Path, episode: "Episode") -> tuple[str, ...]:
    """Returns the problems of a recording; the missing end of a file that is still being written is none."""
    from understudy.recordings.episode import irregularities
    from understudy.recordings.store import is_being_written

    return () if is_being_written(path) else (*episode.losses, *irregularities(episode))


def _note(path: Path) -> tuple[str, ...]:
    from understudy.recordings.store import is_being_written

    return (BEING_RECORDED,) if is_being_written(path) else ()


def _verify(path: Path) -> bool:
    from understudy.recordings.store import read_episode

    episode = read_episode(path)
    problems = (*_problems(path, episode), *_video_problems(path))
    state = "; ".join(problems or _note(path) or ("whole",))
    _say(f"{path}: {len(episode)} ticks, {episode.duration_s:.1f} s, {state}")
    return not problems


def _repair(path: Path) -> bool:
    from understudy.recordings.store import repair_recording

    losses = repair_recording(path)
    _say(f"{path}: {'repaired: ' + '; '.join(losses) if losses else 'whole, nothing to repair'}")
    return True


def _export(path: Path, form: str, folder: Path | None) -> bool:
    from understudy.recordings.exports.table_export import export_episode
    from understudy.recordings.store import read_episode

    target = (path.parent if folder is None else folder) / f"{path.stem}.{form}"
    if target.exists():
        _say(f"{target} is there already and was left as it is")
        return False
    export_episode(read_episode(path), target)
    _say(f"{path} -> {target}")
    return True


def _export_dataset(paths: list[Path], form: str, folder: Path | None) -> int:
    """Exports all recordings as one data set; those that cannot be read are printed and left out."""
    from understudy.cli.exports.datasets import export_dataset, readable_episode

    code = 0

    def episodes() -> "Iterator[Episode]":
        nonlocal code
        read: list[Episode] = []

        def add(path: Path) -> bool:
            read.append(readable_episode(path))
            return True

        for path in paths:
            code = max(code, _each([path], add))
            yield from read
            read.clear()

    export_dataset(episodes(), form, folder or paths[0].parent / DATASET_FOLDERS[form], _say)
    return code
