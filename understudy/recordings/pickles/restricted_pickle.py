"""Safe pickle reader: loads builtins and consistent numpy arrays without executing any of the file's code.

`pickle_interpreter` executes the opcodes on plain values; this module builds the arrays, within limits.
"""

import math
import re
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.terminal_text import brief
from understudy.recordings.pickles.pickle_interpreter import Interpreter, Parts, hostile

MAX_BYTES = 4 * 2**30
MAX_VALUES = 50_000
MAX_DEPTH = 32
MAX_DIMENSIONS = 8
BUILT_RATIO = 2
"""Limit of the arrays' total size, as a multiple of the file's: a file can reference the same bytes repeatedly."""

_TYPE = re.compile(r"[biufcSU]\d{1,6}")
"""Allowed dtypes: numbers, booleans and text of fixed length."""


def load(data: bytes, name: str) -> Any:
    """Loads builtins and numpy arrays from a pickle.

    Args:
        data: the complete file.
        name: of the file, for error messages.

    Raises:
        HostileRecordingError: if it contains anything else; none of its code is executed.
        RecordingError: if it is no complete pickle.
    """
    if len(data) > MAX_BYTES:
        raise hostile(name, f"more than {MAX_BYTES >> 30} GB")
    try:
        return _Builder(name, len(data)).build(Interpreter(name).run(data))
    except RecordingError:
        raise
    except Exception as problem:  # a damaged pickle can raise anything; none of its code was executed
        raise RecordingError(
            f"{name} is damaged or no whole pickle, and cannot be read ({brief(problem)})"
        ) from problem


class _Builder:
    """Replaces Parts by arrays; counts values, because a few shared lists can expand to billions."""

    def __init__(self, name: str, num_bytes: int) -> None:
        self.name = name
        self.num_values = 0
        self.bytes_left = BUILT_RATIO * num_bytes
        self.built: dict[int, Any] = {}
        """Cache by identity of the parts, so that shared values stay shared."""

    def build(self, value: Any, depth: int = 0) -> Any:
        """Returns a value with all nested Parts built."""
        self.num_values += 1
        if self.num_values > MAX_VALUES:
            raise hostile(self.name, f"more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise hostile(self.name, f"more than {MAX_DEPTH} levels of nesting")
        if isinstance(value, Parts):
            return self._of_parts(value)
        if isinstance(value, dict):
            return {self.build(key, depth + 1): self.build(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.build(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return tuple(self.build(item, depth + 1) for item in value)
        if value is None or isinstance(value, (bool, int, float, str, bytes, bytearray)):
            return value
        raise hostile(self.name, "a function")

    def _of_parts(self, parts: Parts) -> Any:
        if id(parts) not in self.built:
            if parts.kind == "array":
                self.built[id(parts)] = self._array(parts.state)
            elif parts.kind == "scalar":
                dtype, data = parts.arguments
                self.built[id(parts)] = self._flat(dtype, data, 1)[0]
            else:
                raise hostile(self.name, "a type")
        return self.built[id(parts)]

    def _array(self, state: Any) -> np.ndarray:
        if state is None:
            raise ValueError("an array without content")
        _, shape, dtype, fortran, data = state
        if len(shape) > MAX_DIMENSIONS or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError("an array whose shape is none")
        return self._flat(dtype, data, math.prod(shape)).reshape(shape, order="F" if fortran else "C")

    def _flat(self, dtype_parts: Any, data: Any, count: int) -> np.ndarray:
        """Returns a flat array of `count` items from bytes."""
        dtype = _dtype(dtype_parts)
        if not isinstance(data, (bytes, bytearray)) or len(data) != count * dtype.itemsize or (count and not data):
            raise ValueError(f"an array of {count} values whose content does not fit")
        self.bytes_left -= len(data)
        if self.bytes_left < 0:
            raise hostile(self.name, f"arrays of more than {BUILT_RATIO} times its size")
        return np.frombuffer(data, dtype).copy() if data else np.empty(count, dtype)


def _dtype(parts: Any) -> np.dtype[Any]:
    if not isinstance(parts, Parts) or parts.kind != "dtype":
        raise ValueError("an array without a type")
    (code,) = parts.arguments
    if not isinstance(code, str) or not _TYPE.fullmatch(code):
        raise ValueError(f"an array of {code!r}, where plain numbers were expected")
    _, order, *records = (3, "|", None, None, None) if parts.state is None else parts.state[:5]
    if any(part is not None for part in records):
        raise ValueError("an array of records, where plain arrays were expected")
    dtype = np.dtype(code)
    return np.dtype(order + dtype.str[1:]) if order in ("<", ">") else dtype
