"""Export of episodes for other programs: numpy's `.npz`, `.csv` and JSON lines, with flat_table's column names.

Export only: understudy reads back `.mcap` and `.pkl`, not these.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.safe_files import replacing
from understudy.contract.serialization import to_json
from understudy.recordings import flat_table
from understudy.recordings.episode import Episode
from understudy.recordings.store import write_episode

ROWS_AT_ONCE = 2000


def export_episode(episode: Episode, path: Path) -> None:
    """Writes one episode atomically, in the format of the suffix: .npz, .csv, .jsonl, .pkl or .mcap.

    Raises:
        RecordingError: if the suffix is none of these.
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".pkl", ".mcap"):
        write_episode(episode, path)
        return
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise RecordingError(f"{path} cannot be written: expected one of {', '.join(_WRITERS)}, .pkl, .mcap")
    with replacing(path) as file:
        writer(episode, file)


def _write_npz(episode: Episode, file: BinaryIO) -> None:
    arrays: dict[str, Any] = {**flat_table.columns(episode), **flat_table.input_columns(episode)}
    np.savez_compressed(file, info=np.array(to_json(episode.info)), **arrays)


def _write_csv(episode: Episode, file: BinaryIO) -> None:
    """Writes one row per tick; a nested array becomes numbered columns, NaN an empty cell."""
    flat = flat_table.columns(episode)
    columns = {name: values.reshape(len(episode), math.prod(values.shape[1:])) for name, values in flat.items()}
    with _as_text(file, newline="") as text:
        writer = csv.writer(text)
        writer.writerow(title for name, values in columns.items() for title in _titles(name, values.shape[1]))
        for start in range(0, len(episode), ROWS_AT_ONCE):
            block = [values[start : start + ROWS_AT_ONCE].tolist() for values in columns.values()]
            for row in zip(*block, strict=True):
                writer.writerow("" if number != number else number for cells in row for number in cells)


@contextmanager
def _as_text(file: BinaryIO, newline: str | None = None) -> Iterator[TextIO]:
    """Yields the file as UTF-8 text; leaves it open."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline=newline)
    try:
        yield text
    finally:
        text.detach()


def _titles(name: str, width: int) -> list[str]:
    return [name] if width == 1 else [f"{name}.{number}" for number in range(width)]


def _write_jsonl(episode: Episode, file: BinaryIO) -> None:
    """Writes the metadata in the first line, then one line per tick; NaN is null."""
    with _as_text(file) as text:
        text.write(f'{{"info":{to_json(episode.info)}}}\n')
        for row in _rows(episode):
            text.write(f"{json.dumps(row, separators=(',', ':'))}\n")


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


_WRITERS: dict[str, Callable[[Episode, BinaryIO], None]] = {
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
}
