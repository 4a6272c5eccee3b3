"""Encoder and parser of the Protobuf message foxglove.CompressedVideo, so that Foxglove can play the video.

Schema: https://docs.foxglove.dev/docs/visualization/message-schemas/compressed-video. The four
fields are encoded by hand, which needs no code generator, and the parser accepts nothing else.
"""

from dataclasses import dataclass

from understudy.recordings.video.protobuf import (
    FIXED32,
    FIXED64,
    LENGTH_DELIMITED,
    SECOND_NS,
    TIMESTAMP,
    VARINT,
    Field,
    file_descriptor_set,
    length_delimited,
    message_descriptor,
    timestamp,
)

SCHEMA_NAME, SCHEMA_ENCODING, MESSAGE_ENCODING = "foxglove.CompressedVideo", "protobuf", "protobuf"
TOPIC = "/video"
MAX_FRAME_BYTES = 32 * 2**20
"""Limit of one encoded frame, bytes."""


@dataclass(frozen=True)
class CompressedVideo:
    """One encoded frame."""

    timestamp_ns: int
    data: bytes
    video_format: str
    """`h264` or `vp9`."""
    frame_id: str = ""


def message_bytes(video: CompressedVideo) -> bytes:
    """Serialises the message."""
    return b"".join(
        (
            length_delimited(1, timestamp(video.timestamp_ns)),
            length_delimited(2, video.frame_id.encode()),
            length_delimited(3, video.data),
            length_delimited(4, video.video_format.encode()),
        )
    )


def parse_message(message: bytes) -> CompressedVideo:
    """Parses a message; ignores unknown fields.

    Raises:
        ValueError: if it is no CompressedVideo message.
    """
    fields = _fields(message)
    times = _fields(_bytes_of(fields, 1))
    seconds, nanos = (times.get(number, 0) for number in (1, 2))
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise ValueError("its time is no number")
    return CompressedVideo(
        timestamp_ns=seconds * SECOND_NS + nanos,
        data=_bytes_of(fields, 3),
        video_format=_bytes_of(fields, 4).decode(errors="replace"),
        frame_id=_bytes_of(fields, 2).decode(errors="replace"),
    )


def schema_bytes() -> bytes:
    """Returns the message's schema, a google.protobuf.FileDescriptorSet of two files."""
    fields = {
        "timestamp": Field(1, "message", TIMESTAMP),
        "frame_id": Field(2, "string"),
        "data": Field(3, "bytes"),
        "format": Field(4, "string"),
    }
    return file_descriptor_set("foxglove/CompressedVideo.proto", [message_descriptor("CompressedVideo", fields)])


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("it is cut off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("it holds a number that never ends")


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Returns the last value of each field; linear in the bytes."""
    found: dict[int, int | bytes] = {}
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        kind = key & 7
        if kind == VARINT:
            found[key >> 3], position = _read_varint(data, position)
            continue
        if kind == LENGTH_DELIMITED:
            length, position = _read_varint(data, position)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"it holds a field of kind {kind}")
        if length > len(data) - position:
            raise ValueError("it is cut off")
        found[key >> 3] = data[position : position + length]
        position += length
    return found


def _bytes_of(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number, b"")
    if not isinstance(value, bytes):
        raise ValueError(f"its field {number} is a number")
    return value
