"""Channels of a native recording: one MCAP channel per record type, each with the numpy dtype of its messages.

A message's payload is one record in CDR, and the channel's schema a ROS 2 message definition (`ros2_schema`), so that
rerun, Foxglove and every later version of this one can read it. Files of formats 1 and 2 have the bytes of the record
alone, and JSON text with the offset of each field. `/game_events` repeats the events of the observations as JSON, only
where there are any, for plots; reading back ignores it.
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
from understudy.recordings import ros2_schema
from understudy.recordings.ros2_schema import CDR_HEADER, MAX_RECORD_BYTES

FORMAT_VERSION = 4
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
PAYLOAD_ENCODING, SCHEMA_ENCODING = "cdr", "ros2msg"
_OLD_PAYLOAD_ENCODING = "numpy-record"
"""Of formats 1 and 2, with schemas in JSON."""
PAYLOAD_HEADERS = {PAYLOAD_ENCODING: CDR_HEADER, _OLD_PAYLOAD_ENCODING: b""}
"""What stands before the record in each message, by the encoding of the channel."""
INFO_CHECKSUM = "info_crc32"
"""Metadata key of the EpisodeInfo's CRC-32, the only checksum of it in a torn recording. Absent in older files."""
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


def dtype_from_schema(text: str, message_encoding: str) -> np.dtype[Any]:
    """Parses the dtype of the records of a channel with one of PAYLOAD_HEADERS' encodings.

    Raises:
        RecordingError: if the text is no dtype of plain numbers and text.
    """
    try:
        if message_encoding == PAYLOAD_ENCODING:
            dtype = ros2_schema.dtype_from_schema(text)
        else:
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


def record_to_input(record: tuple[float, float, float, bytes, bytes]) -> InputEvent:
    """Converts one record, as a tuple, back to an event; damaged text is escaped byte by byte, `\\xff`."""
    time_s, x, y, kind, code = record
    return InputEvent(time_s, kind.decode(errors=_SHOWN), code.decode(errors=_SHOWN), x, y)
