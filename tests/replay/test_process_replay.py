"""A session played live in one process is decided again in another, and to the bit in the same way."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "runtime"))
from made_up_brain import write_brain

from understudy.contract.action import Actor
from understudy.contract.errors import RecordingError
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.runtime.hierarchy import load_hierarchy
from understudy.runtime.replay import differences, replay
from understudy.runtime.swap import identities

HERE = Path(__file__).resolve().parent
PLAYED_S = 4.0


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
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
    assert episode.timings["decided"]["button"].any(), "a session without a click would prove little"


def test_another_process_decides_every_tick_alike_to_the_bit(recording: Path, episode: Episode, models: Path) -> None:
    assert run("replay_process.py", models, recording).split() == [str(len(episode)), "0"]


def test_other_weights_or_another_seed_do_not(episode: Episode, models: Path, tmp_path: Path) -> None:
    other = load_hierarchy(write_brain(tmp_path / "other", seed=12), episode.info.profile)
    assert differences(episode, replay(episode, other)).mean() > 0.9
    same = load_hierarchy(models, episode.info.profile)
    reseeded = dataclasses.replace(episode, info=dataclasses.replace(episode.info, pilot_seed=5))
    assert differences(episode, replay(reseeded, same)).any()


def test_other_observations_show_from_their_tick_on(episode: Episode, models: Path) -> None:
    changed = dataclasses.replace(episode, observations=episode.observations.copy())
    changed.observations["player"]["hp"][20:] -= 0.01
    found = differences(episode, replay(changed, load_hierarchy(models, episode.info.profile)))
    assert not found[:20].any() and found[20:].any()


def test_it_stops_where_other_weights_came_in(episode: Episode, models: Path) -> None:
    assert episode.timings is not None
    swapped = dataclasses.replace(episode, timings=episode.timings.copy())
    swapped.timings["swapped"][30] = 1
    assert len(replay(swapped, load_hierarchy(models, episode.info.profile)).decided) == 30


def test_a_recording_of_a_person_is_refused(episode: Episode, models: Path, tmp_path: Path) -> None:
    write_episode(dataclasses.replace(episode, timings=None), tmp_path / "person.mcap")
    with pytest.raises(RecordingError, match="no decisions"):
        replay(read_episode(tmp_path / "person.mcap"), load_hierarchy(models, episode.info.profile))
