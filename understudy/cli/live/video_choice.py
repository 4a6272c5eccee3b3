"""Whether the pictures of a game on the screen are recorded, and what is said of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.recordings.video.encoder_names import EncoderName

if TYPE_CHECKING:
    from understudy.recordings.video.video_recorder import PictureSource, VideoCounts


@dataclass(frozen=True, kw_only=True)
class VideoChoice:
    """What the flags say of pictures."""

    insists: bool = False
    """--video: without pictures nothing is recorded at all."""
    off: bool = False
    """--no-video."""
    encoder: EncoderName = "auto"

    def __post_init__(self) -> None:
        if self.insists and self.off:
            raise ValueError("--video and --no-video exclude each other")


def recorded_pictures(choice: VideoChoice, world: object, say: Callable[[str], None]) -> "PictureSource | None":
    """Where a recorder takes pictures from; None where none are recorded, which is said if nobody asked for it.

    Args:
        choice: the flags.
        world: whose pictures; only a game on the screen has some.
        say: prints a line; must not block.

    Raises:
        MissingExtraError, RecordingError: if they were asked for by --video and cannot be encoded.
    """
    from understudy.worlds.desktop.world import DesktopWorld

    if choice.off or not isinstance(world, DesktopWorld):
        return None
    from understudy.contract.errors import MissingExtraError, RecordingError
    from understudy.recordings.video.video_recorder import picture_source

    try:
        return picture_source(lambda: world.frame, choice.encoder, say)
    except (MissingExtraError, RecordingError) as problem:
        if choice.insists:
            raise
        say(f"No pictures are recorded. {problem}")
        return None


def pictures_in_words(counts: "VideoCounts") -> str:
    """What became of the pictures, a sentence."""
    if not counts.num_dropped:
        return f"{counts.num_stored} pictures recorded."
    return (
        f"{counts.num_stored} pictures recorded, {counts.num_late} dropped because the encoder did not keep up, "
        f"{counts.num_no_room} because the disk was full."
    )
