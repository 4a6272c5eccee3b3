"""`understudy watch`: shows a recording in a window with seeking, or writes it as a video."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.flags.number_ranges import PictureSize, Range
from understudy.cli.flags.output_paths import OutputFile

if TYPE_CHECKING:
    import numpy as np

    from understudy.recordings.episode import Episode
    from understudy.recordings.video.recorded_frames import RecordedFrames


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Watch a recording with the policies' intents, in a window with seeking or as a video."""

    recording: Annotated[Path, tyro.conf.Positional]
    """An .mcap or .pkl recording, or a folder, whose newest recording is shown."""
    models: Path | None = None
    """Folder of policies whose intents are shown instead of the recorded ones."""
    video: OutputFile | None = None
    """Path of a .webm video to write instead of opening a window."""
    begin_s: Annotated[float, Range(0.0, 31_536_000.0)] = 0.0
    """Seconds to skip at the beginning of the recording."""
    seconds: Annotated[float | None, Range(0.0, 31_536_000.0, above_minimum=True)] = None
    """Seconds to show; by default until the end."""
    size: PictureSize = (1280, 720)
    """Width and height in pixels; for other games than the embedded one, the width follows the aspect ratio."""


def run(command: Watch) -> None:
    """Shows the recording."""
    import os

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.cli.show.terminal import Console

    console = Console(soft_wrap=True)
    path, episode = find(command)
    console.print(f"{path}: {len(episode) / episode.info.tick_rate_hz:.1f} s.", highlight=False)
    for loss in episode.losses:
        console.print(f"Lost: {loss}.", highlight=False)
    intents = None if command.models is None else think_over(episode, command.models)
    with ExitStack() as closing:
        pictures = _pictures(path, lambda line: console.print(line, highlight=False, markup=False))
        if pictures is not None:
            closing.callback(pictures.close)
        command = replace(command, size=_size(command, episode, has_pictures=pictures is not None))
        if command.video is not None:
            written = write(command, command.video, episode, intents, pictures)
            console.print(f"Written: {written}", highlight=False)
            return
        from understudy.viewer.episode_player import EpisodePlayer

        window = EpisodePlayer(episode, command.size, intents, pictures)
        closing.callback(window.close)
        window.run()


def _pictures(path: Path, say: Callable[[str], None]) -> "RecordedFrames | None":
    """Returns the recording's pictures; None, with a message, if it has none that can be shown."""
    from understudy.contract.errors import MissingExtraError, RecordingError
    from understudy.recordings.video.recorded_frames import open_frames

    try:
        frames = open_frames(path)
    except (MissingExtraError, RecordingError) as problem:
        say(f"Its pictures are not shown. {problem}")
        return None
    for loss in () if frames is None else frames.losses:
        say(f"Lost of the pictures: {loss}.")
    return frames


def _size(command: Watch, episode: "Episode", *, has_pictures: bool) -> tuple[int, int]:
    """Returns --size for the embedded game; else a size with the window's aspect ratio and, for a video, even sides."""
    from understudy.viewer.schematic import is_embedded

    if is_embedded(episode.info.profile) and not has_pictures:
        return command.size
    height = command.size[1]
    return 2 * round(height * episode.info.window_width / episode.info.window_height / 2), height


def find(command: Watch) -> "tuple[Path, Episode]":
    """Returns the path of the recording and the selected part of it.

    Raises:
        NoRecordingsError: if there is no recording.
        RecordingError: if nothing of it can be read, or the part is empty.
    """
    from understudy.contract.errors import RecordingError
    from understudy.recordings.store import find_recordings, read_episode

    path = max(find_recordings(command.recording), key=lambda each: each.stat().st_mtime)
    episode = read_episode(path)
    rate_hz = episode.info.tick_rate_hz
    first = round(command.begin_s * rate_hz)
    last = len(episode) if command.seconds is None else first + max(1, round(command.seconds * rate_hz))
    part = episode[first:last]
    if len(part) == 0:
        raise RecordingError(
            f"{path} holds {len(episode) / rate_hz:.1f} s: nothing is left after {command.begin_s:g} s"
        )
    return path, part


def think_over(episode: "Episode", models: Path) -> "np.ndarray":
    """Computes the intents of a folder's policies at each tick, with a progress bar.

    Raises:
        CheckpointError: if the folder holds no usable policies.
    """
    import torch
    from rich.progress import Progress

    from understudy.runtime.hierarchical_policy import load_hierarchy
    from understudy.runtime.process_replay import intents_of

    torch.set_num_threads(1)
    hierarchy = load_hierarchy(models, episode.info.profile)
    with Progress(transient=True) as bar:
        task = bar.add_task("thinking it over", total=len(episode))
        return intents_of(episode, hierarchy, lambda done: bar.update(task, completed=done))


def write(
    command: Watch,
    path: Path,
    episode: "Episode",
    intents: "np.ndarray | None",
    pictures: "RecordedFrames | None" = None,
) -> Path:
    """Writes the video, with a progress bar."""
    from rich.progress import Progress

    from understudy.viewer.episode_frames import frames_of_episode
    from understudy.viewer.video_writer import write_video

    with Progress(transient=True) as bar:
        frames = frames_of_episode(episode, range(len(episode)), command.size, intents, pictures)
        write_video(path, bar.track(frames, total=len(episode), description="drawing"), episode.info.tick_rate_hz)
    return path
