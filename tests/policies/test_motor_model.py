"""The hand: it reaches, follows, drops and presses exactly as drawn from the person's own quantiles."""

import numpy as np
import pytest

from tests.support.constant_hand import curved_hand, steady_hand
from tests.support.policy_scenes import PROFILE, put, quiet_space
from understudy.contract.action import ACTION
from understudy.contract.intent import Phase
from understudy.contract.observation import Button, Observation
from understudy.policies.click_semantics import ClickKind, geometry_of
from understudy.policies.motor_model import (
    BY_TABLE,
    CURVE_FIELDS,
    LONGEST_CURVE,
    MOTOR_MODEL,
    MOTOR_STATE,
    NUM_OFFSETS,
    NUM_QUANTILES,
    NUM_UNIFORMS,
    POINT_SIZE,
    begin_gesture,
    difficulty,
    draw_other_button,
    press_key,
    sample_quantile,
    step_motor,
    typical_duration,
)
from understudy.policies.policy_bundle import hand_from_plain, hand_to_plain

GEOMETRY = geometry_of(PROFILE)
ALIEN = 100


def play_out(
    scenes: list[Observation],
    hand: np.void,
    sort: ClickKind,
    target: int,
    x: float,
    y: float,
    press_in: int = BY_TABLE,
) -> np.ndarray:
    """Begins a gesture in the first scene; the actions of every tick, the cursor carried from tick to tick."""
    states, actions = np.zeros(1, MOTOR_STATE), np.zeros(len(scenes), ACTION)
    for tick, scene in enumerate(scenes):
        record = scene.records[0]
        if tick:
            record["cursor_x"], record["cursor_y"] = actions[tick - 1]["cursor_x"], actions[tick - 1]["cursor_y"]
        else:
            chances = np.full(NUM_UNIFORMS, 0.5)
            chances[0] += 0.5 / NUM_OFFSETS  # of 64 offsets and of the curves the middle
            goal = (int(sort), target, x, y)
            begin_gesture(states[0], hand, record, GEOMETRY, *goal, int(Button.LEFT), chances, press_in)
        step_motor(states[0], hand, record, GEOMETRY, actions[tick])
    return actions


def with_alien(places: list[tuple[float, float] | None]) -> list[Observation]:
    scenes = [quiet_space() for _ in places]
    for scene, place in zip(scenes, places, strict=True):
        if place is not None:
            put(scene, 0, "streuner", *place)
    return scenes


def pressed(actions: np.ndarray) -> list[int]:
    return np.flatnonzero(actions["button"]).tolist()


def test_it_moves_rests_and_presses_for_exactly_the_ticks_that_were_drawn() -> None:
    actions = play_out([quiet_space() for _ in range(14)], steady_hand(), ClickKind.SPACE, -1, 0.75, 0.25)
    np.testing.assert_allclose(actions["cursor_x"][:5], [0.55, 0.6, 0.65, 0.7, 0.75], atol=1e-6)
    np.testing.assert_allclose(actions["cursor_y"][4:], 0.25, atol=1e-6)
    assert pressed(actions) == [7, 8, 9]


@pytest.mark.parametrize(("duration", "dwell", "press"), [(0, 0, 1), (1, 0, 2), (0, 3, 1), (7, 1, 5)])
def test_any_length_may_be_zero_but_the_presss(duration: int, dwell: int, press: int) -> None:
    hand = steady_hand(duration, dwell, press)
    actions = play_out([quiet_space() for _ in range(20)], hand, ClickKind.SPACE, -1, 0.75, 0.25)
    first = duration + dwell if duration else 0  # a hand that is there already does not rest
    assert pressed(actions) == list(range(first, first + press))
    assert actions["cursor_x"][first] == pytest.approx(0.75)


def test_it_follows_an_object_that_moves() -> None:
    places = [(0.7 + 0.01 * tick, 0.4) for tick in range(12)]
    actions = play_out(with_alien(list(places)), steady_hand(), ClickKind.TRACK, ALIEN, 0.7, 0.4)
    first = pressed(actions)[0]
    assert actions["cursor_x"][first] == pytest.approx(places[first][0], abs=1e-6)


def test_it_drops_an_object_that_is_lost_before_the_press() -> None:
    places = [(0.7, 0.4)] * 4 + [None] * 8
    actions = play_out(with_alien(places), steady_hand(), ClickKind.TRACK, ALIEN, 0.7, 0.4)
    assert pressed(actions) == []
    assert len(np.unique(actions["cursor_x"][3:])) == 1  # it stays where it was


