import numpy as np

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.learning.data.context_window import ContextWindow


def test_a_window_is_what_training_cuts_from_a_recording() -> None:
    labelled = teacher_lessons()[0]
    back = ContextWindow(1, PROFILE, window_s=20)
    for tick in range(437):
        back.append(labelled.observation[tick : tick + 1])
    window = back.window()
    assert window.shape[0] == 20
    np.testing.assert_array_equal(window, labelled.encoded.context[436 - 19 * 20 : 437 : 20])


def test_early_in_a_session_it_is_shorter_and_it_is_a_copy() -> None:
    labelled = teacher_lessons()[0]
    back = ContextWindow(1, PROFILE, window_s=20)
    for tick in range(45):
        back.append(labelled.observation[tick : tick + 1])
    window = back.window()
    np.testing.assert_array_equal(window, labelled.encoded.context[[4, 24, 44]])
    window[:] = 7.0
    assert not (back.window() == 7.0).any()


def test_worlds_do_not_mix() -> None:
    first, second = teacher_lessons()[:2]
    back = ContextWindow(2, PROFILE, window_s=5)
    records = np.stack([first.observation.records[:200], second.observation.records[:200]], axis=1)
    for tick in range(200):
        back.append(type(first.observation)(records[tick]))
    np.testing.assert_array_equal(back.window(1)[-1], second.encoded.context[199])
