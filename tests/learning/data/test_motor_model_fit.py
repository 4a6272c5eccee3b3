"""A hand measured from a recording takes as long, rests as long and presses as long as the one that made it."""

import numpy as np
import pytest

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.action import ACTION
from understudy.contract.observation import Observation, Role, empty_observation
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.learning.data.motor_model_fit import FALLBACK_PRESS, FALLBACK_TICKS, fit_motor_model
from understudy.policies.click_semantics import ClickKind, geometry_of
from understudy.policies.motor_model import (
    MAX_DIFFICULTY,
    NUM_DIFFICULTIES,
    NUM_KNOTS,
    difficulty,
    difficulty_bin,
    typical_duration,
    typical_profile,
)
from understudy.policies.policy_bundle import hand_from_plain, hand_to_plain
from understudy.worlds.simulator.teacher.demonstration_noise import hardships_named
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
from understudy.worlds.simulator.world import Simulator

GEOMETRY = geometry_of(PROFILE)
Session = tuple[Observation, np.ndarray, np.ndarray]


def session(num_gestures: int, seed: int = 0) -> Session:
    """Clicks on an alien that jumps about: motions take 4 + 2 x bits of difficulty, rests 1 to 3 ticks, presses 2 on
    the alien and 5 in space; the speed is even; clicks are a quarter of its half-width to the right."""
    random = np.random.default_rng(seed)
    rows, places, x, y = [(0.5, 0.5, 0, 0)], [(0.9, 0.1)], 0.5, 0.5
    for _ in range(num_gestures):
        alien = (random.uniform(0.3, 0.7), random.uniform(0.2, 0.6))
        on_alien = random.random() < 0.5
        to_x, to_y = (alien[0] + 0.25 * 0.025, alien[1]) if on_alien else (random.uniform(0.3, 0.7), 0.7)
        bits = np.log2(1 + np.hypot(to_x - x, to_y - y) / (0.05 if on_alien else 0.04))
        moving = round(4 + 2 * int(bits))
        part = [(x, y, 0, 0)] * 20
        part += [(x + (to_x - x) * (n + 1) / moving, y + (to_y - y) * (n + 1) / moving, 0, 0) for n in range(moving)]
        x, y = to_x, to_y
        part += [(x, y, 0, 0)] * int(random.integers(1, 4)) + [(x, y, 0, 1)] * (2 if on_alien else 5)
        rows += part
        places += [alien] * len(part)
    actions = np.array(rows, ACTION)
    observation = empty_observation(len(actions))
    tracks = observation.records["tracks"]
    tracks["id"][:, 0], tracks["role"][:, 0] = 31, Role.ENEMY
    tracks["x"][:, 0], tracks["y"][:, 0] = np.array(places).T
    tracks["width"][:, 0], tracks["height"][:, 0] = 0.05, 0.08
    return observation, actions, segment_gestures(observation, actions, GEOMETRY)


@pytest.fixture(scope="module")
def fitted() -> np.void:
    return fit_motor_model([session(150, seed=0), session(150, seed=1)])


def test_motions_take_as_long_as_their_difficulty_asks_for(fitted: np.void) -> None:
    for bits in (1.5, 2.5, 3.5):
        assert typical_duration(fitted, bits) == pytest.approx(4 + 2 * int(bits), abs=1), bits


def test_rests_and_presses_are_as_long_as_the_persons(fitted: np.void) -> None:
    assert (fitted["dwell"].min(), fitted["dwell"].max()) == (1, 3)
    assert fitted["dwell"].mean() == pytest.approx(2, abs=0.25)
    assert np.unique(fitted["press"][ClickKind.TRACK]).tolist() == [2]
    assert np.unique(fitted["press"][ClickKind.SPACE]).tolist() == [5]


def test_a_sort_that_was_hardly_clicked_borrows_from_all_presses(fitted: np.void) -> None:
    assert set(np.unique(fitted["press"][ClickKind.MINIMAP]).tolist()) == {2, 5}


