"""Export of episodes as a LeRobot data set, version 3: Parquet written by pyarrow, without LeRobot or torch.

Layout: `data/`, a file per recording with a row per tick; `videos/`, an MP4 file per recording with a picture per tick;
`meta/info.json`, `stats.json`, `tasks.parquet` and `episodes/`; `meta/understudy.json`, the EpisodeInfo of each
episode. Times are those of the nominal rate, as LeRobot requires; the true ones are in the column `time_s`. Not
exported: raw input events, intents and timings.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.serialization import to_plain
from understudy.recordings.episode import Episode, EpisodeInfo
from understudy.recordings.exports.arrow import arrow, to_arrow
from understudy.recordings.exports.lerobot_layout import (
    EPISODES_PATH,
    EPISODES_PER_CHUNK,
    FILE,
    INFO_PATH,
    KNOWN,
    OWN_PATH,
    PICTURES,
    STATS_PATH,
    TASKS_PATH,
    VECTORS,
    VERSION,
    VIDEO_FILE,
    data_path,
    video_path,
)
from understudy.recordings.exports.lerobot_video import QUANTILES, picture_size, picture_statistics, write_video
from understudy.recordings.exports.new_folder import new_folder

Statistics = dict[str, np.ndarray]
"""min, max, mean, std and quantiles of a column, float64 of shape (D,), of pictures (3, 1, 1); count of shape (1,)."""


def export_lerobot(recordings: Iterable[tuple[Episode, Path | None]], folder: Path) -> tuple[int, int]:
    """Writes one data set with an episode per recording; holds one recording in memory at a time.

    Args:
        recordings: of one game: the same name, keys, readings and rate; each with the file of its pictures. Either all
            have pictures, of one size, or none has.
        folder: a new or empty folder.

    Returns:
        The numbers of episodes and of ticks.

    Raises:
        MissingExtraError: if pyarrow is not installed, or PyAV where there are pictures.
        RecordingError: if there is no tick, games or pictures differ, or the folder holds something.
        OSError: if it cannot be written.
    """
    arrow()
    with new_folder(folder) as temporary:
        writer = _Writer(temporary)
        for episode, video in recordings:
            if len(episode):
                writer.append(episode, video)
        writer.finish()
    return len(writer.lengths), sum(writer.lengths)


class _Writer:
    """State of one export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.infos: list[EpisodeInfo] = []
        self.lengths: list[int] = []
        self.stats: list[dict[str, Statistics]] = []
        self.features: dict[str, Any] = {}
        self.picture_size: tuple[int, int] | None = None

    def append(self, episode: Episode, video: Path | None) -> None:
        """Writes the files of one episode.

        Raises:
            RecordingError: if it is of another game than the first, or has other pictures.
        """
        self.infos.append(episode.info)
        if _game(episode.info) != _game(self.infos[0]):
            raise RecordingError("recordings of different games or rates make no one data set: export them apart")
        pa, pq = arrow()
        columns, names = _columns(episode, len(self.lengths), sum(self.lengths))
        self.features = {
            name: {"dtype": str(values.dtype), "shape": list(values.shape[1:]) or [1], "names": names.get(name)}
            for name, values in columns.items()
        }
        path = self.folder / data_path(len(self.lengths))
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({name: to_arrow(values) for name, values in columns.items()})
        pq.write_table(table, path, compression="zstd")
        stats = {name: _statistics(values) for name, values in columns.items()}
        size = None if video is None else picture_size(video)
        if self.lengths and size != self.picture_size:
            raise RecordingError("recordings with pictures of different sizes, or with and without, make no data set")
        if video is not None and size is not None:
            self.picture_size = size
            fps = _fps(episode.info)
            write_video(video, episode.observations["time_s"], fps, self.folder / video_path(len(self.lengths)))
            stats[PICTURES] = picture_statistics(video)
            self.features[PICTURES] = _picture_feature(size, fps)
        self.lengths.append(len(episode))
        self.stats.append(stats)

    def finish(self) -> None:
        """Writes what describes the episodes.

        Raises:
            RecordingError: if there was none.
        """
        if not self.infos:
            raise RecordingError("there is no tick to export")
        _, pq = arrow()
        task = f"play {self.infos[0].profile.name}"
        (self.folder / EPISODES_PATH).parent.mkdir(parents=True)
        pq.write_table(_tasks(task), self.folder / TASKS_PATH)
        pq.write_table(self._listed_episodes(task), self.folder / EPISODES_PATH)
        total = {name: _plain(_aggregated([each[name] for each in self.stats])) for name in self.features}
        infos = [to_plain(each) for each in self.infos]
        for path, value in ((OWN_PATH, infos), (STATS_PATH, total), (INFO_PATH, self._info())):
            (self.folder / path).write_text(json.dumps(value, indent=1), encoding="utf-8")

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": VERSION,
            "robot_type": self.infos[0].profile.name,
            "total_episodes": len(self.lengths),
            "total_frames": sum(self.lengths),
            "total_tasks": 1,
            "chunks_size": EPISODES_PER_CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": _fps(self.infos[0]),
            "splits": {"train": f"0:{len(self.lengths)}"},
            "data_path": f"data/{FILE}",
            "video_path": VIDEO_FILE if PICTURES in self.features else None,
            "features": self.features,
        }

    def _listed_episodes(self, task: str) -> Any:
        numbers, ends = range(len(self.lengths)), np.cumsum(self.lengths)
        listed: dict[str, Any] = {
            "episode_index": list(numbers),
            "tasks": [[task]] * len(numbers),
            "length": self.lengths,
            "data/chunk_index": [number // EPISODES_PER_CHUNK for number in numbers],
            "data/file_index": [number % EPISODES_PER_CHUNK for number in numbers],
            "dataset_from_index": (ends - self.lengths).tolist(),
            "dataset_to_index": ends.tolist(),
            "meta/episodes/chunk_index": [0] * len(numbers),
            "meta/episodes/file_index": [0] * len(numbers),
        }
        if PICTURES in self.features:
            fps = _fps(self.infos[0])
            listed |= {
                f"videos/{PICTURES}/chunk_index": listed["data/chunk_index"],
                f"videos/{PICTURES}/file_index": listed["data/file_index"],
                f"videos/{PICTURES}/from_timestamp": [0.0] * len(numbers),
                f"videos/{PICTURES}/to_timestamp": [length / fps for length in self.lengths],
            }
        for name in self.features:
            for kind in self.stats[0][name]:
                listed[f"stats/{name}/{kind}"] = [each[name][kind].tolist() for each in self.stats]
        return arrow()[0].table(listed)


def _game(info: EpisodeInfo) -> tuple[Any, ...]:
    game = info.profile
    return game.name, game.keys, game.gauges, game.switches, game.selectors, game.track_gauges, info.tick_rate_hz


def _fps(info: EpisodeInfo) -> int:
    return max(1, round(info.tick_rate_hz))


def _picture_feature(size: tuple[int, int], fps: int) -> dict[str, Any]:
    """Returns the description of the pictures, with what LeRobot itself reads from a video file."""
    width, height = size
    about = {
        "height": height,
        "width": width,
        "codec": "h264",
        "pix_fmt": "yuv420p",
        "is_depth_map": False,
        "fps": fps,
        "channels": 3,
    }
    return {
        "dtype": "video",
        "shape": [height, width, 3],
        "names": ["height", "width", "channels"],
        "info": {**{f"video.{name}": value for name, value in about.items()}, "has_audio": False},
    }


def _columns(episode: Episode, number: int, start: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Returns the columns, shape (ticks,) or (ticks, numbers), and the names of the numbers of each vector.

    Args:
        episode: of which.
        number: of the episode in the data set.
        start: number of its first tick in the data set.
    """
    columns: dict[str, np.ndarray] = {}
    names: dict[str, list[str]] = {}
    for name, vectors_of in VECTORS.items():
        vectors = vectors_of(episode)
        columns[name], names[name] = vectors.values, list(vectors.names)
        if name in KNOWN:
            columns[KNOWN[name]], names[KNOWN[name]] = vectors.known, list(vectors.names)
    ticks = np.arange(len(episode))
    columns["time_s"] = episode.observations["time_s"]
    columns["actor"] = episode.actors.astype(np.int64)
    columns["timestamp"] = (ticks / _fps(episode.info)).astype(np.float32)
    columns["frame_index"] = ticks
    columns["episode_index"] = np.full(len(ticks), number)
    columns["index"] = ticks + start
    columns["task_index"] = np.zeros(len(ticks), np.int64)
    return columns, names


def _tasks(task: str) -> Any:
    """Returns the table of the one task, whose name is the index that pandas reads."""
    table = arrow()[0].table({"task_index": [0], "task": [task]})
    columns = [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": stored, "metadata": None}
        for name, kind, stored in (("task_index", "int64", "int64"), ("task", "unicode", "object"))
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns, "pandas_version": "2.0"}
    return table.replace_schema_metadata({"pandas": json.dumps(pandas)})


def _statistics(values: np.ndarray) -> Statistics:
    rows = values.reshape(len(values), -1).astype(np.float64)
    found = {name: getattr(rows, name)(axis=0) for name in ("min", "max", "mean", "std")}
    quantiles = dict(zip(QUANTILES, np.quantile(rows, list(QUANTILES.values()), axis=0), strict=True))
    return {**found, "count": np.array([len(rows)]), **quantiles}


def _aggregated(parts: Sequence[Statistics]) -> Statistics:
    """Returns the statistics of all episodes; the quantiles as LeRobot does it, as a mean weighted by length."""
    counts = np.array([part["count"][0] for part in parts])
    stacked = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    weights = (counts / counts.sum()).reshape(-1, *[1] * (stacked["mean"].ndim - 1))
    mean = (weights * stacked["mean"]).sum(axis=0)
    variance = (weights * (stacked["std"] ** 2 + (stacked["mean"] - mean) ** 2)).sum(axis=0)
    return {
        "min": stacked["min"].min(axis=0),
        "max": stacked["max"].max(axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": np.array([counts.sum()]),
        **{name: (weights * stacked[name]).sum(axis=0) for name in QUANTILES},
    }


def _plain(stats: Statistics) -> dict[str, Any]:
    return {name: values.tolist() for name, values in stats.items()}
