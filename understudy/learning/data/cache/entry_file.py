"""One file of the cache: named numpy arrays in an uncompressed .npz, written completely or not at all.

A file of the cache is untrusted: it may be torn, of another version, or made by someone else. So arrays are read
without pickle, and their sizes are those of the file, never those that its headers promise.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from understudy.contract.safe_files import replacing

Spec = Mapping[str, tuple[np.dtype, tuple[int | None, ...]]]
"""Expected dtype, and shape after the first axis, of each array by name; None for any length."""


class TornEntryError(Exception):
    """A file of the cache cannot be used; what was in it is made again."""


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> int:
    """Writes arrays atomically; returns the number of bytes.

    Raises:
        OSError: if the disk is full or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)
        return file.tell()


def read_arrays(path: Path, spec: Spec, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Reads some arrays of a file, read-only; one that the file does not have is left out.

    Raises:
        TornEntryError: if the file is missing, torn or not what `spec` says.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            there = {info.filename: info for info in archive.infolist()}
            found = {}
            for name in names:
                info = there.get(f"{name}.npy")
                if info is not None:
                    if info.compress_type != zipfile.ZIP_STORED:
                        raise ValueError(f"{name} is compressed")
                    found[name] = _parse(archive.read(info), name, spec)
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as problem:
        raise TornEntryError(f"{path}: {problem}") from problem
    return found


def _parse(content: bytes, name: str, spec: Spec) -> np.ndarray:
    """Returns the array of a .npy member whose checksum is right (zipfile checks it)."""
    header = io.BytesIO(content)
    if np.lib.format.read_magic(header) != (1, 0):
        raise ValueError(f"{name} has an unknown version")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(header)
    wanted, trailing = spec[name]
    is_shaped = len(shape) == 1 + len(trailing) and min(shape) >= 0
    is_shaped = is_shaped and all(length in (None, given) for length, given in zip(trailing, shape[1:], strict=True))
    if dtype != wanted or is_fortran or not is_shaped:
        raise ValueError(f"{name} is {dtype} of shape {shape}")
    values = np.frombuffer(content, dtype, offset=header.tell())
    return values.reshape(shape)
