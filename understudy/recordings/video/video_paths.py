"""File names of a recording's video: NAME.video.mcap beside NAME.mcap."""

from pathlib import Path

VIDEO_SUFFIX = ".video.mcap"


def video_path(recording: Path) -> Path:
    """Returns the path of a recording's video, whether it exists or not."""
    return recording.with_name(f"{recording.stem}{VIDEO_SUFFIX}")


def is_video(path: Path) -> bool:
    """Returns whether a file is a recording's video, by its name."""
    return path.name.endswith(VIDEO_SUFFIX)
