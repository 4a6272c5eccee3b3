"""Laser, rocket, ammunition, loot, portals, repair, death."""

import pytest

from tests.support.empty_world import Stage
from understudy.contract.observation import Button
from understudy.worlds.simulator.engine.readings import HP, LASER, LOADED, ROCKET, SHIELD
from understudy.worlds.simulator.engine.state import Effect


def fight(stage: Stage, name: str, dx: float) -> int:
    """Selects a fresh alien at that distance and switches the laser on; the player cannot die of it."""
    alien = stage.put_alien(name, dx)
    stage.click(dx)
    stage.tick("ctrl")
    return alien


def test_ctrl_switches_the_laser_on_and_off_by_presses_not_by_holding() -> None:
    stage = Stage()
    fight(stage, "sibelon", 300)
    stage.tick("ctrl", ticks=5)
    assert stage.world["laser_on"] == 1
    stage.tick()
    stage.tick("ctrl")
    assert stage.world["laser_on"] == 0


def test_ctrl_without_a_target_does_nothing() -> None:
    stage = Stage()
    stage.tick("ctrl")
    assert stage.world["laser_on"] == 0


def test_the_laser_fires_one_salvo_a_second_and_hits_about_85_of_100() -> None:
    stage = Stage()
    fight(stage, "kristallon", 300)
    shots = hits = 0.0
    for _ in range(200):
        stage.world["alien_hull"][0] = 500.0
        stage.world["hull"] = 100.0
        events = stage.tick(ticks=20)
        shots += float(events["hits"] + events["misses"])
        hits += float(events["hits"])
    assert shots == pytest.approx(200, abs=1)
    assert 0.77 < hits / shots < 0.93


@pytest.mark.parametrize(("distance", "fires"), [(560, True), (640, False)])
def test_the_laser_reaches_600_units(distance: float, fires: bool) -> None:
    stage = Stage()
    fight(stage, "sibelon", distance)
    events = stage.tick()
    assert (float(stage.world["totals"]["hits"] + stage.world["totals"]["misses"]) > 0) is fires
    assert float(events["hits"] + events["misses"]) == 0


def test_ammunition_multiplies_damage_and_is_used_up() -> None:
    damage = {}
    for kind in "1234":
        stage = Stage()
        alien = stage.put_alien("kristallon", 300)
        stage.world["alien_shield"][alien] = 0
        stage.world["alien_hurt"][alien] = 0  # so that it does not mend its shield meanwhile
        stage.tick(kind)
        before = stage.world["ammo"].copy()
        stage.click(300)
        stage.tick("ctrl")
        while stage.world["totals"]["hits"] == 0:
            stage.tick()
        damage[kind] = 500.0 - float(stage.world["alien_hull"][alien])
        assert (before - stage.world["ammo"])[int(kind) - 1] >= 1
        assert stage.see()["player"]["selectors"][..., LOADED] == int(kind)
    assert [damage[kind] / damage["1"] for kind in "1234"] == pytest.approx([1, 2, 3, 4])


def test_an_empty_hold_falls_back_to_ammunition_one() -> None:
    stage = Stage()
    stage.world["ammo"][3] = 0
    stage.tick("4")
    fight(stage, "sibelon", 300)
    assert stage.world["ammo_kind"] == 1
    assert stage.world["totals"]["hits"] + stage.world["totals"]["misses"] == 1


def test_without_any_ammunition_the_laser_is_silent() -> None:
    stage = Stage()
    stage.world["ammo"][:] = 0
    fight(stage, "sibelon", 300)
    stage.tick(ticks=40)
    assert stage.world["totals"]["hits"] + stage.world["totals"]["misses"] == 0


def test_a_rocket_needs_three_seconds_to_reload() -> None:
    stage = Stage()
    stage.put_alien("kristallon", 300)
    stage.click(300)
    ready, shots = [], 0.0
    for _ in range(61):
        events = stage.tick("space")
        stage.tick()
        shots += float(events["hits"] + events["misses"])
        ready.append(float(stage.see()["player"]["gauges"][..., ROCKET]))
    assert shots == 3  # at 0, 3 and 6 s of 6.1 s
    assert ready[0] < 0.1
    assert max(ready) > 0.95


def test_a_rocket_out_of_range_stays_in_its_launcher() -> None:
    stage = Stage()
    stage.put_alien("sibelon", 650)
    stage.click(650)
    stage.tick("space")
    assert stage.see()["player"]["gauges"][..., ROCKET] == 1


def test_a_kill_earns_the_value_of_the_profile_and_switches_the_laser_off() -> None:
    stage = Stage()
    alien = fight(stage, "mordon", 300)
    stage.world["alien_hull"][alien] = 1.0
    stage.world["alien_shield"][alien] = 0.0
    stage.tick(ticks=200)
    totals = stage.world["totals"]
    assert (totals["kills"], totals["value"]) == (1, 4)
    assert (stage.world["laser_on"], stage.world["selected"]) == (0, -1)
    assert Effect.KILL in stage.world["effects"]["effect"]


def test_a_killed_alien_comes_back_with_another_id() -> None:
    stage = Stage()
    alien = fight(stage, "streuner", 300)
    stage.world["alien_hull"][alien] = 0.1
    stage.world["alien_shield"][alien] = 0.0
    stage.tick(ticks=40)
    assert stage.world["alien_hull"][alien] == 0
    old = int(stage.world["alien_id"][alien])
    stage.tick(ticks=20 * 25)
    assert stage.world["alien_hull"][alien] > 0
    assert stage.world["alien_id"][alien] != old


