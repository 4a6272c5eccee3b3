"""Splits the records of MCAP chunks and joins the messages of each channel into one array.

Linear in the bytes for any message order: ours lie in one block per channel, those of other tools interleaved by time.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from mcap.opcode import Opcode

from understudy.recordings.mcap_channels import TICK_CHANNELS
from understudy.recordings.mcap_chunk import MESSAGE_HEAD, message_dtype

RECORD_HEAD = struct.Struct("<BQ")
"""Header of any record: opcode and length of its content."""
_KEY_BYTES = RECORD_HEAD.size + 2
"""Bytes of opcode, length and channel: messages with equal keys can be joined."""

_IN_CHUNKS = (Opcode.MESSAGE, Opcode.SCHEMA, Opcode.CHANNEL)


class StoredChannel(NamedTuple):
    """A channel of records as a file describes it."""

    topic: str
    dtype: np.dtype[Any]
    header: bytes
    """What stands before the record in each message: that of CDR, or nothing."""


Rows = dict[bytes, list[bytes]]
"""Complete message records, grouped by their first _KEY_BYTES bytes."""


def split_records(data: bytes) -> tuple[Rows, list[bytes]]:
    """Returns the messages, and the distinct schema and channel records, of consecutive records.

    Raises:
        ValueError: if one runs past the end or is of another type, or a message is shorter than its header.
        struct.error: if the last header is incomplete.
    """
    rows: Rows = {}
    others: dict[bytes, None] = {}
    position, end = 0, len(data)
    while position < end:
        key = data[position : position + _KEY_BYTES]
        alike = rows.get(key)
        if alike is not None:  # the common case: same length as the message before
            stop = position + len(alike[0])
        else:
            opcode, length = RECORD_HEAD.unpack_from(data, position)
            stop = position + RECORD_HEAD.size + length
            if opcode not in _IN_CHUNKS:
                raise ValueError(f"it holds a record of kind {opcode}, which belongs in no chunk")
            if opcode == Opcode.MESSAGE:
                alike = rows[key] = []
                if stop < position + MESSAGE_HEAD.itemsize:
                    raise ValueError("a message is shorter than its head")
        if stop > end:
            raise ValueError("a record runs over the end of its chunk")
        if alike is not None:
            alike.append(data[position:stop])
        else:
            others[data[position:stop]] = None
        position = stop
    return rows, list(others)


class MessageTable:
    """Accumulates the messages of one file, then returns them as arrays."""

    def __init__(self) -> None:
        self._rows: dict[int, Rows] = {}
        """By channel id."""

    def add(self, rows: Rows) -> None:
        """Adds messages."""
        for key, messages in rows.items():
            channel = key[-2] | key[-1] << 8
            self._rows.setdefault(channel, {}).setdefault(key, []).extend(messages)

    def count(self, channel: int) -> int:
        """Returns the number of messages of a channel."""
        return sum(map(len, self._rows.get(channel, {}).values()))

    def by_topic(
        self, channels: dict[int, StoredChannel], lose: Callable[[str], None]
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Returns the sequence numbers of the messages and their records, both by topic.

        Args:
            channels: by channel id.
            lose: called with one sentence for each mismatch.
        """
        found: dict[str, np.ndarray] = {}
        for number, channel in channels.items():
            topic, messages = channel.topic, self._joined(number, channel, lose)
            if topic not in found:
                found[topic] = messages
            elif found[topic].dtype == messages.dtype:  # two channels of one topic in merged files
                found[topic] = np.concatenate([found[topic], messages])
            elif len(messages):
                lose(f"{len(messages)} messages of a second channel {topic} are laid out otherwise")
        dtypes = {
            channel.topic: channel.dtype for channel in reversed(channels.values())
        }  # a topic's first channel decides
        arrays = {
            topic: np.ascontiguousarray(messages["data"]).view(dtypes[topic]) for topic, messages in found.items()
        }
        return _numbers(found), arrays

    def _joined(self, number: int, channel: StoredChannel, lose: Callable[[str], None]) -> np.ndarray:
        """Returns all messages of a channel as header and payload records, without those of a wrong form."""
        wanted = message_dtype(channel.dtype.itemsize, len(channel.header))
        kinds = self._rows.get(number, {}).values()
        fitting = [message for kind in kinds if len(kind[0]) == wanted.itemsize for message in kind]
        num_wrong = sum(map(len, kinds)) - len(fitting)
        if num_wrong:
            lose(f"{num_wrong} messages of {channel.topic} have a wrong length")
        messages = np.frombuffer(b"".join(fitting), wanted)
        if not channel.header:
            return messages
        encoded_as_ours = messages["header"] == np.void(channel.header)
        if encoded_as_ours.all():
            return messages
        lose(f"{int((~encoded_as_ours).sum())} messages of {channel.topic} are encoded otherwise")
        return np.asarray(messages[encoded_as_ours])


def _numbers(messages: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the sequence numbers of the messages of each topic.

    MCAP does not require them and some tools write zeros; then the ticks are numbered in order of time.
    """
    ticks = [messages[channel.topic] for channel in TICK_CHANNELS if channel.topic in messages]
    times = ticks[0]["log_time"] if ticks else np.empty(0, np.uint64)
    unnumbered = len(times) > 1 and not any(part["sequence"].any() for part in ticks)
    ordered = np.unique(times)
    if unnumbered and len(ordered) == len(times) and all(np.array_equal(part["log_time"], times) for part in ticks):
        return {topic: np.searchsorted(ordered, part["log_time"]).astype(np.uint32) for topic, part in messages.items()}
    return {topic: part["sequence"].copy() for topic, part in messages.items()}
