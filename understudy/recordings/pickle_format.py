"""The guide's `shadow_recording_TIMESTAMP.pkl`: a dict of plain builtins and numpy arrays, nothing else.

    {"format": "understudy-recording", "format_version": 1, "info": {...}, "arrays": {"observation.time_s": array, ...}}

Anything can open it with `pickle.load`; this module reads it back without running anything (see restricted_pickle).
"""

import os
import pickle
from pathlib import Path
from typing import Any

from understudy.contract.errors import RecordingError
from understudy.contract.serialization import from_plain, to_plain
from understudy.recordings import flat_table, restricted_pickle
from understudy.recordings.episode import Episode, EpisodeInfo
from understudy.recordings.mcap_channels import FORMAT_VERSION

FORMAT_NAME = "understudy-recording"
PROTOCOL = 4
"""Protocol 5 spreads arrays over more of numpy's private names."""


def read(path: Path) -> Episode:
    """Reads one `.pkl` recording.

    Raises:
        HostileRecordingError: if it asks for anything but builtins and arrays; nothing of it was run.
        RecordingError: if it is damaged, newer, or a pickle of something else.
    """
    plain = restricted_pickle.load(path.read_bytes(), path.name)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT_NAME:
        raise RecordingError(f"{path.name} is a pickle, but no recording of understudy")
    version: Any = plain.get("format_version")
    if version != FORMAT_VERSION:
        raise RecordingError(
            f"{path.name} is a pickle of format {version!r}, this version of understudy reads format {FORMAT_VERSION}"
        )
    if not isinstance(plain.get("arrays"), dict):
        raise RecordingError(f"{path.name} holds no arrays")
    return flat_table.assemble(from_plain(EpisodeInfo, plain.get("info"), path.name), plain["arrays"])


def write(episode: Episode, path: Path) -> None:
    """Writes one episode as a whole file or not at all; replaces a file of that name."""
    plain = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION,
        "info": to_plain(episode.info),
        "arrays": {**flat_table.columns(episode), **flat_table.input_columns(episode)},
    }
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            pickle.dump(plain, file, protocol=PROTOCOL)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
