"""Who lives on a map, and what is remembered of a fight."""

import numpy as np

from tests.support.empty_world import Stage
from understudy.worlds.simulator.engine.state import NUM_EFFECTS, PARKED, Effect
from understudy.worlds.simulator.world import Simulator


def test_a_map_begins_with_the_aliens_and_boxes_of_its_plan() -> None:
    for m, name in enumerate(("1-1", "1-2", "1-3", "1-4")):
        simulator = Simulator(np.array([4], np.uint64), name)
        world, rules = simulator.states[0], simulator.rules[0]
        count = int(world["num_aliens"])
        planned = rules["field_aliens"][m].sum(axis=0)
        assert np.bincount(world["alien_kind"][:count], minlength=len(planned)).tolist() == planned.tolist()
        assert (world["box_id"] > 0).sum() == rules["bonus_boxes"][m]
        ids = np.concatenate([world["alien_id"][:count], world["box_id"][world["box_id"] > 0]])
        assert len(np.unique(ids)) == len(ids)


def test_no_alien_begins_in_the_base() -> None:
    simulator = Simulator(np.arange(50, dtype=np.uint64))
    for world in simulator.states:
        m, count = int(world["map_index"]), int(world["num_aliens"])
        rules = simulator.rules[0]
        away = np.hypot(world["alien_x"][:count] - rules["base_x"][m], world["alien_y"][:count] - rules["base_y"][m])
        assert (away > rules["base_radius"][m]).all()


def test_a_collected_bonus_box_comes_back_elsewhere_with_another_id() -> None:
    stage = Stage()
    world = stage.world
    world["box_x"][0], world["box_y"][0] = world["x"] + 100, world["y"]
    world["box_id"][0], world["box_kind"][0] = 77, stage.kind("bonus_box")
    stage.click(100)
    stage.tick(ticks=30)
    assert (world["box_id"][0], world["box_x"][0]) == (0, PARKED)
    stage.tick(ticks=20 * 45)
    assert world["box_id"][0] not in (0, 77)
    assert 0 < world["box_x"][0] < stage.rules["map_width"]


def test_a_kill_drops_cargo_at_times_where_the_alien_was() -> None:
    dropped = 0
    for seed in range(60):
        stage = Stage(seed=seed)
        alien = stage.put_alien("streuner", 300)
        stage.world["alien_hull"][alien] = 0.1
        stage.world["alien_shield"][alien] = 0.0
        stage.click(300)
        stage.tick("ctrl", ticks=60)
        cargo = np.flatnonzero(stage.world["box_id"])
        dropped += len(cargo)
        assert all(abs(stage.world["box_x"][k] - stage.world["x"] - 300) < 150 for k in cargo)
    assert 8 < dropped < 30


def test_the_ring_of_effects_keeps_the_newest() -> None:
    stage = Stage()
    stage.put_alien("kristallon", 300)
    stage.click(300)
    stage.world["hull"] = 1.0e9
    stage.tick("ctrl", ticks=2)
    for _ in range(3000):
        stage.world["alien_hull"][0] = 500.0
        stage.tick()
    world = stage.world
    newest = world["effects"][(int(world["num_effects"]) - 1) % NUM_EFFECTS]
    assert world["num_effects"] > NUM_EFFECTS
    assert world["effects"]["tick"].max() == newest["tick"]
    assert set(world["effects"]["effect"].tolist()) <= {
        Effect.LASER_HIT, Effect.LASER_MISS, Effect.ALIEN_HIT, Effect.ALIEN_MISS
    }  # fmt: skip
