import tracemalloc
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard

from tests.support.mcap_files import chunk
from understudy.recordings import mcap_compression
from understudy.recordings.mcap_compression import UnpackBudget, unpack_chunk

DATA = bytes(range(256)) * 50


def unpack(record: bytes, budget: UnpackBudget | None = None) -> bytes:
    return unpack_chunk(memoryview(record)[9:], budget or UnpackBudget(len(record)))


def without_size(data: bytes) -> bytes:
    """A zstd frame that does not say what it unpacks to."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def lz4_frame(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data))


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "zstd": ("zstd", zstd),
    "zstd without size": ("zstd", without_size),
    "lz4": ("lz4", lz4_frame),
    "none": ("", bytes),
}
packers = pytest.mark.parametrize(("name", "pack"), PACKERS.values(), ids=PACKERS)


@packers
@pytest.mark.parametrize("data", [DATA, b"", b"x"])
def test_a_chunk_of_every_compression_is_unpacked(name: str, pack: Callable[[bytes], bytes], data: bytes) -> None:
    assert unpack(chunk(data, pack(data), name)) == data


@packers
def test_what_unpacks_to_more_than_it_says_takes_no_memory(name: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(2**28))
    tracemalloc.start()
    with pytest.raises(ValueError):  # noqa: PT011  each library has words of its own
        unpack(chunk(b"x" * 1000, bomb if name else bomb[:2000], name))
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@packers
def test_what_says_to_unpack_to_gigabytes_is_not_opened(name: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="claims to hold"):
        unpack(chunk(DATA, pack(DATA), name, size=2**40))


@packers
def test_a_wrong_checksum_is_noticed(name: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="checksum"):
        unpack(chunk(DATA, pack(DATA[::-1]), name))


def test_a_small_chunk_may_unpack_to_some_kilobytes_and_not_to_megabytes() -> None:
    assert len(unpack(chunk(bytes(60_000)))) == 60_000
    with pytest.raises(ValueError, match="claims to hold"):
        unpack(chunk(bytes(2**25), zstd(bytes(2**25))))


def test_all_chunks_of_a_file_share_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcap_compression, "FILE_BASE_BYTES", 0)
    record = chunk(DATA)
    budget = UnpackBudget(len(DATA) * 5 // 2 // mcap_compression.FILE_RATIO)
    for _ in range(2):
        unpack(record, budget)
    with pytest.raises(ValueError, match="64 times its size"):
        unpack(record, budget)


def test_a_compression_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="snappy"):
        unpack(chunk(DATA, DATA, "snappy"))


def test_a_chunk_whose_length_does_not_fit_its_content_is_damaged() -> None:
    with pytest.raises(ValueError, match="length"):
        unpack(chunk(DATA)[:-1])
