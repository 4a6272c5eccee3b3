"""Channels of a native recording: one MCAP channel per record type, each with the numpy dtype of its messages.

A message's payload is the bytes of one record; the channel's schema is JSON text with the offset of each field, so that
any program, and every later version of this one, can read it. `/game_events` repeats the events of the
observations as JSON, only where there are any, for viewers such as Foxglove; reading back ignores it.
"""

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from understudy.contract.action import ACTION
from understudy.contract.errors import RecordingError
from understudy.contract.intent import INTENT
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import InputEvent
from understudy.contract.tick_timing import TIMING

FORMAT_VERSION = 2
"""Incremented when a payload or its meaning changes; `migrations` converts older versions."""

INPUT = np.dtype(
    [
        ("time_s", "f8"),
        ("x", "f8"),  # window fractions
        ("y", "f8"),
        ("kind", "S8"),  # move, press, release, mark or weights
        ("code", "S24"),  # left, right, the profile's name of a key, the label of a mark, or an identity of weights
    ],
)
"""One raw input event."""
_PACKED_INPUT = struct.Struct("<ddd8s24s")
"""struct format of the same bytes; three times as fast as numpy's conversion from tuples to records."""

_SHOWN = "backslashreplace"
PAYLOAD_ENCODING = "numpy-record"
SCHEMA_ENCODING = "numpy-dtype-json"
INFO_CHECKSUM = "info_crc32"
"""Metadata key of the EpisodeInfo's CRC-32, the only checksum of it in a torn recording. Absent in older files."""
MAX_RECORD_BYTES = 2**20
"""Limit of a schema's text; ours have up to a kilobyte."""
_PLAIN_TYPE = re.compile(r"[<>|=]?[biufcSU?]\d{0,6}")
"""Allowed field types: numpy itself would evaluate far more."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One record type in the file: its topic and dtype."""

    id: int
    topic: str
    dtype: np.dtype[Any]


OBSERVATIONS = Channel(id=1, topic="/observation", dtype=OBSERVATION)
ACTIONS = Channel(id=2, topic="/action", dtype=ACTION)
ACTORS = Channel(id=3, topic="/actor", dtype=np.dtype("i1"))
INPUTS = Channel(id=4, topic="/input", dtype=INPUT)
INTENTS = Channel(id=5, topic="/intent", dtype=INTENT)
TIMINGS = Channel(id=7, topic="/timing", dtype=TIMING)
TICK_CHANNELS = (OBSERVATIONS, ACTIONS, ACTORS)
"""Channels with exactly one message per tick."""
CHANNELS = (*TICK_CHANNELS, INPUTS, INTENTS, TIMINGS)

GAME_EVENTS_ID = 6
GAME_EVENTS_TOPIC = "/game_events"


def schema_text(dtype: np.dtype[Any]) -> str:
    """Returns a dtype as JSON: type, offset in bytes and nested shape of each field."""
    return json.dumps(_dtype_to_plain(dtype), separators=(",", ":"))


def _dtype_to_plain(dtype: np.dtype[Any]) -> Any:
    if dtype.fields is None:
        return dtype.str
    fields = []
    for name in dtype.names or ():
        inner, offset = dtype.fields[name][:2]
        fields.append({"name": name, "offset": offset, "shape": list(inner.shape), "type": _dtype_to_plain(inner.base)})
    return {"bytes": dtype.itemsize, "fields": fields}


def dtype_from_schema(text: str) -> np.dtype[Any]:
    """Parses a dtype; the inverse of `schema_text`.

    Raises:
        RecordingError: if the text is no dtype of plain numbers and text.
    """
    try:
        dtype = _dtype_from_plain(json.loads(text))
        if not 1 <= dtype.itemsize <= MAX_RECORD_BYTES:
            raise ValueError(f"records of {dtype.itemsize} bytes")
    except Exception as problem:  # untrusted text: numpy alone raises six kinds of errors
        raise RecordingError(
            f"the recording's description of its records cannot be read ({type(problem).__name__}: {problem})"
        ) from problem
    return dtype


def _dtype_from_plain(plain: Any) -> np.dtype[Any]:
    if isinstance(plain, str):
        if not _PLAIN_TYPE.fullmatch(plain):
            raise ValueError(f"{plain[:40]!r} is no type of a field")
        return np.dtype(plain)
    fields = plain["fields"]
    return np.dtype(
        {
            "names": [field["name"] for field in fields],
            "formats": [(_dtype_from_plain(field["type"]), tuple(field["shape"])) for field in fields],
            "offsets": [field["offset"] for field in fields],
            "itemsize": plain["bytes"],
        }
    )


def inputs_to_records(inputs: Sequence[InputEvent]) -> np.ndarray:
    """Converts raw events to records of dtype INPUT, shape (number of events,)."""
    packed = [
        _PACKED_INPUT.pack(event.time_s, event.x, event.y, event.kind.encode(), event.code.encode()) for event in inputs
    ]
    return np.frombuffer(b"".join(packed), INPUT)


def records_to_inputs(records: np.ndarray) -> tuple[InputEvent, ...]:
    """Converts records back to events; damaged text is escaped byte by byte, `\\xff`."""
    return tuple(
        InputEvent(time_s, kind.decode(errors=_SHOWN), code.decode(errors=_SHOWN), x, y)
        for time_s, x, y, kind, code in records.tolist()
    )
