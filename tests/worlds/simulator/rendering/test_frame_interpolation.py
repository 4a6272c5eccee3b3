import numpy as np
import pytest

from tests.support.rendering_scenes import quiet_observation, with_object
from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Role
from understudy.worlds.simulator.rendering.frame_interpolation import blend
from understudy.worlds.simulator.world import Simulator


def test_halfway_between_two_ticks_things_are_halfway() -> None:
    before, after = with_object("saimon", 0.2, 0.4), with_object("saimon", 0.3, 0.5)
    before["player"]["x"], after["player"]["x"] = 0.50, 0.51
    middle = blend(before, after, 0.5)
    assert middle["tracks"][0]["x"] == pytest.approx(0.25)
    assert middle["tracks"][0]["y"] == pytest.approx(0.45)
    assert middle["player"]["x"] == pytest.approx(0.505)


def test_the_cursor_of_a_pilot_moves_smoothly_too() -> None:
    before, after = quiet_observation(), quiet_observation()
    before["cursor_x"], after["cursor_x"] = 0.2, 0.4
    assert blend(before, after, 0.25)["cursor_x"] == pytest.approx(0.25)


@pytest.mark.parametrize(("share", "like"), [(0.0, 0), (1.0, 1)])
def test_the_ends_are_the_ticks_themselves(share: float, like: int) -> None:
    ticks = (with_object("saimon", 0.2, 0.4), with_object("saimon", 0.3, 0.5))
    assert blend(*ticks, share)["tracks"][0]["x"] == pytest.approx(ticks[like]["tracks"][0]["x"])


def test_objects_are_known_by_their_id_and_not_by_their_slot() -> None:
    before, after = with_object("saimon", 0.2, 0.4), with_object("mordon", 0.8, 0.4, slot=0)
    after["tracks"][1] = before["tracks"][0]
    after["tracks"][1]["x"] = 0.4
    after["tracks"][0]["id"] = 555
    middle = blend(before, after, 0.5)
    assert middle["tracks"][0]["x"] == pytest.approx(0.8), "it has just appeared"
    assert middle["tracks"][1]["x"] == pytest.approx(0.3)


def test_a_jump_to_another_map_is_not_drawn_as_a_flight() -> None:
    before, after = quiet_observation(), quiet_observation()
    before["player"]["x"], after["player"]["x"] = 0.1, 0.9
    assert blend(before, after, 0.5)["player"]["x"] == after["player"]["x"]


def test_the_two_ticks_stay_as_they_were() -> None:
    before, after = with_object("saimon", 0.2, 0.4), with_object("saimon", 0.3, 0.5)
    kept = (before.copy(), after.copy())
    blend(before, after, 0.3)
    assert (before.tobytes(), after.tobytes()) == (kept[0].tobytes(), kept[1].tobytes())


def test_a_resting_thing_stays_put_on_the_map_while_the_ship_flies_past() -> None:
    """On the map, not in the window: an object that stands still must not tremble between ticks."""
    world = Simulator(np.array([3], np.uint64), "1-1")
    action = np.zeros(1, ACTION)
    action["cursor_x"], action["cursor_y"], action["button"] = 0.7, 0.6, 1
    for _ in range(20):
        world.act(Action(action))
    before = world.observe().records[0].copy()
    world.act(Action(action))
    after = world.observe().records[0].copy()
    base = np.flatnonzero(after["tracks"]["role"] == Role.BASE)[0]
    places = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        middle = blend(before, after, share)
        places.append(middle["player"]["x"] * 10000 + (middle["tracks"][base]["x"] - 0.5) * 1600)
    assert np.ptp(places) < 0.1
