"""Gestures are found where they were made: on cursor paths drawn by hand, and in the teacher's play."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.teacher_play import PROFILE, Play, teacher_play
from understudy.contract.action import ACTION
from understudy.contract.observation import Button, Observation, Role, empty_observation
from understudy.learning.data.gesture_segmentation import key_presses, segment_gestures
from understudy.policies.click_semantics import ClickKind, geometry_of

GEOMETRY = geometry_of(PROFILE)
ALIEN = (0.75, 0.25)
MARK = (0.5, 0.25)


def on_minimap(x: float, y: float) -> tuple[float, float]:
    """Map fractions to window fractions."""
    minimap = PROFILE.minimap
    return minimap.left + x * minimap.width, minimap.top + y * minimap.height


def scenes(num_ticks: int) -> Observation:
    """An alien and a box in sight, a portal on the minimap."""
    observation = empty_observation(num_ticks)
    tracks, marks = observation.records["tracks"], observation.records["landmarks"]
    for slot, (number, role, x, y) in enumerate([(31, Role.ENEMY, *ALIEN), (32, Role.LOOT, 0.25, 0.5)]):
        tracks["id"][:, slot], tracks["role"][:, slot] = number, role
        tracks["x"][:, slot], tracks["y"][:, slot] = x, y
        tracks["width"][:, slot], tracks["height"][:, slot] = 0.05, 0.08
    marks["role"][:, 0], marks["x"][:, 0], marks["y"][:, 0] = Role.PORTAL, *MARK
    return observation


def hand_path(*moves: tuple[float, float, int, int, int, int]) -> np.ndarray:
    """Actions of a cursor that starts in the middle and makes moves (x, y, ticks before, moving, resting, pressing)."""
    x, y, rows = 0.5, 0.5, [(0.5, 0.5, 0, 0)]
    for to_x, to_y, before, moving, resting, pressing in moves:
        rows += [(x, y, 0, 0)] * before
        rows += [(x + (to_x - x) * (n + 1) / moving, y + (to_y - y) * (n + 1) / moving, 0, 0) for n in range(moving)]
        x, y = to_x, to_y
        rows += [(x, y, 0, 0)] * resting + [(x, y, 0, 1)] * pressing
    rows += [(x, y, 0, 0)] * 3
    return np.array(rows, ACTION)


def find(actions: np.ndarray) -> np.ndarray:
    return segment_gestures(scenes(len(actions)), actions, GEOMETRY)


@pytest.mark.parametrize(
    ("place", "sort"),
    [
        (ALIEN, ClickKind.TRACK),
        ((0.26, 0.51), ClickKind.TRACK),
        (on_minimap(*MARK), ClickKind.LANDMARK),
        (on_minimap(0.8, 0.8), ClickKind.MINIMAP),
        ((0.5, 0.75), ClickKind.SPACE),
    ],
)
def test_a_gesture_has_its_times_and_its_meaning(place: tuple[float, float], sort: ClickKind) -> None:
    found = find(hand_path((*place, 9, 6, 2, 3)))
    assert len(found) == 1
    gesture = found[0]
    assert (gesture["onset"], gesture["arrival"], gesture["press"], gesture["release"]) == (10, 15, 18, 20)
    assert gesture["sort"] == sort
    assert (gesture["x"], gesture["y"]) == pytest.approx(place)
    assert (gesture["start_x"], gesture["start_y"]) == (0.5, 0.5)


def test_a_click_on_an_object_names_it_and_says_how_far_off_the_centre() -> None:
    gesture = find(hand_path((ALIEN[0] + 0.0125, ALIEN[1] - 0.02, 5, 5, 1, 2)))[0]
    assert (gesture["track_id"], gesture["role"]) == (31, Role.ENEMY)
    assert (gesture["offset_x"], gesture["offset_y"]) == pytest.approx((0.5, -0.5), abs=1e-4)
    assert gesture["size"] == pytest.approx(0.05)


def test_a_press_on_a_panel_is_no_gesture_but_ends_the_motion_before_the_next() -> None:
    assert len(find(hand_path((0.05, 0.05, 5, 5, 1, 2)))) == 0
    found = find(hand_path((0.05, 0.05, 5, 5, 1, 2), (*ALIEN, 4, 6, 1, 2)))
    assert found["track_id"].tolist() == [31]
    assert found["onset"][0] == 1 + 5 + 5 + 1 + 2 + 4


def test_a_click_without_a_motion_begins_with_its_press() -> None:
    found = find(hand_path((0.5, 0.75, 5, 6, 2, 2), (0.5, 0.75, 30, 1, 0, 2)))
    press = found["press"][1]
    assert (found["onset"][1], found["arrival"][1]) == (press, press - 1)


def test_a_motion_that_only_wanders_about_is_none() -> None:
    assert len(find(hand_path((0.3, 0.3, 5, 5, 5, 0), (0.6, 0.6, 5, 5, 5, 0)))) == 0


def test_a_pause_between_two_motions_begins_the_gesture_anew() -> None:
    found = find(hand_path((0.3, 0.3, 5, 5, 0, 0), (0.5, 0.75, 4, 5, 1, 2)))
    assert found["onset"].tolist() == [1 + 5 + 5 + 4]


def test_a_long_held_button_is_one_press() -> None:
    found = find(hand_path((0.5, 0.75, 5, 5, 1, 200)))
    assert (found["release"] - found["press"] + 1).tolist() == [200]


def test_a_press_that_the_recording_breaks_off_ends_with_it() -> None:
    actions = hand_path((0.5, 0.75, 5, 5, 1, 20))[:-10]
    assert find(actions)["release"].tolist() == [len(actions) - 1]


def test_a_hand_that_moves_while_it_presses_has_arrived_the_tick_before() -> None:
    gesture = find(hand_path((0.5, 0.75, 5, 6, 0, 3)))[0]
    assert (gesture["onset"], gesture["arrival"], gesture["press"]) == (6, 11, 12)
    dragged = hand_path((0.5, 0.75, 5, 6, 0, 3))
    dragged["button"][11] = 1
    assert find(dragged)["arrival"].tolist() == [10]


def test_gestures_do_not_overlap() -> None:
    for play in teacher_play():
        found = segment_gestures(play.observation, play.actions, GEOMETRY)
        assert (found["onset"] <= found["press"]).all() and (found["press"] <= found["release"]).all()
        assert (found["onset"] - 1 <= found["arrival"]).all() and (found["arrival"] < found["press"]).all()
        assert (found["onset"][1:] > found["release"][:-1]).all()


def errors(plays: Sequence[Play]) -> tuple[np.ndarray, float]:
    """Ticks by which the onset of each true press is off, and the share of presses that were not found."""
    off, missed = [], 0
    for play in plays:
        onsets = {int(g["press"]): int(g["onset"]) for g in segment_gestures(play.observation, play.actions, GEOMETRY)}
        off += [onsets[press] - true for press, true in play.onsets.items() if press in onsets]
        missed += len(play.onsets.keys() - onsets.keys())
    return np.array(off), missed / (missed + len(off))


@pytest.mark.parametrize("style", ["hunter", "kiter"])
def test_nine_in_ten_of_the_teachers_onsets_are_found_within_two_ticks(style: str) -> None:
    off, missed = errors(teacher_play(style))
    assert len(off) > 100
    assert (np.abs(off) <= 2).mean() >= 0.9
    assert missed < 0.05


def test_key_presses_have_their_first_ticks_and_lengths() -> None:
    actions = np.zeros(10, ACTION)
    actions["keys"] = [0, 1, 1, 0, 2, 3, 2, 0, 0, 1]
    (first, lengths), (second, second_lengths) = key_presses(actions, 2)
    assert (first.tolist(), lengths.tolist()) == ([1, 5, 9], [2, 1, 1])
    assert (second.tolist(), second_lengths.tolist()) == ([4], [3])


def test_a_press_of_another_button_while_one_is_held_is_a_gesture_of_its_own() -> None:
    actions = hand_path((*ALIEN, 5, 6, 1, 10), (0.5, 0.75, 0, 6, 0, 3))
    held = slice(13, 26)  # the first press lasts until after the second
    assert actions["button"][13] and not actions["button"][12]
    actions["button"][actions["button"] == 1] = 0
    actions["button"][held] = Button.LEFT
    second = len(actions) - 6
    actions["button"][second : second + 3] = Button.LEFT | Button.MIDDLE
    actions["button"][second + 3 :] = 0
    actions["button"][26:second] = Button.LEFT
    found = find(actions)
    assert found["button"].tolist() == [Button.LEFT, Button.MIDDLE]
    assert found["press"].tolist() == [13, second]
    assert found["release"].tolist() == [second + 2, second + 2]
    assert found["onset"][1] == 23 and found["arrival"][1] == second - 1
    assert (found["x"][1], found["y"][1]) == pytest.approx((0.5, 0.75))


@pytest.mark.parametrize("spacing", [2, 3])
def test_a_cursor_that_is_seldom_reported_rests_at_none_of_its_places(spacing: int) -> None:
    """As over a remote desktop: between two events the ticks show the cursor where it was."""
    actions = hand_path(*[(*ALIEN, 9, 12, 2, 3), (0.5, 0.75, 9, 12, 2, 3)] * 5)
    reported = actions.copy()
    edges = np.diff(actions["button"].astype(int), prepend=0) != 0
    for tick in range(1, len(actions)):
        if tick % spacing and not edges[tick]:
            for axis in ("cursor_x", "cursor_y"):
                reported[axis][tick] = reported[axis][tick - 1]
    true, found = find(actions), find(reported)
    assert found["press"].tolist() == true["press"].tolist()
    assert np.abs(found["onset"] - true["onset"]).max() <= spacing
    assert np.hypot(found["start_x"] - true["start_x"], found["start_y"] - true["start_y"]).max() < 0.01


def test_gestures_do_not_depend_on_where_the_recording_begins() -> None:
    """A rest of two ticks is 0.1 s, the shortest rest, to within a last bit that depends on the tick's number."""
    actions = hand_path(*[(*ALIEN, 9, 6, 2, 3), (0.3, 0.3, 5, 4, 0, 0), (0.5, 0.75, 1, 7, 2, 3)] * 60)
    whole = find(actions)
    for begin in (1, 7, 100, 350):
        part = find(actions[begin:])
        for name in ("onset", "arrival", "press"):
            assert (part[name][-60:] + begin).tolist() == whole[name][-60:].tolist()
