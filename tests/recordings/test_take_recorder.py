"""Start, stop, save and discard, in the orders in which people press the keys."""

from pathlib import Path

import numpy as np
import pytest

from understudy.contract.action import Actor, idle_action
from understudy.contract.errors import RecordingError
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_S, empty_observation
from understudy.contract.protocols import Step
from understudy.recordings.episode import describe
from understudy.recordings.store import read_episode
from understudy.recordings.take_recorder import TakeRecorder
from understudy.worlds.catalog import load_profile


@pytest.fixture
def takes(tmp_path: Path) -> TakeRecorder:
    return TakeRecorder(tmp_path / "kept", tmp_path / "unsaved", lambda: describe(load_profile(), pilot="person"))


def play(takes: TakeRecorder, num_ticks: int, first: int = 0) -> None:
    for index in range(first, first + num_ticks):
        observation = empty_observation(1)
        observation.records["time_s"] = index * TICK_S
        actors = np.full(1, Actor.PERSON, np.int8)
        takes.on_step(Step(index, observation, idle_action(observation), no_intent(1), actors))


def files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*.mcap"))


def test_only_what_was_played_between_start_and_stop_is_in_a_take(takes: TakeRecorder, tmp_path: Path) -> None:
    play(takes, 5)
    takes.start()
    takes.start()
    play(takes, 7, first=5)
    takes.stop()
    takes.stop()
    play(takes, 5, first=12)
    assert files(tmp_path) == ["unsaved"] and takes.num_waiting == 1
    (path,) = takes.save()
    assert path.parent == tmp_path / "kept"
    assert read_episode(path).observations["time_s"] == pytest.approx([index * TICK_S for index in range(5, 12)])
    assert takes.num_waiting == 0 and takes.saved == [path]


def test_saving_in_the_middle_ends_the_take_and_takes_the_earlier_ones_along(
    takes: TakeRecorder, tmp_path: Path
) -> None:
    for first in (0, 10):
        takes.start()
        play(takes, 4, first)
        takes.stop()
    takes.start()
    play(takes, 4, 20)
    assert takes.num_waiting == 3 and takes.num_ticks == 12
    assert len(takes.save()) == 3
    assert not takes.is_running
    assert files(tmp_path) == ["kept"] * 3


def test_discarding_deletes_what_waits_and_nothing_that_was_saved(takes: TakeRecorder, tmp_path: Path) -> None:
    takes.start()
    play(takes, 4)
    takes.save()
    for _ in range(2):
        takes.start()
        play(takes, 4, 10)
        takes.stop()
    assert takes.discard() == 2
    assert files(tmp_path) == ["kept"]


def test_an_empty_take_is_not_saved(takes: TakeRecorder, tmp_path: Path) -> None:
    takes.start()
    assert takes.save() == []
    assert files(tmp_path) == []


def test_at_the_end_of_a_session_what_was_not_saved_stays_where_it_is(takes: TakeRecorder, tmp_path: Path) -> None:
    takes.start()
    play(takes, 4)
    takes.close()
    takes.close()
    (path,) = takes.left_over
    assert len(read_episode(path)) == 4
    assert files(tmp_path) == ["unsaved"]


def test_a_take_that_cannot_be_moved_is_kept_where_it_is(takes: TakeRecorder, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a file in the place of the folder")
    takes.start()
    play(takes, 4)
    with pytest.raises(RecordingError, match="could not be moved"):
        takes.save()
    (path,) = takes.left_over
    assert len(read_episode(path)) == 4
    (tmp_path / "kept").unlink()
    assert len(takes.save()) == 1


def test_what_went_wrong_with_a_take_is_known_after_it_was_saved(takes: TakeRecorder, tmp_path: Path) -> None:
    takes.start()
    play(takes, 4)
    (path,) = (tmp_path / "unsaved").iterdir()
    path.rename(tmp_path / "moved.mcap")
    takes.stop()
    assert "moved" in takes.failures[0]
    with pytest.raises(RecordingError, match="could not be moved"):
        takes.save()
