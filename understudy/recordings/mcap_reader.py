"""Reader of native recordings (MCAP) that are whole, torn or rewritten by other MCAP tools; keeps all intact records.

A recording whose process died has no summary and may end inside a record, so the reader does not need the summary; if
there is one, it compares message counts and checksums. Every loss is reported in one sentence. Time and memory are
linear in the file's size for any content: `mcap_compression` limits the unpacked size, and memory is at most four times
that.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mcap import records as mcap_records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_channels import TICK_CHANNELS
from understudy.recordings.mcap_compression import CHUNK_HEAD, UnpackBudget, unpack_chunk
from understudy.recordings.mcap_descriptions import Descriptions
from understudy.recordings.mcap_messages import RECORD_HEAD, MessageTable, split_records

MAX_FILE_BYTES = 4 * 2**30
"""Largest file, days of play: all of it is held in memory, so a larger one is refused before it is read."""
MAX_LOSSES = 20
"""Damaged records that are reported one by one; the rest are counted."""
MAX_SEARCHES, MAX_PASSES = 100, 3
"""Limits of the search for a chunk after damage: candidate positions, and passes over the file from them."""

_COMPRESSION_NAME = re.compile(rb"\x04\x00\x00\x00zstd|\x03\x00\x00\x00lz4")
"""Compression names, length-prefixed, by which the next chunk after damage is found."""
_NAME_OFFSET = RECORD_HEAD.size + CHUNK_HEAD.size - 4


@dataclass
class RawRecording:
    """A recording as stored, before migration; the format's version defines its meaning."""

    version: int = -1
    info: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    """Topic -> records in their stored dtype, shape (messages,)."""
    sequences: dict[str, np.ndarray] = field(default_factory=dict)
    """Topic -> sequence numbers; for channels with one message per tick, the tick."""
    losses: list[str] = field(default_factory=list)
    whole: bool = False
    """Whether the file was closed properly."""
    num_stated_ticks: int = 0
    """Number of ticks by the file's index; 0 without an index."""


