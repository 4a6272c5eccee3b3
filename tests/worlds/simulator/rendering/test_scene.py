import numpy as np
import pytest

from tests.support.rendering_scenes import quiet_observation, with_object
from understudy.contract.observation import EVENTS
from understudy.worlds.simulator.engine.state import Effect
from understudy.worlds.simulator.rendering.scene import SceneTracker, scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

WATCHED = (Effect.KILL, Effect.LOOT, Effect.DEATH, Effect.JUMP)


def test_a_witness_tells_from_a_recording_alone_what_the_game_knew() -> None:
    """Kills, boxes, deaths and jumps: as many, in the same ticks, at the same places."""
    world = Simulator(np.array([21], np.uint64), "1-1")
    teacher, tracker = Teacher("hunter", world.profile), SceneTracker()
    carry = teacher.start(np.array([2], np.uint64))
    truth: dict[tuple[int, int], tuple[float, float]] = {}
    told: dict[tuple[int, int], tuple[float, float]] = {}
    for _ in range(2400):
        seen = tracker.update(world.observe().records[0])
        for effect in seen.effects[seen.effects["tick"] == round(seen.tick)]:
            if effect["effect"] in WATCHED:
                told[int(effect["tick"]), int(effect["effect"])] = (effect["x"], effect["y"])
        for effect in scene_of(world.states[0], world.observe().records[0]).effects:
            if effect["effect"] in WATCHED:
                truth[int(effect["tick"]) + 1, int(effect["effect"])] = (effect["x"], effect["y"])
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
    ended = {key for key in truth if key[0] > 2395}
    assert set(told) | ended == set(truth) | ended
    assert len(told) >= 5
    apart = [np.hypot(truth[key][0] - told[key][0], truth[key][1] - told[key][1]) for key in told if key in truth]
    assert np.median(apart) < 30, "map units"


def test_a_witness_adds_up_the_score() -> None:
    tracker = SceneTracker()
    for tick in range(3):
        observation = quiet_observation()
        observation["time_s"], observation["events"]["value"] = 5 + 0.05 * tick, 2.5
        seen = tracker.update(observation)
    assert seen.totals["value"] == 7.5


def test_a_witness_of_another_world_begins_anew() -> None:
    tracker = SceneTracker()
    late, early = quiet_observation(), quiet_observation()
    late["time_s"], late["events"]["value"], early["time_s"] = 900.0, 3.0, 0.0
    tracker.update(late)
    assert tracker.update(early).totals["value"] == 0


def test_a_vanished_box_was_collected_where_it_lay() -> None:
    tracker = SceneTracker()
    before, after = with_object("bonus_box", 0.6, 0.5), quiet_observation()
    before["time_s"], after["time_s"] = 1.0, 1.05
    after["events"]["loot"], after["events"]["value"] = 1, 1
    tracker.update(before)
    (effect,) = tracker.update(after).effects
    assert (effect["effect"], effect["amount"]) == (Effect.LOOT, 1)
    assert (effect["x"], effect["y"]) == pytest.approx((5160, 3200), abs=0.01)


def test_effects_of_a_state_come_oldest_first_though_they_lie_in_a_ring() -> None:
    world = Simulator(np.array([1], np.uint64), "1-1")
    state = world.states[0]
    size = len(state["effects"])
    for number in range(size + 5):
        state["effects"][number % size]["tick"] = number
        state["effects"][number % size]["effect"] = Effect.KILL
    state["num_effects"] = size + 5
    scene = scene_of(state, world.observe().records[0])
    assert scene.effects["tick"].tolist() == list(range(5, size + 5))
    assert scene.totals.dtype == EVENTS
