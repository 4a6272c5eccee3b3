import dataclasses
import logging
import os
import sys
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up, steps_of
from understudy.contract.action import Action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation, concatenate
from understudy.contract.protocols import Step
from understudy.recordings import recorder as recorder_module
from understudy.recordings.recorder import Recorder, free_path, recording_name
from understudy.recordings.store import find_recordings, read_episode


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
    first = free_path(tmp_path, name)
    first.touch()
    assert first.name == "shadow_recording_20261122_193045.mcap"
    assert free_path(tmp_path, name).name == "shadow_recording_20261122_193045_2.mcap"
