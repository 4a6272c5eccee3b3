"""A lesson says of each tick whether the hand was free, what began in it and where it went."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.action import ACTION
from understudy.contract.observation import MAX_TRACKS, TICK_S, Role, empty_observation
from understudy.learning.data.labelled_episode import label_episode, mirror_sign_tables
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.policies.click_semantics import MAX_KEYS, ClickKind, geometry_of
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.motor_model import MOTOR_STATE
from understudy.policies.object_features import MINIMAP, NUM_CANDIDATES, SPACE
from understudy.policies.sampling import ActionProbabilities, sample_actions
from understudy.worlds.input_accumulator import InputAccumulator

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
    for table in mirror_sign_tables(CONTEXT_WIDTH):
        assert (table[0] == 1).all()
        np.testing.assert_array_equal(table[3], table[1] * table[2])
        assert ((table[1] == -1).sum(), (table[2] == -1).sum()) == ((table[1] == -1).sum(),) * 2
        assert not ((table[1] == -1) & (table[2] == -1)).any()


KEYED = replace(PROFILE, keys=("space", "z", "x"), click_keys=("z", "x"))


def keyed_actions(num_presses: int = 12) -> np.ndarray:
    """Motions of six ticks to targets in turn; z and x press them in turn for three ticks, space does what it did."""
    actions = np.zeros(20 * num_presses + 20, ACTION)
    actions["cursor_x"], actions["cursor_y"] = 0.5, 0.5
    for number in range(num_presses):
        begin = 20 * number + 10
        place = (0.4, 0.6)[number % 2]
        actions["cursor_x"][begin - 1 : begin + 6] = np.linspace(actions["cursor_x"][begin - 1], place, 7)
        actions["cursor_x"][begin + 6 :] = place
        actions["keys"][begin + 7 : begin + 10] = 2 << number % 2
    actions["keys"][5:8] |= 1
    return actions


def test_a_key_that_clicks_makes_gestures_and_is_no_key_press() -> None:
    actions = keyed_actions()
    labelled = label_episode(empty_observation(len(actions)), actions, KEYED)
    gestures = labelled.labels.gestures
    assert gestures["press"].tolist() == [20 * number + 17 for number in range(12)]
    assert gestures["onset"].tolist() == [20 * number + 10 for number in range(12)]
    assert gestures["button"].tolist() == [1 << 3 + 1, 1 << 3 + 2] * 6
    assert np.argwhere(labelled.key_onsets).tolist() == [[5, 0]], "only space is a key press"
    assert labelled.keys_down[:, 1:3].all() and not labelled.keys_down[:, 0].any()


def test_raw_events_of_a_key_that_clicks_make_the_same_gestures() -> None:
    actions = keyed_actions()
    observation = empty_observation(len(actions))
    times_s = 10.0 + TICK_S * np.arange(len(actions))
    observation.records["time_s"] = times_s
    hands, events = InputAccumulator(KEYED), []
    hands.rest((0.5, 0.5))
    for time_s, action in zip(times_s, actions, strict=True):
        if action["cursor_x"] != hands.cursor[0]:
            hands.move((float(action["cursor_x"]), 0.5), float(time_s) + 0.02)
        for bit in (1, 2, 4):
            hands.turn_key(bit, down=bool(action["keys"] & bit), time_s=float(time_s) + 0.04)
        events += hands.take_inputs()
    labelled = label_episode(observation, np.zeros(len(actions), ACTION), KEYED, events)
    assert labelled.labels.gestures["button"].tolist() == [1 << 3 + 1, 1 << 3 + 2] * 6
    assert labelled.labels.gestures["press"].tolist() == [20 * number + 17 for number in range(12)]


def test_play_presses_the_keys_that_click_in_turn_as_the_person_did() -> None:
    actions = keyed_actions()
    observation = empty_observation(len(actions))
    labelled = label_episode(observation, actions, KEYED)
    hand = fit_motor_model([(observation, actions, labelled.labels.gestures)])
    geometry, states, streams = geometry_of(KEYED), np.zeros(1, MOTOR_STATE), np.array([3], np.uint64)
    scene, done = empty_observation(1).records, np.zeros(1, ACTION)
    scene["player"]["alive"] = 1
    scene["cursor_x"], scene["cursor_y"] = 0.5, 0.5
    pointer = np.zeros((1, NUM_CANDIDATES), np.float32)
    pointer[:, SPACE] = 1.0
    density = np.tile(np.float32([1.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.1]), (1, 1, 1))
    always, never = np.ones(1, np.float32), np.full((1, MAX_KEYS), 1.0, np.float32)
    never[:, 0] = 0.0  # the hazards of z and x were never trained, whatever they are
    timing = np.zeros((1, NUM_CANDIDATES, 0, 3), np.float32)
    pressed: list[int] = []
    for _ in range(400):
        before = int(scene["keys"][0])
        chances = ActionProbabilities(always, pointer, always, density, density, never, timing)
        sample_actions(scene, states, hand, geometry, streams, chances, done)
        assert done["button"][0] == 0
        pressed += [bit for bit in (1, 2, 4) if int(done["keys"][0]) & ~before & bit]
        for name in ("cursor_x", "cursor_y", "keys"):
            scene[name] = done[name]
    assert len(pressed) > 15 and set(pressed) == {2, 4}
    assert all(first != second for first, second in pairwise(pressed))
