"""Tempers, the hunt, and giving up."""

import numpy as np
import pytest

from tests.support.empty_world import Stage


def distances(stage: Stage) -> np.ndarray:
    """From the player to each alien, map units."""
    world, count = stage.world, int(stage.world["num_aliens"])
    return np.hypot(world["alien_x"][:count] - world["x"], world["alien_y"][:count] - world["y"])


def engaged(stage: Stage) -> list[bool]:
    """Which aliens hunt the player."""
    return stage.world["alien_engaged"][: stage.world["num_aliens"]].astype(bool).tolist()


def test_a_passive_alien_lets_the_player_pass_and_shoots_back() -> None:
    stage = Stage()
    stage.put_alien("sibelon", 200)
    stage.tick(ticks=60)
    assert engaged(stage) == [False]
    stage.click(200)
    stage.tick("ctrl")
    assert engaged(stage) == [True]
    stage.tick(ticks=100)
    assert stage.world["totals"]["damage_taken"] > 0


@pytest.mark.parametrize(("distance", "attacks"), [(480, True), (760, False)])
def test_an_aggressive_alien_attacks_within_its_sight(distance: float, attacks: bool) -> None:
    stage = Stage()
    stage.put_alien("devolarium", distance)
    stage.tick(ticks=2)
    assert engaged(stage) == [attacks]


def test_neighbours_of_its_kind_join_a_pack_member_under_fire() -> None:
    stage = Stage()
    for dx, dy in ((250, 0), (400, 200), (250, -800)):
        stage.put_alien("sibelonit", dx, dy)
    stage.put_alien("streuner", 300, 100)
    stage.tick(ticks=20)
    assert engaged(stage) == [False] * 4
    stage.click(250)
    stage.tick("ctrl")
    assert engaged(stage) == [True, True, False, False]


def test_a_hunter_closes_in_and_keeps_its_distance() -> None:
    stage = Stage()
    stage.world["hull"] = 1.0e9
    alien = stage.put_alien("lordakium", 640)
    stage.tick(ticks=300)
    reach = float(stage.rules["alien_range"][stage.kind("lordakium")])
    assert engaged(stage) == [True]
    assert 0.5 * reach < distances(stage)[alien] < reach


def test_a_shot_makes_an_alien_count_as_attacking_for_two_seconds() -> None:
    stage = Stage()
    alien = stage.put_alien("sibelon", 300)
    stage.world["alien_shot"][alien] = stage.world["tick"]
    stage.tick(ticks=39)
    assert stage.see()["tracks"][0]["attacking"] == 1
    stage.tick(ticks=3)
    assert stage.see()["tracks"][0]["attacking"] == 0


def test_a_hunter_gives_up_on_a_player_who_is_far() -> None:
    stage = Stage()
    alien = stage.put_alien("sibelon", 300)
    stage.world["alien_engaged"][alien] = 1
    stage.world["alien_x"][alien] += 900
    stage.tick(ticks=17)
    assert engaged(stage) == [False]


def test_a_hunter_gives_up_far_outside_its_field() -> None:
    stage = Stage("1-1", x=9000.0, y=300.0)
    alien = stage.put_alien("sibelon", 300)
    stage.world["alien_field"][alien] = 1
    stage.world["alien_engaged"][alien] = 1
    stage.tick(ticks=2)
    assert engaged(stage) == [False]
    assert stage.world["alien_vx"][alien] < 0


def test_hunters_give_up_when_the_player_is_safe() -> None:
    stage = Stage("1-1", x=1500.0, y=1300.0)
    alien = stage.put_alien("sibelon", 500)
    stage.world["alien_engaged"][alien] = 1
    stage.tick(ticks=2)
    assert engaged(stage) == [False]


def test_an_alien_that_is_left_alone_mends_itself() -> None:
    stage = Stage()
    alien = stage.put_alien("sibelon", 700)
    stage.world["alien_hull"][alien] = 100.0
    stage.world["alien_hurt"][alien] = stage.world["tick"]
    stage.tick(ticks=160)
    assert stage.world["alien_hull"][alien] == 100
    stage.tick(ticks=40)
    assert stage.world["alien_hull"][alien] > 110


def test_idle_aliens_stay_in_their_fields() -> None:
    stage = Stage("1-4", seed=3)
    stage.simulator.reset(np.array([3], np.uint64))
    stage.world = stage.simulator.states[0]
    stage.tick(ticks=2400)
    world, rules, count = stage.world, stage.rules, int(stage.world["num_aliens"])
    m, fields = int(world["map_index"]), world["alien_field"][:count]
    away = np.hypot(
        world["alien_x"][:count] - rules["field_x"][m, fields], world["alien_y"][:count] - rules["field_y"][m, fields]
    )
    assert (away < rules["field_radius"][m, fields] + 30).all()
    assert len(np.unique(fields)) == rules["num_fields"][m]
