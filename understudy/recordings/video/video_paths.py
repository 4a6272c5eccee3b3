"""File names of a recording's video, NAME.video.mcap beside NAME.mcap, and of its copy for viewers."""

from pathlib import Path

VIDEO_SUFFIX = ".video.mcap"
VIEWER_SUFFIX = ".foxglove.mcap"


def video_path(recording: Path) -> Path:
    """Returns the path of a recording's video, whether it exists or not."""
    return recording.with_name(f"{recording.stem}{VIDEO_SUFFIX}")


def is_video(path: Path) -> bool:
    """Returns whether a file is a recording's video, by its name."""
    return path.name.endswith(VIDEO_SUFFIX)


def is_viewer_copy(path: Path) -> bool:
    """Returns whether a file is a recording's copy for viewers, by its name; it repeats the recording's ticks."""
    return path.name.endswith(VIEWER_SUFFIX)
