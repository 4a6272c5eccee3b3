import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.contract.errors import FlagError
from understudy.evaluation.rollouts.seeds import Purpose, purpose_of
from understudy.recordings.store import find_recordings, read_episode


def test_the_guides_default_folder_is_filled_with_whole_sessions(working_folder: Path) -> None:
    assert main(["record", "--teacher", "hunter", "--minutes", "0.4", "--seed", "3"]) == 0
    paths = find_recordings()
    assert [path.name for path in paths] == [f"teacher_hunter_seed3_{number:02d}.mcap" for number in range(4)]
    episodes = [read_episode(path) for path in paths]
    assert sum(len(episode) for episode in episodes) == 480
    assert all(episode.losses == () for episode in episodes)
    seeds = [episode.info.seed for episode in episodes]
    assert len(set(seeds)) == 4
    assert all(seed is not None and purpose_of(seed) is Purpose.TRAIN for seed in seeds)
    assert {episode.info.pilot for episode in episodes} == {"teacher:hunter"}


def test_the_same_seed_records_the_same_play_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (
        read_episode(record_teacher("kiter", 0.2, seed, tmp_path / name, sessions=1)[0])
        for seed, name in ((1, "a"), (1, "b"), (2, "c"))
    )
    assert first.observations.tobytes() == again.observations.tobytes()
    assert first.actions.tobytes() == again.actions.tobytes()
    assert not np.array_equal(first.actions, other.actions)


def test_progress_is_told_up_to_the_last_tick(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    record_teacher("hunter", 2.0, 0, tmp_path, sessions=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(1200, 2400), (2400, 2400)]


def test_more_sessions_than_worlds_at_once_are_recorded_in_waves(tmp_path: Path) -> None:
    told: list[int] = []
    paths = record_teacher("hunter", 0.7, 0, tmp_path, sessions=70, progress=lambda done, _: told.append(done))
    assert len(find_recordings(tmp_path)) == len(paths) == 70
    assert told == [64 * 12, 70 * 12]


def test_recordings_that_are_there_are_kept_unless_replacing_was_asked_for(tmp_path: Path) -> None:
    (path,) = record_teacher("hunter", 0.1, 0, tmp_path, sessions=1)
    with pytest.raises(FlagError, match="--replace"):
        record_teacher("hunter", 0.2, 0, tmp_path, sessions=1)
    assert len(read_episode(path)) == 120
    record_teacher("hunter", 0.2, 0, tmp_path, sessions=1, replace=True)
    assert len(read_episode(path)) == 240


@pytest.mark.parametrize(
    "flags",
    [
        ["--sessions", "0"],
        ["--minutes", "0"],
        ["--seed", "-1"],
        ["--teacher", "nobody"],
        ["--start-map", "9-9"],
    ],
    ids=lambda flags: flags[0],
)
def test_a_setting_that_makes_no_sense_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--out", str(tmp_path / "new"), "--minutes", "1", *flags]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


SMALL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit is an error then, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from understudy.cli.main import main
sys.exit(main(["record", "--minutes", "1", "--sessions", "1", "--out", sys.argv[1], *sys.argv[2:]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_is_one_sentence_and_costs_no_older_recording(tmp_path: Path) -> None:
    (path,) = record_teacher("hunter", 0.1, 0, tmp_path, sessions=1)
    before = path.read_bytes()
    command = [sys.executable, "-c", SMALL_DISK, str(tmp_path), "--replace"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "could not be written to (File too large)" in ended.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["record", "--minutes", "0.1", "--out", str(tmp_path / "file" / "folder")]) == 2
    assert "folder cannot be written to (Not a directory): name another folder." in capsys.readouterr().err
