"""Selects whether the pictures of a game on the screen are recorded, and summarises them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.recordings.video.encoder_names import EncoderName

if TYPE_CHECKING:
    from understudy.recordings.video.video_recorder import PictureSource, VideoCounts


@dataclass(frozen=True, kw_only=True)
class VideoChoice:
    """The flags about recorded pictures."""

    insists: bool = False
    """--video: fail if pictures cannot be recorded."""
    off: bool = False
    """--no-video: record no pictures."""
    encoder: EncoderName = "auto"

    def __post_init__(self) -> None:
        if self.insists and self.off:
            raise ValueError("--video and --no-video exclude each other")


def recorded_pictures(choice: VideoChoice, world: object, notify: Callable[[str], None]) -> "PictureSource | None":
    """Returns a recorder's source of pictures, None if none are recorded; prints why, unless that was chosen.

    Args:
        choice: the flags.
        world: the game; only a game on the screen has pictures.
        notify: prints a line; must not block.

    Raises:
        MissingExtraError, RecordingError: if --video is set and the pictures cannot be encoded.
    """
    from understudy.worlds.desktop.world import DesktopWorld

    if choice.off or not isinstance(world, DesktopWorld):
        return None
    from understudy.contract.errors import MissingExtraError, RecordingError
    from understudy.recordings.video.video_recorder import picture_source

    try:
        return picture_source(lambda: world.frame, choice.encoder, notify)
    except (MissingExtraError, RecordingError) as problem:
        if choice.insists:
            raise
        notify(f"No pictures are recorded. {problem}")
        return None


def pictures_in_words(counts: "VideoCounts") -> str:
    """Returns a sentence with the numbers of recorded and dropped pictures."""
    if not counts.num_dropped:
        return f"{counts.num_stored} pictures recorded."
    return (
        f"{counts.num_stored} pictures recorded, {counts.num_late} dropped because the encoder did not keep up, "
        f"{counts.num_no_room} because the disk was full."
    )
