"""`understudy recordings reperceive`: runs perception on the recorded pictures again and replaces the recording."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.results.recordings import PerceivedRecording
    from understudy.contract.profile import Profile
    from understudy.recordings.episode import Episode, Reperception
    from understudy.runtime.reperception import Reperceived


def with_pictures(paths: Sequence[Path], notify: Callable[[str], None]) -> list[Path]:
    """Returns the recordings that have pictures beside them; prints how many have none.

    Raises:
        NoRecordingsError: if none has pictures.
    """
    from understudy.contract.errors import NoRecordingsError
    from understudy.recordings.video.video_paths import video_path

    found = [path for path in paths if video_path(path).is_file()]
    if not found:
        raise NoRecordingsError(
            f"{paths[0]}{'' if len(paths) == 1 else f' and {len(paths) - 1} more'} have no pictures beside them "
            f"({video_path(paths[0]).name}): only a recording of a game on the screen that was made with --video has"
        )
    if len(found) < len(paths):
        notify(f"{len(paths) - len(found)} recordings without pictures are left as they are.")
    return found


def reperceive_recording(
    path: Path, model: Path | None, profile_name: str | None, notify: Callable[[str], None]
) -> "PerceivedRecording":
    """Runs perception on one recording again and replaces it; the old file stays beside it.

    Raises:
        UnderstudyError: if that fails; the recording is then unchanged.
    """
    from dataclasses import replace

    from understudy.cli.results.recordings import PerceivedRecording
    from understudy.contract.errors import RecordingError
    from understudy.perception.detector_loader import detector_file
    from understudy.recordings.store import read_episode, replace_recording
    from understudy.worlds.catalog import load_profile

    if path.suffix != ".mcap":
        raise RecordingError("only native recordings (.mcap) are perceived again: export it as one first")
    episode = read_episode(path)
    profile = episode.info.profile if profile_name is None else load_profile(profile_name)
    done = perceive_episode(path, episode, profile, model, notify)
    lineage = lineage_of(path, detector_file(model, profile), done.num_seen)
    info = replace(done.episode.info, perceived=True, reperceptions=(*done.episode.info.reperceptions, lineage))
    kept = replace_recording(path, replace(done.episode, info=info))
    notify(
        f"{path}: {done.num_seen} of {len(episode)} ticks perceived, {done.num_bridged} bridged, {done.num_unknown} "
        f"unknown; the recording before is {kept}"
    )
    return PerceivedRecording(
        path=path,
        num_ticks=len(episode),
        num_perceived=done.num_seen,
        num_bridged=done.num_bridged,
        num_unknown=done.num_unknown,
        kept=kept,
    )


def perceive_episode(
    path: Path, episode: "Episode", profile: "Profile", model: Path | None, notify: Callable[[str], None]
) -> "Reperceived":
    """Runs perception on the pictures beside a recording, with a progress bar; writes nothing.

    Args:
        path: of the recording.
        episode: the recording, in the terms of the profile.
        profile: of the game.
        model: detector weights; None for those of the profile.
        notify: prints a line.

    Raises:
        UnderstudyError: if the pictures or the weights cannot be read, or the profile is of another game.
    """
    from rich.progress import Progress

    from understudy.perception.detector_loader import open_detector
    from understudy.perception.pipeline import PerceptionPipeline
    from understudy.recordings.video.recorded_frames import RecordedFrames
    from understudy.recordings.video.video_paths import video_path
    from understudy.runtime.reperception import reperceive, require_same_game

    require_same_game(episode.info.profile, profile)
    perception = PerceptionPipeline(profile, open_detector(model, profile))
    with RecordedFrames(video_path(path)) as frames, Progress(transient=True) as bar:
        for loss in (*episode.losses, *frames.losses):
            notify(f"{path}: {loss}")
        task = bar.add_task("perceiving", total=len(episode))
        return reperceive(episode, frames, perception, profile, lambda ticks: bar.update(task, completed=ticks))


def lineage_of(path: Path, weights: Path, num_ticks: int) -> "Reperception":
    """Returns the note of one run of perception with these weights over so many ticks of a recording."""
    import hashlib
    from datetime import UTC, datetime

    from understudy.recordings.episode import Reperception

    def digest(file: Path) -> str:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]

    return Reperception(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        detector=f"{weights.name} {digest(weights)}",
        from_recording=digest(path),
        num_ticks=num_ticks,
    )
