"""The game that a detector was trained for, as a note in the metadata of its ONNX file."""

from collections.abc import Mapping

from understudy.contract.errors import CheckpointError, WireError
from understudy.contract.profile import GameNote
from understudy.contract.serialization import from_json, to_json
from understudy.contract.terminal_text import printable

ENTRY = "game"
"""Name of the metadata entry."""
MAX_CHARACTERS = 100_000
SHOWN_NAMES = 6


def game_metadata(note: GameNote) -> dict[str, str]:
    """Returns the metadata entry of a game."""
    return {ENTRY: to_json(note)}


def game_of(metadata: Mapping[str, str]) -> GameNote:
    """Returns the game that a file notes; an empty note where it has none, or one that we did not write."""
    text = metadata.get(ENTRY, "")
    try:
        return from_json(GameNote, text) if 0 < len(text) <= MAX_CHARACTERS else GameNote()
    except WireError:
        return GameNote()


def require_classes(game: GameNote, unknown: tuple[str, ...], profile_name: str) -> None:
    """Checks that a detector with a note of its game finds only what the profile knows.

    Args:
        game: the detector's.
        unknown: its classes that the profile neither has as kinds nor maps in [eye.classes].
        profile_name: of the game to play.

    Raises:
        CheckpointError: naming both games and the classes.
    """
    if game != GameNote() and unknown:
        raise CheckpointError(
            f"The detector was trained for the game {printable(game.name)!r}, and the profile {profile_name!r} knows "
            f"nothing of its {', '.join(map(printable, unknown[:SHOWN_NAMES]))}: give the detector or the profile of "
            "the same game (--detector, --profile), or name these classes in the profile's [eye.classes]."
        )
