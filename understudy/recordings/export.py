"""Episodes for other programs: numpy's `.npz`, `.csv` and JSON lines, with the column names of `flat`.

These are for looking at and computing with elsewhere; understudy reads back `.mcap` and `.pkl`, not these.
"""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.serialization import to_json
from understudy.recordings import flat_table
from understudy.recordings.episode import Episode
from understudy.recordings.store import write_episode

ROWS_AT_ONCE = 2000


def export_episode(episode: Episode, path: Path) -> None:
    """Writes one episode in the form that the suffix names: .npz, .csv, .jsonl, .pkl or .mcap.

    Raises:
        RecordingError: if the suffix is none of these.
    """
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise RecordingError(f"{path} cannot be written: expected one of {', '.join(_WRITERS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(episode, path)


def _write_npz(episode: Episode, path: Path) -> None:
    arrays: dict[str, Any] = {**flat_table.columns(episode), **flat_table.input_columns(episode)}
    np.savez_compressed(path, info=np.array(to_json(episode.info)), **arrays)


def _write_csv(episode: Episode, path: Path) -> None:
    """One row a tick; a nested array becomes numbered columns, an unknown reading an empty cell."""
    columns = {name: values.reshape(len(episode), -1) for name, values in flat_table.columns(episode).items()}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(title for name, values in columns.items() for title in _titles(name, values.shape[1]))
        for start in range(0, len(episode), ROWS_AT_ONCE):
            block = [values[start : start + ROWS_AT_ONCE].tolist() for values in columns.values()]
            for row in zip(*block, strict=True):
                writer.writerow("" if number != number else number for cells in row for number in cells)


def _titles(name: str, width: int) -> list[str]:
    return [name] if width == 1 else [f"{name}.{number}" for number in range(width)]


def _write_jsonl(episode: Episode, path: Path) -> None:
    """The description in the first line, then one line a tick; an unknown reading is null."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"info":{to_json(episode.info)}}}\n')
        for row in _rows(episode):
            file.write(f"{json.dumps(row, separators=(',', ':'))}\n")


def _rows(episode: Episode) -> Iterator[dict[str, Any]]:
    columns = flat_table.columns(episode)
    for start in range(0, len(episode), ROWS_AT_ONCE):
        block = [_plain(values[start : start + ROWS_AT_ONCE]) for values in columns.values()]
        for row in zip(*block, strict=True):
            yield dict(zip(columns, row, strict=True))


def _plain(values: np.ndarray) -> list[Any]:
    if values.dtype.kind == "f" and np.isnan(values).any():
        unknown = np.isnan(values)
        values = values.astype(object)
        values[unknown] = None
    return list(values.tolist())


_WRITERS: dict[str, Callable[[Episode, Path], None]] = {
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".pkl": write_episode,
    ".mcap": write_episode,
}
