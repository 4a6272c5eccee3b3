"""Bounded reading of numbers from a Parquet file that another program, or somebody, wrote.

A column of one repeated number takes a few bytes for any number of rows, so what it unpacks to is computed from the
file's own index before a row is read. A page that unpacks to more than the index says meets the limit on memory of
`parquet_process`.
"""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.recordings.exports.arrow import arrow, to_numpy

BASE_BYTES, RATIO = 2**28, 64
"""A file may unpack to so many bytes, and to so many times its size; ours unpack to 13 times."""


def read_numbers(path: Path, required: Sequence[str], optional: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns columns of numbers, shape (rows,), or (rows, D) where each value is a list of D numbers.

    Raises:
        RecordingError: if it is no regular file, unpacks to too much, or a column holds no numbers.
        Exception: whatever pyarrow raises about a damaged file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise RecordingError(f"{path} is no regular file")
    _, pq = arrow()
    with pq.ParquetFile(path) as file:
        names = [*required, *(name for name in optional if name in file.schema_arrow.names)]
        _expect_bounded(file, names, path)
        table = file.read(columns=names)
    return {name: to_numpy(table[name]) for name in names}


def _expect_bounded(file: Any, names: Sequence[str], path: Path) -> None:
    num_bytes = sum(_bytes_of(file, name, path) for name in names)
    wanted = set(names)
    for group in range(file.metadata.num_row_groups):
        row_group = file.metadata.row_group(group)
        chunks = (row_group.column(number) for number in range(row_group.num_columns))
        num_bytes += sum(
            chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema.partition(".list")[0] in wanted
        )
    most = BASE_BYTES + RATIO * path.stat().st_size
    if num_bytes > most:
        raise RecordingError(
            f"{path} unpacks to {num_bytes / 1e6:.0f} MB: at most {most / 1e6:.0f} MB are read of a file of its size"
        )


def _bytes_of(file: Any, name: str, path: Path) -> int:
    """Returns the bytes of a column in memory; those of lists of unknown lengths follow from the stored values."""
    pa, _ = arrow()
    kind, num_values = file.schema_arrow.field(name).type, file.metadata.num_rows
    if pa.types.is_fixed_size_list(kind):
        kind, num_values = kind.value_type, num_values * kind.list_size
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, num_values = kind.value_type, _stored_values(file, name)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise RecordingError(f"{path}: the column {name[:40]} holds {str(kind)[:40]} in place of numbers")
    return int(max(num_values, 0) * max(kind.bit_width, 8) // 8)


def _stored_values(file: Any, name: str) -> int:
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    return sum(
        group.column(number).num_values
        for group in groups
        for number in range(group.num_columns)
        if group.column(number).path_in_schema.startswith(f"{name}.list")
    )
