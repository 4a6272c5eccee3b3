"""Recordings for `fuzz`: good ones of ours and of other MCAP tools, and how they are changed and opened."""

import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from fuzz_changes import NASTY_NUMBERS, NASTY_TEXTS, Mutant, Opened, mutate_bytes, mutate_text
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.writer import MCAP0_MAGIC, CompressionType, Writer

from understudy.contract.action import ACTION, Actor
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode, describe, irregularities
from understudy.recordings.mcap_channels import FORMAT_VERSION
from understudy.recordings.mcap_descriptions import info_checksum
from understudy.recordings.recording_stats import recording_stats
from understudy.recordings.store import read_episode, repair_recording, write_episode
from understudy.worlds.catalog import load_profile

NUM_TICKS = 40
OLDER = Path(__file__).resolve().parents[1] / "tests" / "recordings" / "data" / "version_2.mcap"


def made_up_episode(num_ticks: int = NUM_TICKS) -> Episode:
    """A few ticks of made-up numbers."""
    numbers = np.random.default_rng(0)
    observations, actions = np.zeros(num_ticks, OBSERVATION), np.zeros(num_ticks, ACTION)
    observations["time_s"] = 100 + np.arange(num_ticks) / 20
    for name in ("x", "y"):
        observations["tracks"][name] = numbers.random((num_ticks, observations["tracks"].shape[1]))
        actions[f"cursor_{name}"] = numbers.random(num_ticks)
    observations["tracks"]["id"] = np.arange(observations["tracks"].shape[1])
    observations["events"]["kills"][::7] = 1
    info = describe(load_profile(), pilot="person", seed=1, start_map="1-1")
    return Episode(
        info=replace(info, started_at="2026-11-22T19:30:45.000+00:00", unix_minus_clock_s=1.79e9),  # always the same
        observations=observations,
        actions=actions,
        actors=np.full(num_ticks, Actor.PERSON, np.int8),
        inputs=tuple(InputEvent(100 + tick / 20, "press", "left", 0.5, 0.5) for tick in range(0, num_ticks, 3)),
    )


def good_recordings(folder: Path) -> list[bytes]:
    """One of ours, twice, one of an older format, and what other tools made of ours."""
    ours = folder / "ours.mcap"
    write_episode(made_up_episode(), ours)
    data = ours.read_bytes()
    found = [data, data, OLDER.read_bytes()]
    for options in (
        {"compression": CompressionType.LZ4, "chunk_size": 4000},
        {"use_chunking": False},
        {"compression": CompressionType.NONE, "chunk_size": 4000},
        {"chunk_size": 2**20, "use_statistics": False, "enable_crcs": False},
    ):
        rewrite(ours, folder / "theirs.mcap", **options)
        found.append((folder / "theirs.mcap").read_bytes())
    return found


def rewrite(source: Path, target: Path, **options: Any) -> None:
    """Writes a recording again with MCAP's own package."""
    with source.open("rb") as old, target.open("wb") as new:
        reader, writer = make_reader(old), Writer(new, **options)
        writer.start()
        for metadata in reader.iter_metadata():
            writer.add_metadata(metadata.name, metadata.metadata)
        channels: dict[int, int] = {}
        for schema, channel, message in reader.iter_messages():
            assert schema is not None
            if channel.id not in channels:
                number = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(channel.topic, channel.message_encoding, number)
            writer.add_message(
                channels[channel.id], message.log_time, message.data, message.publish_time, message.sequence
            )
        writer.finish()


Record = tuple[int, bytes]
"""Opcode and content."""


def _records(data: bytes) -> list[Record]:
    found, position = [], len(MCAP0_MAGIC)
    while position + 9 <= len(data) - len(MCAP0_MAGIC):
        opcode, length = struct.unpack_from("<BQ", data, position)
        found.append((opcode, data[position + 9 : position + 9 + length]))
        position += 9 + length
    return found


def _file(records: Sequence[Record]) -> bytes:
    parts = [struct.pack("<BQ", opcode, len(content)) + content for opcode, content in records]
    return MCAP0_MAGIC + b"".join(parts) + MCAP0_MAGIC


def mutate_recording(data: bytes, draw: random.Random, trace: Path) -> Mutant:
    """A changed recording."""
    if draw.random() < 0.5:
        changed, how = mutate_bytes(data, draw)
        return Mutant(changed, _has_checksum(data), how)
    how, change = draw.choice(list(_RECORD_CHANGES.items()))
    records = _records(data)
    change(records, draw)
    return Mutant(_file(records), False, how)


def _has_checksum(data: bytes) -> bool:
    """Whether the file has one of everything in it, as ours have."""
    return any(opcode == Opcode.DATA_END and any(content) for opcode, content in _records(data))


def _shuffle_records(records: list[Record], draw: random.Random) -> None:
    place = draw.randrange(len(records))
    taken = records.pop(place)
    for _ in range(draw.choice((0, 1, 2, 300))):
        records.insert(draw.randrange(len(records) + 1), taken)


