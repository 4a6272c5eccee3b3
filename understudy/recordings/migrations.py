"""The one place where recordings of an older format become recordings of today's.

Each entry leads from the version that is its key to the next one and works on a RawRecording, whose arrays still have
the dtypes that they were stored with; so an old file is lifted step by step, and nothing else knows old layouts.
When a contract dtype changes: raise `channels.FORMAT_VERSION` and add the step from the version before.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.observation import MAX_TRACKS, OBSERVATION, TRACK
from understudy.recordings.mcap_channels import CHANNELS, FORMAT_VERSION, OBSERVATIONS, TICK_CHANNELS
from understudy.recordings.mcap_reader import RawRecording

Migration = Callable[[RawRecording], RawRecording]


def _with_fields(dtype: np.dtype[Any], other: Mapping[str, tuple[Any, ...]]) -> np.dtype[Any]:
    """A record dtype with other fields in the places of some."""
    return np.dtype([other.get(name, (name, dtype[name])) for name in dtype.names or ()])


_TRACK_1 = _with_fields(TRACK, {"age_ms": ("pad", "u1", (2,))})
_OBSERVATION_1 = _with_fields(OBSERVATION, {"tracks": ("tracks", _TRACK_1, (MAX_TRACKS,))})


def _with_ages(raw: RawRecording) -> RawRecording:
    """Version 2 says how old a track is where version 1 had two unused bytes; then perception ran in every tick."""
    stored = raw.arrays.get(OBSERVATIONS.topic)
    if stored is not None and stored.dtype == _OBSERVATION_1:
        aged = stored.copy().view(OBSERVATION)
        aged["tracks"]["age_ms"] = 0
        raw.arrays[OBSERVATIONS.topic] = aged
    return raw


MIGRATIONS: dict[int, Migration] = {1: _with_ages}
"""By the version that each leads from."""


def migrate_columns(columns: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Lifts the flat columns of an older `.pkl` recording to the current version.

    Args:
        columns: name -> values, one row a tick.
        version: 1 to FORMAT_VERSION, that of the file.
    """
    seen = columns.get("observation.tracks.id")
    if version >= 2 or not isinstance(seen, np.ndarray):
        return columns
    return {"observation.tracks.age_ms": np.zeros(seen.shape, np.uint16), **columns}


def migrate(
    raw: RawRecording,
    name: str,
    *,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    current: int = FORMAT_VERSION,
) -> RawRecording:
    """Lifts a recording to the current version.

    Args:
        raw: what was stored; its `version` decides where to begin.
        name: of the file, for messages.
        migrations: the steps; others than the format's own in tests.
        current: the version to reach.

    Raises:
        RecordingError: if it is newer than this program, or older than any step.
    """
    if raw.version > current:
        raise RecordingError(
            f"{name} was recorded in format {raw.version}, this version of understudy reads up to format {current}: "
            "update understudy"
        )
    while raw.version < current:
        step = migrations.get(raw.version)
        if step is None:
            raise RecordingError(f"{name} was recorded in format {raw.version}, from which no step leads to {current}")
        before = raw.version
        raw = step(raw)
        raw.version = before + 1
    return raw


def expect_current_dtypes(raw: RawRecording, name: str) -> None:
    """Checks that a recording of the current version is laid out as the current version is.

    A channel that need not have a message for every tick may be missing: other MCAP tools drop what is empty.

    Raises:
        RecordingError: naming the channel that differs or is missing.
    """
    for channel in CHANNELS:
        stored = raw.arrays.get(channel.topic)
        if stored is None and channel in TICK_CHANNELS:
            why = raw.losses[0] if raw.losses else "it was cut off before its first tick"
            raise RecordingError(f"{name} describes no {channel.topic} that can be read: {why}")
        if stored is not None and stored.dtype != channel.dtype:
            raise RecordingError(
                f"{name} says that it is of format {raw.version}, but its records of {channel.topic} are laid out "
                "otherwise: it comes from a development version and cannot be read"
            )
