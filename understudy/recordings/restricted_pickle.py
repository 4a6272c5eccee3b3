"""Reads a pickle without running anything of it: builtins and numpy arrays, whose parts agree, and nothing else.

`pickle_interpreter` runs the instructions on plain values; here arrays are built in the end, within limits.
"""

import math
import re
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.terminal_text import brief
from understudy.recordings.pickle_interpreter import Interpreter, Parts, hostile

MAX_BYTES = 4 * 2**30
MAX_VALUES = 50_000
MAX_DEPTH = 32
MAX_DIMENSIONS = 8
BUILT_RATIO = 2
"""Arrays may have this times the file's bytes, all together: the same bytes can be asked for again and again."""

_TYPE = re.compile(r"[biufcSU]\d{1,6}")
"""Plain numbers, truth values and text of fixed length."""


def load(data: bytes, name: str) -> Any:
    """Builtins and numpy arrays out of a pickle.

    Args:
        data: the whole file.
        name: of the file, for messages.

    Raises:
        HostileRecordingError: if it asks for anything else; nothing of it was run.
        RecordingError: if it is no whole pickle.
    """
    if len(data) > MAX_BYTES:
        raise hostile(name, f"more than {MAX_BYTES >> 30} GB")
    try:
        return _Builder(name, len(data)).build(Interpreter(name).run(data))
    except RecordingError:
        raise
    except Exception as problem:  # a damaged pickle fails in any way whatever; it has run nothing of its own
        raise RecordingError(
            f"{name} is damaged or no whole pickle, and cannot be read ({brief(problem)})"
        ) from problem


class _Builder:
    """Puts arrays in the place of their parts; counts, because a few shared lists can unfold to billions."""

    def __init__(self, name: str, num_bytes: int) -> None:
        self.name = name
        self.num_values = 0
        self.bytes_left = BUILT_RATIO * num_bytes
        self.built: dict[int, Any] = {}
        """By identity of the parts: what is shared in the file stays shared."""

    def build(self, value: Any, depth: int = 0) -> Any:
        """A value with everything in it."""
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
        """So many numbers out of bytes."""
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
