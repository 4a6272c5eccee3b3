import numpy as np
import pytest

from understudy.contract.intent import no_intent
from understudy.evaluation.rollouts.trajectory import Trajectory, record_trajectory
from understudy.viewer.trajectory_frames import frames_of_play
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

SIZE = (320, 180)


@pytest.fixture(scope="module")
def trajectory() -> Trajectory:
    return record_trajectory(Teacher("hunter", load_profile()), 3, 2.0, "1-1")


def test_every_tick_makes_a_frame(trajectory: Trajectory) -> None:
    frames = list(frames_of_play(load_profile(), trajectory.observations.records, states=trajectory.states, size=SIZE))
    assert len(frames) == 40
    assert all(frame.shape == (180, 320, 3) and frame.dtype == np.uint8 for frame in frames)
    assert (frames[0] != frames[-1]).any()


@pytest.mark.parametrize("with_states", [True, False])
def test_every_third_tick_can_be_asked_for(trajectory: Trajectory, with_states: bool) -> None:
    states = trajectory.states if with_states else None
    frames = frames_of_play(load_profile(), trajectory.observations.records, states=states, size=SIZE, every=3)
    assert len(list(frames)) == 14


def test_a_recording_without_states_looks_the_same_but_for_shots_and_flight_goals(trajectory: Trajectory) -> None:
    records = trajectory.observations.records[:5]
    known = list(frames_of_play(load_profile(), records, states=trajectory.states[:5], size=SIZE))
    seen = list(frames_of_play(load_profile(), records, size=SIZE))
    for one, other in zip(known, seen, strict=True):
        assert (np.abs(one.astype(int) - other).sum(axis=2) > 60).mean() < 0.02


def test_intents_are_drawn_over_the_game(trajectory: Trajectory) -> None:
    records, intents = trajectory.observations.records[:1], no_intent(1).records
    intents["mode"], intents["mode_probabilities"] = 1, 0.2
    (plain,) = frames_of_play(load_profile(), records, size=SIZE)
    (over,) = frames_of_play(load_profile(), records, intents=intents, size=SIZE, caption="who")
    assert (plain != over).any(axis=2).mean() > 0.01
