"""What the player sees is what is there."""

import numpy as np
import pytest

from tests.support.empty_world import Stage
from understudy.contract.observation import MAX_TRACKS, Role
from understudy.worlds.simulator.engine.readings import HP


def test_an_object_lies_at_its_place_in_the_window() -> None:
    stage = Stage()
    stage.put_alien("mordon", 400, -225)
    stage.tick()
    track = stage.see()["tracks"][0]
    assert (track["x"], track["y"]) == pytest.approx((0.75, 0.25), abs=1e-6)
    assert (track["kind"], track["role"], track["gauges"][..., HP]) == (stage.kind("mordon"), Role.ENEMY, 1)
    assert track["width"] * 1600 == pytest.approx(track["height"] * 900)


def test_what_lies_outside_the_window_is_not_seen() -> None:
    stage = Stage()
    stage.put_alien("mordon", 820)
    stage.put_alien("mordon", 0, 460)
    stage.put_box(-810)
    stage.tick()
    assert (stage.see()["tracks"]["id"] == 0).all()


def test_objects_come_nearest_first_and_the_nearest_twenty_at_most() -> None:
    stage = Stage()
    for i in range(30):
        stage.put_alien("streuner", -700 + (i * 7 % 30) * 45, 100)
    stage.tick()
    tracks = stage.see()["tracks"]
    far = np.hypot((tracks["x"] - 0.5) * 1600, (tracks["y"] - 0.5) * 900)
    world = stage.world
    all_far = np.sort(np.hypot(world["alien_x"][:30] - world["x"], world["alien_y"][:30] - world["y"]))
    assert (tracks["id"] > 0).sum() == MAX_TRACKS
    assert far == pytest.approx(all_far[:MAX_TRACKS], abs=0.01)


def test_things_that_rest_seem_to_move_against_the_flight() -> None:
    stage = Stage()
    stage.put_box(300)
    stage.click(0, 300)
    before = stage.see()["tracks"][0].copy()
    stage.tick()
    after = stage.see()["tracks"][0]
    assert after["vy"] < -0.1
    assert (after["y"] - before["y"]) * 20 == pytest.approx(after["vy"], rel=1e-3)
    assert stage.see()["player"]["vy"] == pytest.approx(-after["vy"])


def test_boxes_portals_and_bases_have_no_hull_to_read() -> None:
    stage = Stage("1-1", x=9200.0, y=5600.0)
    stage.put_box(100)
    stage.tick()
    tracks = stage.see()["tracks"][:2]
    assert tracks["role"].tolist() == [Role.PORTAL, Role.LOOT]
    assert np.isnan(tracks["gauges"][..., HP]).all()


def test_landmarks_are_the_base_and_the_portals_of_the_map() -> None:
    marks = Stage("1-2").see()["landmarks"]
    assert marks["role"].tolist() == [Role.BASE, Role.PORTAL, Role.PORTAL, Role.PORTAL, 0, 0]
    assert (marks["x"][1], marks["y"][1]) == pytest.approx((0.08, 0.125))


def test_ids_are_unique_and_stay_while_an_object_lives() -> None:
    stage = Stage()
    for dx in (100, 200, 300):
        stage.put_alien("streuner", dx)
    stage.put_box(150)
    stage.tick()
    first = stage.see()["tracks"]["id"][:4].copy()
    stage.click(0, 100)
    stage.tick(ticks=10)
    assert sorted(stage.see()["tracks"]["id"][:4]) == sorted(first)
    assert len(set(first.tolist())) == 4


def test_hits_show_in_the_events_and_the_alien_s_bars() -> None:
    stage = Stage()
    stage.put_alien("sibelon", 300)
    stage.click(300)
    stage.tick("ctrl")
    while stage.see()["events"]["hits"] == 0:
        stage.tick()
    seen = stage.see()
    assert seen["events"]["damage_dealt"] == pytest.approx(0.06)
    assert seen["tracks"][0]["gauges"][..., HP] < 1
    stage.tick()
    assert stage.see()["events"]["hits"] == 0
