"""Migrations of recordings from older format versions to the current one, all in this module.

Each entry converts a RawRecording, whose arrays have their stored dtypes, from the version that is its key to the next
one; no other module knows old layouts. When a contract dtype changes: increment `mcap_channels.FORMAT_VERSION` and add
the step from the version before.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.game.older_records import (
    OBSERVATION_3,
    PLAYER_READINGS_3,
    TRACK_3,
    upgrade_observations,
    upgrade_player,
    upgrade_track,
)
from understudy.contract.observation import MAX_TRACKS
from understudy.recordings.mcap_channels import CHANNELS, FORMAT_VERSION, OBSERVATIONS, TICK_CHANNELS
from understudy.recordings.mcap_reader import RawRecording

Migration = Callable[[RawRecording], RawRecording]


def _with_fields(dtype: np.dtype[Any], other: Mapping[str, tuple[Any, ...]]) -> np.dtype[Any]:
    """Returns a record dtype with some fields replaced."""
    return np.dtype([other.get(name, (name, dtype[name])) for name in dtype.names or ()])


_TRACK_1 = _with_fields(TRACK_3, {"age_ms": ("pad", "u1", (2,))})
_OBSERVATION_1 = _with_fields(OBSERVATION_3, {"tracks": ("tracks", _TRACK_1, (MAX_TRACKS,))})


def _with_ages(raw: RawRecording) -> RawRecording:
    """Migrates 1 to 2, which stores a track's age in two unused bytes: 0, as perception ran in every tick."""
    stored = raw.arrays.get(OBSERVATIONS.topic)
    if stored is not None and stored.dtype == _OBSERVATION_1:
        aged = stored.copy().view(OBSERVATION_3)
        aged["tracks"]["age_ms"] = 0
        raw.arrays[OBSERVATIONS.topic] = aged
    return raw


def _same_records(raw: RawRecording) -> RawRecording:
    """Migrates 2, whose messages lack the header of CDR that the reader takes off, to 3: nothing else differs."""
    return raw


def _with_gauges(raw: RawRecording) -> RawRecording:
    """Migrates 3 to 4, in which the profile names gauges, switches and selectors that were fixed fields before."""
    stored = raw.arrays.get(OBSERVATIONS.topic)
    if stored is not None and stored.dtype == OBSERVATION_3:
        raw.arrays[OBSERVATIONS.topic] = upgrade_observations(stored)
    return raw


MIGRATIONS: dict[int, Migration] = {1: _with_ages, 2: _same_records, 3: _with_gauges}
"""Version -> conversion to the next version."""


def migrate_columns(columns: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Migrates the flat columns of an older `.pkl` recording to the current version.

    Args:
        columns: name -> values, one row per tick.
        version: 1 to FORMAT_VERSION, that of the file.
    """
    seen = columns.get("observation.tracks.id")
    if version < 2 and isinstance(seen, np.ndarray):
        columns = {"observation.tracks.age_ms": np.zeros(seen.shape, np.uint16), **columns}
    return columns if version >= 4 else _with_gauge_columns(columns)


def _with_gauge_columns(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns columns with gauges, switches and selectors; where a named reading is missing, those stay missing."""
    player = {name: columns.get(f"observation.player.{name}") for name in PLAYER_READINGS_3}
    bars: list[Any] = [columns.get(f"observation.tracks.{name}") for name in ("hp", "shield")]
    shapes = [values.shape if isinstance(values, np.ndarray) else None for values in (*player.values(), *bars)]
    ticks = shapes[0]
    wanted = [(*ticks, 4) if name == "ammo" else ticks for name in player] if ticks is not None else []
    if ticks is None or len(ticks) != 1 or shapes[: len(player)] != wanted or shapes[-1] != shapes[-2]:
        return columns
    upgraded = {f"observation.player.{name}": values for name, values in upgrade_player(player).items()}
    return {**columns, **upgraded, "observation.tracks.gauges": upgrade_track(*bars)}


def migrate(
    raw: RawRecording,
    name: str,
    *,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    current: int = FORMAT_VERSION,
) -> RawRecording:
    """Migrates a recording to the current version.

    Args:
        raw: the recording as stored; its `version` selects the first step.
        name: of the file, for error messages.
        migrations: the steps; tests pass their own.
        current: the target version.

    Raises:
        RecordingError: if it is newer than this version, or older than any step.
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
    """Checks that a recording of the current version has the current dtypes.

    An optional channel may be missing: other MCAP tools drop empty ones.

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
