"""What a checkpoint notes about the game that it was trained for: weights of one game are refused on another."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import KEY_BITS, MAX_ENTRIES, Profile
from understudy.contract.ranges import MAX_NAME, require_distinct
from understudy.contract.terminal_text import printable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class GameNote:
    """One game, as far as policies depend on it. Empty in checkpoints that were written before there was one."""

    name: str = ""
    """The profile's name: for people; another name alone is no other game."""
    keys: tuple[str, ...] = ()
    """In the order of their bits."""
    kinds: tuple[str, ...] = ()
    """Names of the kinds of object, in the order of their numbers."""

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME:
            raise ValueError(f"the name of a game must have at most {MAX_NAME} characters")
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("the names of kinds", self.kinds, MAX_ENTRIES)


def note_of(profile: Profile) -> GameNote:
    """The note of a game."""
    return GameNote(name=profile.name, keys=profile.keys, kinds=tuple(kind.name for kind in profile.kinds))


def require_game(notes: Mapping[str, GameNote], profile: Profile) -> None:
    """Refuses weights of another game. The profile may have more keys and kinds at the end than were trained with.

    Weights without a note are accepted, with one sentence for all.

    Args:
        notes: of each policy, by its name.
        profile: of the game to be played.

    Raises:
        CheckpointError: naming both games and what differs.
    """
    unknown = [policy for policy, note in notes.items() if note == GameNote()]
    if unknown:
        _log.warning(
            "The weights (%s) do not say which game they were trained for, so it is taken to be %r; train them again "
            "to have it noted.",
            ", ".join(unknown),
            profile.name,
        )
    for policy, note in notes.items():
        if policy not in unknown:
            _require_same(policy, note, profile)


def _require_same(policy: str, note: GameNote, profile: Profile) -> None:
    now = note_of(profile)
    for what, trained, present in (("keys", note.keys, now.keys), ("kinds", note.kinds, now.kinds)):
        if present[: len(trained)] != trained:
            raise CheckpointError(
                f"The {policy} was trained for the game {printable(note.name)!r} with the {what} "
                f"{_listed(trained)}, and the profile {profile.name!r} has {_listed(present)}: give the profile or "
                "the models of the same game (--profile, --models)."
            )


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:6])
    return f"{shown} ..." if len(names) > 6 else shown or "none"
