"""MCAP files as other tools write them, and as damage or malice leave them."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.writer import MCAP0_MAGIC, Writer


def records_of(data: bytes) -> list[tuple[int, int, int]]:
    """Opcode, start of the record and end of it, by the specification."""
    found, position = [], len(MCAP0_MAGIC)
    while position < len(data) - len(MCAP0_MAGIC):
        opcode, length = struct.unpack_from("<BQ", data, position)
        found.append((opcode, position, position + 9 + length))
        position += 9 + length
    return found


def place_of(data: bytes, opcode: Opcode, number: int = 0) -> tuple[int, int]:
    """Start and end of one record of a kind; negative numbers count from the end."""
    return [(start, end) for kind, start, end in records_of(data) if kind == opcode][number]


def record(opcode: Opcode, content: bytes) -> bytes:
    """One record as it lies in a file."""
    return struct.pack("<BQ", opcode, len(content)) + content


def message(channel: int, data: bytes, sequence: int = 0) -> bytes:
    """One message record."""
    return record(Opcode.MESSAGE, struct.pack("<HIQQ", channel, sequence, 0, 0) + data)


def chunk(data: bytes, packed: bytes | None = None, compression: str = "zstd", size: int | None = None) -> bytes:
    """A chunk record around records.

    Args:
        data: what it holds.
        packed: what stands in it instead of the data, compressed.
        compression: its name.
        size: what it claims to unpack to.
    """
    packed = zstandard.ZstdCompressor().compress(data) if packed is None else packed
    size, name = len(data) if size is None else size, compression.encode()
    head = struct.pack("<QQQII", 0, 0, size, zlib.crc32(data) if data else 0, len(name)) + name
    return record(Opcode.CHUNK, head + struct.pack("<Q", len(packed)) + packed)


def unpacked(data: bytes, number: int = 0) -> bytes:
    """The records in one chunk of a file."""
    start, end = place_of(data, Opcode.CHUNK, number)
    return zstandard.ZstdDecompressor().decompress(data[start + 9 + 32 + 4 + 8 : end])


def rewrite(
    source: Path, target: Path, change: Callable[[int], int] = lambda sequence: sequence, **options: Any
) -> None:
    """Writes a recording again with MCAP's own Python package, in order of time, as `mcap recompress` would.

    Args:
        source: the recording.
        target: the new file.
        change: number of a message -> the number to write.
        options: of the package's Writer.
    """
    with source.open("rb") as old, target.open("wb") as new:
        reader, writer = make_reader(old), Writer(new, **options)
        writer.start()
        for metadata in reader.iter_metadata():
            writer.add_metadata(metadata.name, metadata.metadata)
        channels: dict[int, int] = {}
        for schema, channel, each in reader.iter_messages():
            assert schema is not None
            if channel.id not in channels:
                number = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(channel.topic, channel.message_encoding, number)
            number = channels[channel.id]
            writer.add_message(number, each.log_time, each.data, each.publish_time, change(each.sequence))
        writer.finish()
