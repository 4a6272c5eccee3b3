"""Schemas of the records as ROS 2 message definitions, generated from the numpy dtypes, and dtypes parsed from them.

A message of a recording is one numpy record behind CDR's four bytes of encapsulation header: a record whose fields lie
where CDR aligns them is its own CDR serialisation, so that no field is converted, and rerun, Foxglove and
mcap-ros2-support read the messages with their types. A field of text, numpy's `S24`, is `char[24]`, padded by zeros.

Sources: https://mcap.dev/spec/registry (`ros2msg`, `cdr`), https://www.omg.org/spec/DDSI-RTPS (10.2, CDR).
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

PACKAGE = "understudy"
CDR_HEADER = b"\x00\x01\x00\x00"
"""Encapsulation header of little-endian CDR without options."""
MAX_RECORD_BYTES = 2**20
"""Limit of one record; ours have up to a kilobyte."""
MAX_TEXT = 2**16
"""Limit of a schema's text, characters; ours have up to a thousand."""
MAX_DEPTH, MAX_FIELDS = 4, 2000
"""Limits of nested messages, and of the fields of one message with those of the messages in it."""

_TYPES = {
    "float32": "f4",
    "float64": "f8",
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
}
_NAMES = {np.dtype(short): name for name, short in _TYPES.items()}
_TEXT_TYPE = "char"
_PLAIN_FIELD = "data"
"""Name of the only field of a record that is one plain number, as in ROS's own std_msgs."""
_SEPARATOR = "=" * 80
_FIELD = re.compile(
    r"(?P<type>[a-z][a-z0-9]*|understudy/[A-Za-z]\w*)(?:\[(?P<length>[1-9]\d{0,5})\])? (?P<name>[a-z]\w*)"
)
_TITLE = re.compile(r"MSG: (understudy/[A-Za-z]\w*)")


def schema_name(topic: str) -> str:
    """Returns the name of a topic's message type: `understudy/msg/Observation` of `/observation`."""
    return f"{PACKAGE}/msg/{_camel_case(topic.lstrip('/'))}"


def schema_text(dtype: np.dtype[Any]) -> str:
    """Returns a dtype as a ROS 2 message definition, followed by those of the messages that it contains.

    Raises:
        ValueError: if its records are not their own CDR serialisation: a field lies elsewhere, or is of another type.
    """
    if dtype.names is None:
        dtype = np.dtype([(_PLAIN_FIELD, dtype)])
    end = _aligned_end(dtype, 0)
    if end != dtype.itemsize:
        raise ValueError(f"the records have {dtype.itemsize} bytes, their fields end at {end}")
    messages: dict[str, list[str]] = {}
    own = _definition(dtype, messages)
    parts = ["\n".join(own)]
    parts += [f"{_SEPARATOR}\nMSG: {name}\n" + "\n".join(lines) for name, lines in messages.items()]
    return "\n".join(parts) + "\n"


def _aligned_end(dtype: np.dtype[Any], start: int) -> int:
    """Returns where CDR ends a record that begins at `start`.

    Raises:
        ValueError: if a field does not lie where CDR aligns it.
    """
    position = start
    fields: Mapping[str, Any] = dtype.fields or {}
    for name in dtype.names or ():
        field, offset = fields[name][:2]
        if field.base.names is None:
            alignment = 1 if field.base.kind == "S" else field.base.itemsize
            position += -position % alignment
            if position != start + offset:
                raise ValueError(f"the field {name} lies at byte {start + offset}, CDR puts it at {position}")
            position += field.itemsize
            continue
        for _ in range(field.itemsize // field.base.itemsize):
            position = _aligned_end(field.base, position)
        if position != start + offset + field.itemsize:
            raise ValueError(f"the messages in {name} end at byte {position}, not where the records have their end")
    return position


def _definition(dtype: np.dtype[Any], messages: dict[str, list[str]]) -> list[str]:
    """Returns the lines of one message; adds those of the messages in it to `messages`."""
    lines = []
    for name in dtype.names or ():
        field = dtype[name]
        base, length = field.base, f"[{field.shape[0]}]" if field.shape else ""
        if len(field.shape) > 1:
            raise ValueError(f"the field {name} has the shape {field.shape}: a message has arrays of one dimension")
        if base.names is not None:
            kind = f"{PACKAGE}/{_camel_case(name.removesuffix('s'))}"
            if messages.setdefault(kind, found := _definition(base, messages)) != found:
                raise ValueError(f"two kinds of messages have the name {kind}")
        elif base.kind == "S" and not length:
            kind, length = _TEXT_TYPE, f"[{base.itemsize}]"
        elif base in _NAMES:
            kind = _NAMES[base]
        else:
            raise ValueError(f"the field {name} is of type {base}, which no message has")
        lines.append(f"{kind}{length} {name}")
    return lines


def _camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def dtype_from_schema(text: str) -> np.dtype[Any]:
    """Parses a message definition as `schema_text` writes it: no comments, constants, defaults or sequences.

    Time and memory are limited for any text.

    Raises:
        ValueError: if it is anything else, or too large.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters")
    own, *others = text.removesuffix("\n").split(f"\n{_SEPARATOR}\n")
    messages: dict[str, list[str]] = {}
    for part in others:
        title, *lines = part.split("\n")
        named = _TITLE.fullmatch(title)
        if named is None or named[1] in messages:
            raise ValueError(f"{title[:40]!r} is no title of a message, or there twice")
        messages[named[1]] = lines
    dtype, _ = _record(own.split("\n"), messages, 0)
    if _aligned_end(dtype, 0) != dtype.itemsize:
        raise ValueError("its messages have gaps between them")
    return dtype[_PLAIN_FIELD] if dtype.names == (_PLAIN_FIELD,) else dtype


def _record(lines: list[str], messages: dict[str, list[str]], depth: int) -> tuple[np.dtype[Any], int]:
    """Returns the dtype of one message, and the number of its fields with those of the messages in it."""
    if depth > MAX_DEPTH:
        raise ValueError(f"messages within messages, more than {MAX_DEPTH} deep")
    names, formats, offsets = [], [], []
    end, num_fields = 0, 0
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ValueError(f"{line[:40]!r} is no field of a message")
        kind, length = field["type"], int(field["length"] or 0)
        if kind in messages:
            base, num_within = _record(messages[kind], messages, depth + 1)
            num_fields += num_within * max(length, 1)
        elif kind not in _TYPES and kind != _TEXT_TYPE:
            raise ValueError(f"{kind[:40]!r} is no type of a field")
        else:
            base = np.dtype(f"S{length or 1}" if kind == _TEXT_TYPE else _TYPES[kind])
            end += -end % (1 if kind == _TEXT_TYPE else base.itemsize)
            num_fields += 1
        names.append(field["name"])
        formats.append(np.dtype((base, (length,))) if length and kind != _TEXT_TYPE else base)
        offsets.append(end)
        end += formats[-1].itemsize
        if end > MAX_RECORD_BYTES or num_fields > MAX_FIELDS:
            raise ValueError(f"records of more than {MAX_RECORD_BYTES} bytes or {MAX_FIELDS} fields")
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": end}), num_fields
