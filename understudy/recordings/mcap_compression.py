"""Unpacks chunks of MCAP files within limits: a small file must not become gigabytes of memory.

A chunk says how much it unpacks to. That is believed only up to a multiple of its own size, and all chunks of a file
together only up to a multiple of the file's. Ours unpack to 6 times their size, an idle game in one large chunk of
another tool's to some 80 times.
"""

import struct
import zlib
from collections.abc import Callable

import lz4.frame
import zstandard

CHUNK_HEAD = struct.Struct("<QQQII")
"""Time of the first and last message, size unpacked, its CRC-32 (0: not given), length of the compression's name."""
MAX_CHUNK_BYTES = 64 * 2**20
"""Ours are 16 kB and other tools rewrite to a few MB; a file that asks for more is damaged or means harm."""
CHUNK_BASE_BYTES, CHUNK_RATIO = 2**16, 1000
FILE_BASE_BYTES, FILE_RATIO = 2**25, 64


class UnpackBudget:
    """What the chunks of one file may unpack to, all together."""

    def __init__(self, file_bytes: int) -> None:
        self._left = FILE_BASE_BYTES + FILE_RATIO * file_bytes

    def take(self, size: int) -> None:
        """Spends `size` bytes.

        Raises:
            ValueError: if so much is not left.
        """
        if size > self._left:
            raise ValueError(f"the file unpacks to more than {FILE_RATIO} times its size")
        self._left -= size


def unpack_chunk(content: memoryview, budget: UnpackBudget) -> bytes:
    """The records in a chunk, by the content of the chunk's record.

    Raises:
        ValueError: if its sizes, its checksum or its compression are wrong, or it unpacks to too much.
        struct.error: if it is shorter than a chunk's head.
    """
    _, _, size, checksum, name_length = CHUNK_HEAD.unpack_from(content)
    name_end = CHUNK_HEAD.size + name_length
    (packed_size,) = struct.unpack_from("<Q", content, name_end)
    packed = content[name_end + 8 :]
    if len(packed) != packed_size:
        raise ValueError("its length does not fit its content")
    if size > min(MAX_CHUNK_BYTES, CHUNK_BASE_BYTES + CHUNK_RATIO * packed_size):
        raise ValueError(f"it claims to hold {size} bytes")
    budget.take(size)
    name = bytes(content[CHUNK_HEAD.size : name_end])
    unpack = _UNPACKERS.get(name)
    if unpack is None:
        raise ValueError(f"its compression {name[:16]!r} is not known here")
    data = unpack(packed, size)
    if len(data) != size or (checksum and zlib.crc32(data) != checksum):
        raise ValueError("its checksum does not fit")
    return data


def _unpack_nothing(packed: memoryview, size: int) -> bytes:
    return bytes(packed)


def _unpack_zstd(packed: memoryview, size: int) -> bytes:
    try:
        # where the frame itself states a size, the library allocates that and not `max_output_size`
        stated = zstandard.frame_content_size(packed)
        if stated not in (size, -1):
            raise ValueError(f"its compressed data claims to hold {stated} bytes")
        return bytes(zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)) if size else b""
    except zstandard.ZstdError as problem:
        raise ValueError(str(problem)) from problem


def _unpack_lz4(packed: memoryview, size: int) -> bytes:
    decompressor = lz4.frame.LZ4FrameDecompressor()
    try:
        data: bytes = decompressor.decompress(packed, max_length=size + 1)
    except RuntimeError as problem:  # the library has no exception of its own
        raise ValueError(str(problem)) from problem
    return data


_UNPACKERS: dict[bytes, Callable[[memoryview, int], bytes]] = {
    b"": _unpack_nothing,
    b"zstd": _unpack_zstd,
    b"lz4": _unpack_lz4,
}
