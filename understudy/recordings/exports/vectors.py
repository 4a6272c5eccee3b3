"""An episode as vectors of float32, for tools that learn from fixed-size vectors: LeRobot and Minari.

Each number of a vector has a name, that of its column in `flat_table`: `player.gauges.0`, `tracks.x.7`. Keys and
buttons are one number each, 0 or 1, so that an action is the cursor's place and what is held. Unknown readings, NaN in
a recording, are 0 in a vector, and 0 in the mask beside it that is 1 where a number is known. float32 holds all fields
exactly (identities of tracks up to 2 ** 24).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from understudy.contract.action import ACTION
from understudy.contract.errors import RecordingError
from understudy.contract.observation import BUTTON_NAMES, OBSERVATION
from understudy.recordings import flat_table
from understudy.recordings.episode import Episode, EpisodeInfo

_IN_ENVIRONMENT = ("tracks.", "landmarks.")
"""Beginnings of the names of what belongs to the game and not to the player."""
_REQUIRED = ("cursor_x", "cursor_y")
"""Numbers that every action has."""


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """T vectors of the same D named numbers."""

    names: tuple[str, ...]
    values: Float32[np.ndarray, "T D"]
    known: UInt8[np.ndarray, "T D"]
    """1 where a number is known; the others are 0 in `values`."""


def action_vectors(episode: Episode) -> Vectors:
    """Returns the actions: cursor_x and cursor_y in window fractions, then a number per button and key of the game."""
    return _joined(_numbers(flat_table.split(episode.actions, "action"), "action.", episode.info.profile.keys))


def state_vectors(episode: Episode) -> Vectors:
    """Returns the observed state of the player: bars, place, ammunition, events, cursor, buttons and keys."""
    return _joined(_observed(episode, of_environment=False))


def environment_vectors(episode: Episode) -> Vectors:
    """Returns the observed objects and landmarks, a number per slot and field."""
    return _joined(_observed(episode, of_environment=True))


def _observed(episode: Episode, *, of_environment: bool) -> dict[str, np.ndarray]:
    columns = flat_table.split(episode.observations, "observation")
    numbers = _numbers(columns, "observation.", episode.info.profile.keys)
    return {name: values for name, values in numbers.items() if name.startswith(_IN_ENVIRONMENT) is of_environment}


def _numbers(columns: Mapping[str, np.ndarray], prefix: str, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns one array of shape (T,) per named number."""
    found: dict[str, np.ndarray] = {}
    for column, values in columns.items():
        name = column.removeprefix(prefix)
        if name == "time_s":
            continue
        if name == "button":
            found |= {f"button.{held}": values & button > 0 for button, held in BUTTON_NAMES.items()}
        elif name == "keys":
            found |= {f"key.{key}": values >> bit & 1 for bit, key in enumerate(keys)}
        elif values.ndim == 1:
            found[name] = values
        else:
            found |= {f"{name}.{number}": each for number, each in enumerate(values.reshape(len(values), -1).T)}
    return found


def _joined(numbers: Mapping[str, np.ndarray]) -> Vectors:
    values = np.stack([np.asarray(each, np.float32) for each in numbers.values()], axis=1)
    known = np.isfinite(values)
    return Vectors(names=tuple(numbers), values=np.where(known, values, np.float32(0)), known=known.astype(np.uint8))


def episode_from_vectors(
    info: EpisodeInfo, observed: Sequence[Vectors], action: Vectors, times_s: np.ndarray, actors: np.ndarray
) -> Episode:
    """Rebuilds an episode without its input events, intents and timings.

    A number that the vectors do not have is unknown (NaN) in an observation where its field can say so, else 0.

    Args:
        info: of the episode; its profile names the keys.
        observed: the state and the environment, of the same T ticks.
        action: the actions.
        times_s: time of each tick, shape (T,).
        actors: the Actor of each tick, shape (T,).

    Raises:
        RecordingError: if the actions have no cursor, or a number does not fit into its field.
    """
    columns = {"observation.time_s": np.asarray(times_s, np.float64), "actor": np.asarray(actors)}
    seen = {name: values for vectors in observed for name, values in _by_name(vectors).items()}
    done = _by_name(action)
    for name in _REQUIRED:
        if name not in done:
            raise RecordingError(f"the actions have no number named {name}: they are not those of a mouse and keyboard")
    for prefix, dtype, numbers in (("observation", OBSERVATION, seen), ("action", ACTION, done)):
        blank = flat_table.split(np.zeros(len(times_s), dtype), prefix)
        for column, values in blank.items():
            if column != "observation.time_s":
                columns[column] = _column(column.removeprefix(f"{prefix}."), values, numbers, info.profile.keys)
    return flat_table.assemble(info, columns)


def _by_name(vectors: Vectors) -> dict[str, np.ndarray]:
    values = np.where(vectors.known.astype(bool), vectors.values, np.float32(np.nan))
    return dict(zip(vectors.names, values.T, strict=True))


def _column(name: str, like: np.ndarray, numbers: Mapping[str, np.ndarray], keys: Sequence[str]) -> np.ndarray:
    """Returns the column of a field in the field's type and shape."""
    blank = np.full(len(like), np.nan if like.dtype.kind == "f" else 0, np.float32)

    def number(named: str) -> np.ndarray:
        values = numbers.get(named, blank)
        return values if like.dtype.kind == "f" else np.nan_to_num(values, nan=0.0)

    if name == "button":
        held = [np.where(number(f"button.{name}") >= 0.5, int(button), 0) for button, name in BUTTON_NAMES.items()]
        return np.asarray(np.bitwise_or.reduce(held, axis=0), like.dtype)
    if name == "keys":
        bits = [(number(f"key.{key}") >= 0.5).astype(like.dtype) << bit for bit, key in enumerate(keys)]
        return np.asarray(np.bitwise_or.reduce(bits, axis=0), like.dtype) if bits else like
    if like.ndim == 1:
        return _cast(name, number(name), like)
    each = [number(f"{name}.{place}") for place in range(math.prod(like.shape[1:]))]
    return _cast(name, np.stack(each, axis=1).reshape(like.shape), like)


def _cast(name: str, values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Converts numbers to the type of their field.

    Raises:
        RecordingError: if a whole number is expected and one is fractional, infinite or too large.
    """
    if like.dtype.kind != "f":
        limits = np.iinfo(like.dtype)
        whole = np.asarray(values, np.float64)
        if not ((whole >= limits.min) & (whole <= limits.max) & (whole == np.floor(whole))).all():
            raise RecordingError(f"{name} holds numbers that do not fit into {like.dtype}")
    return values.astype(like.dtype)
