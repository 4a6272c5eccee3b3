"""A session played live in one process is decided again in another, and to the bit in the same way."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.contract.action import Actor
from understudy.contract.errors import CheckpointError, RecordingError
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.runtime.process_replay import WEIGHTS, differences, find_policies, hierarchy_of, replay
from understudy.runtime.weight_swap import identities
from understudy.worlds.simulator.engine.readings import HP

PROGRAMS = Path(__file__).resolve().parents[1] / "support"
PLAYED_S = 4.0


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(PROGRAMS / script), *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_brain(tmp_path_factory.mktemp("models"), seed=11)


@pytest.fixture(scope="module")
def recording(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    run("live_process.py", models, folder, PLAYED_S)
    (path,) = find_recordings(folder)
    return path


@pytest.fixture(scope="module")
def episode(recording: Path) -> Episode:
    return read_episode(recording)


def test_the_live_session_was_shared_timed_and_described(episode: Episode, models: Path) -> None:
    assert episode.losses == ()
    assert set(episode.actors) == {Actor.PERSON, Actor.POLICY}
    assert episode.timings is not None and episode.intents is not None
    acted = episode.actors == Actor.POLICY
    assert episode.timings["decided"][acted].tobytes() == episode.actions[acted].tobytes()
    assert episode.info.weights == identities(models)
    assert episode.info.pilot_seed == 4
    assert episode.info.library.startswith("onnxruntime "), "the faster one for one world"
    steps_s = np.sort(np.diff(episode.observations["time_s"]))
    assert steps_s[-2] > 0.2 and steps_s[-1] > 0.6, "a gap that is filled in, and one that begins a new history"
    assert episode.timings["decided"]["button"].any(), "a session without a click would prove little"


def test_another_process_decides_every_tick_alike_to_the_bit(recording: Path, episode: Episode, models: Path) -> None:
    assert run("replay_process.py", models, recording).split() == [str(len(episode)), "0"]


def test_other_weights_or_another_seed_do_not(episode: Episode, models: Path, tmp_path: Path) -> None:
    profile = episode.info.profile
    other = load_hierarchy(write_brain(tmp_path / "other", seed=12), profile, "onnxruntime")
    assert differences(episode, replay(episode, other)).mean() > 0.9
    reseeded = dataclasses.replace(episode, info=dataclasses.replace(episode.info, pilot_seed=5))
    assert differences(episode, replay(reseeded, hierarchy_of(episode, models))).any()
    with pytest.raises(CheckpointError, match="no longer holds the weights"):
        hierarchy_of(episode, tmp_path / "other")


def test_the_other_library_is_refused_and_would_differ_in_the_last_bits_alone(episode: Episode, models: Path) -> None:
    by_torch = load_hierarchy(models, episode.info.profile)
    with pytest.raises(RecordingError, match="differ in the last bits"):
        replay(episode, by_torch)
    unnamed = dataclasses.replace(episode, info=dataclasses.replace(episode.info, library=""))
    decided = replay(unnamed, by_torch).decided
    assert differences(episode, replay(unnamed, by_torch)).any()
    assert episode.timings is not None
    assert (decided["button"] == episode.timings["decided"]["button"]).all()
    assert abs(decided["cursor_x"] - episode.timings["decided"]["cursor_x"]).max() < 1e-4


def test_other_observations_show_from_their_tick_on(episode: Episode, models: Path) -> None:
    changed = dataclasses.replace(episode, observations=episode.observations.copy())
    changed.observations["player"]["gauges"][..., HP][20:] -= 0.01
    found = differences(episode, replay(changed, hierarchy_of(episode, models)))
    assert not found[:20].any() and found[20:].any()


def test_it_goes_on_with_the_weights_that_came_in_and_ends_where_they_are_unknown(
    episode: Episode, models: Path, tmp_path: Path
) -> None:
    assert episode.timings is not None
    newer = write_brain(tmp_path / "newer", seed=13)
    came = InputEvent(float(episode.observations["time_s"][30]), WEIGHTS, identities(newer)["executor"], 0.5, 0.5)
    swapped = dataclasses.replace(episode, timings=episode.timings.copy(), inputs=(*episode.inputs, came))
    assert swapped.timings is not None
    swapped.timings["swapped"][30] = 1
    assert len(replay(swapped, hierarchy_of(episode, models)).decided) == 30
    same = hierarchy_of(episode, models)
    on = replay(swapped, same, lambda executor: find_policies(newer, executor))
    assert len(on.decided) == len(episode)
    found = differences(swapped, on)
    assert not found[:30].any() and found[30:].mean() > 0.9, "these were other weights than the recorded ones"


def test_a_recording_of_a_person_is_refused(episode: Episode, models: Path, tmp_path: Path) -> None:
    write_episode(dataclasses.replace(episode, timings=None), tmp_path / "person.mcap")
    with pytest.raises(RecordingError, match="no decisions"):
        replay(read_episode(tmp_path / "person.mcap"), load_hierarchy(models, episode.info.profile))
