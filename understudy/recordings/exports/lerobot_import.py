"""Import of a LeRobot data set, version 3, whose actions are those of a mouse and keyboard, as episodes.

A set of `export_lerobot` gives observations, actions, actors and times back to the bit. Of a set that LeRobot's own
tools split, merged or recorded, the profile must be known, and the names of the numbers decide: `cursor_x` and
`cursor_y` must be in `action`; buttons and keys that are missing are not held, and other readings are unknown.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.errors import RecordingError, UnderstudyError, WireError
from understudy.contract.profile import Profile
from understudy.contract.serialization import from_plain
from understudy.recordings.episode import Episode, EpisodeInfo, describe
from understudy.recordings.exports.arrow import arrow, to_numpy
from understudy.recordings.exports.lerobot_layout import ACTION, ENVIRONMENT, INFO_PATH, KNOWN, OWN_PATH, STATE
from understudy.recordings.exports.vectors import Vectors, episode_from_vectors

_OPTIONAL = ("time_s", "actor", *KNOWN.values(), STATE, ENVIRONMENT)


def import_lerobot(folder: Path, profile: Profile | None = None) -> Iterator[Episode]:
    """Yields the episodes of a data set in order.

    Args:
        folder: of the data set.
        profile: the game, of a set without `meta/understudy.json`.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        RecordingError: if it is no such data set, or the profile is needed.
    """
    _, pq = arrow()
    try:
        info = json.loads((folder / INFO_PATH).read_text(encoding="utf-8"))
        own = _own_infos(folder, profile)
        for path in sorted((folder / "data").rglob("*.parquet")):
            here = pq.read_schema(path).names
            names = [ACTION, "episode_index", *(name for name in _OPTIONAL if name in here)]
            table = pq.read_table(path, columns=names)
            columns = {name: to_numpy(table[name]) for name in names}
            for number in np.unique(columns["episode_index"]).tolist():
                rows = columns["episode_index"] == number
                part = {name: values[rows] for name, values in columns.items()}
                yield _episode(part, info, _info_of(own, profile, number, float(info["fps"]), STATE in part))
    except UnderstudyError as problem:
        if isinstance(problem, RecordingError):
            raise
        raise RecordingError(f"{folder}: {problem}") from problem
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as problem:
        raise RecordingError(
            f"{folder} is no LeRobot data set of a mouse and keyboard ({type(problem).__name__}: {problem})"
        ) from problem


def _own_infos(folder: Path, profile: Profile | None) -> list[EpisodeInfo] | None:
    """Returns what this project wrote about each episode; None if a tool left it out."""
    path = folder / OWN_PATH
    if not path.is_file():
        if profile is None:
            raise RecordingError(f"{folder} has no {OWN_PATH}, which names the game: give its profile with --profile")
        return None
    try:
        return [from_plain(EpisodeInfo, each, str(path)) for each in json.loads(path.read_text(encoding="utf-8"))]
    except WireError as problem:
        raise RecordingError(f"{path} is damaged: {problem}") from problem


def _info_of(
    own: list[EpisodeInfo] | None, profile: Profile | None, number: int, fps: float, perceived: bool
) -> EpisodeInfo:
    if own is not None:
        return own[number]
    assert profile is not None
    found = describe(profile, pilot="person", world="replay", simulated_time=True)
    return replace(found, tick_rate_hz=fps, perceived=perceived)


def _episode(columns: dict[str, np.ndarray], info: dict[str, Any], about: EpisodeInfo) -> Episode:
    """Returns one episode from its rows."""
    num_ticks = len(columns["episode_index"])
    found = {name: _vectors(columns, info, name) for name in (ACTION, STATE, ENVIRONMENT) if name in columns}
    times_s = columns.get("time_s", np.arange(num_ticks) / about.tick_rate_hz)
    actors = columns.get("actor", np.full(num_ticks, Actor.PERSON))
    observed = [found[name] for name in (STATE, ENVIRONMENT) if name in found]
    return episode_from_vectors(about, observed, found[ACTION], times_s, actors)


def _vectors(columns: dict[str, np.ndarray], info: dict[str, Any], name: str) -> Vectors:
    names = info["features"][name]["names"]
    if isinstance(names, dict):  # LeRobot's own sets: {"motors": [...]}
        (names,) = names.values()
    values = columns[name].astype(np.float32).reshape(len(columns[name]), -1)
    known = columns.get(KNOWN.get(name, ""), np.ones(values.shape))
    return Vectors(names=tuple(map(str, names or ())), values=values, known=known.astype(np.uint8))
