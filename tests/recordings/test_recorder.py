import dataclasses
import logging
import os
import shutil
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up, steps_of
from understudy.contract.action import Action
from understudy.contract.errors import RecordingError
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation, concatenate
from understudy.contract.protocols import Step
from understudy.recordings import recorder as recorder_module
from understudy.recordings.episode import Episode
from understudy.recordings.recorder import Recorder, create_recorder, move_to_folder, recording_name
from understudy.recordings.store import find_recordings, is_being_written, read_episode


@pytest.mark.parametrize("with_intents", [False, True])
def test_what_a_session_tells_is_what_is_recorded(tmp_path: Path, with_intents: bool) -> None:
    episode = made_up(100, with_intents=with_intents, with_timings=with_intents)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    for step in steps_of(episode):
        recorder.on_step(step)
    recorder.close()
    recorder.close()
    read = read_episode(tmp_path / "one.mcap")
    assert_same(episode, read)
    assert read.losses == ()
    assert recorder.num_ticks == 100


def test_a_step_is_copied_when_it_is_told(tmp_path: Path) -> None:
    episode = made_up(10)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    shared = Observation(episode.observations[:1].copy())
    for step in steps_of(episode):
        shared.records[:] = step.observation.records
        recorder.on_step(dataclasses.replace(step, observation=shared))
        shared.records["time_s"] = -1.0
    recorder.close()
    assert_same(episode, read_episode(tmp_path / "one.mcap"))


def test_one_world_of_many_is_recorded(tmp_path: Path) -> None:
    worlds = [made_up(30, seed=seed, with_inputs=False) for seed in range(3)]
    recorder = Recorder(tmp_path / "two.mcap", worlds[2].info, world=2)
    for tick in range(30):
        parts = [world[tick : tick + 1] for world in worlds]
        recorder.on_step(
            Step(
                index=tick,
                observation=concatenate([Observation(part.observations) for part in parts]),
                action=Action(np.concatenate([part.actions for part in parts])),
                intent=no_intent(3),
                actors=np.concatenate([part.actors for part in parts]),
            )
        )
    recorder.close()
    assert_same(worlds[2], read_episode(tmp_path / "two.mcap"))


def test_a_slow_session_is_on_disk_after_the_block_time_all_the_same(tmp_path: Path) -> None:
    """At 4 Hz a block of twelve ticks would be three seconds; it is handed over after 0.6 s."""
    episode = made_up(9)
    episode.observations["time_s"] = np.arange(9) / 4
    recorder = Recorder(tmp_path / "slow.mcap", episode.info)
    for step in steps_of(episode):
        recorder.on_step(step)
    _wait_until_written(recorder)
    assert len(read_episode(tmp_path / "slow.mcap")) == 8
    recorder.close()


def _wait_until_written(recorder: Recorder) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if recorder._queue.empty() and recorder._writer.num_ticks >= 8:
            return
        pause.wait(0.01)
    pytest.fail("the recorder's thread wrote nothing for ten seconds")


def test_nothing_is_recorded_after_stop_and_save_keeps_what_was(tmp_path: Path) -> None:
    episode = made_up(40)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    steps = steps_of(episode)
    for step in steps[:25]:
        recorder.on_step(step)
    recorder.stop()
    for step in steps[25:]:
        recorder.on_step(step)
    assert recorder.save() == tmp_path / "one.mcap"
    assert len(read_episode(tmp_path / "one.mcap")) == 25