def test_it_finishes_a_press_on_an_object_that_dies_under_it() -> None:
    places = [(0.7, 0.4)] * 8 + [None] * 5
    actions = play_out(with_alien(places), steady_hand(), ClickKind.TRACK, ALIEN, 0.7, 0.4)
    assert pressed(actions) == [7, 8, 9]


def test_it_finds_a_landmark_on_the_minimap_and_drops_it_when_the_map_changes() -> None:
    scenes = [quiet_space() for _ in range(12)]
    actions = play_out(scenes, steady_hand(), ClickKind.LANDMARK, 1, 0.9, 0.9)
    minimap = PROFILE.minimap
    assert actions["cursor_x"][7] == pytest.approx(minimap.left + 0.875 * minimap.width, abs=1e-6)
    assert actions["cursor_y"][7] == pytest.approx(minimap.top + 0.75 * minimap.height, abs=1e-6)
    for scene in scenes[4:]:
        scene.records["landmarks"]["role"][:, 1] = 0
    assert pressed(play_out(scenes, steady_hand(), ClickKind.LANDMARK, 1, 0.9, 0.9)) == []


def test_it_clicks_off_the_centre_as_the_person_does() -> None:
    hand = steady_hand()
    hand["track_offset"] = (0.5, -0.25)
    actions = play_out(with_alien([(0.7, 0.4)] * 9), hand, ClickKind.TRACK, ALIEN, 0.7, 0.4)
    assert actions["cursor_x"][7] == pytest.approx(0.7 + 0.5 * 0.045 / 2, abs=1e-6)
    assert actions["cursor_y"][7] == pytest.approx(0.4 - 0.25 * 0.08 / 2, abs=1e-6)


@pytest.mark.parametrize(("press_in", "arrival"), [(1, 1), (3, 2), (6, 3), (7, 4), (8, 5), (12, 5), (20, 5)])
def test_a_press_comes_when_it_was_planned_and_the_motion_is_as_fast_as_the_person_needs(
    press_in: int, arrival: int
) -> None:
    """A motion of 3 to 6 ticks and a dwell of 2: it hurries only for a press that comes earlier, and then waits."""
    hand = curved_hand([(0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (0.75, 0.0), (1.0, 0.0)], dwell=2)
    hand["fitts"], hand["fitts_spread"] = (4.0, 0.0), (1.0, 0.0)
    hand["fitts_residual"] = np.linspace(-1.0, 2.0, NUM_QUANTILES)
    hand["curve_ticks"] = 40  # in no motion's own time: they are stretched
    hand["curve"][:, :, 0] = np.minimum(np.arange(LONGEST_CURVE + 1) / 40, 1.0)
    actions = play_out([quiet_space() for _ in range(26)], hand, ClickKind.SPACE, -1, 0.9, 0.5, press_in)
    assert pressed(actions) == [press_in, press_in + 1, press_in + 2]
    at_goal = np.flatnonzero(actions["cursor_x"] > 0.8999)
    assert at_goal[0] == arrival


def test_a_press_at_once_where_the_cursor_is_comes_without_a_motion() -> None:
    hand = curved_hand([(0.0, 0.0), (1.0, 0.0)])
    assert pressed(play_out([quiet_space() for _ in range(6)], hand, ClickKind.SPACE, -1, 0.51, 0.5, 0))[0] == 0
    assert pressed(play_out([quiet_space() for _ in range(6)], hand, ClickKind.SPACE, -1, 0.9, 0.5, 0))[0] == 1


def test_a_drag_goes_on_from_the_press_as_the_person_does_and_ends_with_it() -> None:
    hand = curved_hand([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)], dwell=0)
    hand["drag"][ClickKind.SPACE], hand["drag_ticks"] = 1.0, 5
    hand["drag_way"] = (0.1, -0.05)  # window widths: onwards, and to the left
    actions = play_out([quiet_space() for _ in range(10)], hand, ClickKind.SPACE, -1, 0.7, 0.5)
    assert pressed(actions) == [2, 3, 4, 5, 6]
    np.testing.assert_allclose(actions["cursor_x"][[2, 4, 6]], [0.7, 0.75, 0.8], atol=1e-6)
    np.testing.assert_allclose(actions["cursor_y"][[2, 4, 6]], 0.5 - 0.05 * np.array([0, 0.5, 1]) * 16 / 9, atol=1e-6)
    actions = play_out([quiet_space() for _ in range(10)], hand, ClickKind.MINIMAP, -1, 0.7, 0.5)
    assert len(set(actions["cursor_x"][2:].tolist())) == 1, "on the minimap the person does not drag"


