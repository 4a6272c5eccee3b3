"""Schemas, channels and EpisodeInfo of an MCAP file.

A closed file holds schemas and channels twice. Where the two copies differ (a damaged byte), the readable one is used,
and the difference is reported.
"""

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from mcap import records as mcap_records

from understudy.recordings.mcap_channels import CHANNELS, INFO_CHECKSUM, PAYLOAD_HEADERS, dtype_from_schema
from understudy.recordings.mcap_messages import MAX_DESCRIPTIONS, StoredChannel

METADATA_NAME = "understudy"

_KNOWN = {channel.topic: channel.dtype for channel in CHANNELS}


class Descriptions:
    """Collects the schema, channel and metadata records of one file."""

    def __init__(self, lose: Callable[[str], None]) -> None:
        """Args:
        lose: called with one sentence for each damaged record.
        """
        self._lose = lose
        self.version = -1
        self.info: dict[str, Any] = {}
        self._seen: set[bytes] = set()
        self._schemas: dict[int, list[mcap_records.Schema]] = {}
        self._channels: dict[int, list[mcap_records.Channel]] = {}
        self._dtypes: dict[tuple[bytes, str], np.dtype[Any]] = {}

    def is_new(self, record: bytes) -> bool:
        """Returns whether a schema or channel record (its bytes) is new; some tools repeat them.

        Raises:
            ValueError: if there are too many.
        """
        if record in self._seen:
            return False
        if len(self._seen) >= MAX_DESCRIPTIONS:
            raise ValueError(f"the file has more than {MAX_DESCRIPTIONS} schemas and channels")
        self._seen.add(record)
        return True

    def add_schema(self, schema: mcap_records.Schema) -> None:
        """Adds a schema."""
        self._schemas.setdefault(schema.id, []).append(schema)

    def add_channel(self, channel: mcap_records.Channel) -> None:
        """Adds a channel."""
        self._channels.setdefault(channel.id, []).append(channel)

    def add_metadata(self, metadata: mcap_records.Metadata) -> None:
        """Adds the recording's EpisodeInfo, the first of its name.

        Raises:
            ValueError, or another parsing error: if it cannot be parsed.
        """
        if metadata.name != METADATA_NAME or self.info:
            return
        text = metadata.metadata["info"]
        stated = metadata.metadata.get(INFO_CHECKSUM)
        if stated is not None and stated != info_checksum(text):
            self._lose("the recording's description was changed since it was written: its checksum does not fit")
        self.version = int(metadata.metadata["format_version"])
        info = json.loads(text)
        if not isinstance(info, dict):
            raise ValueError("the recording's description is no table")
        self.info = info

    def readable_channels(self) -> dict[int, StoredChannel]:
        """Returns every channel of records of this format or an older one, by channel id."""
        found = {}
        for number, variants in self._channels.items():
            if len(variants) > 1:
                self._lose(f"the file describes channel {number} twice, differently")
            channel = next((variant for variant in variants if variant.topic in _KNOWN), variants[0])
            encoding = channel.message_encoding
            if encoding in PAYLOAD_HEADERS and channel.schema_id in self._schemas:
                dtype = self._dtype(self._schemas[channel.schema_id], channel.topic, encoding)
                if dtype is not None:
                    found[number] = StoredChannel(channel.topic, dtype, PAYLOAD_HEADERS[encoding])
        return found

    def _dtype(self, variants: list[mcap_records.Schema], topic: str, encoding: str) -> np.dtype[Any] | None:
        if len(variants) > 1:
            self._lose(f"the file describes the records of {topic} twice, differently")
        readable = []
        for schema in variants:
            try:
                readable.append(self._parsed(schema.data, encoding))
            except Exception as problem:  # parsing untrusted text can raise anything
                self._lose(
                    f"the description of the records of {topic} is damaged ({type(problem).__name__}: {problem})"
                )
        return next((dtype for dtype in readable if dtype == _KNOWN.get(topic)), readable[0] if readable else None)

    def _parsed(self, text: bytes, encoding: str) -> np.dtype[Any]:
        """Caches parsed schemas: a file may use one long schema in thousands of channels."""
        if (text, encoding) not in self._dtypes:
            self._dtypes[text, encoding] = dtype_from_schema(text.decode(), encoding)
        return self._dtypes[text, encoding]


def info_checksum(text: str) -> str:
    """Returns the CRC-32 of the EpisodeInfo's text, as stored beside it."""
    return struct.pack(">I", zlib.crc32(text.encode())).hex()
