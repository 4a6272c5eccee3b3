"""Encoder of Protobuf's wire format and of the schemas of messages, for the few messages of Foxglove that we write.

Sources: https://protobuf.dev/programming-guides/encoding, google/protobuf/descriptor.proto.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
"""Wire types."""
SECOND_NS = 10**9
TIMESTAMP = ".google.protobuf.Timestamp"
_TYPES = {"double": 1, "int64": 3, "int32": 5, "string": 9, "message": 11, "bytes": 12, "enum": 14}
_OPTIONAL, _REPEATED = 1, 3
_TIMESTAMP_FILE = "google/protobuf/timestamp.proto"


class Field(NamedTuple):
    """A field of a message's schema."""

    number: int
    kind: str
    type_name: str = ""
    """Full name of a message's or enumeration's type, with a dot before it."""
    is_repeated: bool = False


def varint(value: int) -> bytes:
    """Encodes an integer of at least 0."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def integer(number: int, value: int) -> bytes:
    """Encodes a field of an integer or an enumeration, at least 0."""
    return varint(number << 3 | VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """Encodes a field of a double."""
    return varint(number << 3 | FIXED64) + struct.pack("<d", value)


def length_delimited(number: int, content: bytes) -> bytes:
    """Encodes a field of bytes, text in UTF-8 or a message."""
    return varint(number << 3 | LENGTH_DELIMITED) + varint(len(content)) + content


def timestamp(time_ns: int) -> bytes:
    """Encodes a google.protobuf.Timestamp."""
    seconds, nanos = divmod(time_ns, SECOND_NS)
    return integer(1, seconds) + integer(2, nanos)


def message_descriptor(name: str, fields: Mapping[str, Field], enumerations: Sequence[bytes] = ()) -> bytes:
    """Returns a google.protobuf.DescriptorProto; `enumerations` are EnumDescriptorProtos."""
    parts = [length_delimited(1, name.encode())]
    for field_name, field in fields.items():
        described = [
            length_delimited(1, field_name.encode()),
            integer(3, field.number),
            integer(4, _REPEATED if field.is_repeated else _OPTIONAL),
            integer(5, _TYPES[field.kind]),
        ]
        if field.type_name:
            described.append(length_delimited(6, field.type_name.encode()))
        parts.append(length_delimited(2, b"".join(described)))
    return b"".join([*parts, *(length_delimited(4, each) for each in enumerations)])


def enum_descriptor(name: str, values: Mapping[str, int]) -> bytes:
    """Returns a google.protobuf.EnumDescriptorProto."""
    described = [length_delimited(1, value.encode()) + integer(2, number) for value, number in values.items()]
    return length_delimited(1, name.encode()) + b"".join(length_delimited(2, each) for each in described)


def file_descriptor_set(name: str, messages: Sequence[bytes]) -> bytes:
    """Returns a google.protobuf.FileDescriptorSet: messages of the package foxglove, and Timestamp, which they use."""
    fields = {"seconds": Field(1, "int64"), "nanos": Field(2, "int32")}
    timestamp_file = _file(_TIMESTAMP_FILE, "google.protobuf", [message_descriptor("Timestamp", fields)])
    return timestamp_file + _file(name, "foxglove", messages, [_TIMESTAMP_FILE])


def _file(name: str, package: str, messages: Sequence[bytes], dependencies: Sequence[str] = ()) -> bytes:
    parts = [length_delimited(1, name.encode()), length_delimited(2, package.encode())]
    parts += [length_delimited(3, each.encode()) for each in dependencies]
    parts += [length_delimited(4, each) for each in messages]
    return length_delimited(1, b"".join([*parts, length_delimited(12, b"proto3")]))
