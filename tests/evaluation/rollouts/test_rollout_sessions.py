import numpy as np

from understudy.evaluation.rollouts.trajectory import fresh_sessions
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PROFILE = load_profile()
SEEDS = np.array([5, 6, 7], np.uint64)


def test_fresh_sessions_are_the_play_that_the_arena_judges() -> None:
    teacher = Teacher("hunter", PROFILE)
    labelled_episodes = fresh_sessions(teacher, SEEDS, 30.0)
    assert [len(labelled) for labelled in labelled_episodes] == [600] * 3
    earned = [float(labelled.observation.records["events"]["value"].sum()) for labelled in labelled_episodes]
    judged = rollout(teacher, SEEDS, 29.95).total("value")  # what the last action brings is not seen any more
    np.testing.assert_allclose(earned, judged, rtol=1e-5)
    assert sum(len(labelled.labels.gestures) for labelled in labelled_episodes) > 10
