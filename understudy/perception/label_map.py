"""Label map: from a detector's classes to the game's object kinds."""

import logging

import numpy as np
from jaxtyping import Float32, Int16

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Screen

_log = logging.getLogger(__name__)


def kinds_of_labels(names: tuple[str, ...], profile: Profile) -> Int16[np.ndarray, " labels"]:
    """Returns for each of a detector's labels the index of the profile's kind, -1 for none.

    Logs once the classes that the profile neither names nor drops.

    Raises:
        CheckpointError: if no class is a kind of this game, so the weights are for another.
    """
    screen = profile.eye or Screen()
    kinds = {plain(kind.name): number for number, kind in enumerate(profile.kinds)}
    given = {plain(name): plain(kind) for name, kind in screen.classes.items()}
    for name, kind in given.items():
        if kind and kind not in kinds:
            raise CheckpointError(
                f"The profile {profile.name!r} maps the class {name!r} to {kind!r}, which is none of its kinds: they "
                f"are {', '.join(one.name for one in profile.kinds)}."
            )
    labels = np.array([kinds.get(given.get(plain(name), plain(name)), -1) for name in names], np.int16)
    unknown = unknown_classes(names, profile)
    if len(labels) and (labels < 0).all():
        raise CheckpointError(
            f"These weights know {', '.join(names[:6])}, of which the game {profile.name!r} knows nothing: give "
            "weights for this game, or map their classes to kinds in the profile's [eye.classes]."
        )
    if unknown:
        _log.warning(
            "The detector's classes %s are no kinds of the game %r and are passed over; name them in the profile's "
            "[eye.classes] (an empty kind passes them over without a word).",
            ", ".join(unknown),
            profile.name,
        )
    return labels


def unknown_classes(names: tuple[str, ...], profile: Profile) -> tuple[str, ...]:
    """Returns the classes that the profile neither has as kinds nor names in [eye.classes]."""
    known = {plain(kind.name) for kind in profile.kinds} | set(map(plain, (profile.eye or Screen()).classes))
    return tuple(name for name in names if plain(name) not in known)


def confidences_of_labels(names: tuple[str, ...], profile: Profile) -> Float32[np.ndarray, " labels"]:
    """Returns each label's confidence threshold: that of the class, else of its kind, else the profile's."""
    screen = profile.eye or Screen()
    given = {plain(name): plain(kind) for name, kind in screen.classes.items()}
    stated = {plain(name): confidence for name, confidence in screen.confidences.items()}
    keys = [(plain(name), given.get(plain(name), plain(name))) for name in names]
    return np.array([stated.get(name, stated.get(kind, screen.confidence)) for name, kind in keys], np.float32)


def plain(name: str) -> str:
    """Normalises a name: case and separators are ignored."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
