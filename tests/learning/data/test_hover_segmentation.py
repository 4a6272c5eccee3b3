"""Motions without a press: a rest on an object is a hover, also on one that moves; the rest of the way wanders."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.hover_game import LANTERN, PROFILE, SIZE, WITHOUT_HOVER
from understudy.contract.action import ACTION
from understudy.contract.observation import TICK_S, Observation, empty_observation
from understudy.learning.data.gesture_segmentation import GESTURE, segment_gestures
from understudy.learning.data.hindsight_labels import label_hindsight
from understudy.learning.data.hover_segmentation import find_hovers
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.policies.click_semantics import HOVER, geometry_of

GEOMETRY = geometry_of(PROFILE)
TICKS, LEAVES, SECOND = 100, 40, 7
"""Length of a scene, tick in which the cursor leaves, id of the lantern."""


def scene(speed: float = 0.0) -> Observation:
    """One lantern in the middle of the upper half, which moves to the right."""
    seen = empty_observation(TICKS)
    seen.records["time_s"] = TICK_S * np.arange(TICKS)
    lantern = seen.records["tracks"][:, 0]
    lantern["id"], lantern["kind"], lantern["role"] = SECOND, LANTERN, PROFILE.kinds[LANTERN].role
    lantern["x"], lantern["y"] = 0.4 + speed * np.arange(TICKS), 0.3
    lantern["width"], lantern["height"] = SIZE, SIZE * 16 / 9
    return seen


def visit(seen: Observation) -> np.ndarray:
    """Actions of a cursor that goes to the lantern in ticks 11 to 15, follows it, and leaves for the corner."""
    actions = np.zeros(TICKS, ACTION)
    actions["cursor_x"][:11], actions["cursor_y"] = 0.8, 0.8
    lantern = seen.records["tracks"][:, 0]
    for name in ("x", "y"):
        cursor = actions[f"cursor_{name}"]
        cursor[11:16] = 0.8 + (lantern[name][11:16] - 0.8) * np.arange(1, 6) / 5
        cursor[16:LEAVES] = lantern[name][16:LEAVES]
        cursor[LEAVES:] = np.linspace(cursor[LEAVES - 1], 0.95, TICKS - LEAVES + 1)[1:]
    actions["cursor_x"][LEAVES:] += 0.04
    return actions


def hovers(seen: Observation, actions: np.ndarray) -> np.ndarray:
    return find_hovers(seen, actions, np.zeros(0, GESTURE), GEOMETRY)


@pytest.mark.parametrize("speed", [0.0, 0.003])
def test_a_rest_on_an_object_is_a_hover_also_while_it_moves(speed: float) -> None:
    seen = scene(speed)
    (found,) = hovers(seen, visit(seen))
    assert (found["onset"], found["arrival"], found["press"], found["release"]) == (11, 15, 16, LEAVES - 1)
    assert (found["button"], found["track_id"]) == (HOVER, SECOND)
    assert (found["offset_x"], found["offset_y"]) == pytest.approx((0, 0), abs=1e-3)


def test_passing_over_resting_beside_and_being_passed_are_no_hovers() -> None:
    seen = scene()
    passing = visit(seen)
    passing["cursor_x"] = np.linspace(0.1, 0.9, TICKS)
    passing["cursor_y"] = 0.3
    assert not len(hovers(seen, passing[::2])), "the cursor is over the lantern for five ticks"
    beside = visit(seen)
    beside["cursor_y"] += 0.15
    assert not len(hovers(seen, beside))
    still = np.zeros(TICKS, ACTION)
    still["cursor_x"], still["cursor_y"] = 0.6, 0.3
    assert not len(hovers(scene(0.003), still)), "the lantern came under the cursor"


def test_a_correction_does_not_end_a_hover_and_a_press_does() -> None:
    seen, corrected = scene(), visit(scene())
    corrected["cursor_x"][25:] += 0.02
    assert [found["release"] for found in hovers(seen, corrected)] == [LEAVES - 1]
    pressed = visit(seen)
    pressed["button"][30:32] = 1
    clicks = segment_gestures(seen, pressed, GEOMETRY)
    assert len(clicks) == 1
    assert all(found["release"] < 30 for found in find_hovers(seen, pressed, clicks, GEOMETRY))


def test_a_hover_is_a_gesture_where_the_profile_says_so() -> None:
    seen = scene()
    actions = visit(seen)
    assert list(label_hindsight(seen, actions, GEOMETRY).gestures["button"]) == [HOVER]
    assert not len(label_hindsight(seen, actions, geometry_of(WITHOUT_HOVER)).gestures)
    only_coins = replace(PROFILE, kinds=(replace(PROFILE.kinds[0], hover=True), WITHOUT_HOVER.kinds[1]))
    assert not len(label_hindsight(seen, actions, geometry_of(only_coins)).gestures)


def test_the_motor_model_keeps_how_long_a_person_hovers_apart_from_how_long_buttons_are_held() -> None:
    seen = scene()
    actions = visit(seen)
    found = label_hindsight(seen, actions, GEOMETRY).gestures
    hand = fit_motor_model([(None, actions, found)])
    assert hand["hover_share"] == 1 and set(hand["hover"]) == {LEAVES - 16}
    assert set(hand["press"].ravel()) == {2.0} and not hand["other_button"].any()
    away = actions.copy()
    away["cursor_x"][LEAVES:], away["cursor_y"][LEAVES:] = actions["cursor_x"][LEAVES - 1], 0.3
    shorter = found.copy()
    shorter["release"] -= 10
    stayed = fit_motor_model([(None, actions, found), (None, away, shorter)])
    assert set(stayed["hover"]) == {LEAVES - 16}, "the lantern went, and the hand would have stayed"
