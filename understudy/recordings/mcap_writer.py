"""Crash-safe writer of native recordings: an MCAP file that grows chunk by chunk; a killed process loses under 1 s.

`mcap_chunk` builds the chunks' content; this module writes schemas and channels before them and the summary after them.
Specification: https://mcap.dev/spec
"""

import contextlib
import io
import json
import os
import shutil
import struct
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import zstandard
from mcap import records as mcap_records
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.errors import RecordingError
from understudy.contract.file_lock import wait_for_lock
from understudy.contract.observation import EVENTS
from understudy.contract.protocols import InputEvent
from understudy.contract.safe_files import create_new
from understudy.contract.serialization import to_json
from understudy.recordings import mcap_channels, ros2_schema
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_chunk import ByteRange, ChunkContent, chunk_content
from understudy.recordings.mcap_descriptions import METADATA_NAME, info_checksum

SummaryGroup = tuple[Opcode, list[mcap_records.McapRecord]]
"""Opcode and records of one group of the summary section."""
CHUNK_TICKS = 12
"""Ticks per chunk: 0.6 s at 20 Hz, about 14 kB; MCAP's default of 1 MB would lose 13 s in a crash."""
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 3
LOCK_PATIENCE_S = 0.1


class McapWriter:
    """Appends ticks to one native recording. Used by one thread at a time; owns the open file.

    The file is locked while it is open, so that no other process repairs it or trains from it; the operating system
    releases the lock when the process ends.
    """

    def __init__(self, path: Path, info: EpisodeInfo) -> None:
        """Creates the file and writes its header, metadata, schemas and channels.

        Raises:
            FileExistsError: if the file exists; a recording is never overwritten.
            RecordingError: if it cannot be written there.
        """
        self.path = path
        self.num_ticks = 0
        self._file = _create_locked(path)
        self._position = 0
        self._checksum = 0
        self._is_torn = False
        self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
        self._chunk_indexes: list[mcap_records.ChunkIndex] = []
        self._counts: dict[int, int] = defaultdict(int)
        try:
            self._open(info)
        except OSError as problem:
            self._file.close()
            path.unlink(missing_ok=True)
            raise RecordingError(f"{path} cannot be written: {problem.strerror or problem}") from problem

    def append(
        self,
        observations: np.ndarray,
        actions: np.ndarray,
        actors: np.ndarray,
        inputs: Sequence[InputEvent] = (),
        intents: np.ndarray | None = None,
        timings: np.ndarray | None = None,
    ) -> None:
        """Writes T ticks in chunks of CHUNK_TICKS; they are with the operating system when it returns.

        Input events go into the chunk in whose time they fall. Empty intents and absent timings are not written.
        """
        if len(observations) == 0:
            return
        events = InputEvents.of(inputs).records
        starts = range(0, len(observations), CHUNK_TICKS)
        cuts = np.searchsorted(events["time_s"], observations["time_s"][CHUNK_TICKS::CHUNK_TICKS])
        for start, first, last in zip(starts, (0, *cuts), (*cuts, len(events)), strict=True):
            ticks = slice(start, start + CHUNK_TICKS)
            stretch = ByteRange(
                first_tick=self.num_ticks,
                observations=observations[ticks],
                actions=actions[ticks],
                actors=actors[ticks],
                first_input=self._counts.get(mcap_channels.INPUTS.id, 0),
                inputs=events[first:last],
                intents=None if intents is None else intents[ticks],
                timings=None if timings is None else timings[ticks],
            )
            self._write_chunk(chunk_content(stretch))
            self.num_ticks += len(stretch.observations)

    def close(self) -> None:
        """Writes the summary, which completes the MCAP file, and closes it. May be called twice.

        After a failed write the file may end inside a chunk; then no summary is written.

        Raises:
            OSError: if the summary cannot be written; the file is closed, without it.
        """
        if self._file.closed:
            return
        try:
            if self._is_torn:
                return
            self._put(record_bytes(mcap_records.DataEnd(data_section_crc=self._checksum)))
            self._put(summary_bytes(self._position, self._summary_groups()))
            self._sync()
        finally:
            self._file.close()

    def is_in_place(self) -> bool:
        """Returns whether the file still has its path: its folder may have been deleted or moved."""
        try:
            return os.path.samestat(os.stat(self.path, follow_symlinks=False), os.fstat(self._file.fileno()))
        except OSError:
            return False

    @property
    def is_deleted(self) -> bool:
        """Returns whether the file was deleted; its data exists until it is closed."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def put_back(self) -> None:
        """Recreates folder and file, with all data written so far.

        Raises:
            FileExistsError: if the name is taken by now.
            RecordingError: if it cannot be written there.
            OSError: if only a part could be written.
        """
        again = _create_locked(self.path)
        self._file.seek(0)
        shutil.copyfileobj(self._file, again, 2**20)
        self._file.close()
        self._file = again

    def abandon(self) -> None:
        """Closes the file without a summary, as a crash would. May be called twice."""
        self._file.close()

    def _open(self, info: EpisodeInfo) -> None:
        self._schemas, self._channels = schemas_and_channels()
        text = to_json(info)
        values = {
            "format_version": str(mcap_channels.FORMAT_VERSION),
            "info": text,
            mcap_channels.INFO_CHECKSUM: info_checksum(text),
        }
        self._metadata = mcap_records.Metadata(name=METADATA_NAME, metadata=values)
        self._put(MCAP0_MAGIC + record_bytes(mcap_records.Header(profile="", library="understudy")))
        self._metadata_offset = self._position
        self._put(b"".join(record_bytes(record) for record in (self._metadata, *self._schemas, *self._channels)))

    def _sync(self) -> None:
        """Flushes the file to disk (fsync), so that it survives a power loss; no effect on a pipe or a device."""
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())

    def _put(self, data: bytes) -> None:
        rest, self._is_torn = memoryview(data), True
        while len(rest):  # an unbuffered file may write only a part
            rest = rest[self._file.write(rest) :]
        self._is_torn = False
        self._position += len(data)
        self._checksum = zlib.crc32(data, self._checksum)

    def _write_chunk(self, content: ChunkContent) -> None:
        data = b"".join(content.parts)
        times = np.concatenate([entries["log_time"] for entries in content.index.values()])
        first_ns, last_ns = int(times.min()), int(times.max())
        compressed = self._compressor.compress(data)
        records = [_chunk_record(first_ns, last_ns, data, compressed)]
        start, position, offsets = self._position, self._position + len(records[0]), {}
        for channel_id, entries in content.index.items():
            offsets[channel_id] = position
            records.append(_message_index(channel_id, entries))
            position += len(records[-1])
            self._counts[channel_id] += len(entries)
        self._put(b"".join(records))
        self._chunk_indexes.append(
            mcap_records.ChunkIndex(
                chunk_length=len(records[0]),
                chunk_start_offset=start,
                compression=COMPRESSION,
                compressed_size=len(compressed),
                message_end_time=last_ns,
                message_index_length=position - start - len(records[0]),
                message_index_offsets=offsets,
                message_start_time=first_ns,
                uncompressed_size=len(data),
            )
        )

    def _summary_groups(self) -> list[SummaryGroup]:
        chunks = self._chunk_indexes
        statistics = mcap_records.Statistics(
            attachment_count=0,
            channel_count=len(self._channels),
            channel_message_counts=dict(self._counts),
            chunk_count=len(chunks),
            message_count=sum(self._counts.values()),
            message_end_time=max((chunk.message_end_time for chunk in chunks), default=0),
            message_start_time=min((chunk.message_start_time for chunk in chunks), default=0),
            metadata_count=1,
            schema_count=len(self._schemas),
        )
        length = len(record_bytes(self._metadata))
        metadata = mcap_records.MetadataIndex(offset=self._metadata_offset, length=length, name=self._metadata.name)
        return [
            (Opcode.SCHEMA, [*self._schemas]),
            (Opcode.CHANNEL, [*self._channels]),
            (Opcode.STATISTICS, [statistics]),
            (Opcode.CHUNK_INDEX, [*chunks]),
            (Opcode.METADATA_INDEX, [metadata]),
        ]


def _chunk_record(first_ns: int, last_ns: int, data: bytes, compressed: bytes) -> bytes:
    """Serialises a chunk record directly: mcap writes it field by field, which costs more than compressing it."""
    name = COMPRESSION.encode()
    head = struct.pack("<QQQII", first_ns, last_ns, len(data), zlib.crc32(data), len(name)) + name
    length = len(head) + 8 + len(compressed)
    return b"".join([struct.pack("<BQ", Opcode.CHUNK, length), head, struct.pack("<Q", len(compressed)), compressed])


def _message_index(channel_id: int, entries: np.ndarray) -> bytes:
    head = struct.pack("<BQHI", Opcode.MESSAGE_INDEX, 6 + entries.nbytes, channel_id, entries.nbytes)
    return head + entries.tobytes()


def record_bytes(record: mcap_records.McapRecord) -> bytes:
    """Serialises one record."""
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def schemas_and_channels() -> tuple[list[mcap_records.Schema], list[mcap_records.Channel]]:
    """Returns the schema and channel records of the format; a channel and its schema share their id."""
    schemas, topics = [], []
    for channel in mcap_channels.CHANNELS:
        text, name = ros2_schema.schema_text(channel.dtype).encode(), ros2_schema.schema_name(channel.topic)
        schemas.append(mcap_records.Schema(id=channel.id, data=text, encoding=mcap_channels.SCHEMA_ENCODING, name=name))
        topics.append((channel.id, channel.topic, mcap_channels.PAYLOAD_ENCODING))
    names = EVENTS.names or ()
    text = json.dumps({"type": "object", "properties": {name: {"type": "number"} for name in names}}).encode()
    schemas.append(
        mcap_records.Schema(
            id=mcap_channels.GAME_EVENTS_ID, data=text, encoding="jsonschema", name="understudy.game_events"
        )
    )
    topics.append((mcap_channels.GAME_EVENTS_ID, mcap_channels.GAME_EVENTS_TOPIC, "json"))
    listed = [
        mcap_records.Channel(id=number, topic=topic, message_encoding=encoding, metadata={}, schema_id=number)
        for number, topic, encoding in topics
    ]
    return schemas, listed


def summary_bytes(summary_start: int, groups: list[SummaryGroup]) -> bytes:
    """Serialises the summary section from byte `summary_start` on, its offsets, the footer and the final magic."""
    summary, offsets = io.BytesIO(), []
    for opcode, records in groups:
        group = b"".join(record_bytes(record) for record in records)
        start = summary_start + summary.tell()
        offsets.append(mcap_records.SummaryOffset(group_opcode=opcode, group_start=start, group_length=len(group)))
        summary.write(group)
    offset_start = summary_start + summary.tell()
    summary.write(b"".join(record_bytes(offset) for offset in offsets))
    head = struct.pack("<BQQQ", Opcode.FOOTER, 20, summary_start, offset_start)
    footer = mcap_records.Footer(
        summary_start=summary_start,
        summary_offset_start=offset_start,
        summary_crc=zlib.crc32(head, zlib.crc32(summary.getvalue())),
    )
    return summary.getvalue() + record_bytes(footer) + MCAP0_MAGIC


def _create_locked(path: Path) -> BinaryIO:
    """Creates a file and locks it.

    Raises:
        FileExistsError: if the file exists.
        RecordingError: if it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RecordingError(f"{path.parent} cannot be made: {problem.strerror or problem}") from problem
    try:
        file = create_new(path)
    except FileExistsError:
        raise
    except OSError as problem:
        raise RecordingError(f"{path} cannot be written: {problem.strerror or problem}") from problem
    wait_for_lock(file, LOCK_PATIENCE_S)  # another process may be testing the lock
    return file
