from pathlib import Path

import numpy as np
import pytest

from understudy.contract.action import Actor
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import read_episode
from understudy.recordings.vector_recorder import BLOCK_TICKS, record_lockstep
from understudy.runtime.session import Session
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

TICKS = BLOCK_TICKS + 50


def seeds_of(count: int) -> np.ndarray:
    return np.arange(11, 11 + count, dtype=np.uint64)


def recorded_in_lockstep(folder: Path, count: int) -> list[Path]:
    world = Simulator(seeds_of(count))
    paths = [folder / f"{number}.mcap" for number in range(count)]
    info = describe(world.profile, pilot="teacher:hunter", simulated_time=True)
    files = [(path, info) for path in paths]
    told: list[int] = []
    record_lockstep(world, Teacher("hunter", world.profile), seeds_of(count), files, TICKS, Actor.TEACHER, told.append)
    assert told == [BLOCK_TICKS, TICKS]
    return paths


def test_each_world_is_recorded_as_if_it_were_alone(tmp_path: Path) -> None:
    together = [read_episode(path) for path in recorded_in_lockstep(tmp_path / "all", 3)]
    alone = read_episode(recorded_in_lockstep(tmp_path / "one", 1)[0])
    assert together[0].observations.tobytes() == alone.observations.tobytes()
    assert together[0].actions.tobytes() == alone.actions.tobytes()
    assert together[1].observations.tobytes() != together[2].observations.tobytes()
    assert all(len(episode) == TICKS and episode.losses == () for episode in together)
    assert set(together[0].actors.tolist()) == {Actor.TEACHER}


def test_a_recorder_that_listens_to_a_session_records_the_same(tmp_path: Path) -> None:
    in_bulk = read_episode(recorded_in_lockstep(tmp_path, 1)[0])
    world = Simulator(seeds_of(1))
    recorder = Recorder(tmp_path / "live.mcap", in_bulk.info)
    session = Session(world, Teacher("hunter", world.profile), [recorder], actor=Actor.TEACHER, seeds=seeds_of(1))
    session.run(num_ticks=TICKS)
    session.close()
    live = read_episode(tmp_path / "live.mcap")
    assert live.observations.tobytes() == in_bulk.observations.tobytes()
    assert live.actions.tobytes() == in_bulk.actions.tobytes()


def test_a_recording_that_is_there_already_is_not_touched(tmp_path: Path) -> None:
    (first, *_) = recorded_in_lockstep(tmp_path, 1)
    before = first.read_bytes()
    with pytest.raises(FileExistsError):
        recorded_in_lockstep(tmp_path, 1)
    assert first.read_bytes() == before
