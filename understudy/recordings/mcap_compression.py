"""Bounded decompression of MCAP chunks: a small file must not unpack to gigabytes (decompression bomb).

A chunk's stated size is accepted up to a multiple of its compressed size, and the total of all chunks up to a multiple
of the file's. Our chunks unpack to 6 times their size, an idle game in another tool's one large chunk to about
80 times.
"""

import struct
import zlib
from collections.abc import Callable

import lz4.frame
import zstandard

CHUNK_HEAD = struct.Struct("<QQQII")
"""Times of first and last message, unpacked size, its CRC-32 (0: none), length of the compression's name."""
MAX_CHUNK_BYTES = 64 * 2**20
"""Limit of a chunk's unpacked size: ours are 16 kB, other tools' a few MB; more is damaged or hostile."""
CHUNK_BASE_BYTES, CHUNK_RATIO = 2**16, 1000
FILE_BASE_BYTES, FILE_RATIO = 2**25, 64


class UnpackBudget:
    """Total number of bytes to which the chunks of one file may unpack."""

    def __init__(self, file_bytes: int) -> None:
        self._left = FILE_BASE_BYTES + FILE_RATIO * file_bytes

    def take(self, size: int) -> None:
        """Subtracts `size` bytes from the budget.

        Raises:
            ValueError: if fewer are left.
        """
        if size > self._left:
            raise ValueError(f"the file unpacks to more than {FILE_RATIO} times its size")
        self._left -= size


def unpack_chunk(content: memoryview, budget: UnpackBudget) -> bytes:
    """Decompresses a chunk record's content to the records in it.

    Raises:
        ValueError: if its sizes, checksum or compression are wrong, or the budget is exceeded.
        struct.error: if it is shorter than a chunk's header.
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
        # if the frame states a size, the library allocates that instead of `max_output_size`
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
