"""Where the pictures of a recording lie: NAME.video.mcap beside NAME.mcap."""

from pathlib import Path

VIDEO_SUFFIX = ".video.mcap"


def video_path(recording: Path) -> Path:
    """The file of a recording's pictures, whether there is one or not."""
    return recording.with_name(f"{recording.stem}{VIDEO_SUFFIX}")


def is_video(path: Path) -> bool:
    """Whether a file is a recording's pictures, by its name."""
    return path.name.endswith(VIDEO_SUFFIX)
