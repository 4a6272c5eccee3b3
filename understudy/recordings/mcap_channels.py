"""What a native recording holds: one MCAP channel per kind of record, each with the numpy dtype of its messages.

A message's payload is the bytes of one record; the channel's schema is JSON text that says where each field lies, so
that any program, and every later version of this one, can read it. `/game_events` repeats the events of the
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
"""Counts up when a payload or its meaning changes; `migrations` leads from each older version to this one."""

INPUT = np.dtype(
    [
        ("time_s", "f8"),
        ("x", "f8"),  # window fractions
        ("y", "f8"),
        ("kind", "S8"),  # move, press, release, mark or weights
        ("code", "S24"),  # left, right, the profile's name of a key, what is marked, or an identity of weights
    ],
)
"""One raw input event."""
_PACKED_INPUT = struct.Struct("<ddd8s24s")
"""The same bytes; packing them is three times as fast as numpy's way from tuples to records."""

_SHOWN = "backslashreplace"
PAYLOAD_ENCODING = "numpy-record"
SCHEMA_ENCODING = "numpy-dtype-json"
INFO_CHECKSUM = "info_crc32"
"""Key in the metadata: a recording that was torn has no other checksum of its description. Older ones lack it."""
MAX_RECORD_BYTES = 2**20
"""Ours have up to a kilobyte."""
_PLAIN_TYPE = re.compile(r"[<>|=]?[biufcSU?]\d{0,6}")
"""What may stand for the type of a field: numpy itself would evaluate far more than that."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One kind of record in the file."""

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
"""Those with exactly one message a tick."""
CHANNELS = (*TICK_CHANNELS, INPUTS, INTENTS, TIMINGS)

GAME_EVENTS_ID = 6
GAME_EVENTS_TOPIC = "/game_events"


def schema_text(dtype: np.dtype[Any]) -> str:
    """JSON that says where each field of a dtype lies: type, offset in bytes, shape of a nested array."""
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
    """The dtype that `schema_text` described.

    Raises:
        RecordingError: if the text describes no dtype of plain numbers and text.
    """
    try:
        dtype = _dtype_from_plain(json.loads(text))
        if not 1 <= dtype.itemsize <= MAX_RECORD_BYTES:
            raise ValueError(f"records of {dtype.itemsize} bytes")
    except Exception as problem:  # the text comes from a file: numpy alone raises six kinds of errors
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
    """Raw events as records of dtype INPUT, shape (number of events,)."""
    packed = [
        _PACKED_INPUT.pack(event.time_s, event.x, event.y, event.kind.encode(), event.code.encode()) for event in inputs
    ]
    return np.frombuffer(b"".join(packed), INPUT)


def records_to_inputs(records: np.ndarray) -> tuple[InputEvent, ...]:
    """The way back from `inputs_to_records`; bytes that are no text (damage) are shown as such, `\\xff`."""
    return tuple(
        InputEvent(time_s, kind.decode(errors=_SHOWN), code.decode(errors=_SHOWN), x, y)
        for time_s, x, y, kind, code in records.tolist()
    )
