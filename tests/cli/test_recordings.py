import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.recorded_pictures import byte_pictures, record
from tests.support.synthetic_episodes import steps_of
from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import read_episode, write_episode
from understudy.recordings.video.video_paths import video_path


@pytest.fixture
def recorded(working_folder: Path) -> list[Path]:
    return record_teacher("hunter", 1.0, 0, Path("data/recordings"), sessions=2)


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.usefixtures("recorded")
def test_list_names_every_recording_and_adds_up_their_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recordings", "list"]) == 0
    out = capsys.readouterr().out
    assert "teacher_hunter_seed0_00.mcap" in out
    assert "teacher_hunter_seed0_01.mcap" in out
    assert "2 recordings, 1.0 minutes" in out


def test_info_of_one_file_says_who_played_what_and_how_long(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recordings", "info", str(recorded[0])]) == 0
    out = capsys.readouterr().out
    for part in ("darkorbit in simulator", "teacher:hunter", "teacher 100%", "30.0 s, 600 ticks at 20.00 Hz"):
        assert part in out


def test_verify_answers_0_for_whole_recordings_and_1_with_a_torn_one(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recordings", "verify"]) == 0
    tear(recorded[1])
    assert main(["recordings", "verify"]) == 1
    assert "the file was not closed" in capsys.readouterr().out


def test_repair_makes_torn_recordings_whole(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    tear(recorded[1])
    assert main(["recordings", "repair"]) == 0
    assert "whole, nothing to repair" in capsys.readouterr().out
    assert main(["recordings", "verify"]) == 0
    assert 0 < len(read_episode(recorded[1])) < 600


@pytest.mark.parametrize("form", ["pkl", "npz", "csv", "jsonl"])
def test_export_writes_every_form_to_the_folder_and_never_over_a_file(recorded: list[Path], form: str) -> None:
    arguments = ["recordings", "export", "data/recordings", "--form", form, "--out", "elsewhere"]
    assert main(arguments) == 0
    written = sorted(path.name for path in Path("elsewhere").iterdir())
    assert written == [f"{path.stem}.{form}" for path in recorded]
    before = Path("elsewhere", written[0]).stat().st_mtime_ns
    assert main(arguments) == 1
    assert Path("elsewhere", written[0]).stat().st_mtime_ns == before


@pytest.mark.usefixtures("recorded")
def test_json_lines_can_be_read_by_anyone() -> None:
    assert main(["recordings", "export", "--form", "jsonl"]) == 0
    lines = Path("data/recordings/teacher_hunter_seed0_00.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 601
    assert json.loads(lines[600])["observation.time_s"] == pytest.approx(599 / 20)


def test_one_unreadable_file_does_not_hide_the_others(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    recorded[0].write_bytes(b"hello")
    assert main(["recordings", "list"]) == 1
    out = capsys.readouterr().out
    assert "is not an MCAP recording" in out
    assert recorded[1].name in out


def test_nothing_to_list_is_one_sentence(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recordings", "list"]) == 2
    assert "no recordings in data/recordings or recordings/v2_training" in capsys.readouterr().err


def test_one_odd_byte_in_a_schema_hides_no_other_recording(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data = recorded[0].read_bytes()
    recorded[0].write_bytes(data.replace(b"float64 time_s", b"float64\xfftime_s"))
    before = recorded[0].read_bytes()
    for verb in ("list", "info", "verify", "repair"):
        assert main(["recordings", verb]) == 1
        out = capsys.readouterr().out
        assert recorded[1].name in out
        assert recorded[0].name in out
    assert recorded[0].read_bytes() == before
    assert len(list(recorded[0].parent.iterdir())) == 2


def test_names_and_pilots_that_are_markup_or_escape_sequences_are_only_shown(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    episode = read_episode(recorded[0])
    odd = replace(episode, info=replace(episode.info, pilot="[/red]\x1b[2J", started_at="[bold"))
    write_episode(odd, recorded[0].with_name("[x]\x1b[31m.mcap"))
    for verb in ("list", "info", "verify", "repair"):
        assert main(["recordings", verb]) == 0
        out = capsys.readouterr().out
        assert "[x]" in out
        assert "\x1b[31m" not in out
        assert "\x1b[2J" not in out


def test_what_is_being_recorded_is_shown_and_left_alone(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    episode = read_episode(recorded[0])
    recorder = Recorder(recorded[0].with_name("growing.mcap"), episode.info)
    for step in steps_of(episode)[:240]:
        recorder.on_step(step)
    while recorder._writer.num_ticks < 240:
        threading.Event().wait(0.01)
    for verb in ("list", "info", "verify", "repair"):
        assert main(["recordings", verb]) == 0, verb
        assert "being recorded right now" in " ".join(capsys.readouterr().out.split())
    for step in steps_of(episode)[240:]:
        recorder.on_step(step)
    recorder.close()
    assert main(["recordings", "verify"]) == 0
    assert len(read_episode(recorder.path)) == 600


def test_a_clock_that_was_set_back_costs_no_minutes(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    episode = read_episode(recorded[0])
    observations = episode.observations.copy()
    observations["time_s"] += 4000
    observations["time_s"][300:] -= 3600
    write_episode(replace(episode, observations=observations), recorded[0])
    assert main(["recordings", "list"]) == 0
    assert "2 recordings, 1.0 minutes" in capsys.readouterr().out
    assert main(["recordings", "info", str(recorded[0])]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "at 20.00 Hz" in out
    assert "backwards at 1 of 600 ticks, by up to 3600" in out


def test_an_export_goes_through_no_link(recorded: list[Path], tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    Path("elsewhere").mkdir()
    for form in ("npz", "csv", "jsonl", "pkl", "mcap"):
        Path(f"elsewhere/{recorded[0].stem}.{form}").symlink_to(tmp_path / "gone")
        assert main(["recordings", "export", str(recorded[0]), "--form", form, "--out", "elsewhere"]) == 0
    assert not (tmp_path / "gone").exists()


def test_a_file_that_the_disk_refuses_is_named_and_the_others_are_exported(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    too_long = recorded[0].rename(recorded[0].with_name("a" * 250 + ".mcap"))  # with .jsonl it is 256 characters
    assert main(["recordings", "export", "--form", "jsonl"]) == 1
    said = capsys.readouterr()
    assert f"{too_long}: File name too long" in said.out and said.err == ""
    assert recorded[1].with_suffix(".jsonl").exists()


def test_verify_reads_the_pictures_too(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    video = record(recorded[0].with_name("other.mcap"), 5, byte_pictures())
    video.close()
    assert main(["recordings", "verify", str(video.path)]) in (0, 1)
    assert "the video was not closed" not in capsys.readouterr().out
    pictures = video_path(video.path)
    pictures.write_bytes(pictures.read_bytes()[:-40])
    assert main(["recordings", "verify", str(video.path)]) == 1
    assert "the video was not closed" in capsys.readouterr().out


def test_recordings_become_one_lerobot_data_set_and_come_back(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="pip install 'understudy[datasets]' to test data sets")
    assert main(["recordings", "export", "data/recordings", "--form", "lerobot", "--out", "set"]) == 0
    assert "2 recordings, 1200 ticks -> set" in capsys.readouterr().out
    assert main(["recordings", "import", "set", "--out", "again"]) == 0
    again = read_episode(Path("again/set_001.mcap"))
    assert again.actions.tobytes() == read_episode(recorded[1]).actions.tobytes()
    assert main(["recordings", "import", "set", "--out", "again"]) == 1
    assert "was left as it is" in capsys.readouterr().out
    assert main(["recordings", "export", "data/recordings", "--form", "lerobot", "--out", "set"]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert main(["recordings", "import", "nowhere"]) == 2


def test_a_recording_that_cannot_be_read_is_left_out_of_a_data_set(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="pip install 'understudy[datasets]' to test data sets")
    recorded[0].write_bytes(b"hello")
    assert main(["recordings", "export", "--form", "lerobot"]) == 1
    out = capsys.readouterr().out
    assert "is not an MCAP recording" in out
    assert f"1 recordings, 600 ticks -> {Path('data/recordings/lerobot')}" in out
    assert main(["recordings", "export", "--form", "minari"]) == 1
    assert f"1 episodes, 599 steps -> {Path('data/recordings/minari-v0')}" in capsys.readouterr().out


def test_a_recording_and_its_pictures_become_one_file_for_viewers(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("data/recordings/a.mcap")
    record(path, 30, byte_pictures()).close()
    assert main(["recordings", "export", str(path), "--form", "foxglove"]) == 0
    assert "a.foxglove.mcap" in capsys.readouterr().out
    assert (
        read_episode(Path("data/recordings/a.foxglove.mcap")).actions.tobytes() == read_episode(path).actions.tobytes()
    )
    assert main(["recordings", "list"]) == 0
    assert "1 recordings" in capsys.readouterr().out
