"""Clicks and flight."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.empty_world import Stage
from understudy.contract.action import idle_action
from understudy.contract.observation import Button
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator


def test_a_click_on_free_space_flies_there_and_stops() -> None:
    stage = Stage()
    stage.click(400, -200)
    stage.tick(ticks=80)
    assert stage.world["x"] == pytest.approx(5400, abs=2)
    assert stage.world["y"] == pytest.approx(3000, abs=2)
    assert abs(stage.world["vx"]) < 5


def test_the_ship_is_never_faster_than_its_speed_and_takes_a_moment_to_reach_it() -> None:
    stage = Stage()
    stage.click(700)
    speeds = []
    for _ in range(20):
        stage.tick()
        speeds.append(float(np.hypot(stage.world["vx"], stage.world["vy"])))
    assert speeds[0] < 300
    assert max(speeds) <= stage.rules["speed"] + 1e-9
    assert speeds[-1] == pytest.approx(stage.rules["speed"], rel=0.01)


def test_a_held_press_on_free_space_keeps_steering() -> None:
    stage = Stage()
    stage.point_at(300)
    stage.tick(button=Button.LEFT)
    stage.point_at(0, 300)
    stage.tick(button=Button.LEFT)
    assert stage.world["goal_x"] == pytest.approx(stage.world["x"], abs=20)
    assert stage.world["goal_y"] > stage.world["y"] + 250


def test_a_released_button_steers_no_more() -> None:
    stage = Stage()
    stage.click(300)
    stage.point_at(-300)
    stage.tick(ticks=5)
    assert stage.world["goal_x"] == pytest.approx(5300)


def test_a_click_on_the_minimap_flies_to_that_place_of_the_map() -> None:
    stage = Stage()
    minimap = stage.simulator.profile.minimap
    stage.cursor = (minimap.left + 0.75 * minimap.width, minimap.top + 0.25 * minimap.height)
    stage.tick(button=Button.LEFT)
    assert stage.world["goal_x"] == pytest.approx(7500, abs=1)
    assert stage.world["goal_y"] == pytest.approx(1600, abs=1)
    stage.tick(ticks=40)
    assert stage.world["x"] > 5400


def test_a_click_on_a_panel_does_nothing() -> None:
    stage = Stage()
    stage.cursor = (0.05, 0.05)
    stage.tick(button=Button.LEFT, ticks=10)
    assert stage.world["x"] == 5000
    assert stage.world["goal_x"] == 5000


def test_the_right_button_does_nothing() -> None:
    stage = Stage()
    stage.put_alien("streuner", 300)
    stage.point_at(300)
    stage.tick(button=Button.RIGHT, ticks=10)
    assert stage.world["selected"] == -1
    assert stage.world["x"] == 5000


def test_a_click_on_an_alien_selects_it_and_the_ship_stays() -> None:
    stage = Stage()
    alien = stage.put_alien("streuner", 300, 100)
    stage.click(300, 100)
    assert stage.world["selected"] == alien
    assert stage.world["x"] == 5000
    assert [bool(track["selected"]) for track in stage.see()["tracks"][:1]] == [True]


@pytest.mark.parametrize(("share_of_side", "hit"), [(0.5 * 1.14, True), (0.5 * 1.16, False)])
def test_a_click_selects_within_a_margin_of_the_box(share_of_side: float, hit: bool) -> None:
    stage = Stage()
    stage.put_alien("streuner", 300)
    size = float(stage.rules["kind_size"][stage.kind("streuner")])
    stage.click(300 + share_of_side * size)
    assert int(stage.world["selected"]) == (0 if hit else -1)


def test_of_two_aliens_under_the_cursor_the_nearer_one_is_selected() -> None:
    stage = Stage()
    stage.put_alien("kristallon", 300)
    nearer = stage.put_alien("kristallon", 340)
    stage.click(335)
    assert stage.world["selected"] == nearer


def test_a_button_held_since_before_is_no_new_press() -> None:
    stage = Stage()
    stage.point_at(-400)
    stage.tick(button=Button.LEFT)
    stage.put_alien("streuner", 300)
    stage.point_at(300)
    stage.tick(button=Button.LEFT)
    assert stage.world["selected"] == -1


def test_the_ship_stays_on_the_map() -> None:
    stage = Stage(x=30.0, y=40.0)
    stage.click(-700, -100)
    stage.tick(ticks=60)
    assert stage.world["x"] == pytest.approx(0, abs=1)
    assert stage.world["y"] >= 0


def test_a_cursor_that_is_not_a_number_stays_where_it_was() -> None:
    stage = Stage()
    stage.cursor = (0.25, 0.75)
    stage.tick()
    stage.cursor = (float("nan"), float("inf"))
    stage.tick()
    assert (stage.see()["cursor_x"], stage.see()["cursor_y"]) == (0.25, 0.75)


def test_other_buttons_neither_end_a_held_press_nor_hide_a_new_one() -> None:
    stage = Stage()
    stage.point_at(300)
    stage.tick(button=Button.LEFT)
    stage.point_at(0, 300)
    stage.tick(button=Button.LEFT | Button.RIGHT)
    assert stage.world["goal_y"] > stage.world["y"] + 250, "the left button still steers"
    stage.tick(button=Button.MIDDLE)
    stage.point_at(-300)
    stage.tick(button=Button.MIDDLE | Button.LEFT)
    assert stage.world["goal_x"] < stage.world["x"] - 250, "a press of the left button while another is held"


def test_a_key_that_clicks_flies_there_and_steers_while_it_is_held() -> None:
    profile = load_profile()
    keyed = replace(profile, keys=(*profile.keys, "z"), click_keys=("z",))
    simulator = Simulator(np.array([1], np.uint64), profile=keyed)
    world, action = simulator.states[0], idle_action(simulator.observe())
    action.records["keys"] = keyed.key_bit("z")
    for cursor_x, farther in ((0.7, 1), (0.3, -1)):
        action.records["cursor_x"] = cursor_x
        simulator.act(action)
        assert farther * (world["goal_x"] - world["x"]) > 50
