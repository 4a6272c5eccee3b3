"""Import of a LeRobot data set, version 3, whose actions are those of a mouse and keyboard, as episodes.

A set of `export_lerobot` gives observations, actions, actors and times back to the bit. Of a set that LeRobot's own
tools split, merged or recorded, the profile must be known, and the names of the numbers decide: `cursor_x` and
`cursor_y` must be in `action`; buttons and keys that are missing are not held, and other readings are unknown.
"""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import RecordingError, UnderstudyError, WireError
from understudy.contract.profile import Profile
from understudy.contract.serialization import from_plain
from understudy.recordings.episode import Episode, EpisodeInfo, describe
from understudy.recordings.exports.arrow import arrow
from understudy.recordings.exports.lerobot_layout import ACTION, ENVIRONMENT, INFO_PATH, KNOWN, OWN_PATH, STATE
from understudy.recordings.exports.parquet_process import read_files
from understudy.recordings.exports.vectors import Vectors, episode_from_vectors

NO_SET = "is no LeRobot data set of a mouse and keyboard"
MAX_JSON_BYTES = 64_000_000
"""Limit of meta/info.json and meta/understudy.json, which holds the profile of each episode: 5,000 bytes each."""
MAX_EPISODES = 10_000
"""Limit of episodes in a data set: each becomes a file."""
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
    arrow()
    episodes = _episodes(folder, profile)
    while True:
        try:
            episode = next(episodes, None)
        except UnderstudyError as problem:
            if isinstance(problem, RecordingError):
                raise
            raise RecordingError(f"{folder} {NO_SET}: {problem}") from problem
        except Exception as problem:  # untrusted files: pyarrow alone raises eight kinds of errors
            raise RecordingError(
                f"{folder} {NO_SET} ({type(problem).__name__}: {(str(problem).splitlines() or [''])[0][:200]})"
            ) from problem
        if episode is None:
            return
        yield episode


def _episodes(folder: Path, profile: Profile | None) -> Iterator[Episode]:
    info = _read_json(folder / INFO_PATH)
    own = _own_infos(folder, profile)
    num_episodes = 0
    for columns in read_files(sorted((folder / "data").rglob("*.parquet")), (ACTION, "episode_index"), _OPTIONAL):
        numbers, starts = _runs(columns["episode_index"])
        num_episodes += len(numbers)
        if num_episodes > MAX_EPISODES:
            raise RecordingError(f"{folder} has more than {MAX_EPISODES} episodes")
        for number, first, last in zip(numbers, starts, (*starts[1:], None), strict=True):
            part = {name: values[first:last] for name, values in columns.items()}
            yield _episode(part, info, _info_of(own, profile, number, float(info["fps"]), STATE in part))


def _runs(episodes: np.ndarray) -> tuple[list[int], list[int]]:
    """Returns the number and the first row of each stretch of rows of one episode.

    Raises:
        RecordingError: if the numbers are no whole ones, or one comes twice.
    """
    if episodes.dtype.kind not in "iu" or episodes.ndim != 1:
        raise RecordingError(f"the column episode_index holds {episodes.dtype} of {episodes.ndim} axes")
    starts = np.flatnonzero(np.diff(episodes, prepend=episodes[:1] - 1)) if len(episodes) else np.empty(0, int)
    numbers = episodes[starts].tolist()
    if len(set(numbers)) != len(numbers) or any(number < 0 for number in numbers):
        raise RecordingError("the rows of an episode do not stand together, or its number is below 0")
    return numbers, starts.tolist()


def _read_json(path: Path) -> Any:
    if not stat.S_ISREG(path.stat().st_mode):
        raise RecordingError(f"{path} is no regular file")
    if path.stat().st_size > MAX_JSON_BYTES:
        raise RecordingError(
            f"{path} has {path.stat().st_size / 1e6:.0f} MB, at most {MAX_JSON_BYTES / 1e6:.0f} are read"
        )
    return parse_json(path.read_text(encoding="utf-8"), str(path), max_characters=MAX_JSON_BYTES)


def _own_infos(folder: Path, profile: Profile | None) -> list[EpisodeInfo] | None:
    """Returns what this project wrote about each episode; None if a tool left it out."""
    path = folder / OWN_PATH
    if not path.is_file():
        if profile is None:
            raise RecordingError(f"{folder} has no {OWN_PATH}, which names the game: give its profile with --profile")
        return None
    try:
        return [from_plain(EpisodeInfo, each, str(path)) for each in _read_json(path)]
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
    if known.shape != values.shape:
        raise RecordingError(f"the column {KNOWN[name]} has another shape than {name}")
    return Vectors(names=tuple(map(str, names or ())), values=values, known=known.astype(np.uint8))
