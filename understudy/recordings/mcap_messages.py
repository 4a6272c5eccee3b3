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

MAX_DESCRIPTIONS = 2000
"""Limit of different schemas and channels in one file; ours have fourteen."""
MAX_KINDS = 2**14
"""Limit of different pairs of channel and length in one file; ours have a few hundred, of `/game_events`' JSON."""

_IN_CHUNKS = (Opcode.MESSAGE, Opcode.SCHEMA, Opcode.CHANNEL)


class StoredChannel(NamedTuple):
    """A channel of records as a file describes it."""

    topic: str
    dtype: np.dtype[Any]
    header: bytes
    """What stands before the record in each message: that of CDR, or nothing."""


Rows = dict[bytes, bytearray]
"""Complete message records, joined by their first _KEY_BYTES bytes: those of one key have one channel and one length.
One object a message would take three times its bytes."""


def split_records(data: bytes) -> tuple[Rows, list[bytes]]:
    """Returns the messages, and the distinct schema and channel records, of consecutive records.

    Raises:
        ValueError: if one runs past the end or is of another type, or a message is shorter than its header.
        struct.error: if the last header is incomplete.
    """
    rows: Rows = {}
    lengths: dict[bytes, int] = {}
    others: dict[bytes, None] = {}
    position, end = 0, len(data)
    while position < end:
        key = data[position : position + _KEY_BYTES]
        alike = rows.get(key)
        if alike is not None:  # the common case: same length as the message before
            stop = position + lengths[key]
        else:
            opcode, length = RECORD_HEAD.unpack_from(data, position)
            stop = position + RECORD_HEAD.size + length
            if opcode not in _IN_CHUNKS:
                raise ValueError(f"it holds a record of kind {opcode}, which belongs in no chunk")
            if opcode == Opcode.MESSAGE:
                if stop < position + MESSAGE_HEAD.itemsize:
                    raise ValueError("a message is shorter than its head")
                if len(rows) == MAX_KINDS:
                    raise ValueError(f"its messages have more than {MAX_KINDS} channels and lengths")
                alike = rows[key] = bytearray()
                lengths[key] = stop - position
            elif len(others) == MAX_DESCRIPTIONS:
                raise ValueError(f"it describes more than {MAX_DESCRIPTIONS} channels")
        if stop > end:
            raise ValueError("a record runs over the end of its chunk")
        if alike is not None:
            alike += data[position:stop]
        else:
            others[data[position:stop]] = None
        position = stop
    return rows, list(others)


class MessageTable:
    """Accumulates the messages of one file, then returns them as arrays."""

    def __init__(self) -> None:
        self._rows: dict[int, Rows] = {}
        """By channel id."""
        self._num_kinds = 0

    def add(self, rows: Rows) -> None:
        """Adds messages.

        Raises:
            ValueError: if the file has more than MAX_KINDS kinds of them.
        """
        for key, messages in rows.items():
            kinds = self._rows.setdefault(key[-2] | key[-1] << 8, {})
            if key in kinds:
                kinds[key] += messages
            elif self._num_kinds == MAX_KINDS:
                raise ValueError(f"the file's messages have more than {MAX_KINDS} channels and lengths")
            else:
                kinds[key] = messages
                self._num_kinds += 1

    def count(self, channel: int) -> int:
        """Returns the number of messages of a channel."""
        return _count(self._rows.get(channel, {}))

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
        kinds = self._rows.get(number, {})
        fitting = next((rows for key, rows in kinds.items() if _length(key) == wanted.itemsize), b"")
        messages = np.frombuffer(fitting, wanted)
        num_wrong = _count(kinds) - len(messages)
        if num_wrong:
            lose(f"{num_wrong} messages of {channel.topic} have a wrong length")
        if not channel.header:
            return messages
        encoded_as_ours = messages["header"] == np.void(channel.header)
        if encoded_as_ours.all():
            return messages
        lose(f"{int((~encoded_as_ours).sum())} messages of {channel.topic} are encoded otherwise")
        return np.asarray(messages[encoded_as_ours])


def _length(key: bytes) -> int:
    """Returns the bytes of each message record with a key."""
    return RECORD_HEAD.size + int(RECORD_HEAD.unpack_from(key)[1])


def _count(kinds: Rows) -> int:
    return sum(len(rows) // _length(key) for key, rows in kinds.items())


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
