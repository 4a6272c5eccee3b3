import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from tests.support.mcap_files import chunk, message, place_of, record, records_of, rewrite, unpacked
from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import RecordingError
from understudy.recordings import mcap_format, mcap_reader, store
from understudy.recordings.mcap_channels import FORMAT_VERSION, TICK_CHANNELS
from understudy.recordings.mcap_writer import CHUNK_TICKS
from understudy.recordings.ros2_schema import CDR_HEADER

EPISODE = made_up(8 * CHUNK_TICKS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "one.mcap"
    mcap_format.write(EPISODE, path)
    return path.read_bytes()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_file_cut_anywhere_gives_every_tick_of_its_whole_chunks(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(whole) - 1))
    path = tmp_path_factory.mktemp("cut") / "torn.mcap"
    path.write_bytes(whole[:cut])
    described = next(end for opcode, _, end in records_of(whole) if opcode == Opcode.METADATA)
    channels_known = [end for opcode, _, end in records_of(whole) if opcode == Opcode.CHANNEL][len(TICK_CHANNELS) - 1]
    if cut < described:
        with pytest.raises(RecordingError):
            mcap_format.read(path)
        return
    if cut < channels_known:
        with pytest.raises(RecordingError, match="describes no"):
            mcap_format.read(path)
        return
    chunks = sum(1 for opcode, _, end in records_of(whole) if opcode == Opcode.CHUNK and end <= cut)
    read = mcap_format.read(path)
    assert len(read) == chunks * CHUNK_TICKS
    assert read.observations.tobytes() == EPISODE.observations[: len(read)].tobytes()
    assert read.actions.tobytes() == EPISODE.actions[: len(read)].tobytes()
    assert read.losses


