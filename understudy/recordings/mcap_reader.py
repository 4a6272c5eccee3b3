"""Reads native recordings, whole or torn: goes through the file record by record and keeps what is sound.

A recording whose process died has no summary and may end in the middle of a record, so nothing here needs the
summary. What could not be read is said in sentences, never passed over in silence.
"""

import io
import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from mcap import records as mcap_records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_channels import PAYLOAD_ENCODING, dtype_from_schema
from understudy.recordings.mcap_chunk import MESSAGE_HEAD

MAX_CHUNK_BYTES = 64 * 2**20
"""Ours are 16 kB and other tools rewrite to a few MB; a file that asks for more is damaged or means harm."""

_RECORD_HEAD = struct.Struct("<BQ")


@dataclass
class RawRecording:
    """A recording as it was stored, before migration: the format's version decides what it means."""

    version: int = -1
    info: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    """For each topic the records in the dtype they were stored with, shape (messages,)."""
    sequences: dict[str, np.ndarray] = field(default_factory=dict)
    """For each topic the number of each message; for the channels with one message a tick, the tick."""
    losses: list[str] = field(default_factory=list)
    whole: bool = False
    """Whether the file was closed as it should be."""


def read_raw(path: Path) -> RawRecording:
    """Everything that is sound in a file.

    Raises:
        RecordingError: if it is no MCAP recording of ours at all.
    """
    return _Reader(path).read()


class _Reader:
    """One pass over one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.raw = RawRecording()
        self.schemas: dict[int, mcap_records.Schema] = {}
        self.topics: dict[int, mcap_records.Channel] = {}
        self.rows: dict[int, list[np.ndarray]] = defaultdict(list)
        self.all_messages_read = False

    def read(self) -> RawRecording:
        data = self.path.read_bytes()
        if not data.startswith(MCAP0_MAGIC):
            raise RecordingError(f"{self.path} is not an MCAP recording: it does not begin with MCAP's signature")
        end = len(MCAP0_MAGIC)
        for opcode, start, stop in self._records(data):
            self._take(opcode, data[start:stop], start)
            end = stop
        if not self.raw.info:
            raise RecordingError(f"{self.path} holds no recording of understudy: its description is missing")
        self._assemble()
        if not self.raw.whole:
            self._say_what_is_torn(len(data) - end)
        return self.raw

    def _records(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Opcode, start and end of each record's content, up to the first that is not whole."""
        position = len(MCAP0_MAGIC)
        while position + _RECORD_HEAD.size <= len(data):
            opcode, length = _RECORD_HEAD.unpack_from(data, position)
            start = position + _RECORD_HEAD.size
            # opcode 0 is no record: a file system that lost power leaves zeros at the end of a file
            if opcode == 0 or length > len(data) - start:
                return
            yield opcode, start, start + length
            position = start + length
            if opcode == Opcode.FOOTER:
                self.raw.whole = data[position:] == MCAP0_MAGIC
                return

    def _take(self, opcode: int, content: bytes, position: int) -> None:
        stream = ReadDataStream(io.BytesIO(content))
        if opcode == Opcode.SCHEMA:
            schema = mcap_records.Schema.read(stream)
            self.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = mcap_records.Channel.read(stream)
            self.topics[channel.id] = channel
        elif opcode == Opcode.METADATA:
            self._take_metadata(mcap_records.Metadata.read(stream))
        elif opcode == Opcode.DATA_END:
            self.all_messages_read = True
        elif opcode == Opcode.CHUNK:
            self._take_chunk(mcap_records.Chunk.read(stream), position)

    def _take_metadata(self, metadata: mcap_records.Metadata) -> None:
        if metadata.name != "understudy":
            return
        try:
            self.raw.version = int(metadata.metadata["format_version"])
            self.raw.info = json.loads(metadata.metadata["info"])
        except (KeyError, ValueError) as problem:
            raise RecordingError(f"{self.path}: its description cannot be read ({problem})") from problem

    def _take_chunk(self, chunk: mcap_records.Chunk, position: int) -> None:
        try:
            self._take_messages(_unpack(chunk))
        except (ValueError, zstandard.ZstdError, struct.error) as problem:
            self.raw.losses.append(f"the chunk at byte {position} is damaged and was left out ({problem})")

    def _take_messages(self, data: bytes) -> None:
        """Sorts a chunk's messages by channel; messages of one channel and size in a row are taken in one piece."""
        position = 0
        while position < len(data):
            opcode, length = _RECORD_HEAD.unpack_from(data, position)
            size = _RECORD_HEAD.size + length
            if position + size > len(data):
                raise ValueError("a message runs over the end of its chunk")
            if opcode != Opcode.MESSAGE:
                self._take(opcode, data[position + _RECORD_HEAD.size : position + size], position)
                position += size
                continue
            rows = np.frombuffer(data, np.uint8, (len(data) - position) // size * size, position).reshape(-1, size)
            alike = (rows[:, :11] == rows[0, :11]).all(axis=1)  # opcode, length and channel
            count = len(rows) if alike.all() else int(alike.argmin())
            self.rows[int(rows[0, 9]) | int(rows[0, 10]) << 8].append(rows[:count])
            position += count * size

    def _assemble(self) -> None:
        for channel_id, channel in self.topics.items():
            schema = self.schemas.get(channel.schema_id)
            if schema is None or channel.message_encoding != PAYLOAD_ENCODING:
                continue
            dtype = dtype_from_schema(schema.data.decode())
            rows = self.rows.get(channel_id, [])
            size = MESSAGE_HEAD.itemsize + dtype.itemsize
            sound = [part for part in rows if part.shape[1] == size]
            if len(sound) < len(rows):
                self.raw.losses.append(f"{len(rows) - len(sound)} messages of {channel.topic} have a wrong length")
            table = np.concatenate(sound) if sound else np.empty((0, size), np.uint8)
            head = np.ascontiguousarray(table[:, : MESSAGE_HEAD.itemsize]).view(MESSAGE_HEAD)[:, 0]
            payload = np.ascontiguousarray(table[:, MESSAGE_HEAD.itemsize :])
            self.raw.sequences[channel.topic] = head["sequence"].copy()
            self.raw.arrays[channel.topic] = payload.view(dtype)[:, 0]

    def _say_what_is_torn(self, bytes_left: int) -> None:
        if self.all_messages_read:
            self.raw.losses.append("the file's closing index is missing or cut off; no tick was lost by that")
            return
        unfinished = f", {bytes_left} bytes of an unfinished record were dropped" if bytes_left else ""
        self.raw.losses.append(
            f"the file was not closed (the process that recorded it died, or it was cut off){unfinished}: "
            "what was played after its last whole chunk is lost, at a crash less than one second"
        )


def _unpack(chunk: mcap_records.Chunk) -> bytes:
    if chunk.uncompressed_size > MAX_CHUNK_BYTES:
        raise ValueError(f"it claims to hold {chunk.uncompressed_size} bytes")
    if chunk.compression == "zstd":
        data = zstandard.ZstdDecompressor().decompress(chunk.data, max_output_size=chunk.uncompressed_size)
    elif chunk.compression == "":
        data = chunk.data
    else:
        raise ValueError(f"its compression {chunk.compression!r} is not known here")
    if len(data) != chunk.uncompressed_size or (chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc):
        raise ValueError("its checksum does not fit")
    return data