def test_the_speed_profile_is_the_persons(fitted: np.void) -> None:
    np.testing.assert_allclose(typical_profile(fitted), np.linspace(0, 1, NUM_KNOTS), atol=1e-3)


def bowed_session(bow: float, *, press_in_motion: bool = False) -> Session:
    """Five clicks to the right and four to the left, four ticks each: beside the way by a share of it in the middle,
    to its right, on a window as high as wide."""
    rows = [(0.2, 0.5, 0, 0)] * 20
    for way in (0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1):
        x, y = rows[-1][:2]
        rows += [(x + way * along, y + way * bow * beside, 0, 0) for along, beside in ((0.2, 0.5), (0.7, 1), (0.9, 1))]
        rows += [(x + way, y, 0, int(press_in_motion))] + [(x + way, y, 0, 1)] * 2 + [(x + way, y, 0, 0)] * 20
    actions = np.array(rows, ACTION)
    observation = empty_observation(len(actions))
    return observation, actions, segment_gestures(observation, actions, GEOMETRY)


def test_the_persons_curves_are_kept_tick_by_tick_with_their_direction() -> None:
    hand = fit_motor_model([bowed_session(0.3)], aspect=1.0)
    assert set(hand["curve_ticks"]) == {4}
    expected = [(0, 0), (0.2, 0.15), (0.7, 0.3), (0.9, 0.3), (1, 0), (1, 0)]
    np.testing.assert_allclose(hand["curve"][:, :6], np.tile(np.array(expected), (64, 1, 1)), atol=2e-4)
    np.testing.assert_allclose(np.abs(hand["curve_way"]), np.tile((0.1, 0.0), (64, 1)), atol=1e-4)
    assert 0.3 < (hand["curve_way"][:, 0] < 0).mean() < 0.6
    assert (hand["dwell"] == 0).all() and hand["still"] == 0


def test_a_press_in_the_last_tick_of_a_motion_is_timed_as_that() -> None:
    hand = fit_motor_model([bowed_session(0.3, press_in_motion=True)], aspect=1.0)
    assert set(hand["curve_ticks"]) == {4} and (hand["dwell"] == -1).all()
    assert typical_duration(hand, 2.0) == pytest.approx(4)


def test_presses_without_a_motion_are_no_part_of_fitts_law() -> None:
    observation, actions, _ = bowed_session(0.0)
    actions["button"][[5, 10, 15]] = 1
    hand = fit_motor_model([(observation, actions, segment_gestures(observation, actions, GEOMETRY))], aspect=1.0)
    assert hand["still"] == pytest.approx(3 / 4)  # of three, with one more against a hasty judgement
    assert typical_duration(hand, 0.1) == pytest.approx(4)


def test_clicks_are_as_far_off_the_centre_as_the_persons(fitted: np.void) -> None:
    np.testing.assert_allclose(fitted["track_offset"][:, 0], 0.25, atol=1e-3)
    np.testing.assert_allclose(fitted["track_offset"][:, 1], 0.0, atol=1e-3)


def test_key_presses_are_measured_key_by_key() -> None:
    observation, actions, gestures = session(10)
    for start in range(0, 160, 8):
        actions["keys"][start + 1 : start + 4] |= 1
        actions["keys"][start + 1 : start + 7] |= 2
    hand = fit_motor_model([(observation, actions, gestures)])
    assert np.unique(hand["key_press"][0]).tolist() == [3]
    assert np.unique(hand["key_press"][1]).tolist() == [6]
    assert set(np.unique(hand["key_press"][5]).tolist()) == {3, 6}  # never pressed: as long as the others


