import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import RecordingError
from understudy.recordings import mcap_format, mcap_reader
from understudy.recordings.mcap_channels import TICK_CHANNELS
from understudy.recordings.mcap_writer import CHUNK_TICKS

EPISODE = made_up(8 * CHUNK_TICKS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "one.mcap"
    mcap_format.write(EPISODE, path)
    return path.read_bytes()


def records_of(data: bytes) -> list[tuple[int, int, int]]:
    """Opcode, start of the record and end of it, by the specification."""
    found, position = [], len(MCAP0_MAGIC)
    while position < len(data) - len(MCAP0_MAGIC):
        opcode, length = struct.unpack_from("<BQ", data, position)
        found.append((opcode, position, position + 9 + length))
        position += 9 + length
    return found


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
    assert raw.version == 1
    assert raw.whole
    assert set(raw.arrays) == {"/observation", "/action", "/actor", "/input", "/intent", "/timing"}
