"""A lesson says of each tick whether the hand was free, what began in it and where it went."""

import numpy as np

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.action import ACTION
from understudy.contract.observation import MAX_TRACKS, Role, empty_observation
from understudy.learning.data.labelled_episode import label_episode, mirror_sign_tables
from understudy.policies.click_semantics import ClickKind
from understudy.policies.executor import MINIMAP, SPACE

MARK = (0.5, 0.25)


def lesson_with_click(x: float, y: float, *, mark_appears: int = 0):  # type: ignore[no-untyped-def]
    """Forty ticks: the cursor sets out in tick 10, arrives in 14, and the button is down in 16 and 17."""
    observation, actions = empty_observation(40), np.zeros(40, ACTION)
    marks = observation.records["landmarks"]
    marks["role"][mark_appears:, 2], marks["x"][:, 2], marks["y"][:, 2] = Role.PORTAL, *MARK
    for axis, place in (("cursor_x", x), ("cursor_y", y)):
        actions[axis] = np.interp(np.arange(40), [9, 14], [0.5, place])
    actions["button"][16:18] = 1
    actions["keys"][20:23] = 4
    return label_episode(observation, actions, PROFILE)


def on_minimap(x: float, y: float) -> tuple[float, float]:
    minimap = PROFILE.minimap
    return minimap.left + x * minimap.width, minimap.top + y * minimap.height


def test_the_hand_is_busy_from_the_tick_after_the_onset_to_the_release() -> None:
    labelled = lesson_with_click(0.5, 0.75)
    assert np.flatnonzero(labelled.gesture_index >= 0).tolist() == [10]
    assert np.flatnonzero(~labelled.can_start_gesture).tolist() == list(range(11, 18))


def test_a_key_goes_down_in_one_tick() -> None:
    assert np.argwhere(lesson_with_click(0.5, 0.75).key_onsets).tolist() == [[20, 2]]


def test_candidates_and_points_are_in_the_units_of_the_executor() -> None:
    space, minimap = lesson_with_click(0.5, 0.75), lesson_with_click(*on_minimap(0.75, 0.75))
    assert space.targets[10] == SPACE and minimap.targets[10] == MINIMAP
    np.testing.assert_allclose(space.positions[10], [0.0, 0.5], atol=1e-6)
    np.testing.assert_allclose(minimap.positions[10], [0.5, 0.5], atol=1e-5)
    assert lesson_with_click(*on_minimap(*MARK)).targets[10] == MAX_TRACKS + 2


def test_a_landmark_that_was_not_there_yet_at_the_onset_is_no_candidate() -> None:
    labelled = lesson_with_click(*on_minimap(*MARK), mark_appears=12)
    assert labelled.labels.gestures["sort"].tolist() == [ClickKind.LANDMARK]
    assert labelled.gesture_index[10] == 0 and labelled.targets[10] == -1


def test_candidates_of_the_teachers_play_were_in_sight_at_their_onset() -> None:
    for labelled in teacher_lessons():
        onsets = np.flatnonzero(labelled.targets >= 0)
        chosen = labelled.targets[onsets]
        ids = labelled.observation.records["tracks"]["id"][onsets]
        tracks = chosen < MAX_TRACKS
        assert (ids[tracks, chosen[tracks]] > 0).all()
        assert (labelled.gesture_index[onsets] >= 0).all()
        assert len(onsets) >= 0.98 * len(labelled.labels.gestures)
        assert labelled.can_start_gesture[onsets].all()


def test_mirrors_are_as_seen_left_right_up_down_and_both() -> None:
    for table in mirror_sign_tables():
        assert (table[0] == 1).all()
        np.testing.assert_array_equal(table[3], table[1] * table[2])
        assert ((table[1] == -1).sum(), (table[2] == -1).sum()) == ((table[1] == -1).sum(),) * 2
        assert not ((table[1] == -1) & (table[2] == -1)).any()