def read_raw(path: Path) -> RawRecording:
    """Reads all intact records of a file.

    Raises:
        RecordingError: if it is no recording of this format, or too large.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise RecordingError(
            f"{path} has {size / 2**30:.1f} GB: recordings of up to {MAX_FILE_BYTES >> 30} GB are read"
        )
    return _Reader(path.read_bytes(), str(path)).read()


class _Reader:
    """One pass over one file."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.view = memoryview(data)
        self.raw = RawRecording()
        self.budget = UnpackBudget(len(data))
        self.descriptions = Descriptions(self._lose)
        self.messages = MessageTable()
        self.statistics: mcap_records.Statistics | None = None
        self.all_messages_read = False
        self.sound_until = len(MCAP0_MAGIC)
        """End of the last chunk that was read; after damage, the search for the next chunk starts here."""
        self.num_searches = 0
        self.num_unsaid = 0

    def read(self) -> RawRecording:
        if not self.data.startswith(MCAP0_MAGIC):
            raise RecordingError(f"{self.name} is not an MCAP recording: it does not begin with MCAP's signature")
        end = self._walk(len(MCAP0_MAGIC))
        num_bytes = MAX_PASSES * len(self.data)
        while not self.raw.whole and num_bytes > 0 and (found := self._find_chunk()) is not None:
            self._lose(f"bytes {self.sound_until} to {found} are damaged and were left out")
            end = self._walk(found)
            num_bytes -= end - found
        if not self.descriptions.info:
            why = f" ({self.raw.losses[0]})" if self.raw.losses else ""
            raise RecordingError(f"{self.name} holds no recording of understudy: its description is missing{why}")
        self.raw.version, self.raw.info = self.descriptions.version, self.descriptions.info
        channels = self.descriptions.readable_channels()
        self.raw.sequences, self.raw.arrays = self.messages.by_topic(channels, self._lose)
        self._compare_counts({number: channel.topic for number, channel in channels.items()})
        if self.num_unsaid:
            self.raw.losses.append(f"{self.num_unsaid} more records are damaged")
        if not self.raw.whole:
            self._say_what_is_torn(len(self.data) - end)
        return self.raw

    def _walk(self, position: int) -> int:
        """Reads records up to the first incomplete one; returns its position."""
        for opcode, start, stop in self._records(position):
            try:
                self._take(opcode, start, stop)
            except Exception as problem:  # parsing untrusted data can raise anything
                what = "chunk" if opcode == Opcode.CHUNK else "record"
                self._lose(f"the {what} at byte {start} is damaged and was left out ({_brief(problem)})")
            position = stop
        return position

    def _records(self, position: int) -> Iterator[tuple[int, int, int]]:
        """Yields opcode, start and end of each record's content, up to the first incomplete one."""
        size = len(self.data)
        while position + RECORD_HEAD.size <= size:
            opcode, length = RECORD_HEAD.unpack_from(self.data, position)
            start = position + RECORD_HEAD.size
            # opcode 0 is no record: after a power loss a file may end in zeros
            if opcode == 0 or length > size - start:
                return
            position = start + length
            yield opcode, start, position
            if opcode == Opcode.FOOTER:
                self.raw.whole = self.data[position : position + len(MCAP0_MAGIC) + 1] == MCAP0_MAGIC
                return

    def _find_chunk(self) -> int | None:
        """Returns the start of the next readable chunk after the last one that was read."""
        for found in _COMPRESSION_NAME.finditer(self.data, self.sound_until + _NAME_OFFSET):
            begin = found.start() - _NAME_OFFSET
            opcode, length = RECORD_HEAD.unpack_from(self.data, begin)
            start = begin + RECORD_HEAD.size
            if opcode != Opcode.CHUNK or length > len(self.data) - start:
                continue
            self.num_searches += 1
            if self.num_searches > MAX_SEARCHES:
                return None
            try:
                split_records(unpack_chunk(self.view[start : start + length], self.budget))
            except (ValueError, struct.error):
                continue
            return begin
        return None

    def _take(self, opcode: int, start: int, stop: int) -> None:
        match opcode:
            case Opcode.CHUNK:
                self._take_chunk(start, stop)
            case Opcode.MESSAGE:
                self.messages.add(split_records(self.data[start - RECORD_HEAD.size : stop])[0])
            case Opcode.SCHEMA | Opcode.CHANNEL:
                self._describe(self.data[start - RECORD_HEAD.size : stop])
            case Opcode.METADATA:
                self.descriptions.add_metadata(mcap_records.Metadata.read(self._content(start, stop)))
            case Opcode.STATISTICS:
                self.statistics = mcap_records.Statistics.read(self._content(start, stop))
            case Opcode.DATA_END:
                self._take_data_end(start)
            case Opcode.FOOTER:
                self._take_footer(start)

    def _take_chunk(self, start: int, stop: int) -> None:
        rows, others = split_records(unpack_chunk(self.view[start:stop], self.budget))
        self.messages.add(rows)
        self.sound_until = stop
        for record in others:
            self._describe(record)

    def _describe(self, record: bytes) -> None:
        """Adds a schema or a channel."""
        try:
            if not self.descriptions.is_new(record):
                return
            content = ReadDataStream(io.BytesIO(record[RECORD_HEAD.size :]))
            if record[0] == Opcode.SCHEMA:
                self.descriptions.add_schema(mcap_records.Schema.read(content))
            else:
                self.descriptions.add_channel(mcap_records.Channel.read(content))
        except Exception as problem:  # untrusted data: invalid text, lengths beyond the end
            self._lose(f"the description of a channel is damaged ({_brief(problem)})")

    def _take_data_end(self, start: int) -> None:
        if self.all_messages_read:  # a file has one end; comparing at each of many would be quadratic
            return
        self.all_messages_read = True
        (checksum,) = struct.unpack_from("<I", self.data, start)
        if checksum and zlib.crc32(self.view[: start - RECORD_HEAD.size]) != checksum and not self.raw.losses:
            self.raw.losses.append("the file's checksum does not fit: something in it was changed since it was written")

    def _take_footer(self, start: int) -> None:
        summary, _, checksum = struct.unpack_from("<QQI", self.data, start)
        begin = summary or start - RECORD_HEAD.size  # 0: there is no summary
        if checksum and zlib.crc32(self.view[begin : start + 16]) != checksum:
            self.raw.losses.append("the file's closing index is damaged; no tick was lost by that")

    def _content(self, start: int, stop: int) -> ReadDataStream:
        return ReadDataStream(io.BytesIO(self.data[start:stop]))

    def _compare_counts(self, topics: dict[int, str]) -> None:
        """Compares the message counts with the index, which survives damage in the middle of a file."""
        if self.statistics is None:
            return
        for number, stated in self.statistics.channel_message_counts.items():
            topic, found = topics.get(number, f"channel {number}"), self.messages.count(number)
            if topic == TICK_CHANNELS[0].topic:
                self.raw.num_stated_ticks = stated
            if stated != found and not self.raw.losses:
                self._lose(
                    f"the file's index counts {stated} messages of {topic or f'channel {number}'}, {found} are there"
                )

    def _say_what_is_torn(self, bytes_left: int) -> None:
        if self.all_messages_read:
            self.raw.losses.append("the file's closing index is missing or cut off; no tick was lost by that")
            return
        unfinished = f", {bytes_left} bytes of an unfinished record were dropped" if bytes_left else ""
        self.raw.losses.append(
            f"the file was not closed (the process that recorded it died, or it was cut off){unfinished}: "
            "what was played after its last whole chunk is lost, at a crash less than one second"
        )

    def _lose(self, sentence: str) -> None:
        if len(self.raw.losses) < MAX_LOSSES:
            self.raw.losses.append(sentence)
        else:
            self.num_unsaid += 1


def _brief(problem: Exception) -> str:
    text = str(problem)[:200]
    return text if isinstance(problem, ValueError) and text else f"{type(problem).__name__}: {text}"