def overlapping(second: Button, overlap: int) -> np.ndarray:
    """Two gestures, the second as soon as the hand is free: motion of 2 ticks and no dwell, press of 6; the buttons."""
    scene, states = quiet_space().records[0], np.zeros(1, MOTOR_STATE)
    hand = curved_hand([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)], dwell=0, press=6)
    hand["overlap"] = overlap
    actions, buttons = np.zeros(18, ACTION), [Button.LEFT, second]
    for tick in range(len(actions)):
        if states[0]["phase"] == Phase.IDLE and buttons:
            goal = (int(ClickKind.SPACE), -1, 0.9 if len(buttons) == 2 else 0.2, 0.5)
            chances = np.full(NUM_UNIFORMS, 0.5)
            begin_gesture(states[0], hand, scene, GEOMETRY, *goal, int(buttons.pop(0)), chances, BY_TABLE)
        step_motor(states[0], hand, scene, GEOMETRY, actions[tick])
        scene["cursor_x"], scene["cursor_y"] = actions[tick]["cursor_x"], actions[tick]["cursor_y"]
    return actions


def test_the_next_motion_begins_while_the_button_before_is_still_down() -> None:
    actions = overlapping(Button.RIGHT, 4)
    left, right = (np.flatnonzero(actions["button"] & button).tolist() for button in (1, 2))
    assert left == list(range(2, 8)), "as long as without an overlap"
    assert right == list(range(7, 13)), "the hand is free after two ticks of the press, and moves in the two after that"
    assert actions["cursor_x"][6] == pytest.approx(0.2, abs=1e-6)


def test_the_same_button_goes_up_before_it_is_pressed_again() -> None:
    actions = overlapping(Button.LEFT, 4)
    assert np.flatnonzero(actions["button"]).tolist() == [2, 3, 4, 5, 6, *range(8, 14)]


def test_an_idle_hand_leaves_the_cursor_and_holds_nothing() -> None:
    scene, states, actions = quiet_space(), np.zeros(1, MOTOR_STATE), np.ones(1, ACTION)
    scene.records["cursor_x"] = 0.125
    step_motor(states[0], steady_hand(), scene.records[0], GEOMETRY, actions[0])
    assert actions[0].tolist() == (0.125, 0.5, 0, 0)


def test_after_a_press_there_is_a_tick_with_the_button_up() -> None:
    """Two presses without one would be a single press to the game and to whoever learns from the recording."""
    scene, hand, states = quiet_space().records[0], steady_hand(0, 0, 1), np.zeros(1, MOTOR_STATE)
    actions = np.zeros(6, ACTION)
    for tick in range(6):
        if states[0]["phase"] == Phase.IDLE:
            goal = (int(ClickKind.SPACE), -1, 0.5, 0.5)
            begin_gesture(
                states[0], hand, scene, GEOMETRY, *goal, int(Button.LEFT), np.full(NUM_UNIFORMS, 0.5), BY_TABLE
            )
        step_motor(states[0], hand, scene, GEOMETRY, actions[tick])
    assert actions["button"].tolist() == [1, 0, 1, 0, 1, 0]


def test_a_key_stays_down_for_exactly_the_ticks_that_were_drawn() -> None:
    scene, hand, states = quiet_space().records[0], steady_hand(), np.zeros(1, MOTOR_STATE)
    actions = np.zeros(8, ACTION)
    press_key(states[0], hand, 2, 0.5)
    for tick in range(8):
        step_motor(states[0], hand, scene, GEOMETRY, actions[tick])
    assert actions["keys"].tolist() == [1 << 2] * 4 + [0] * 4


def test_a_draw_runs_through_the_quantiles() -> None:
    table = np.array([1, 2, 4, 8], np.float32)
    assert [sample_quantile(table, chance) for chance in (0.0, 1 / 3, 0.5, 1.0)] == pytest.approx([1, 2, 3, 8])


