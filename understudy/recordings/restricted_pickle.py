"""Reads a pickle without running anything of it.

A pickle is a program. This reader first looks through its instructions without executing them, and refuses whatever
plain builtins and numpy arrays do not need; then it unpickles with stand-ins for numpy's classes, so that not even
numpy's own state setting sees numbers from the file before they are checked; and only then builds the arrays.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np

from understudy.contract.errors import HostileRecordingError, RecordingError

MAX_BYTES = 4 * 2**30
MAX_INSTRUCTIONS = 200_000
"""An hour of recording is two thousand instructions, about a hundred of which are big pieces of bytes."""
MAX_DEPTH = 32

_NAMES = """
    PROTO FRAME MARK STOP POP POP_MARK MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET NONE NEWTRUE
    NEWFALSE INT BININT BININT1 BININT2 LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE
    BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_LIST APPEND
    APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL
    REDUCE BUILD
"""
ALLOWED_INSTRUCTIONS = frozenset(_NAMES.split())
"""No EXT, INST, OBJ, NEWOBJ, PERSID: nothing but REDUCE calls anything, and it finds only the stand-ins below."""


def load(data: bytes, name: str) -> Any:
    """Builtins and numpy arrays out of a pickle.

    Args:
        data: the whole file.
        name: of the file, for messages.

    Raises:
        HostileRecordingError: if it asks for anything else; nothing of it was run.
        RecordingError: if it is no whole pickle.
    """
    _inspect(data, name)
    try:
        return _Builder(name).build(_Unpickler(data, name).load())
    except RecordingError:
        raise
    except Exception as problem:  # a damaged pickle fails in any way whatever; it has run nothing of its own
        raise RecordingError(f"{name} is damaged and cannot be read ({problem})") from problem


def _inspect(data: bytes, name: str) -> None:
    """Looks at the instructions without executing them."""
    if len(data) > MAX_BYTES:
        raise HostileRecordingError(f"{name} was refused: it is larger than {MAX_BYTES >> 30} GB")
    count = 0
    try:
        for instruction, argument, _ in pickletools.genops(data):
            count += 1
            if instruction.name not in ALLOWED_INSTRUCTIONS:
                raise _hostile(name, f"the instruction {instruction.name}")
            # a memory slot far beyond what was stored makes the unpickler allocate gigabytes
            if "PUT" in instruction.name and isinstance(argument, int) and argument > count:
                raise _hostile(name, f"memory slot {argument}")
            if count > MAX_INSTRUCTIONS:
                raise _hostile(name, f"more than {MAX_INSTRUCTIONS} instructions")
    except RecordingError:
        raise
    except Exception as problem:
        raise RecordingError(f"{name} is not a whole pickle ({problem})") from problem


def _hostile(name: str, what: str) -> HostileRecordingError:
    return HostileRecordingError(
        f"{name} was refused and nothing of it was run: it asks for {what}, and a recording holds only plain numbers, "
        "text and arrays"
    )


class _Unpickler(pickle.Unpickler):
    """An unpickler that finds stand-ins for the five names that numpy's arrays need and nothing else."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(io.BytesIO(data))
        self.name = name

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _ArrayParts.reconstruct
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "scalar":
            return _ScalarParts
        if module in ("numpy.core.numeric", "numpy._core.numeric") and name == "_frombuffer":
            return _ArrayParts.from_buffer
        if module == "numpy" and name == "ndarray":
            return _ArrayParts
        if module == "numpy" and name == "dtype":
            return _DtypeParts
        raise _hostile(self.name, f"{module}.{name}")


class _DtypeParts:
    """Stands for a numpy dtype: plain numbers, truth values and text of fixed length only."""

    def __init__(self, code: str = "", *_: Any) -> None:
        self.code = code
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]
        if state[2] is not None or state[3] is not None or state[4] is not None:
            raise ValueError("an array of records, where plain arrays were expected")

    def dtype(self) -> np.dtype[Any]:
        dtype = np.dtype(self.code)
        if dtype.kind not in "biufcSU":
            raise ValueError(f"an array of {self.code!r}")
        return np.dtype(self.order + dtype.str[1:]) if self.order in ("<", ">") else dtype


class _ArrayParts:
    """Stands for a numpy array until its size, type and bytes were found to agree."""

    shape: tuple[int, ...]
    parts: tuple[Any, ...] | None = None

    @staticmethod
    def reconstruct(*_: Any) -> "_ArrayParts":
        """How protocols up to 4 begin an array."""
        return _ArrayParts()

    @staticmethod
    def from_buffer(data: Any, dtype_parts: Any, shape: Any, order: Any) -> "_ArrayParts":
        """How protocol 5 describes an array."""
        array = _ArrayParts()
        array.parts = (1, shape, dtype_parts, order == "F", data)
        return array

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.parts = state

    def value(self) -> np.ndarray:
        if self.parts is None:
            raise ValueError("an array without content")
        _, shape, dtype_parts, fortran, data = self.parts
        dtype = dtype_parts.dtype()
        if not isinstance(data, (bytes, bytearray)):
            raise ValueError("an array whose content is no bytes")
        flat = np.frombuffer(data, dtype).copy() if data else np.empty(0, dtype)
        return flat.reshape(shape, order="F" if fortran else "C")


class _ScalarParts:
    """Stands for one numpy number."""

    def __init__(self, dtype_parts: _DtypeParts, data: bytes) -> None:
        self.dtype_parts = dtype_parts
        self.data = data

    def value(self) -> Any:
        (value,) = np.frombuffer(self.data, self.dtype_parts.dtype())
        return value


class _Builder:
    """Puts arrays in the place of their stand-ins; counts, because a few shared lists can unfold to billions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.num_values = 0

    def build(self, value: Any, depth: int = 0) -> Any:
        """A value with everything in it."""
        self.num_values += 1
        if self.num_values > MAX_INSTRUCTIONS:
            raise _hostile(self.name, f"more than {MAX_INSTRUCTIONS} values")
        if depth > MAX_DEPTH:
            raise _hostile(self.name, f"more than {MAX_DEPTH} levels of nesting")
        if isinstance(value, (_ArrayParts, _ScalarParts)):
            return value.value()
        if isinstance(value, dict):
            return {self.build(key, depth + 1): self.build(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.build(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return tuple(self.build(item, depth + 1) for item in value)
        if value is None or isinstance(value, (bool, int, float, str, bytes, bytearray)):
            return value
        raise _hostile(self.name, f"a {type(value).__name__}")
