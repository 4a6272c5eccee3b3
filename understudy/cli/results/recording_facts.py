"""Reads what `understudy recordings` prints about a recording, for the tables and for --json alike."""

from pathlib import Path

from understudy.cli.results.recordings import (
    RecordingCheck,
    RecordingDetails,
    RecordingPictures,
    RecordingSummary,
    State,
)
from understudy.contract.errors import RecordingError
from understudy.recordings.episode import Episode, irregularities
from understudy.recordings.recording_stats import recording_stats
from understudy.recordings.store import is_being_written, read_episode
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader


def read_summary(path: Path) -> RecordingSummary:
    """Reads one recording for the list.

    Raises:
        RecordingError: if it cannot be read.
    """
    episode = read_episode(path)
    stats, seen = recording_stats(episode), episode.info.shows_outcomes
    return RecordingSummary(
        path=path,
        pilot=episode.info.pilot,
        minutes=stats.duration_s / 60,
        kills=stats.kills if seen else None,
        boxes=stats.boxes if seen else None,
        deaths=stats.deaths if seen else None,
        num_bytes=path.stat().st_size,
        state=_state(path, episode),
    )


def read_details(path: Path) -> RecordingDetails:
    """Reads everything about one recording.

    Raises:
        RecordingError: if it cannot be read.
    """
    episode = read_episode(path)
    info, stats, seen = episode.info, recording_stats(episode), episode.info.shows_outcomes
    pictures, picture_problems = _pictures(path)
    return RecordingDetails(
        path=path,
        game=info.profile.name,
        world=info.world,
        window_width=info.window_width,
        window_height=info.window_height,
        pilot=info.pilot,
        actor_shares=stats.actor_shares,
        started_at=info.started_at,
        clock=info.clock,
        seed=info.seed,
        maps=stats.maps,
        num_ticks=stats.ticks,
        duration_s=stats.duration_s,
        rate_hz=stats.rate_hz,
        clicks_per_minute=stats.clicks_per_minute,
        keys_per_minute=stats.keys_per_minute,
        num_input_events=len(episode.inputs),
        has_intents=episode.intents is not None,
        kills=stats.kills if seen else None,
        boxes=stats.boxes if seen else None,
        deaths=stats.deaths if seen else None,
        points=stats.value if seen else None,
        pictures=pictures,
        picture_problems=picture_problems,
        perceived=info.perceived,
        num_reperceptions=len(info.reperceptions),
        last_reperception=info.reperceptions[-1] if info.reperceptions else None,
        versions=dict(info.versions),
        state=_state(path, episode),
        problems=_problems(path, episode),
    )


def check(path: Path) -> RecordingCheck:
    """Reads one recording and its pictures to the end.

    Raises:
        RecordingError: if the recording cannot be read.
    """
    episode = read_episode(path)
    problems = (*_problems(path, episode), *_pictures(path)[1])
    return RecordingCheck(
        path=path,
        num_ticks=len(episode),
        duration_s=episode.duration_s,
        state=_state(path, episode),
        problems=problems,
    )


def _state(path: Path, episode: Episode) -> State:
    return "growing" if is_being_written(path) else "torn" if episode.losses else "whole"


def _problems(path: Path, episode: Episode) -> tuple[str, ...]:
    """Returns the problems of a recording; the missing end of a file that is still being written is none."""
    return () if is_being_written(path) else (*episode.losses, *irregularities(episode))


def _pictures(path: Path) -> tuple[RecordingPictures | None, tuple[str, ...]]:
    """Returns the pictures beside a recording and their problems; none while they are still being recorded."""
    pictures = video_path(path)
    if not pictures.is_file():
        return None, ()
    try:
        with VideoReader(pictures) as video:
            found = RecordingPictures(
                path=pictures,
                num_pictures=len(video),
                width=video.info.width,
                height=video.info.height,
                encoder=video.info.encoder,
                num_bytes=pictures.stat().st_size,
            )
            return found, () if is_being_written(pictures) else video.losses
    except RecordingError as problem:
        return None, () if is_being_written(pictures) else (str(problem),)
