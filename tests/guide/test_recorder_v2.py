"""The guide's recorder_v2: its command is understood as meant, and its keys do what it says, on a real display."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tyro

from tests.support.recorded_pictures import needs_pyav
from understudy.cli.live.recorder import Keys, RecorderV2
from understudy.cli.live.video_choice import VideoChoice, recorded_pictures
from understudy.cli.main import main
from understudy.cli.record import Record
from understudy.contract.action import Actor
from understudy.contract.errors import MissingExtraError
from understudy.contract.observation import Button
from understudy.recordings.episode import describe
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.store import find_recordings, read_episode
from understudy.recordings.take_recorder import TakeRecorder
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.world import DesktopWorld
from understudy.worlds.simulator.engine.readings import HP

COMMAND = "python -m darkorbit_bot.v2.recording.recorder_v2 --model F:/dev/bot/best.pt --monitor 1"
PATIENCE_S = 120.0


def test_the_command_of_the_guide_means_what_it_says() -> None:
    understood = tyro.cli(RecorderV2, args=shlex.split(COMMAND)[3:])
    assert understood.model == Path("F:/dev/bot/best.pt")
    assert understood.monitor == 1 and understood.window is None
    assert understood.out == Path("recordings/v2_training")


def test_the_verb_record_takes_the_desktop_by_name() -> None:
    assert tyro.cli(Record, args=["--world", "desktop", "--window", "A game"]).window == "A game"
    assert tyro.cli(Record, args=[]).world == "simulator"


def test_without_weights_one_sentence_says_so(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--world", "desktop", "--model", "best.txt"]) == 2
    assert "best.txt" in capsys.readouterr().err


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Reads what a program says up to a line with these words; the test's own time limit ends a long wait."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    pytest.fail(f"it ended without saying {words!r}: {''.join(said)}")


def test_the_keys_say_what_they_did_and_that_a_pause_is_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    pauses = iter((False, True, False))
    keys = Keys(said.append, lambda: next(pauses))
    keys.takes = TakeRecorder(
        tmp_path / "saved", tmp_path / "unsaved", lambda: describe(load_profile(), pilot="person")
    )
    for key in ("f6", "f5", "f5", "f5", "f5", "f7"):
        keys.obey(key)
    assert [line.partition(".")[0] for line in said] == [
        "There is nothing to save or discard: F5 starts a recording",
        "RECORDING",
        "Stopped: 0 s wait",
        "RECORDING as soon as the pause is over",
        "Stopped: 0 s in 2 takes wait",
        "Discarded: 0 s in 2 takes",
    ]


@pytest.mark.desktop
@pytest.mark.slow
def test_a_person_records_the_game_on_the_screen_by_the_keys_of_the_guide(
    start_program: Callable[..., subprocess.Popen[str]],
    wait_for_window: Callable[[str], None],
    desktop_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    xdotool = shutil.which("xdotool")
    if xdotool is None:
        pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")

    def hand(*words: str | int) -> None:
        subprocess.run([xdotool, *map(str, words)], env=desktop_environment, check=True, timeout=30)

    start_program("-m", "understudy.cli.main", "play", "--map", "1-1", "--seed", "5")  # a program of its own
    wait_for_window("understudy: embedded game")  # before it all is black, which is a pause
    recorder = start_program("-m", "darkorbit_bot.v2.recording.recorder_v2", "--monitor", "1")
    read_until(recorder, "F5 start and stop")
    hand("mousemove", 900, 200, "key", "F5")
    read_until(recorder, "RECORDING")
    for x in (700, 800, 900):
        hand("mousemove", x, 200, "click", 1, "sleep", 0.4)
    hand("key", "space", "sleep", 0.4, "key", "F5")
    read_until(recorder, "wait.")
    hand("key", "F6")
    read_until(recorder, "Saved")
    hand("key", "F5", "sleep", 0.5, "key", "F7")
    read_until(recorder, "Discarded")
    hand("key", "F3")
    ended, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert ended.splitlines()[0].endswith("Stopped: F3 was pressed."), "and nothing of saving"
    assert "1 recording saved" in ended.splitlines()[1]
    assert list(tmp_path.glob("recordings/unsaved/*")) == []
    (path,) = find_recordings(tmp_path / "recordings" / "v2_training")
    episode = read_episode(path)
    assert episode.info.world == "desktop" and episode.info.pilot == "person"
    assert set(episode.actors) == {Actor.PERSON}
    pressed = [event for event in episode.inputs if event.kind == "press" and event.code == "left"]
    assert [event.x for event in pressed] == pytest.approx([700.5 / 1280, 800.5 / 1280, 900.5 / 1280], abs=1e-4)
    assert (episode.actions["button"] == Button.LEFT).any()
    space = episode.info.profile.key_bit("space")
    assert ((episode.actions["keys"] & space) > 0).sum() == 1, "a tick, however short the press was"
    assert np.isfinite(episode.observations["player"]["gauges"][..., HP]).mean() > 0.8, (
        "the hull is read off the screen"
    )
    assert [event.code for event in episode.inputs if event.kind == "press"] == ["left"] * 3 + ["space"]


@needs_pyav
@pytest.mark.desktop
@pytest.mark.slow
def test_what_was_recorded_to_be_perceived_later_is_perceived_and_has_a_picture_for_each_tick(
    start_program: Callable[..., subprocess.Popen[str]],
    wait_for_window: Callable[[str], None],
    tmp_path: Path,
) -> None:
    start_program("-m", "understudy.cli.main", "play", "--map", "1-1", "--seed", "5")
    wait_for_window("understudy: embedded game")
    arguments = ("--perceive", "later", "--start-now", "--minutes", "0.1", "--window", "understudy: embedded game")
    recorder = start_program("-m", "darkorbit_bot.v2.recording.recorder_v2", *arguments)
    said, _ = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 0 and "pictures recorded" in said and "reperceive" in said
    (path,) = find_recordings(tmp_path / "recordings" / "v2_training")
    before = read_episode(path)
    assert not before.info.perceived and np.isnan(before.observations["player"]["gauges"][..., HP]).all()
    with VideoReader(video_path(path)) as video:
        assert video.losses == () and len(video) >= 0.9 * len(before)
        assert set(video.frames["time_ns"]) <= set(nanoseconds(before.observations["time_s"]))
    assert main(["recordings", "reperceive", str(path)]) == 0
    after = read_episode(path)
    assert np.isfinite(after.observations["player"]["gauges"][..., HP]).mean() > 0.8, (
        "the hull is read off the pictures"
    )
    assert after.actions.tobytes() == before.actions.tobytes() and after.inputs == before.inputs


def test_pictures_that_were_asked_for_and_cannot_be_had_are_one_sentence_and_by_default_none_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    world, said = object.__new__(DesktopWorld), []
    assert recorded_pictures(VideoChoice(), world, said.append) is None
    assert len(said) == 1 and "No pictures are recorded" in said[0] and "understudy[video]" in said[0]
    with pytest.raises(MissingExtraError, match=r"understudy\[video\]"):
        recorded_pictures(VideoChoice(insists=True), world, said.append)
    assert recorded_pictures(VideoChoice(off=True), world, said.append) is None and len(said) == 1


def test_flags_that_exclude_each_other_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--video", "--no-video"), ("--perceive", "later", "--no-video")):
        assert main(["record", "--world", "desktop", *words]) == 2
        assert "--no-video" in capsys.readouterr().err
    assert main(["record", "--perceive", "later"]) == 2
    assert "--world desktop" in capsys.readouterr().err