def test_a_file_cut_behind_its_last_message_says_that_no_tick_was_lost(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "torn.mcap"
    path.write_bytes(whole[:-30])
    read = mcap_format.read(path)
    assert_same(EPISODE, read)
    assert "no tick was lost" in read.losses[0]


def test_a_file_that_ends_in_zeros_after_a_power_cut_is_read_up_to_them(whole: bytes, tmp_path: Path) -> None:
    third = [end for opcode, _, end in records_of(whole) if opcode == Opcode.CHUNK][2]
    (tmp_path / "torn.mcap").write_bytes(whole[:third] + bytes(4096))
    read = mcap_format.read(tmp_path / "torn.mcap")
    assert len(read) == 3 * CHUNK_TICKS
    assert "4096 bytes" in read.losses[0]


def test_a_damaged_chunk_is_left_out_and_its_ticks_are_counted(whole: bytes, tmp_path: Path) -> None:
    start, end = [(start, end) for opcode, start, end in records_of(whole) if opcode == Opcode.CHUNK][3]
    middle = (start + end) // 2
    (tmp_path / "bad.mcap").write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    read = mcap_format.read(tmp_path / "bad.mcap")
    assert len(read) == len(EPISODE) - CHUNK_TICKS
    kept = [*range(3 * CHUNK_TICKS), *range(4 * CHUNK_TICKS, 8 * CHUNK_TICKS)]
    assert read.observations.tobytes() == EPISODE.observations[kept].tobytes()
    assert "damaged" in read.losses[0]
    assert f"{CHUNK_TICKS} of the {len(EPISODE)} ticks" in read.losses[1]


@pytest.mark.parametrize("content", [b"", b"hello", MCAP0_MAGIC, MCAP0_MAGIC + b"\x01" + bytes(8)])
def test_a_file_that_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.mcap").write_bytes(content)
    with pytest.raises(RecordingError, match=r"no\.mcap"):
        mcap_format.read(tmp_path / "no.mcap")


def test_a_chunk_that_claims_to_hold_gigabytes_is_left_out_unopened(whole: bytes, tmp_path: Path) -> None:
    start = next(start for opcode, start, _ in records_of(whole) if opcode == Opcode.CHUNK)
    size_at = start + 9 + 16  # behind the chunk's two times
    (tmp_path / "bomb.mcap").write_bytes(whole[:size_at] + struct.pack("<Q", 2**40) + whole[size_at + 8 :])
    read = mcap_format.read(tmp_path / "bomb.mcap")
    assert len(read) == len(EPISODE) - CHUNK_TICKS
    assert str(2**40) in read.losses[0]


def test_raw_reading_keeps_the_stored_version_and_topics(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.mcap").write_bytes(whole)
    raw = mcap_reader.read_raw(tmp_path / "one.mcap")
    assert raw.version == FORMAT_VERSION
    assert raw.whole
    assert set(raw.arrays) == {"/observation", "/action", "/actor", "/input", "/intent", "/timing"}


def test_messages_that_are_encoded_otherwise_are_counted_and_left_out(whole: bytes, tmp_path: Path) -> None:
    start, end = place_of(whole, Opcode.CHUNK, 3)
    header = struct.pack("<HI", TICK_CHANNELS[1].id, 3 * CHUNK_TICKS)
    inside = unpacked(whole, 3)
    at = inside.index(header) + 22
    assert inside[at : at + 4] == CDR_HEADER
    big_endian = chunk(inside[:at] + bytes(4) + inside[at + 4 :])
    (tmp_path / "one.mcap").write_bytes(whole[:start] + big_endian + whole[end:])
    read = mcap_format.read(tmp_path / "one.mcap")
    assert len(read) == len(EPISODE) - 1
    assert "1 messages of /action are encoded otherwise" in read.losses


def test_a_last_chunk_that_was_cut_out_before_the_index_is_missed(whole: bytes, tmp_path: Path) -> None:
    start, end = place_of(whole, Opcode.CHUNK, -1)
    (tmp_path / "cut.mcap").write_bytes(whole[:start] + whole[end:])
    read = mcap_format.read(tmp_path / "cut.mcap")
    assert len(read) == len(EPISODE) - CHUNK_TICKS
    assert f"{CHUNK_TICKS} of the {len(EPISODE)} ticks" in " ".join(read.losses)


def test_a_cut_out_chunk_is_missed_without_our_checksums_too(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "ours.mcap").write_bytes(whole)
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", chunk_size=5000, enable_crcs=False)
    theirs = (tmp_path / "theirs.mcap").read_bytes()
    start, end = place_of(theirs, Opcode.CHUNK, -1)
    (tmp_path / "cut.mcap").write_bytes(theirs[:start] + theirs[end:])
    read = mcap_format.read(tmp_path / "cut.mcap")
    assert len(read) < len(EPISODE)
    assert f"of the {len(EPISODE)} ticks" in " ".join(read.losses)


def test_chunks_behind_a_record_whose_length_is_damaged_are_found_again(whole: bytes, tmp_path: Path) -> None:
    for opcode in (Opcode.CHUNK, Opcode.MESSAGE_INDEX):
        start, _ = place_of(whole, opcode, 2)
        for length in (0, 1, 10**4, 2**60):
            damaged = whole[: start + 1] + struct.pack("<Q", length) + whole[start + 9 :]
            (tmp_path / "bad.mcap").write_bytes(damaged)
            read = mcap_format.read(tmp_path / "bad.mcap")
            assert len(read) >= len(EPISODE) - CHUNK_TICKS, (opcode, length)
            assert read.losses


def test_zeros_in_the_middle_of_a_file_cost_what_they_cover(whole: bytes, tmp_path: Path) -> None:
    start, _ = place_of(whole, Opcode.CHUNK, 3)
    (tmp_path / "bad.mcap").write_bytes(whole[: start - 4] + bytes(40) + whole[start + 36 :])
    read = mcap_format.read(tmp_path / "bad.mcap")
    assert len(read) == len(EPISODE) - CHUNK_TICKS
    assert "damaged" in read.losses[0]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_noticed_wherever_it_is(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != whole[place]))
    path = tmp_path_factory.mktemp("changed") / "one.mcap"
    path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
    sentences, ticks = told(path)
    assert "one.mcap" in sentences or ticks >= len(EPISODE) - CHUNK_TICKS
    assert sentences


def told(path: Path) -> tuple[str, int]:
    """What is said of a file, and how many ticks are read."""
    try:
        read = store.read_episode(path)
    except RecordingError as problem:
        return str(problem), 0
    return " ".join(read.losses), len(read)


def test_a_chunk_within_a_chunk_is_not_opened(whole: bytes, tmp_path: Path) -> None:
    start, _ = place_of(whole, Opcode.CHUNK, 0)
    inner = chunk(unpacked(whole, 0))
    for _ in range(50):
        inner = chunk(inner)
    (tmp_path / "nested.mcap").write_bytes(whole[:start] + inner + whole[start:])
    read = mcap_format.read(tmp_path / "nested.mcap")
    assert len(read) == len(EPISODE)
    assert "belongs in no chunk" in read.losses[0]


def test_many_damaged_chunks_are_counted_and_not_all_told(whole: bytes, tmp_path: Path) -> None:
    start, _ = place_of(whole, Opcode.CHUNK, 0)
    (tmp_path / "bad.mcap").write_bytes(whole[:start] + chunk(b"?" * 20) * 5000 + whole[start:])
    losses = mcap_format.read(tmp_path / "bad.mcap").losses
    assert len(losses) < 30
    assert any("4980 more records are damaged" in loss for loss in losses)


def read_s(path: Path) -> float:
    """CPU seconds of reading, the best of three."""
    found = []
    for _ in range(3):
        before_s = time.process_time()
        mcap_reader.read_raw(path)
        found.append(time.process_time() - before_s)
    return min(found)


def test_reading_messages_of_all_channels_in_order_of_time_is_linear(tmp_path: Path) -> None:
    """With one piece for each run of a channel, and a comparison with all that follows, this took 50 times as long."""
    mcap_format.write(made_up(4000), tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", chunk_size=2**22)
    assert read_s(tmp_path / "theirs.mcap") < 4 * read_s(tmp_path / "ours.mcap") + 0.05


def made_of(whole: bytes, *middle: bytes) -> bytes:
    """The head of a recording, then other records, and no end."""
    return whole[: place_of(whole, Opcode.CHUNK, 0)[0]] + b"".join(middle)


def tiny_messages(number: int) -> bytes:
    return message(999, b"") * number


SLOW: dict[str, Callable[[bytes, int], bytes]] = {
    "tiny messages in a chunk": lambda whole, n: made_of(whole, chunk(tiny_messages(5 * n))),
    "messages of alternating lengths": lambda whole, n: made_of(whole, (message(1, b"") + message(1, b"x")) * n),
    "many channels with one long schema": lambda whole, n: made_of(
        whole, *(record(Opcode.CHANNEL, struct.pack("<HHI", i % 2**16, 1, 2) + b"/x" + bytes(8)) for i in range(n))
    ),
    "many ends": lambda whole, n: made_of(whole, record(Opcode.DATA_END, b"") * 10 * n),
    "false starts of chunks": lambda whole, n: made_of(whole, bytes(1), b"\x04\x00\x00\x00zstd" * 10 * n),
    "chunks that seem to begin everywhere": lambda whole, n: made_of(
        whole, bytes(1), (chunk(b"", b"x" * 40, size=100)[:-40] + b"x" * 40) * n
    ),
    "a chunk hidden in every record": lambda whole, n: made_of(
        whole, record(Opcode.STATISTICS, chunk(b"")) * n, b"\x0b"
    ),
}


@pytest.mark.parametrize("kind", list(SLOW))
def test_reading_is_linear_whatever_stands_in_the_file(whole: bytes, tmp_path: Path, kind: str) -> None:
    small, large = tmp_path / "small.mcap", tmp_path / "large.mcap"
    small.write_bytes(SLOW[kind](whole, 500))
    large.write_bytes(SLOW[kind](whole, 4_000))
    assert read_s(large) < 8 * 3 * read_s(small) + 0.2


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.mcap").open("wb") as file:
        file.truncate(mcap_reader.MAX_FILE_BYTES + 1)
    with pytest.raises(RecordingError, match=r"huge\.mcap has 4\.0 GB"):
        mcap_format.read(tmp_path / "huge.mcap")
