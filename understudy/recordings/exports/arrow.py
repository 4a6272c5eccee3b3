"""pyarrow, an optional package, and its columns as numpy arrays."""

from typing import Any

import numpy as np

from understudy.contract.errors import MissingExtraError


def arrow() -> tuple[Any, Any]:
    """Returns pyarrow and its module for Parquet files.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as missing:
        raise MissingExtraError("pyarrow", "datasets") from missing
    return pyarrow, pyarrow.parquet


def to_arrow(values: np.ndarray) -> Any:
    """Returns an Arrow array of numbers (T,), or of lists of D numbers (T, D)."""
    flat = arrow()[0].array(np.ascontiguousarray(values).reshape(-1))
    return flat if values.ndim == 1 else arrow()[0].FixedSizeListArray.from_arrays(flat, values.shape[1])


def to_numpy(column: Any) -> np.ndarray:
    """Returns a column of numbers as an array (T,), one of lists of equal length as (T, D).

    Raises:
        ValueError: if it holds null, or lists of different lengths.
    """
    pa, _ = arrow()
    if column.null_count:
        raise ValueError(f"a column with {column.null_count} empty values")
    if not pa.types.is_nested(column.type):
        return np.asarray(column.to_numpy())
    flat = column.combine_chunks().flatten()
    if flat.null_count:
        raise ValueError(f"a column with {flat.null_count} empty values")
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(len(column), -1)
