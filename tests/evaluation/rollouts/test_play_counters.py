import numpy as np
import pytest

from understudy.contract.action import Action, idle_action
from understudy.contract.observation import Button, Observation, Role, empty_observation
from understudy.evaluation.rollouts.play_counters import (
    CALM_TICKS,
    CLICK_KINDS,
    GRID,
    OUTSIDE_TICKS,
    RETREAT_TICKS,
    PlayCounterCollector,
    clicked_kind,
)
from understudy.evaluation.rollouts.play_style import behaviour_of
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, LASER

PROFILE = load_profile("darkorbit")


def sky(num_worlds: int = 1) -> Observation:
    """An alien at (0.6, 0.4), a box at (0.3, 0.5), a portal at (0.5, 0.2)."""
    observation = empty_observation(num_worlds)
    tracks = observation.records["tracks"]
    for slot, (role, x, y) in enumerate([(Role.ENEMY, 0.6, 0.4), (Role.LOOT, 0.3, 0.5), (Role.PORTAL, 0.5, 0.2)]):
        tracks["id"][:, slot] = slot + 1
        tracks["role"][:, slot] = role
        tracks["x"][:, slot], tracks["y"][:, slot] = x, y
        tracks["width"][:, slot] = tracks["height"][:, slot] = 0.05
    observation.records["player"]["alive"] = 1
    observation.records["player"]["gauges"][..., HP] = 1.0
    return observation


@pytest.mark.parametrize(
    ("x", "y", "thing"),
    [
        (0.61, 0.41, "enemy"),
        (0.30, 0.53, "loot"),
        (0.52, 0.19, "portal"),
        (0.45, 0.60, "space"),
        (0.90, 0.80, "minimap"),
        (0.10, 0.05, "panel"),
        (0.66, 0.40, "space"),
    ],
)
def test_a_click_is_counted_for_what_lies_under_it(x: float, y: float, thing: str) -> None:
    assert CLICK_KINDS[clicked_kind(sky().records[0], x, y, PROFILE)] == thing


def press(observation: Observation, x: float, y: float) -> Action:
    action = idle_action(observation)
    action.records["cursor_x"], action.records["cursor_y"] = x, y
    action.records["button"] = Button.LEFT
    return action


def test_holding_the_button_is_one_click() -> None:
    watch = PlayCounterCollector(1, PROFILE)
    observation = sky()
    for held in (False, True, True):
        observation.records["button"] = Button.LEFT if held else Button.NONE
        watch.add(observation, press(observation, 0.6, 0.4))
    assert watch.habits().records["clicks"][0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert watch.habits().records["unchanged_ticks"][0] == 2


def test_fight_range_is_the_distance_to_the_selected_target_while_the_laser_is_on() -> None:
    watch = PlayCounterCollector(2, PROFILE)
    observation = sky(2)
    observation.records["tracks"]["selected"][:, 0] = 1
    observation.records["player"]["switches"][..., LASER] = [1, 0]
    watch.add(observation, idle_action(observation))
    habits = watch.habits()
    assert habits.records["fight_ticks"].tolist() == [1, 0]
    assert behaviour_of(habits).fight_range == pytest.approx(np.hypot(0.1, 0.1 * 720 / 1280), rel=1e-4)


def test_a_retreat_is_the_first_click_on_the_minimap_under_fire() -> None:
    watch = PlayCounterCollector(3, PROFILE)
    observation = sky(3)
    observation.records["tracks"]["attacking"][:, 0] = [1, 0, 1]
    observation.records["player"]["gauges"][..., HP] = [0.25, 0.9, 0.5]
    action = press(observation, 0.9, 0.8)
    action.records["cursor_x"][2] = 0.45  # world 2 clicks on space
    for _ in range(3):
        watch.add(observation, action)
    assert watch.habits().records["retreats"].tolist() == [1, 0, 0]
    for _ in range(RETREAT_TICKS):
        watch.add(observation, idle_action(observation))
    watch.add(observation, action)
    assert watch.habits().records["retreats"].tolist() == [2, 0, 0]
    assert behaviour_of(watch.habits()).retreat_hp == pytest.approx(0.25)


def test_time_to_act_runs_from_the_first_shot_after_calm_to_the_next_press() -> None:
    watch = PlayCounterCollector(2, PROFILE)
    calm, fire = sky(2), sky(2)
    fire.records["tracks"]["attacking"][0, 0] = 1  # nobody shoots in world 1
    watch.add(calm, press(calm, 0.5, 0.5))
    for _ in range(6):
        watch.add(fire, idle_action(fire))
    for _ in range(3):
        watch.add(fire, press(fire, 0.6, 0.4))  # only the first answers
    assert watch.habits().records["answers"].tolist() == [1, 0]
    for _ in range(CALM_TICKS):
        watch.add(calm, idle_action(calm))
    keys = idle_action(fire)
    watch.add(fire, idle_action(fire))
    keys.records["keys"] = 4
    watch.add(fire, keys)
    assert watch.habits().records["answers"].tolist() == [2, 0]
    assert behaviour_of(watch.habits()).time_to_act == pytest.approx((0.3 + 0.05) / 2)


def test_coverage_counts_each_cell_of_each_map_once() -> None:
    watch = PlayCounterCollector(1, PROFILE)
    observation = sky()
    for map_index, x in [(0, 0.01), (0, 0.02), (0, 0.5), (1, 0.01), (-1, 0.9)]:
        observation.records["player"]["map_index"], observation.records["player"]["x"] = map_index, x
        watch.add(observation, idle_action(observation))
    assert watch.habits().records["cells"][0] == 3
    places = watch.habits().records["place_ticks"][0]
    assert (places[0, 0, 0], places[0, 0, GRID // 2], places[1, 0, 0], places.sum()) == (2, 1, 1, 4)


def test_a_return_is_an_entry_into_a_base_after_ten_seconds_outside_and_a_new_ship_is_none() -> None:
    watch = PlayCounterCollector(3, PROFILE)
    outside, home = sky(3), sky(3)
    home.records["player"]["safe"] = 1
    for tick in range(OUTSIDE_TICKS):
        outside.records["player"]["safe"][1] = tick == 20  # world 1 is outside for less
        outside.records["player"]["alive"][2] = tick < OUTSIDE_TICKS - 1  # world 2 gets a new ship in the base
        watch.add(outside, idle_action(outside))
    for _ in range(5):
        watch.add(home, idle_action(home))
    assert watch.habits().records["returns"].tolist() == [1, 0, 0]


def test_a_ship_is_idle_while_it_stands_still_with_its_laser_off() -> None:
    watch = PlayCounterCollector(4, PROFILE)
    observation = sky(4)
    observation.records["player"]["vx"][1] = 0.1
    observation.records["player"]["switches"][2, LASER] = 1
    observation.records["player"]["alive"][3] = 0
    watch.add(observation, idle_action(observation))
    assert watch.habits().records["idle_ticks"].tolist() == [1, 0, 0, 0]
