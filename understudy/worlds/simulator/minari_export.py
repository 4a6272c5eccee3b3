"""Export of episodes as a Minari data set in the spaces of our Gymnasium environment, by pyarrow, without Minari.

Layout of the folder: `data/metadata.json`, and for each episode `data/N/metadata.json` and `data/N/part-0.parquet` with
a row per observation: one more than steps, so that the last row's action, reward and ends are padding. The reward of a
step is that of `gym_env`, from the events of the next tick. `infos` has the tick's time and who acts in it.

Source: minari.dataset._storages.arrow_storage of Minari 0.5.4, whose format `parquet` this is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from understudy.contract.errors import RecordingError
from understudy.recordings.episode import LARGEST_STEP_S, Episode, EpisodeInfo
from understudy.recordings.exports.arrow import arrow, to_arrow
from understudy.recordings.exports.new_folder import new_folder
from understudy.worlds.simulator import gym_env
from understudy.worlds.simulator.gym_spaces import action_space, features, numbers_from, observation_space

MINARI_VERSION = "0.5.4"
FORMAT = "parquet"
_NAME = re.compile(r"[-_\w]+-v\d+", re.ASCII)
MAX_STEPS = 100_000
"""Longest episode: Minari reads an episode as one batch, and pyarrow's batches have up to 131,072 rows."""


def export_minari(episodes: Iterable[Episode], folder: Path) -> tuple[int, int]:
    """Writes one data set; holds one recording in memory at a time.

    A recording is cut into several episodes where ticks are missing (pauses), and after MAX_STEPS steps.

    Args:
        episodes: of one game: the same name, keys, kinds and maps.
        folder: a new or empty folder; its name is the name of the data set: `hunter-v0`.

    Returns:
        The numbers of episodes and of steps.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        RecordingError: if there is no step, the games differ, outcomes cannot be seen, or the folder holds something or
            has a name without a version.
        OSError: if it cannot be written.
    """
    arrow()
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise RecordingError(f"Minari finds no data set named {name!r}: name the folder like hunter-v0")
    info: EpisodeInfo | None = None
    num_episodes = num_steps = 0
    with new_folder(folder) as temporary:
        for recording in episodes:
            info = info or recording.info
            _expect_same_game(info, recording.info)
            for episode in _stretches(recording):
                _write_episode(episode, num_episodes, temporary / "data")
                num_episodes += 1
                num_steps += len(episode) - 1
        if info is None or not num_episodes:
            raise RecordingError("there is no step to export")
        metadata = {
            "total_episodes": num_episodes,
            "total_steps": num_steps,
            "data_format": FORMAT,
            "jpeg_encoding": True,
            "observation_space": json.dumps(_serialised(observation_space(info.profile))),
            "action_space": json.dumps(_serialised(action_space(info.profile))),
            "dataset_id": name,
            "algorithm_name": info.pilot,
            "description": f"recordings of {info.profile.name} by understudy",
            "minari_version": MINARI_VERSION,
            "dataset_size": sum(path.stat().st_size for path in (temporary / "data").rglob("*")) / 1e6,
        }
        if info.world == "simulator":
            metadata["env_spec"] = gymnasium.spec(gym_env.ENVIRONMENT).to_json()
        (temporary / "data" / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    return num_episodes, num_steps


def _expect_same_game(first: EpisodeInfo, info: EpisodeInfo) -> None:
    if not info.shows_outcomes:
        raise RecordingError(
            f"a step of Minari has a reward, but the outcomes of {info.profile.name} cannot be seen, as its profile "
            "names neither bars nor a log: export as lerobot"
        )
    games = [(each.profile.name, each.profile.keys, each.profile.kinds, each.profile.maps) for each in (first, info)]
    if games[0] != games[1]:
        raise RecordingError("recordings of different games make no one data set: export them apart")


def _stretches(episode: Episode) -> Iterator[Episode]:
    """Yields stretches of at least two ticks without missing ones."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps_s = np.diff(episode.observations["time_s"])
    cuts = np.flatnonzero(~((steps_s > 0) & (steps_s <= LARGEST_STEP_S))) + 1
    for start, end in zip([0, *cuts], [*cuts, len(episode)], strict=True):
        for first in range(start, end - 1, MAX_STEPS):
            yield episode[first : min(first + MAX_STEPS + 1, end)]


def _write_episode(episode: Episode, number: int, data: Path) -> None:
    """Writes the file of one episode of T ticks as T - 1 steps."""
    pa, pq = arrow()
    profile, events = episode.info.profile, episode.observations["events"]
    rewards = events["value"][1:].astype(np.float64) - gym_env.DEATH_COST * events["deaths"][1:]
    is_last = np.arange(len(episode)) == len(episode) - 2
    observed = {
        name: to_arrow(part.reshape(len(part), -1)) for name, part in features(episode.observations, profile).items()
    }
    infos = {"time_s": to_arrow(episode.observations["time_s"]), "actor": to_arrow(episode.actors.astype(np.int64))}
    table = pa.table(
        {
            "observations": pa.StructArray.from_arrays(list(observed.values()), list(observed)),
            "actions": to_arrow(numbers_from(episode.actions, profile)),
            "rewards": np.append(np.nan_to_num(rewards), 0.0),
            "terminations": np.zeros(len(episode), bool),
            "truncations": is_last,
            "infos": pa.StructArray.from_arrays(list(infos.values()), list(infos)),
        }
    )
    folder = data / str(number)
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet", compression="zstd")
    metadata = {"id": number, "total_steps": len(episode) - 1, "pilot": episode.info.pilot}
    if episode.info.seed is not None:
        metadata["world_seed"] = episode.info.seed
    (folder / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")


def _serialised(space: gymnasium.Space) -> dict[str, Any]:
    """Returns a space of boxes as Minari stores it."""
    if isinstance(space, spaces.Dict):
        return {"type": "Dict", "subspaces": {name: _serialised(part) for name, part in space.items()}}
    assert isinstance(space, spaces.Box)
    return {
        "type": "Box",
        "dtype": str(space.dtype),
        "shape": list(space.shape),
        "low": space.low.tolist(),
        "high": space.high.tolist(),
    }