def test_a_hand_survives_being_packed_as_plain_numbers() -> None:
    hand = np.zeros(1, MOTOR_MODEL)
    hand.view(np.float32)[:] = 1.0 + np.random.default_rng(0).random(MOTOR_MODEL.itemsize // 4)
    assert hand_from_plain(hand_to_plain(hand[0])) == hand[0]


def test_which_other_button_is_drawn_depends_on_the_gesture_before() -> None:
    hand = steady_hand()
    assert draw_other_button(hand, 1, 0.9) == Button.RIGHT, "a motor model of before knows no other"
    hand["other_button"][0, [1, 2]] = 0.25, 0.75
    hand["other_button"][2, 4] = 1.0
    assert [draw_other_button(hand, int(Button.LEFT), chance) for chance in (0.2, 0.3)] == [Button.RIGHT, Button.MIDDLE]
    assert draw_other_button(hand, int(Button.MIDDLE), 0.5) == 1 << 4, "the second key"


def test_a_checkpoint_of_before_has_no_other_buttons() -> None:
    plain = hand_to_plain(steady_hand())
    del plain["other_button"]
    assert not hand_from_plain(plain)["other_button"].any()


def test_a_hand_from_before_there_were_curves_survives_it_too() -> None:
    plain = hand_to_plain(steady_hand())
    assert not set(plain) & set(CURVE_FIELDS)
    assert hand_from_plain(plain) == steady_hand()


def test_it_plays_the_persons_curve_tick_by_tick() -> None:
    """To the right and up on a window that is wider than high: the bow keeps its right angle on the screen."""
    hand = curved_hand([(0.0, 0.0), (0.25, 0.1), (0.75, 0.2), (1.0, 0.0)])
    aspect = GEOMETRY["aspect"]
    actions = play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.7, 0.5)
    np.testing.assert_allclose(actions["cursor_x"][:3], [0.55, 0.65, 0.7], atol=1e-5)
    np.testing.assert_allclose(actions["cursor_y"][:3], [0.5 + 0.02 / aspect, 0.5 + 0.04 / aspect, 0.5], atol=1e-5)
    up = play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.5, 0.3)
    np.testing.assert_allclose(up["cursor_y"][:3], [0.45, 0.35, 0.3], atol=1e-5)
    np.testing.assert_allclose(up["cursor_x"][:3], [0.5 + 0.02 * aspect, 0.5 + 0.04 * aspect, 0.5], atol=1e-5)


def test_a_press_may_come_in_the_last_tick_of_the_motion() -> None:
    hand = curved_hand([(0.0, 0.0), (0.25, 0.0), (0.75, 0.0), (1.0, 0.0)])
    hand["dwell"] = -1
    actions = play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.7, 0.5)
    np.testing.assert_allclose(actions["cursor_x"][:3], [0.55, 0.65, 0.7], atol=1e-5)
    assert pressed(actions) == [2, 3, 4]


def test_motions_last_by_fitts_law_and_a_curve_is_stretched_to_that() -> None:
    hand = curved_hand([(0.0, 0.0), (0.25, 0.0), (0.75, 0.0), (1.0, 0.0)])
    hand["fitts"], hand["dwell"] = (10.0, 1.0), 0
    bits = difficulty(0.2, POINT_SIZE)
    actions = play_out([quiet_space() for _ in range(20)], hand, ClickKind.SPACE, -1, 0.7, 0.5)
    assert pressed(actions)[0] == round(10 + bits)
    assert typical_duration(hand, bits) == pytest.approx(10 + bits)


def test_it_draws_a_curve_of_like_length_direction_and_duration() -> None:
    hand = curved_hand([(0.0, 0.0), (0.25, 0.0), (0.75, 0.0), (1.0, 0.0)])
    hand["curve"][:32, 1:3, 1], hand["curve"][32:63, 1:3, 1], hand["curve"][63, 1:3, 1] = 0.5, -0.5, 0.1
    hand["curve_way"][:32], hand["curve_way"][32:63], hand["curve_way"][63] = (0.2, 0.0), (-0.2, 0.0), (0.01, 0.0)
    right = play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.7, 0.5)
    left = play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.3, 0.5)
    assert right["cursor_y"][0] > 0.6 and left["cursor_y"][0] > 0.6  # beside the way to the left it is down as well


def test_a_person_who_is_near_enough_may_press_at_once() -> None:
    hand = curved_hand([(0.0, 0.0), (0.25, 0.0), (0.75, 0.0), (1.0, 0.0)])
    hand["still"] = 0.75
    assert pressed(play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.515, 0.5))[0] == 0
    assert pressed(play_out([quiet_space() for _ in range(9)], hand, ClickKind.SPACE, -1, 0.55, 0.5))[0] > 0
