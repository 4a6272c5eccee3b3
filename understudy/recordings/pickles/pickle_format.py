"""The guide's recording format `shadow_recording_TIMESTAMP.pkl`: a pickled dict of plain builtins and numpy arrays.

    {"format": "understudy-recording", "format_version": 1, "info": {...}, "arrays": {"observation.time_s": array, ...},
     "checksum": 1234567890}

The checksum, CRC-32 of info and arrays, is optional. `pickle.load` opens the file; this module reads it without
executing any of its code (restricted_pickle.py).
"""

import pickle
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.safe_files import replacing
from understudy.contract.serialization import from_plain, to_json, to_plain
from understudy.contract.terminal_text import printable
from understudy.recordings import flat_table
from understudy.recordings.episode import Episode, EpisodeInfo
from understudy.recordings.mcap_channels import FORMAT_VERSION
from understudy.recordings.migrations import migrate_columns
from understudy.recordings.pickles import restricted_pickle

FORMAT_NAME = "understudy-recording"
_ENTRIES = ("format", "format_version", "info", "arrays", "checksum")
PROTOCOL = 4
"""Pickle protocol; protocol 5 uses more of numpy's private names."""


def read(path: Path) -> Episode:
    """Reads one `.pkl` recording.

    Raises:
        HostileRecordingError: if it contains anything but builtins and arrays; none of its code is executed.
        RecordingError: if it is damaged, of a newer version, or another kind of pickle.
    """
    size = path.stat().st_size
    if size > restricted_pickle.MAX_BYTES:
        most = restricted_pickle.MAX_BYTES >> 30
        raise RecordingError(f"{path} has {size / 2**30:.1f} GB: files of up to {most} GB are read")
    plain = restricted_pickle.load(path.read_bytes(), path.name)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT_NAME:
        raise RecordingError(f"{path.name} is a pickle, but no recording of understudy")
    version: Any = plain.get("format_version")
    if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
        raise RecordingError(
            f"{path.name} is a pickle of format {printable(repr(version), 40)}, this version of understudy reads "
            f"formats up to {FORMAT_VERSION}"
        )
    arrays = plain.get("arrays")
    if not isinstance(arrays, dict):
        raise RecordingError(f"{path.name} holds no arrays")
    columns = migrate_columns(arrays, version)
    episode = flat_table.assemble(from_plain(EpisodeInfo, plain.get("info"), path.name), columns)
    return replace(episode, losses=_losses(plain))


def _losses(plain: Mapping[Any, Any]) -> tuple[str, ...]:
    """Returns one sentence per defect of a readable file."""
    unknown = [key for key in plain if key not in _ENTRIES]
    if unknown:
        return (f"the file has an entry that nobody knows, {printable(repr(unknown[0]), 40)}: something was changed",)
    stated = plain.get("checksum")
    if stated is not None and stated != _checksum(plain["info"], plain["arrays"]):
        return ("the file's checksum does not fit: something in it was changed",)
    return ()


def write(episode: Episode, path: Path) -> None:
    """Writes one episode atomically; replaces an existing file."""
    info = to_plain(episode.info)
    arrays = {**flat_table.columns(episode), **flat_table.input_columns(episode)}
    plain = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION,
        "info": info,
        "arrays": arrays,
        "checksum": _checksum(info, arrays),
    }
    with replacing(path) as file:
        pickle.dump(plain, file, protocol=PROTOCOL)


def _checksum(info: Any, arrays: Mapping[str, np.ndarray]) -> int:
    """Returns the CRC-32 of the info as JSON and of the arrays with their names, sorted by name."""
    found = zlib.crc32(to_json(info).encode())
    for name in sorted(arrays):
        found = zlib.crc32(name.encode(), found)
        found = zlib.crc32(np.ascontiguousarray(arrays[name]).data, found)
    return found