def test_a_recording_without_gestures_gives_the_textbooks_hand() -> None:
    observation, actions, _ = session(1)
    actions["button"] = 0
    hand = fit_motor_model([(observation, actions, segment_gestures(observation, actions, GEOMETRY))])
    assert typical_duration(hand, 0.5) == typical_duration(hand, 4.0) == FALLBACK_TICKS
    assert (hand["press"] == FALLBACK_PRESS).all() and (hand["key_press"] == FALLBACK_PRESS).all()
    np.testing.assert_allclose(typical_profile(hand), np.linspace(0, 1, NUM_KNOTS), atol=1e-6)


def test_the_teachers_hand_is_slower_where_it_is_harder_and_survives_a_checkpoint() -> None:
    hand = fit_motor_model(
        [(labelled.observation, labelled.actions, labelled.labels.gestures) for labelled in teacher_lessons()]
    )
    assert typical_duration(hand, 4.0) > typical_duration(hand, 2.0) > 0
    assert np.diff(typical_profile(hand)).min() > -0.05  # it does not go back and forth
    assert hand_from_plain(hand_to_plain(hand)) == hand


def test_difficulty_rises_with_distance_and_falls_with_size() -> None:
    assert difficulty(0.3, 0.05) > difficulty(0.1, 0.05) > difficulty(0.1, 0.1)
    assert difficulty_bin(0.0) == 0
    assert difficulty_bin(2 * MAX_DIFFICULTY) == NUM_DIFFICULTIES - 1


def dragged(hardship: str) -> np.void:
    """The hand of two minutes of hunter in three worlds with a hardship."""
    seeds = np.array([3, 1, 4], np.uint64)
    world, pilot = Simulator(seeds), NoisyTeacher("hunter", PROFILE, hardships_named([hardship]))
    carry, seen, done = pilot.start(seeds), [], []
    for _ in range(2400):
        observation = world.observe().copy()
        decision = pilot.decide(observation, carry)
        seen.append(observation.records)
        done.append(decision.action.records.copy())
        world.act(decision.action)
    sessions = []
    for b in range(len(seeds)):
        observation, actions = Observation(np.array(seen)[:, b].copy()), np.array(done)[:, b].copy()
        sessions.append((observation, actions, segment_gestures(observation, actions, GEOMETRY)))
    return fit_motor_model(sessions)


def test_drags_are_found_in_the_presses_that_are_drags_and_in_no_others() -> None:
    """Six of ten gestures to a point in space are drags of nine ticks that go on as far as the motion went."""
    hand = dragged("drags")
    assert 0.3 < hand["drag"][ClickKind.SPACE] < 0.8
    assert hand["drag"][ClickKind.MINIMAP] < 0.2, "few begin there on their way"
    assert np.median(hand["drag_ticks"]) == 9
    along, beside = np.median(hand["drag_way"], axis=0)
    assert along > 0.05 and abs(beside) < 0.02
    assert hand_from_plain(hand_to_plain(hand)) == hand
    assert not dragged("overlaps")["drag"].any(), "there the next motion has begun"


def test_overlaps_of_two_buttons_are_measured() -> None:
    """Presses of six ticks by two buttons in turn; each second motion begins three ticks before the release."""
    actions = np.zeros(400, ACTION)
    actions["cursor_x"] = 0.2 + 0.3 * (np.arange(400) // 20 % 2)
    gestures = np.zeros(18, session(3)[2].dtype)
    gestures["onset"] = 20 * np.arange(1, 19)
    gestures["arrival"], gestures["press"] = gestures["onset"] + 1, gestures["onset"] + 2
    gestures["release"] = gestures["press"] + 5
    gestures["release"][::2] = gestures["onset"][1::2] + 2
    gestures["size"], gestures["sort"] = 0.05, ClickKind.SPACE
    hand = fit_motor_model([(None, actions, gestures)])
    assert set(hand["overlap"].tolist()) == {0.0, 4.0}
    assert hand_from_plain(hand_to_plain(hand)) == hand
    assert not fit_motor_model([session(20)])["overlap"].any()
