"""Content of one MCAP chunk: messages as packed numpy records, and the message index of each channel.

MCAP's Python writer takes one message at a time (14 to 23 us each, three per tick). Here the numpy dtype is the MCAP
message record itself, so a chunk of ticks costs a few copies.
"""

import functools
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mcap.opcode import Opcode

from understudy.contract.intent import no_intent
from understudy.contract.observation import EVENTS
from understudy.recordings.mcap_channels import GAME_EVENTS_ID, INPUTS, INTENTS, TICK_CHANNELS, TIMINGS
from understudy.recordings.ros2_schema import CDR_HEADER

_MESSAGE_HEAD = [
    ("opcode", "u1"),
    ("length", "<u8"),
    ("channel", "<u2"),
    ("sequence", "<u4"),
    ("log_time", "<u8"),
    ("publish_time", "<u8"),
]
MESSAGE_HEAD = np.dtype(_MESSAGE_HEAD)
"""Header of an MCAP message record, 31 bytes: opcode and length, then channel, sequence and two times in ns."""
_UNCOUNTED = 9
"""Header bytes that a record's length field does not count: opcode and length."""

_LAST_S = 9e9
"""Largest time, s (year 2255); MCAP's nanoseconds overflow three hundred years later."""
_INDEX_ENTRY = np.dtype([("log_time", "<u8"), ("offset", "<u8")])
_NO_INTENT = no_intent(1).records.tobytes()


@dataclass(frozen=True, kw_only=True)
class ByteRange:
    """Consecutive ticks of one chunk; records as in an Episode."""

    first_tick: int
    observations: np.ndarray
    actions: np.ndarray
    actors: np.ndarray
    first_input: int
    """Index of the first of `inputs` in the whole recording."""
    inputs: np.ndarray
    """Records of dtype INPUT."""
    intents: np.ndarray | None
    timings: np.ndarray | None = None


@dataclass
class ChunkContent:
    """Serialised messages, and for each channel the times and offsets of its messages."""

    parts: list[bytes] = field(default_factory=list)
    index: dict[int, np.ndarray] = field(default_factory=dict)
    size: int = 0

    def add(self, channel: int, messages: np.ndarray) -> None:
        """Appends the messages of one channel, as made by `message_records`."""
        entries = np.empty(len(messages), _INDEX_ENTRY)
        entries["log_time"] = messages["log_time"]
        entries["offset"] = np.arange(self.size, self.size + messages.nbytes, messages.itemsize)
        self._append(channel, entries, messages.tobytes())

    def add_events(self, messages: list[bytes], log_time: np.ndarray) -> None:
        """Appends messages of different lengths: the game's events as JSON."""
        lengths = np.array([len(message) for message in messages], np.uint64)
        entries = np.empty(len(messages), _INDEX_ENTRY)
        entries["log_time"] = log_time
        entries["offset"] = self.size + np.cumsum(lengths) - lengths
        self._append(GAME_EVENTS_ID, entries, b"".join(messages))

    def _append(self, channel: int, entries: np.ndarray, data: bytes) -> None:
        self.index[channel] = entries
        self.parts.append(data)
        self.size += len(data)


def chunk_content(stretch: ByteRange) -> ChunkContent:
    """Returns all messages of consecutive ticks, without empty intents."""
    content = ChunkContent()
    first = stretch.first_tick
    sequence = np.arange(first, first + len(stretch.observations), dtype=np.uint32)
    log_time = nanoseconds(stretch.observations["time_s"])
    tick_records = (stretch.observations, stretch.actions, stretch.actors)
    for channel, records in zip(TICK_CHANNELS, tick_records, strict=True):
        content.add(channel.id, message_records(channel.id, records, sequence, log_time))
    intents = stretch.intents
    if intents is not None and intents.tobytes() != _NO_INTENT * len(intents):
        content.add(INTENTS.id, message_records(INTENTS.id, intents, sequence, log_time))
    if stretch.timings is not None:
        content.add(TIMINGS.id, message_records(TIMINGS.id, stretch.timings, sequence, log_time))
    if len(stretch.inputs):
        numbers = np.arange(stretch.first_input, stretch.first_input + len(stretch.inputs), dtype=np.uint32)
        times = nanoseconds(stretch.inputs["time_s"])
        content.add(INPUTS.id, message_records(INPUTS.id, stretch.inputs, numbers, times))
    eventful = _eventful_ticks(stretch.observations)
    if len(eventful):
        rows = zip(sequence[eventful].tolist(), log_time[eventful].tolist(), strict=True)
        messages = [
            _event_message(*row, events)
            for row, events in zip(rows, stretch.observations["events"][eventful].tolist(), strict=True)
        ]
        content.add_events(messages, log_time[eventful])
    return content


def nanoseconds(time_s: np.ndarray) -> np.ndarray:
    """Converts seconds to MCAP's unsigned nanoseconds; negative times and NaN become zero."""
    return np.asarray(np.rint(np.fmin(np.fmax(time_s, 0.0), _LAST_S) * 1e9), np.uint64)


def message_records(channel: int, records: np.ndarray, sequence: np.ndarray, log_time: np.ndarray) -> np.ndarray:
    """Returns one MCAP message record for each of `records`, as a packed array whose bytes go into the chunk."""
    dtype = message_dtype(records.dtype.itemsize, len(CDR_HEADER))
    messages = np.empty(len(records), dtype)
    messages["opcode"] = Opcode.MESSAGE
    messages["length"] = dtype.itemsize - _UNCOUNTED
    messages["channel"] = channel
    messages["sequence"] = sequence
    messages["log_time"] = log_time
    messages["publish_time"] = log_time
    messages["header"] = np.void(CDR_HEADER)
    messages["data"] = np.ascontiguousarray(records).view(dtype["data"])
    return messages


@functools.lru_cache(64)
def message_dtype(record_bytes: int, header_bytes: int) -> np.dtype[Any]:
    """Returns the dtype of a message record whose payload is a header of the encoding and one record."""
    return np.dtype([*_MESSAGE_HEAD, ("header", f"V{header_bytes}"), ("data", f"V{record_bytes}")])


def _eventful_ticks(observations: np.ndarray) -> np.ndarray:
    """Returns the indices of the ticks with any game event; compares bytes, which is fast."""
    table = np.frombuffer(observations["events"].tobytes(), np.uint8)
    if not table.any():  # most chunks
        return np.empty(0, np.intp)
    return np.flatnonzero(table.reshape(len(observations), EVENTS.itemsize).any(axis=1))


def _event_message(sequence: int, log_time: int, events: tuple[float, ...]) -> bytes:
    named = zip(EVENTS.names or (), events, strict=True)
    data = json.dumps({name: round(value, 6) for name, value in named if value}).encode()
    length = MESSAGE_HEAD.itemsize - _UNCOUNTED + len(data)
    return struct.pack("<BQHIQQ", Opcode.MESSAGE, length, GAME_EVENTS_ID, sequence, log_time, log_time) + data
