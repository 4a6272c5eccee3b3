"""An episode as a flat table of plain arrays with dotted names, for other programs: `.pkl`, `.npz`, `.csv`, JSON lines.

`observation.player.x` is (T,), `observation.player.gauges` (T, 8), `observation.tracks.x` (T, 20). No numpy records, so
readers need none of our code.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from understudy.contract.action import ACTION
from understudy.contract.errors import RecordingError
from understudy.contract.intent import INTENT
from understudy.contract.observation import OBSERVATION
from understudy.contract.tick_timing import TIMING
from understudy.recordings.episode import Episode, EpisodeInfo
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_channels import INPUT

Columns = dict[str, np.ndarray]
_TAKEN_KINDS = {"f": "fiub", "i": "iub", "u": "iub", "S": "SU"}
"""numpy kind of a field -> kinds of columns that can be converted to it."""


def columns(episode: Episode) -> Columns:
    """Returns one array per field, tick axis first, without the raw input events."""
    found: Columns = {}
    _split(episode.observations, "observation", found)
    _split(episode.actions, "action", found)
    found["actor"] = episode.actors
    if episode.intents is not None:
        _split(episode.intents, "intent", found)
    if episode.timings is not None:
        _split(episode.timings, "timing", found)
    return found


def input_columns(episode: Episode) -> Columns:
    """Returns the raw input events, one array per field, shape (number of events,); kind and code as text."""
    records = InputEvents.of(episode.inputs).records
    found: Columns = {}
    for name in INPUT.names or ():
        values = records[name]
        found[f"input.{name}"] = _text(values) if values.dtype.kind == "S" else values
    return found


def _text(values: np.ndarray) -> np.ndarray:
    """Decodes fixed-size text; damaged bytes are escaped, and no text becomes longer than its field."""
    found = np.char.decode(values, "utf-8", "backslashreplace")
    limit = np.dtype(f"U{values.dtype.itemsize}")
    return found if found.dtype.itemsize <= limit.itemsize else found.astype(limit)


def assemble(info: EpisodeInfo, table: Mapping[str, Any]) -> Episode:
    """Rebuilds an episode; the inverse of `columns` and `input_columns`.

    Raises:
        RecordingError: naming the column that is missing or has the wrong shape.
    """
    ticks = len(_column(table, "observation.time_s"))
    actors = np.zeros(ticks, np.int8)
    _assign(actors, _column(table, "actor"), "actor")
    has_intents = any(name.startswith("intent.") for name in table)
    return Episode(
        info=info,
        observations=_join(table, "observation", OBSERVATION, ticks),
        actions=_join(table, "action", ACTION, ticks),
        actors=actors,
        inputs=_inputs(table),
        intents=_join(table, "intent", INTENT, ticks) if has_intents else None,
        timings=_join(table, "timing", TIMING, ticks) if any(name.startswith("timing.") for name in table) else None,
    )


def split(records: np.ndarray, prefix: str) -> Columns:
    """Returns one array per field of records, named `prefix.field`."""
    found: Columns = {}
    _split(records, prefix, found)
    return found


def _split(records: np.ndarray, prefix: str, found: Columns) -> None:
    for name in records.dtype.names or ():
        if name == "pad":
            continue
        values = records[name]
        if values.dtype.names is None:
            found[f"{prefix}.{name}"] = np.ascontiguousarray(values)
        else:
            _split(values, f"{prefix}.{name}", found)


def _join(table: Mapping[str, Any], prefix: str, dtype: np.dtype[Any], ticks: int) -> np.ndarray:
    records = np.zeros(ticks, dtype)
    _fill(records, prefix, table)
    return records


def _fill(records: np.ndarray, prefix: str, table: Mapping[str, Any]) -> None:
    for name in records.dtype.names or ():
        if name == "pad":
            continue
        values = records[name]
        if values.dtype.names is not None:
            _fill(values, f"{prefix}.{name}", table)
            continue
        _assign(values, _column(table, f"{prefix}.{name}"), f"{prefix}.{name}")


def _assign(values: np.ndarray, column: np.ndarray, name: str) -> None:
    """Copies a column to `values` without truncation, rounding or overflow.

    Raises:
        RecordingError: naming the column whose values or shape do not fit.
    """
    if column.shape != values.shape:
        raise RecordingError(f"the column {name} has shape {column.shape}, expected {values.shape}")
    if column.dtype.kind not in _TAKEN_KINDS[values.dtype.kind]:
        raise RecordingError(f"the column {name} holds {column.dtype}, expected {values.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):  # a value beyond float32 becomes infinite
        values[...] = column
    if values.dtype.kind != "f":
        copied = np.char.decode(values) if column.dtype.kind == "U" else values
        if not np.array_equal(copied, column):
            raise RecordingError(f"the column {name} holds values that do not fit into {values.dtype}")


def _column(table: Mapping[str, Any], name: str) -> np.ndarray:
    column = table.get(name)
    if not isinstance(column, np.ndarray) or column.ndim == 0:
        raise RecordingError(f"the recording has no array named {name}")
    return column


def _inputs(table: Mapping[str, Any]) -> InputEvents:
    if "input.time_s" not in table:
        return InputEvents(np.empty(0, INPUT))
    records = np.zeros(len(_column(table, "input.time_s")), INPUT)
    _fill(records, "input", table)
    return InputEvents(records)
