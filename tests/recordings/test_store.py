import struct
from pathlib import Path
from typing import Any

import pytest
from mcap.opcode import Opcode
from mcap.writer import CompressionType

from tests.support.mcap_files import chunk, place_of, rewrite, unpacked
from tests.support.synthetic_episodes import assert_same, made_up, steps_of
from understudy.contract.errors import BeingWrittenError, NoRecordingsError, RecordingError
from understudy.recordings import mcap_format, store
from understudy.recordings.episode import Episode
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import (
    find_recordings,
    finished_recordings,
    is_being_written,
    read_episode,
    repair_recording,
    write_episode,
)


@pytest.mark.parametrize("suffix", [".mcap", ".pkl"])
def test_the_suffix_picks_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"one{suffix}"
    write_episode(made_up(10), path)
    assert len(read_episode(path)) == 10


def test_an_unknown_suffix_is_refused_for_reading_and_writing(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"expected one of \.mcap, \.pkl"):
        read_episode(tmp_path / "one.avi")
    with pytest.raises(RecordingError, match=r"expected one of \.mcap, \.pkl"):
        write_episode(made_up(3), tmp_path / "one.avi")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_episode(tmp_path / "gone.mcap")


def test_both_default_folders_are_searched(working_folder: Path) -> None:
    write_episode(made_up(3), Path("recordings/v2_training/a.mcap"))
    write_episode(made_up(3), Path("data/recordings/sub/b.pkl"))
    assert find_recordings() == [Path("data/recordings/sub/b.pkl"), Path("recordings/v2_training/a.mcap")]


def test_a_file_is_found_by_its_own_name_and_a_folder_to_its_bottom(working_folder: Path) -> None:
    write_episode(made_up(3), Path("x/deep/er/b.mcap"))
    write_episode(made_up(3), Path("x/a.mcap"))
    assert find_recordings(Path("x/a.mcap")) == [Path("x/a.mcap")]
    assert find_recordings(Path("x")) == [Path("x/a.mcap"), Path("x/deep/er/b.mcap")]


def test_a_session_that_lies_there_twice_counts_once_as_the_native_one(working_folder: Path) -> None:
    for suffix in (".mcap", ".pkl"):
        write_episode(made_up(3), Path(f"x/a{suffix}"))
    assert find_recordings(Path("x")) == [Path("x/a.mcap")]


def test_an_empty_search_says_where_recordings_do_lie(working_folder: Path) -> None:
    write_episode(made_up(3), Path("data/recordings/a.mcap"))
    write_episode(made_up(3), Path("data/recordings/b.pkl"))
    with pytest.raises(NoRecordingsError, match=r"recordings/v2_training.*data/recordings \(2 files\)"):
        find_recordings(Path("recordings/v2_training"))


def test_an_empty_search_where_there_is_nothing_says_how_to_record(working_folder: Path) -> None:
    with pytest.raises(NoRecordingsError, match=r"data/recordings or recordings/v2_training: .*understudy record"):
        find_recordings()


def test_a_whole_recording_is_not_touched_by_repair(tmp_path: Path) -> None:
    write_episode(made_up(30), tmp_path / "a.mcap")
    before = (tmp_path / "a.mcap").read_bytes()
    assert repair_recording(tmp_path / "a.mcap") == ()
    assert (tmp_path / "a.mcap").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mcap"]