def test_a_discarded_recording_leaves_no_file_and_may_be_closed(tmp_path: Path) -> None:
    episode = made_up(40)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    for step in steps_of(episode):
        recorder.on_step(step)
    recorder.discard()
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_the_guides_pickle_lies_beside_and_counts_once(tmp_path: Path) -> None:
    episode = made_up(20)
    recorder = Recorder(tmp_path / "shadow_recording_1.mcap", episode.info, also_pickle=True)
    for step in steps_of(episode):
        recorder.on_step(step)
    recorder.close()
    assert find_recordings(tmp_path) == [tmp_path / "shadow_recording_1.mcap"]
    read = read_episode(tmp_path / "shadow_recording_1.pkl")
    assert read.observations["tracks"]["x"].tobytes() == episode.observations["tracks"]["x"].tobytes()
    assert read.inputs == episode.inputs


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_ends_the_recording_and_not_the_session(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    episode = made_up(60)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    steps = steps_of(episode)
    for step in steps[:24]:
        recorder.on_step(step)
    _wait_until_written(recorder)
    recorder._writer._file.close()
    recorder._writer._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with caplog.at_level(logging.ERROR):
        for step in steps[24:]:
            recorder.on_step(step)
        recorder.close()
    assert recorder.failure is not None
    assert "No space left" in caplog.text
    read = read_episode(tmp_path / "one.mcap")
    assert len(read) == 24
    assert read.losses


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe stands in for the disk")
def test_a_disk_that_stands_still_ends_the_recording_without_a_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe that nobody reads takes 64 kB and then blocks, as a disk that hangs does."""
    monkeypatch.setattr(recorder_module, "QUEUE_BLOCKS", 2)
    episode = made_up(400)
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    reading_end, writing_end = os.pipe()
    recorder._writer._file.close()
    recorder._writer._file = os.fdopen(writing_end, "wb", buffering=0)
    with caplog.at_level(logging.ERROR):
        for step in steps_of(episode):
            recorder.on_step(step)
    assert "has not kept up" in caplog.text
    closing = threading.Thread(target=recorder.close)
    closing.start()
    with os.fdopen(reading_end, "rb") as pipe, (tmp_path / "one.mcap").open("ab") as file:
        file.write(pipe.read())
    closing.join(10)
    read = read_episode(tmp_path / "one.mcap")
    assert read.losses == ()
    assert 24 <= len(read) < 400
    assert read.observations.tobytes() == episode.observations[: len(read)].tobytes()


def test_a_session_faster_than_real_time_may_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_BLOCKS", 1)
    episode = made_up(600)
    recorder = Recorder(tmp_path / "one.mcap", episode.info, may_wait=True)
    for step in steps_of(episode):
        recorder.on_step(step)
    recorder.close()
    assert recorder.failure is None
    assert_same(episode, read_episode(tmp_path / "one.mcap"))


def test_names_follow_the_guide_and_do_not_collide(tmp_path: Path) -> None:
    name = recording_name(moment=datetime(2026, 11, 22, 19, 30, 45))
    assert name == "shadow_recording_20261122_193045"
    recorders = [create_recorder(tmp_path, name, made_up(1).info) for _ in range(3)]
    assert [recorder.path.name for recorder in recorders] == [f"{name}.mcap", f"{name}_2.mcap", f"{name}_3.mcap"]
    for recorder in recorders:
        recorder.close()


CLAIM = """
import sys, time
from pathlib import Path
from tests.support.synthetic_episodes import info_of
from understudy.recordings.recorder import create_recorder
sys.stdin.readline()
recorders = [create_recorder(Path(sys.argv[1]), "same_second", info_of()) for _ in range(20)]
print(*(recorder.path.name for recorder in recorders), flush=True)
sys.stdin.readline()
for recorder in recorders:
    recorder.close()
"""


def test_recorders_of_several_processes_that_begin_at_once_get_a_file_each(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIM, str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(4)]
    for _ in range(2):
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
    names = [name for process in processes for name in process.communicate(timeout=120)[0].split()]
    assert len(set(names)) == len(names) == 80
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())


def play(recorder: Recorder, episode: Episode, ticks: range) -> None:
    """Some steps, and what they left is on the disk when it returns."""
    steps = steps_of(episode)
    for tick in ticks:
        recorder.on_step(steps[tick])
    pause = threading.Event()
    for _ in range(1000):
        if recorder._queue.empty() and recorder._writer.num_ticks == ticks.stop:
            return
        pause.wait(0.01)
    pytest.fail("the recorder's thread wrote nothing for ten seconds")


posix = pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be deleted there")


@posix
def test_a_recording_whose_folder_is_deleted_is_written_again(tmp_path: Path) -> None:
    episode = made_up(120)
    recorder = Recorder(tmp_path / "folder" / "one.mcap", episode.info)
    play(recorder, episode, range(24))
    shutil.rmtree(tmp_path / "folder")
    play(recorder, episode, range(24, 96))
    assert len(read_episode(recorder.path)) == 96  # long before the end
    assert is_being_written(recorder.path)
    shutil.rmtree(tmp_path / "folder")
    recorder.close()
    assert recorder.failure is None
    read = read_episode(recorder.path)
    assert len(read) == 96
    assert read.losses == ()


@posix
def test_a_recording_that_cannot_be_written_again_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    episode = made_up(60)
    recorder = Recorder(tmp_path / "folder" / "one.mcap", episode.info)
    play(recorder, episode, range(24))
    shutil.rmtree(tmp_path / "folder")
    (tmp_path / "folder").write_bytes(b"a file where the folder was")
    with caplog.at_level(logging.ERROR):
        for step in steps_of(episode)[24:]:
            recorder.on_step(step)
        recorder.close()
    assert recorder.failure is not None
    assert "folder" in recorder.failure
    assert "ended early" in caplog.text


@posix
def test_a_recording_that_is_moved_meanwhile_goes_on_there_and_says_so(tmp_path: Path) -> None:
    episode = made_up(96)
    recorder = Recorder(tmp_path / "one.mcap", episode.info, also_pickle=True)
    play(recorder, episode, range(24))
    recorder.path.rename(tmp_path / "other.mcap")
    play(recorder, episode, range(24, 96))
    recorder.close()
    assert recorder.failure is not None
    assert "moved" in recorder.failure
    assert_same(episode, read_episode(tmp_path / "other.mcap"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_disk_that_is_full_at_the_very_end_is_said(tmp_path: Path) -> None:
    episode = made_up(24)
    recorder = Recorder(tmp_path / "one.mcap", episode.info, also_pickle=True)
    play(recorder, episode, range(24))
    recorder._writer._file.close()
    recorder._writer._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    recorder.close()
    assert recorder.failure is not None
    assert "No space left" in recorder.failure
    assert len(read_episode(tmp_path / "one.mcap")) == 24


def test_a_pickle_that_cannot_be_written_is_said_and_the_recording_is_whole(tmp_path: Path) -> None:
    episode = made_up(24)
    recorder = Recorder(tmp_path / "one.mcap", episode.info, also_pickle=True)
    (tmp_path / "one.pkl").mkdir()
    play(recorder, episode, range(24))
    recorder.close()
    assert recorder.failure is not None
    assert ".pkl" in recorder.failure
    assert_same(episode, read_episode(tmp_path / "one.mcap"))


def test_a_time_that_is_no_number_ends_no_recording(tmp_path: Path) -> None:
    episode = made_up(48)
    episode.observations["time_s"][20:22] = np.nan, np.inf
    recorder = Recorder(tmp_path / "one.mcap", episode.info)
    for step in steps_of(episode):
        recorder.on_step(step)
    recorder.close()
    assert recorder.failure is None
    assert read_episode(recorder.path).observations.tobytes() == episode.observations.tobytes()


def test_a_place_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RecordingError, match="folder cannot be made"):
        create_recorder(tmp_path / "file" / "folder", "one", made_up(1).info)
    with pytest.raises(RecordingError, match="cannot be written: File name too long"):
        create_recorder(tmp_path, "x" * 300, made_up(1).info)


@posix
def test_a_link_in_the_place_of_a_new_recording_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "one.mcap").symlink_to(tmp_path / "elsewhere")
    recorder = create_recorder(tmp_path, "one", made_up(1).info)
    recorder.close()
    assert recorder.path.name == "one_2.mcap"
    assert not (tmp_path / "elsewhere").exists()


def test_moving_to_a_folder_never_overwrites(tmp_path: Path) -> None:
    for content in (b"1", b"2"):
        (tmp_path / "one.mcap").write_bytes(content)
        move_to_folder(tmp_path / "one.mcap", tmp_path / "kept")
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["one.mcap", "one_2.mcap"]
