"""Encoder and parser of the Protobuf message foxglove.CompressedVideo, so that Foxglove can play the video.

Schema: https://docs.foxglove.dev/docs/visualization/message-schemas/compressed-video. The four
fields are encoded by hand, which needs no code generator, and the parser accepts nothing else.
"""

from dataclasses import dataclass

SCHEMA_NAME, SCHEMA_ENCODING, MESSAGE_ENCODING = "foxglove.CompressedVideo", "protobuf", "protobuf"
TOPIC = "/video"
MAX_FRAME_BYTES = 32 * 2**20
"""Limit of one encoded frame, bytes."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SECOND_NS = 10**9


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
    seconds, nanos = divmod(video.timestamp_ns, _SECOND_NS)
    timestamp = _number(1, seconds) + _number(2, nanos)
    return b"".join(
        (
            _field(1, timestamp),
            _field(2, video.frame_id.encode()),
            _field(3, video.data),
            _field(4, video.video_format.encode()),
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
        timestamp_ns=seconds * _SECOND_NS + nanos,
        data=_bytes_of(fields, 3),
        video_format=_bytes_of(fields, 4).decode(errors="replace"),
        frame_id=_bytes_of(fields, 2).decode(errors="replace"),
    )


def schema_bytes() -> bytes:
    """Returns the message's schema, a google.protobuf.FileDescriptorSet of two files."""
    kinds = {"int64": 3, "int32": 5, "string": 9, "message": 11, "bytes": 12}

    def described(name: str, number: int, kind: str, type_name: str = "") -> bytes:
        parts = [_field(1, name.encode()), _number(3, number), _number(4, 1), _number(5, kinds[kind])]
        if type_name:
            parts.append(_field(6, type_name.encode()))
        return _field(2, b"".join(parts))

    def file(name: str, package: str, message: str, fields: list[bytes], dependency: str = "") -> bytes:
        parts = [_field(1, name.encode()), _field(2, package.encode())]
        if dependency:
            parts.append(_field(3, dependency.encode()))
        parts += [_field(4, _field(1, message.encode()) + b"".join(fields)), _field(12, b"proto3")]
        return _field(1, b"".join(parts))

    time_file = "google/protobuf/timestamp.proto"
    timestamp = [described("seconds", 1, "int64"), described("nanos", 2, "int32")]
    video = [
        described("timestamp", 1, "message", ".google.protobuf.Timestamp"),
        described("frame_id", 2, "string"),
        described("data", 3, "bytes"),
        described("format", 4, "string"),
    ]
    return file(time_file, "google.protobuf", "Timestamp", timestamp) + file(
        "foxglove/CompressedVideo.proto", "foxglove", "CompressedVideo", video, time_file
    )


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


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
        if kind == _VARINT:
            found[key >> 3], position = _read_varint(data, position)
            continue
        if kind == _BYTES:
            length, position = _read_varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
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
