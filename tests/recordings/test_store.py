from pathlib import Path

import pytest

from tests.support.synthetic_episodes import made_up
from understudy.contract.errors import NoRecordingsError, RecordingError
from understudy.recordings.store import find_recordings, read_episode, repair_recording, write_episode


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
