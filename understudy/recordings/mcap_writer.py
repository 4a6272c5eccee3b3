"""Writes the native recording: an MCAP file that grows chunk by chunk, so that a killed process loses under a second.

MCAP's own Python writer takes a message at a time (14 to 23 us each, and there are three a tick). Here the messages
of a chunk are numpy records whose dtype is the MCAP message record itself, so a chunk of ticks costs a few copies;
the rare records (header, schemas, channels, summary) come from the mcap package. Specification: https://mcap.dev/spec
"""

import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import zstandard
from mcap import records as mcap_records
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.intent import no_intent
from understudy.contract.observation import EVENTS
from understudy.contract.protocols import InputEvent
from understudy.contract.wire import to_json
from understudy.recordings import channels
from understudy.recordings.channels import Channel
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.mcap_frame import SummaryGroup, record_bytes, schemas_and_channels, write_summary

CHUNK_TICKS = 12
"""0.6 s at 20 Hz and about 14 kB: MCAP's default of 1 MB would lose 13 s at a crash."""
COMPRESSION_LEVEL = 3

_MESSAGE_HEAD = [
    ("opcode", "u1"),
    ("length", "<u8"),
    ("channel", "<u2"),
    ("sequence", "<u4"),
    ("log_time", "<u8"),
    ("publish_time", "<u8"),
]
MESSAGE_HEAD = np.dtype(_MESSAGE_HEAD)
"""The head of an MCAP message record, 31 bytes: opcode and length, then channel, sequence and two times in ns."""
_HEAD_WITHOUT_LENGTH = 9
_NO_INTENT = no_intent(1).records.tobytes()
_INDEX_ENTRY = np.dtype([("log_time", "<u8"), ("offset", "<u8")])


def nanoseconds(time_s: np.ndarray) -> np.ndarray:
    """Times in seconds as MCAP's unsigned nanoseconds; times before zero become zero."""
    return np.asarray(np.rint(np.maximum(time_s, 0.0) * 1e9), np.uint64)


def message_records(channel: int, records: np.ndarray, sequence: np.ndarray, log_time: np.ndarray) -> np.ndarray:
    """One MCAP message record for each of `records`, as a packed array whose bytes go into the chunk."""
    size = records.dtype.itemsize
    messages = np.empty(len(records), [*_MESSAGE_HEAD, ("data", f"V{size}")])
    messages["opcode"] = Opcode.MESSAGE
    messages["length"] = MESSAGE_HEAD.itemsize - _HEAD_WITHOUT_LENGTH + size
    messages["channel"] = channel
    messages["sequence"] = sequence
    messages["log_time"] = log_time
    messages["publish_time"] = log_time
    messages["data"] = np.ascontiguousarray(records).view(f"V{size}")
    return messages


