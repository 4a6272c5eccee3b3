import numpy as np
import pytest

from understudy.evaluation.offline.copycat import ablate_current_frame, ablate_history, memory_columns
from understudy.evaluation.rollouts.trajectory import fresh_sessions
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PROFILE = load_profile()


@pytest.fixture(scope="module")
def labelled() -> LabelledEpisode:
    """A minute of the teacher."""
    return fresh_sessions(Teacher("hunter", PROFILE), np.array([21], np.uint64), 60.0)[0]


def test_memory_and_the_present_are_told_apart(labelled: LabelledEpisode) -> None:
    columns = memory_columns(labelled, PROFILE)
    assert 0.2 < columns.context.mean() < 0.9
    assert columns.tracks[21:26].all()  # trend of health, ages, times since clicks
    assert not columns.tracks[[0, 4, 15, 16, 18]].any()  # place, attacking, selected, size


def test_each_blindfold_hides_its_part_and_leaves_the_other(labelled: LabelledEpisode) -> None:
    columns = memory_columns(labelled, PROFILE)
    other = np.random.default_rng(0).permutation(len(labelled))
    true, forgetful = labelled.encoded, ablate_history(labelled.encoded, columns, other)
    blind = ablate_current_frame(labelled.encoded, columns, other)
    assert (forgetful.context[:, ~columns.context] == true.context[:, ~columns.context]).all()
    assert (forgetful.tracks[:, :, ~columns.tracks] == true.tracks[:, :, ~columns.tracks]).all()
    assert (forgetful.context[:, columns.context] == true.context[other][:, columns.context]).all()
    assert (blind.context[:, columns.context] == true.context[:, columns.context]).all()
    assert (blind.context[:, ~columns.context] == true.context[other][:, ~columns.context]).all()
    assert (blind.kinds == true.kinds[other]).all()
    assert (blind.landmarks == true.landmarks[other]).all()