def test_the_laser_switches_off_when_the_target_is_far_and_the_target_is_forgotten_when_farther() -> None:
    stage = Stage()
    alien = fight(stage, "sibelon", 300)
    stage.world["alien_x"][alien] = stage.world["x"] + 1300
    stage.tick()
    assert (stage.world["laser_on"], stage.world["selected"]) == (0, alien)
    stage.world["alien_x"][alien] = stage.world["x"] + 1700
    stage.tick()
    assert stage.world["selected"] == -1


def test_another_target_means_the_laser_is_off_until_ctrl_is_pressed_again() -> None:
    stage = Stage()
    fight(stage, "sibelon", 300)
    other = stage.put_alien("sibelon", -300)
    stage.click(-300)
    assert (stage.world["laser_on"], stage.world["selected"]) == (0, other)


def test_a_box_is_collected_by_a_click_on_it_and_the_flight_there() -> None:
    stage = Stage()
    box = stage.put_box(300)
    before = stage.world["ammo"].copy()
    stage.click(300)
    stage.tick(ticks=10)
    assert stage.world["box_id"][box] != 0
    stage.tick(ticks=30)
    totals = stage.world["totals"]
    assert (stage.world["box_id"][box], totals["loot"], totals["value"]) == (0, 1, 2)
    assert (stage.world["ammo"][1:] > before[1:]).all()


def test_flying_over_a_box_without_a_click_on_it_collects_nothing() -> None:
    stage = Stage()
    stage.put_box(200)
    stage.click(400)
    stage.tick(ticks=60)
    assert stage.world["totals"]["loot"] == 0


def test_another_course_forgets_the_box() -> None:
    stage = Stage()
    stage.put_box(300)
    stage.click(300)
    stage.click(-300)
    stage.tick(ticks=60)
    assert stage.world["totals"]["loot"] == 0


def test_j_in_a_portal_leads_to_the_portal_that_leads_back() -> None:
    stage = Stage("1-1", x=9180.0, y=5590.0)
    events = stage.tick("j")
    player = stage.see()["player"]
    assert events["jumps"] == 1
    assert stage.simulator.profile.maps[player["map_index"]] == "1-2"
    assert (player["x"], player["y"]) == pytest.approx((0.08, 0.125), abs=0.001)
    stage.tick()
    stage.tick("j")
    assert stage.world["map_index"] == 0


def test_j_elsewhere_does_nothing() -> None:
    stage = Stage("1-1", x=8900.0, y=5600.0)
    assert stage.tick("j")["jumps"] == 0


def test_nobody_fires_in_a_base_and_the_ship_is_repaired_there() -> None:
    stage = Stage("1-1", x=1500.0, y=1300.0)
    stage.world["hull"] = 50.0
    alien = stage.put_alien("kristallon", 250)
    stage.world["alien_engaged"][alien] = 1
    stage.click(250)
    stage.tick("ctrl")
    stage.tick("space", ticks=60)
    totals = stage.world["totals"]
    assert (totals["hits"], totals["misses"], totals["damage_taken"]) == (0, 0, 0)
    assert stage.see()["player"]["safe"] == 1
    assert stage.world["hull"] > 75


def test_a_portal_is_not_safe() -> None:
    stage = Stage("1-1", x=9200.0, y=5600.0)
    stage.tick()
    assert stage.see()["player"]["safe"] == 0


def test_the_shield_takes_three_quarters_of_a_hit_while_it_lasts() -> None:
    stage = Stage()
    alien = stage.put_alien("kristallon", 300)
    stage.world["alien_engaged"][alien] = 1
    while stage.world["totals"]["damage_taken"] == 0:
        stage.tick()
    assert stage.world["shield"] == pytest.approx(60 - 0.75 * 17)
    assert stage.world["hull"] == pytest.approx(100 - 0.25 * 17)
    stage.world["shield"] = 0.0
    stage.world["alien_ready"][alien] = 0
    before = float(stage.world["hull"])
    while stage.world["hull"] == before:
        stage.tick()
    assert stage.world["hull"] == pytest.approx(before - 17)


def test_the_shield_comes_back_after_four_quiet_seconds_and_the_hull_after_eight() -> None:
    stage = Stage()
    stage.world["hull"], stage.world["shield"] = 50.0, 30.0
    stage.world["hurt_tick"] = stage.world["fight_tick"] = stage.world["tick"]
    stage.tick(ticks=79)
    assert (stage.world["shield"], stage.world["hull"]) == (30, 50)
    stage.tick(ticks=42)
    assert stage.world["shield"] > 35
    assert stage.world["hull"] == 50
    stage.tick(ticks=60)
    assert 50 < stage.world["hull"] < 53


def test_death_lasts_three_seconds_and_ends_in_the_base_with_full_hull() -> None:
    stage = Stage()
    fight(stage, "kristallon", 300)
    stage.world["hull"] = 1.0
    stage.world["shield"] = 0.0
    while stage.world["totals"]["deaths"] == 0:
        stage.tick()
    player = stage.see()["player"]
    assert (player["alive"], player["gauges"][..., HP], player["switches"][..., LASER]) == (0, 0, 0)
    where = float(stage.world["x"])
    stage.point_at(300)
    stage.tick(button=Button.LEFT, ticks=58)
    assert stage.see()["player"]["alive"] == 0
    assert stage.world["x"] == where
    stage.tick(ticks=2)
    player = stage.see()["player"]
    assert (player["alive"], player["gauges"][..., HP], player["gauges"][..., SHIELD], player["safe"]) == (1, 1, 1, 1)
    assert stage.world["totals"]["deaths"] == 1


def test_cargo_dissolves_after_a_minute() -> None:
    stage = Stage()
    box = stage.put_box(300)
    stage.world["box_until"][box] = 100
    stage.tick(ticks=90)
    assert stage.world["box_id"][box] != 0
    stage.tick(ticks=20)
    assert stage.world["box_id"][box] == 0
