import numpy as np
import pytest

from understudy.contract.observation import Observation, Role, empty_observation
from understudy.contract.profile import Profile
from understudy.evaluation.rollouts.baselines import BASELINES, CLICK_EVERY_TICKS, ClickRandomObject
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import LASER

SEEDS = np.array([3, 7, 11, 3], np.uint64)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile()


def scene(num_worlds: int) -> Observation:
    """A living player with an alien, a box and a portal in sight."""
    observation = empty_observation(num_worlds)
    records = observation.records
    records["player"]["alive"] = 1
    records["cursor_x"], records["cursor_y"] = 0.25, 0.75
    for slot, (role, x) in enumerate([(Role.ENEMY, 0.3), (Role.LOOT, 0.6), (Role.PORTAL, 0.9)]):
        records["tracks"]["id"][:, slot] = slot + 1
        records["tracks"]["role"][:, slot] = role
        records["tracks"]["x"][:, slot] = x
        records["tracks"]["y"][:, slot] = 0.5
    return observation


def play(name: str, profile: Profile, seeds: np.ndarray, num_ticks: int) -> np.ndarray:
    """The actions of a baseline that sees its own mouse and keys, records (num_ticks, B)."""
    pilot, observation = BASELINES[name](profile), scene(len(seeds))
    carry, actions = pilot.start(seeds), []
    for _ in range(num_ticks):
        decision = pilot.decide(observation, carry)
        carry = decision.carry
        actions.append(decision.action.records.copy())
        for field in ("cursor_x", "cursor_y", "button", "keys"):
            observation.records[field] = decision.action.records[field]
    return np.stack(actions)


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_world_is_played_by_its_own_seed_whatever_is_beside_it(name: str, profile: Profile) -> None:
    together = play(name, profile, SEEDS, 50)
    alone = play(name, profile, SEEDS[1:2], 50)
    assert (together[:, 1] == alone[:, 0]).all()
    assert (together[:, 0] == together[:, 3]).all()


def test_chance_differs_between_seeds(profile: Profile) -> None:
    actions = play("random", profile, SEEDS, 50)
    assert (actions["cursor_x"][:, 0] != actions["cursor_x"][:, 1]).mean() > 0.9


def test_doing_nothing_leaves_mouse_and_keys_alone(profile: Profile) -> None:
    actions = play("do_nothing", profile, SEEDS, 20)
    assert (actions["cursor_x"] == 0.25).all()
    assert (actions["button"] == 0).all()
    assert (actions["keys"] == 0).all()


def test_random_play_uses_the_whole_window_the_button_and_every_key(profile: Profile) -> None:
    actions = play("random", profile, SEEDS, 600)
    assert actions["cursor_x"].min() < 0.01
    assert actions["cursor_x"].max() > 0.99
    assert 0.05 < (actions["button"] == 1).mean() < 0.15
    assert np.bitwise_or.reduce(actions["keys"], axis=None) == 2 ** len(profile.keys) - 1


def test_random_objects_are_clicked_once_a_second_and_portals_never(profile: Profile) -> None:
    actions = play("click_random_object", profile, SEEDS, 40 * CLICK_EVERY_TICKS)
    clicks = actions[actions["button"] == 1]
    assert (actions["button"] == 1).sum(axis=0).tolist() == [40] * len(SEEDS)
    places = clicks["cursor_x"]
    assert np.isclose(places, 0.3).mean() > 0.3
    assert np.isclose(places, 0.6).mean() > 0.3
    assert (np.isclose(places, 0.3) | np.isclose(places, 0.6)).all()


def test_with_nothing_in_sight_no_object_is_clicked(profile: Profile) -> None:
    pilot, observation = ClickRandomObject(profile), empty_observation(2)
    decision = pilot.decide(observation, pilot.start(SEEDS[:2]))
    assert (decision.action.records["button"] == 0).all()


@pytest.mark.parametrize(("selected", "laser_on", "pressed"), [(1, 0, True), (1, 1, False), (0, 0, False)])
def test_the_laser_is_turned_on_for_a_selected_alien_only_while_it_is_off(
    profile: Profile, selected: int, laser_on: int, pressed: bool
) -> None:
    pilot, observation = ClickRandomObject(profile), scene(1)
    observation.records["tracks"]["selected"][:, 0] = selected
    observation.records["player"]["switches"][..., LASER] = laser_on
    carry = pilot.start(SEEDS[:1])
    keys = [int(pilot.decide(observation, carry).action.records["keys"][0]) for _ in range(CLICK_EVERY_TICKS)]
    assert (profile.key_bit("ctrl") in keys) == pressed


def test_repeating_holds_what_the_first_action_pressed(profile: Profile) -> None:
    actions = play("repeat_last_action", profile, SEEDS, 20)
    assert (actions["button"] == 1).all()
    assert (actions["cursor_x"] == actions["cursor_x"][0]).all()