def torn(folder: Path, ticks: int = 60, name: str = "a.mcap") -> Path:
    """A recording that was cut off in its middle."""
    path = folder / name
    write_episode(made_up(ticks), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("options", [{"compression": CompressionType.LZ4}, {"use_chunking": False}])
def test_what_another_tool_rewrote_is_whole_and_is_not_repaired(tmp_path: Path, options: dict[str, Any]) -> None:
    write_episode(made_up(60), tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", **options)
    before = contents(tmp_path)
    for _ in range(2):
        assert repair_recording(tmp_path / "theirs.mcap") == ()
    assert contents(tmp_path) == before


def test_repairing_twice_keeps_every_older_file(tmp_path: Path) -> None:
    path = torn(tmp_path, 150)
    kept = []
    for name in ("a.mcap.torn", "a.mcap.torn.2", "a.mcap.torn.3"):
        kept.append(path.read_bytes())
        assert repair_recording(path)
        assert read_episode(path).losses == ()
        assert [(tmp_path / each).read_bytes() for each in ("a.mcap.torn", name)] == [kept[0], kept[-1]]
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_of_which_nothing_can_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    write_episode(made_up(60), path)
    whole = path.read_bytes()
    start, _ = place_of(whole, Opcode.CHUNK, 0)
    one_chunk = chunk(unpacked(whole), unpacked(whole), "snappy")  # a compression that this version does not know
    path.write_bytes(whole[:start] + one_chunk)
    before = contents(tmp_path)
    for _ in range(2):
        with pytest.raises(RecordingError, match=r"left as it is.*snappy"):
            repair_recording(path)
    assert contents(tmp_path) == before


def test_an_empty_recording_is_left_as_it_is(tmp_path: Path) -> None:
    write_episode(made_up(0), tmp_path / "a.mcap")
    before = contents(tmp_path)
    with pytest.raises(RecordingError, match="left as it is"):
        repair_recording(tmp_path / "a.mcap")
    assert contents(tmp_path) == before


def test_a_repair_that_would_hold_fewer_ticks_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = torn(tmp_path)
    before = contents(tmp_path)
    monkeypatch.setitem(store._WRITERS, ".mcap", lambda episode, target: mcap_format.write(episode[:5], target))
    with pytest.raises(RecordingError, match="5 of "):
        repair_recording(path)
    assert contents(tmp_path) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_repair_for_which_there_is_no_room_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = torn(tmp_path)
    before = contents(tmp_path)

    def write_to_a_full_disk(episode: Episode, target: Path) -> None:
        with Path("/dev/full").open("wb") as file:
            file.write(b"x" * 10**6)

    monkeypatch.setitem(store._WRITERS, ".mcap", write_to_a_full_disk)
    with pytest.raises(RecordingError, match="No space left"):
        repair_recording(path)
    assert contents(tmp_path) == before


def test_a_file_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    episode = made_up(120)
    recorder = Recorder(tmp_path / "a.mcap", episode.info)
    for step in steps_of(episode)[:60]:
        recorder.on_step(step)
    assert is_being_written(recorder.path)
    with pytest.raises(BeingWrittenError, match=r"a\.mcap is being recorded right now"):
        repair_recording(recorder.path)
    with pytest.raises(NoRecordingsError, match="being recorded right now"):
        finished_recordings(tmp_path)
    for step in steps_of(episode)[60:]:
        recorder.on_step(step)
    recorder.close()
    assert not is_being_written(recorder.path)
    assert finished_recordings(tmp_path) == [recorder.path]
    assert_same(episode, read_episode(recorder.path))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mcap"]


def test_only_what_is_not_being_recorded_is_finished(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_episode(made_up(10), tmp_path / "done.mcap")
    recorder = Recorder(tmp_path / "growing.mcap", made_up(1).info)
    assert finished_recordings(tmp_path) == [tmp_path / "done.mcap"]
    assert "growing.mcap is being recorded right now" in caplog.text
    recorder.close()


ODD = {
    "MemoryError": MemoryError(),
    "UnicodeDecodeError": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    "RecursionError": RecursionError("too deep"),
    "ZeroDivisionError": ZeroDivisionError("division by zero"),
    "struct.error": struct.error("unpack requires a buffer of 8 bytes"),
    "a flood with escape sequences": ValueError("\x1b[2J" * 10**5),
}


@pytest.mark.parametrize("problem", ODD.values(), ids=ODD)
def test_whatever_a_parser_raises_is_one_sentence_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(path: Path) -> Episode:
        raise problem

    monkeypatch.setitem(store._READERS, ".mcap", fail)
    with pytest.raises(RecordingError, match=r"one\.mcap is damaged and cannot be read") as raised:
        read_episode(tmp_path / "one.mcap")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1500
