"""The parts of an MCAP file that stand around its chunks: schemas and channels before them, the summary after them."""

import io
import json
import struct
import zlib
from typing import BinaryIO

from mcap import records as mcap_records
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.observation import EVENTS
from understudy.recordings import channels

SummaryGroup = tuple[Opcode, list[mcap_records.McapRecord]]
"""Records of one kind, which the summary keeps together."""


def record_bytes(record: mcap_records.McapRecord) -> bytes:
    """One record as it lies in the file."""
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def schemas_and_channels() -> tuple[list[mcap_records.Schema], list[mcap_records.Channel]]:
    """The records that describe every channel of the format; a channel and its schema share their number."""
    schemas, topics = [], []
    for channel in channels.CHANNELS:
        text = channels.schema_text(channel.dtype).encode()
        name = f"understudy{channel.topic.replace('/', '.')}"
        schemas.append(mcap_records.Schema(id=channel.id, data=text, encoding=channels.SCHEMA_ENCODING, name=name))
        topics.append((channel.id, channel.topic, channels.PAYLOAD_ENCODING))
    names = EVENTS.names or ()
    text = json.dumps({"type": "object", "properties": {name: {"type": "number"} for name in names}}).encode()
    schemas.append(
        mcap_records.Schema(id=channels.GAME_EVENTS_ID, data=text, encoding="jsonschema", name="understudy.game_events")
    )
    topics.append((channels.GAME_EVENTS_ID, channels.GAME_EVENTS_TOPIC, "json"))
    listed = [
        mcap_records.Channel(id=number, topic=topic, message_encoding=encoding, metadata={}, schema_id=number)
        for number, topic, encoding in topics
    ]
    return schemas, listed


def write_summary(file: BinaryIO, summary_start: int, groups: list[SummaryGroup]) -> None:
    """The summary section, which begins at byte `summary_start`, its offsets, the footer and the closing magic."""
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
    file.write(summary.getvalue() + record_bytes(footer) + MCAP0_MAGIC)
