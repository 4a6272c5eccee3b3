"""`understudy recordings export` as one data set of several recordings, and `understudy recordings import`."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from understudy.cli.results.recordings import RecordingsImport
from understudy.recordings.episode import Episode


def readable_episode(path: Path) -> Episode:
    """Reads a recording with observations.

    Raises:
        RecordingError: if it cannot be read, or holds no observations yet.
    """
    from understudy.recordings.store import read_episode, require_perceived

    episode = read_episode(path)
    require_perceived(path, episode)
    return episode


def common_videos(paths: Sequence[Path], notify: Callable[[str], None]) -> dict[Path, Path]:
    """Returns recording -> file of its pictures, if all have pictures of one size and they can be read.

    Else none, as a data set has pictures for every tick or for none; a sentence says why.
    """
    from understudy.contract.errors import UnderstudyError
    from understudy.recordings.exports.lerobot_video import picture_size
    from understudy.recordings.video.frame_codec import is_installed
    from understudy.recordings.video.video_paths import video_path

    videos = {path: video_path(path) for path in paths if video_path(path).is_file()}
    if not videos:
        return {}
    left_out = "the data set is written without pictures"
    if not is_installed():
        notify(f"PyAV is not installed (pip install 'understudy[video]'): {left_out}")
        return {}
    if missing := [path for path in paths if path not in videos]:
        notify(f"{missing[0]} has no pictures, {len(videos)} others have: {left_out}")
        return {}
    try:
        sizes = {picture_size(video) for video in videos.values()}
    except UnderstudyError as problem:
        notify(f"{problem}: {left_out}")
        return {}
    if len(sizes) > 1:
        notify(f"the pictures have {len(sizes)} sizes: {left_out}")
        return {}
    return videos


def export_dataset(
    recordings: Iterable[tuple[Episode, Path | None]], form: str, folder: Path, notify: Callable[[str], None]
) -> None:
    """Writes one data set of all episodes, each with the file of its pictures.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        RecordingError: if there is no tick, the games differ, or the folder holds something.
        OSError: if it cannot be written.
    """
    if form == "minari":
        from understudy.worlds.simulator.minari_export import export_minari

        num_episodes, num_steps = export_minari((episode for episode, _ in recordings), folder)
        notify(f"{num_episodes} episodes, {num_steps} steps -> {folder}")
        return
    from understudy.recordings.exports.lerobot_export import export_lerobot

    num_episodes, num_ticks = export_lerobot(recordings, folder)
    notify(f"{num_episodes} recordings, {num_ticks} ticks -> {folder}")


def import_dataset(dataset: Path, out: Path, profile: str | None, notify: Callable[[str], None]) -> RecordingsImport:
    """Writes a recording per episode; those that are there already are left as they are.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        RecordingError: if it is no data set with actions of a mouse and keyboard, or the profile is needed.
        WorldError, WireError: if the profile cannot be read.
        OSError: if a recording cannot be written.
    """
    from understudy.recordings.exports.lerobot_import import import_lerobot
    from understudy.recordings.store import write_episode
    from understudy.worlds.catalog import load_profile

    written: list[Path] = []
    existing: list[Path] = []
    for number, episode in enumerate(import_lerobot(dataset, load_profile(profile) if profile else None)):
        target = out / f"{dataset.resolve().name}_{number:03d}.mcap"
        if target.exists():
            notify(f"{target} is there already and was left as it is")
            existing.append(target)
            continue
        write_episode(episode, target)
        notify(f"{dataset}, episode {number} -> {target}")
        written.append(target)
    return RecordingsImport(dataset=dataset, recordings=tuple(written), existing=tuple(existing))