class McapWriter:
    """Appends ticks to one native recording. One thread at a time may use it; it owns the open file."""

    def __init__(self, path: Path, info: EpisodeInfo) -> None:
        """Creates the file, with everything in it that is needed to read what follows.

        Raises:
            FileExistsError: if there is such a file already; a recording is never overwritten.
        """
        self.path = path
        self.num_ticks = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
        self._chunk_indexes: list[mcap_records.ChunkIndex] = []
        self._counts: dict[int, int] = defaultdict(int)
        self._first_ns: int | None = None
        self._last_ns = 0
        self._open(info)

    def append(
        self,
        observations: np.ndarray,
        actions: np.ndarray,
        actors: np.ndarray,
        inputs: Sequence[InputEvent] = (),
        intents: np.ndarray | None = None,
    ) -> None:
        """Writes T ticks, in chunks of CHUNK_TICKS; when it returns the operating system has them.

        Inputs go with the chunk in whose time they fall; intents that say nothing are not written.
        """
        events = channels.inputs_to_records(inputs)
        starts = np.arange(0, len(observations), CHUNK_TICKS)
        cuts = np.searchsorted(events["time_s"], observations["time_s"][starts[1:]])
        for start, chunk_events in zip(starts, np.split(events, cuts), strict=True):
            ticks = slice(start, start + CHUNK_TICKS)
            self._write_chunk(
                observations[ticks],
                actions[ticks],
                actors[ticks],
                chunk_events,
                None if intents is None else intents[ticks],
            )

    def close(self) -> None:
        """Writes the summary that makes a whole MCAP file of it, and closes it. May be called twice."""
        if self._file.closed:
            return
        self._put(record_bytes(mcap_records.DataEnd(data_section_crc=0)))
        write_summary(self._file, self._summary_groups())
        self._file.close()

    def abandon(self) -> None:
        """Closes the file as it is, without a summary, as a crash would."""
        self._file.close()

    def _open(self, info: EpisodeInfo) -> None:
        self._schemas, self._channels = schemas_and_channels()
        values = {"format_version": str(channels.FORMAT_VERSION), "info": to_json(info)}
        self._metadata = mcap_records.Metadata(name="understudy", metadata=values)
        header = mcap_records.Header(profile="", library="understudy")
        self._put(MCAP0_MAGIC + record_bytes(header))
        self._metadata_offset = self._file.tell()
        self._put(
            record_bytes(self._metadata)
            + b"".join(record_bytes(record) for record in (*self._schemas, *self._channels))
        )

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while len(rest):  # an unbuffered file may take less than it was given
            rest = rest[self._file.write(rest) :]

    def _write_chunk(
        self,
        observations: np.ndarray,
        actions: np.ndarray,
        actors: np.ndarray,
        events: np.ndarray,
        intents: np.ndarray | None,
    ) -> None:
        sequence = np.arange(self.num_ticks, self.num_ticks + len(observations), dtype=np.uint32)
        log_time = nanoseconds(observations["time_s"])
        parts: list[tuple[Channel, np.ndarray]] = []
        for channel, records in (
            (channels.OBSERVATIONS, observations),
            (channels.ACTIONS, actions),
            (channels.ACTORS, actors),
        ):
            parts.append((channel, message_records(channel.id, records, sequence, log_time)))
        if intents is not None and says_something(intents):
            parts.append((channels.INTENTS, message_records(channels.INTENTS.id, intents, sequence, log_time)))
        if len(events):
            times = nanoseconds(events["time_s"])
            numbers = np.arange(len(events), dtype=np.uint32) + self._counts[channels.INPUTS.id]
            parts.append((channels.INPUTS, message_records(channels.INPUTS.id, events, numbers, times)))
        self._finish_chunk(parts, _game_events(observations, sequence, log_time))
        self.num_ticks += len(observations)

    def _finish_chunk(self, parts: list[tuple[Channel, np.ndarray]], events: list[tuple[int, bytes]]) -> None:
        data, index, offset = [], {}, 0
        for channel, messages in parts:
            entries = np.empty(len(messages), _INDEX_ENTRY)
            entries["log_time"] = messages["log_time"]
            entries["offset"] = offset + messages.itemsize * np.arange(len(messages), dtype=np.uint64)
            index[channel.id] = entries
            data.append(messages.tobytes())
            offset += messages.nbytes
        if events:
            lengths = np.array([len(message) for _, message in events], np.uint64)
            entries = np.empty(len(events), _INDEX_ENTRY)
            entries["log_time"] = [log_time for log_time, _ in events]
            entries["offset"] = offset + np.cumsum(lengths) - lengths
            index[channels.GAME_EVENTS_ID] = entries
            data.extend(message for _, message in events)
        self._put_chunk(b"".join(data), index)

    def _put_chunk(self, data: bytes, index: dict[int, np.ndarray]) -> None:
        first_ns = min(int(entries["log_time"].min()) for entries in index.values())
        last_ns = max(int(entries["log_time"].max()) for entries in index.values())
        chunk = mcap_records.Chunk(
            compression="zstd",
            data=self._compressor.compress(data),
            message_start_time=first_ns,
            message_end_time=last_ns,
            uncompressed_crc=zlib.crc32(data),
            uncompressed_size=len(data),
        )
        chunk_bytes = record_bytes(chunk)
        start = self._file.tell()
        indexes, offsets = [], {}
        position = start + len(chunk_bytes)
        for channel_id, entries in index.items():
            offsets[channel_id] = position
            indexes.append(_message_index(channel_id, entries))
            position += len(indexes[-1])
            self._counts[channel_id] += len(entries)
        self._put(b"".join([chunk_bytes, *indexes]))
        self._first_ns = first_ns if self._first_ns is None else min(first_ns, self._first_ns)
        self._last_ns = max(last_ns, self._last_ns)
        self._chunk_indexes.append(
            mcap_records.ChunkIndex(
                chunk_length=len(chunk_bytes),
                chunk_start_offset=start,
                compression="zstd",
                compressed_size=len(chunk.data),
                message_end_time=last_ns,
                message_index_length=position - start - len(chunk_bytes),
                message_index_offsets=offsets,
                message_start_time=first_ns,
                uncompressed_size=len(data),
            )
        )

    def _summary_groups(self) -> list[SummaryGroup]:
        statistics = mcap_records.Statistics(
            attachment_count=0,
            channel_count=len(self._channels),
            channel_message_counts=dict(self._counts),
            chunk_count=len(self._chunk_indexes),
            message_count=sum(self._counts.values()),
            message_end_time=self._last_ns,
            message_start_time=self._first_ns or 0,
            metadata_count=1,
            schema_count=len(self._schemas),
        )
        length = len(record_bytes(self._metadata))
        metadata = mcap_records.MetadataIndex(offset=self._metadata_offset, length=length, name=self._metadata.name)
        return [
            (Opcode.SCHEMA, [*self._schemas]),
            (Opcode.CHANNEL, [*self._channels]),
            (Opcode.STATISTICS, [statistics]),
            (Opcode.CHUNK_INDEX, [*self._chunk_indexes]),
            (Opcode.METADATA_INDEX, [metadata]),
        ]


def says_something(intents: np.ndarray) -> bool:
    """Whether any of the intents differs from that of a pilot that does not say what it is up to."""
    return intents.tobytes() != _NO_INTENT * len(intents)


def _message_index(channel_id: int, entries: np.ndarray) -> bytes:
    head = struct.pack("<BQHI", Opcode.MESSAGE_INDEX, 6 + entries.nbytes, channel_id, entries.nbytes)
    return head + entries.tobytes()


def _game_events(observations: np.ndarray, sequence: np.ndarray, log_time: np.ndarray) -> list[tuple[int, bytes]]:
    """MCAP messages, with their times, for the ticks in which the game's log said anything."""
    names = EVENTS.names or ()
    table = np.stack([observations["events"][name] for name in names], axis=1)
    messages = []
    for tick in np.flatnonzero((table != 0).any(axis=1)):
        named = {name: round(float(value), 6) for name, value in zip(names, table[tick], strict=True)}
        data = json.dumps({name: value for name, value in named.items() if value}).encode()
        time_ns = int(log_time[tick])
        body = struct.pack("<HIQQ", channels.GAME_EVENTS_ID, int(sequence[tick]), time_ns, time_ns) + data
        messages.append((time_ns, struct.pack("<BQ", Opcode.MESSAGE, len(body)) + body))
    return messages
