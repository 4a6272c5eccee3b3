"""`understudy detector frames`: writes the most different pictures of a recording for labelling, in YOLO's layout."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from understudy.cli.results.detector import ChosenFrames
    from understudy.contract.profile import Profile
    from understudy.recordings.video.recorded_frames import RecordedFrames

CANDIDATES_EACH = 20
"""Number of candidate pictures for each selected one; more would only take longer."""


def write_frames(recording: Path, out: Path, count: int, notify: Callable[[str], None]) -> "ChosenFrames":
    """Writes the pictures, an empty folder for the labels, and data.yaml with the names of the profile's kinds.

    Raises:
        NoRecordingsError, RecordingError: if there is no such recording, or it has no pictures.
        FlagError: if the folder already holds pictures, because labels are matched by file name.
    """
    from understudy.cli.results.detector import ChosenFrames
    from understudy.cli.show.output_file import write_output
    from understudy.contract.errors import FlagError, RecordingError
    from understudy.recordings.store import find_recordings, read_episode
    from understudy.recordings.video.recorded_frames import RecordedFrames
    from understudy.recordings.video.video_paths import video_path

    paths = [path for path in find_recordings(recording) if video_path(path).is_file()]
    if not paths:
        raise RecordingError(
            f"{recording} has no pictures: only a recording of a game on the screen that was made with --video has"
        )
    images, labels = out / "images", out / "labels"
    if images.exists() and any(images.iterdir()):
        raise FlagError(f"{images} holds pictures already: give another folder with --out")
    path = max(paths, key=lambda each: each.stat().st_mtime)
    profile = read_episode(path).info.profile
    with RecordedFrames(video_path(path)) as frames:
        for loss in frames.losses:
            notify(f"{path}: {loss}")
        chosen = _choose(frames, count)
        images.mkdir(parents=True, exist_ok=True)
        labels.mkdir(parents=True, exist_ok=True)
        _write_pictures(frames, chosen, images, path.stem)
    write_output(out / "data.yaml", _data_yaml(profile).encode())
    notify(f"{len(chosen)} of {len(frames.times_ns)} pictures of {path}: {images}")
    notify(
        f"Label them ({labels}/NAME.txt, one line an object), then:  understudy detector train --images {images} "
        f"--labels {labels}"
    )
    return ChosenFrames(
        recording=path,
        num_pictures=len(frames.times_ns),
        num_chosen=len(chosen),
        images=images,
        labels=labels,
        data=out / "data.yaml",
        problems=tuple(frames.losses),
    )


def _choose(frames: "RecordedFrames", count: int) -> "np.ndarray":
    """Returns the numbers of the selected pictures in ascending order."""
    import numpy as np
    from rich.progress import Progress

    from understudy.learning.detector.frame_selection import describe_all, farthest_points

    every = max(1, len(frames) // (CANDIDATES_EACH * count))
    with Progress(transient=True) as bar:
        played = bar.track(frames.play(every), total=len(frames) // every, description="looking")
        numbers, descriptors = describe_all(played)
    return np.sort(numbers[farthest_points(descriptors, count)])


def _write_pictures(frames: "RecordedFrames", chosen: "np.ndarray", images: Path, stem: str) -> None:
    from understudy.cli.show.images import write_picture

    for number in chosen.tolist():
        pixels = frames.frame(number)
        if pixels is not None:
            write_picture(images / f"{stem}_{number:06d}.png", pixels)


def _data_yaml(profile: "Profile") -> str:
    names = "".join(f"  {number}: {kind.name}\n" for number, kind in enumerate(profile.kinds))
    return f"path: .\ntrain: images\nval: images\nnames:\n{names}"