def _retype_record(records: list[Record], draw: random.Random) -> None:
    place = draw.randrange(len(records))
    records[place] = (draw.choice([*range(16), 0x80, 0xFF]), records[place][1])


def _change_record(records: list[Record], draw: random.Random) -> None:
    place = draw.randrange(len(records))
    opcode, content = records[place]
    records[place] = (opcode, mutate_bytes(content or b"\0", draw)[0])


def _change_schema(records: list[Record], draw: random.Random) -> None:
    """The same change in both copies of a schema, so that no other is left."""
    schemas = [content for opcode, content in records if opcode == Opcode.SCHEMA]
    chosen = draw.choice(schemas)
    text_at = 2
    for _ in range(2):  # name and encoding
        text_at += 4 + struct.unpack_from("<I", chosen, text_at)[0]
    text_at += 4
    text = mutate_text(chosen[text_at:], draw)
    changed = chosen[: text_at - 4] + struct.pack("<I", len(text)) + text
    records[:] = [(opcode, changed if content == chosen else content) for opcode, content in records]


def _change_info(records: list[Record], draw: random.Random) -> None:
    """The description, with a checksum that fits."""
    place = next(place for place, (opcode, _) in enumerate(records) if opcode == Opcode.METADATA)
    content = records[place][1]
    start = content.index(b"{")
    (length,) = struct.unpack_from("<I", content, start - 4)
    text = mutate_text(content[start : start + length], draw)
    values = {
        b"format_version": str(FORMAT_VERSION).encode(),
        b"info": text,
        b"info_crc32": info_checksum(text.decode("latin-1")).encode(),
    }
    if draw.random() < 0.1:
        values[b"format_version"] = draw.choice(NASTY_TEXTS)
    packed = b"".join(_prefixed(key) + _prefixed(value) for key, value in values.items())
    records[place] = (Opcode.METADATA, _prefixed(b"understudy") + struct.pack("<I", len(packed)) + packed)


def _prefixed(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def _change_chunk(records: list[Record], draw: random.Random) -> None:
    """The inside of a chunk, packed again so that its checksum fits."""
    chunks = [place for place, (opcode, _) in enumerate(records) if opcode == Opcode.CHUNK]
    if not chunks:
        _change_record(records, draw)
        return
    place = draw.choice(chunks)
    content = records[place][1]
    (length,) = struct.unpack_from("<I", content, 28)
    packed = content[32 + length + 8 :]
    try:
        inside = zstandard.ZstdDecompressor().decompress(packed) if content[32:36] == b"zstd" else packed
    except zstandard.ZstdError:
        inside = packed
    how = draw.randrange(6)
    if how == 0:
        inside = struct.pack("<BQ", Opcode.CHUNK, len(content)) + content
    elif how == 1:
        inside = struct.pack("<BQHIQQ", Opcode.MESSAGE, 22, draw.randrange(9), 0, 0, 0) * draw.choice((1, 9, 20_000))
    elif how == 2:
        inside = bytes(draw.choice((2**10, 2**20, 2**25)))
    else:
        inside = mutate_bytes(inside, draw)[0]
    records[place] = (Opcode.CHUNK, _chunk(inside, draw))


def _chunk(inside: bytes, draw: random.Random) -> bytes:
    packed = zstandard.ZstdCompressor(write_content_size=draw.random() < 0.8).compress(inside)
    size = len(inside) if draw.random() < 0.8 else draw.choice(NASTY_NUMBERS)
    head = struct.pack("<QQQII", 0, 0, size, zlib.crc32(inside), 4) + b"zstd"
    return head + struct.pack("<Q", len(packed)) + packed


_RECORD_CHANGES: dict[str, Callable[[list[Record], random.Random], None]] = {
    "records moved": _shuffle_records,
    "record of another kind": _retype_record,
    "record changed": _change_record,
    "schema changed": _change_schema,
    "description changed": _change_info,
    "chunk changed": _change_chunk,
}


def open_recording(path: Path) -> Opened:
    """Reads a recording and does with it what `recordings list` and `verify` do; every fifth is repaired, too.

    Raises:
        AssertionError: if the repair lost a tick, or the old file.
    """
    episode = read_episode(path)
    statements = (*episode.losses, *irregularities(episode))
    recording_stats(episode)
    before = path.read_bytes()
    if zlib.crc32(before) % 5 == 0 and len(episode) and repair_recording(path):
        torn = path.with_name(f"{path.name}.torn")
        assert torn.read_bytes() == before, "the old file is not what it was"
        assert len(read_episode(path)) == len(episode), "the repair lost ticks"
        torn.unlink()
    parts = (episode.observations, episode.actions, episode.actors)
    content = b"".join(part.tobytes() for part in parts) + repr((episode.inputs, episode.info)).encode(errors="replace")
    return Opened(content, statements)
