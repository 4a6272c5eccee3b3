"""Chance: a stream per world, hazards that mean what they say, and points from the density that was asked for."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.constant_hand import steady_hand
from tests.support.policy_scenes import PROFILE, put, quiet_space
from understudy.contract.action import ACTION
from understudy.contract.intent import Phase
from understudy.contract.observation import MAX_TRACKS, Button, Observation
from understudy.contract.profile import WHEEL
from understudy.policies.click_semantics import MAX_KEYS, ClickKind, geometry_of
from understudy.policies.motor_model import MOTOR_STATE
from understudy.policies.object_features import MINIMAP, NUM_CANDIDATES, SPACE
from understudy.policies.sampling import (
    SAMPLED,
    ActionProbabilities,
    sample_actions,
    sample_categorical,
    splitmix64_uniform,
)

GEOMETRY = geometry_of(PROFILE)


class Worlds:
    """B quiet worlds with one hand each, acted upon with the same hazards."""

    def __init__(self, seeds: list[int], scene: Observation | None = None, geometry: np.void = GEOMETRY) -> None:
        self.size, self.geometry = len(seeds), geometry
        self.scene = scene or quiet_space(self.size)
        self.states = np.zeros(self.size, MOTOR_STATE)
        self.hand = steady_hand()
        self.streams = np.array(seeds, np.uint64)
        self.density = np.tile(np.float32([1.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.1]), (self.size, 1, 1))

    def act(
        self,
        start: float = 0.0,
        candidate: int | tuple[int, ...] = SPACE,
        right: float = 0.0,
        key: float = 0.0,
        press_times: np.ndarray | None = None,
    ) -> np.ndarray:
        pointer = np.zeros((self.size, NUM_CANDIDATES), np.float32)
        pointer[:, candidate] = 1.0 / np.size(candidate)
        actions = np.zeros(self.size, ACTION)
        self.drawn = np.ones(self.size, SAMPLED)
        sample_actions(
            self.scene.records,
            self.states,
            self.hand,
            self.geometry,
            self.streams,
            ActionProbabilities(
                start=np.full(self.size, start, np.float32),
                pointer=pointer,
                right=np.full(self.size, right, np.float32),
                minimap=self.density,
                space=self.density,
                keys=np.full((self.size, MAX_KEYS), key, np.float32),
                press_times=np.zeros((self.size, NUM_CANDIDATES, 0, 3), np.float32)
                if press_times is None
                else press_times,
            ),
            actions,
            self.drawn,
        )
        return actions


def test_a_stream_is_even_and_reproducible() -> None:
    streams = np.array([7], np.uint64)
    drawn = np.array([splitmix64_uniform(streams, 0) for _ in range(4000)])
    again = np.array([7], np.uint64)
    assert [splitmix64_uniform(again, 0) for _ in range(5)] == drawn[:5].tolist()
    assert drawn.min() >= 0 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)
    assert np.histogram(drawn, 10, (0, 1))[0].std() < 40


def test_pick_takes_each_index_as_often_as_its_probability_says() -> None:
    probabilities = np.array([0.0, 0.5, 0.2, 0.0, 0.3], np.float32)
    chances = (np.arange(1000) + 0.5) / 1000
    picked = np.bincount([sample_categorical(probabilities, chance) for chance in chances], minlength=5)
    assert np.abs(picked - 1000 * probabilities).max() <= 1
    assert sample_categorical(probabilities, np.nextafter(1.0, 0.0)) == 4


def test_pick_never_takes_what_is_impossible_even_if_the_sum_is_a_little_off() -> None:
    short = np.array([0.0, 0.4999, 0.5, 0.0], np.float32)
    assert {sample_categorical(short, chance) for chance in np.linspace(0, 0.99999999, 500)} == {1, 2}


def test_a_hazard_of_zero_never_begins_and_one_of_one_always() -> None:
    worlds = Worlds(list(range(50)))
    for _ in range(40):
        actions = worlds.act()
        assert not actions["button"].any() and not actions["keys"].any()
    assert (worlds.states["phase"] == Phase.IDLE).all()
    worlds.act(start=1.0)
    assert (worlds.states["phase"] == Phase.MOVE).all()


def test_a_hazard_in_between_begins_as_often_as_it_says() -> None:
    worlds = Worlds(list(range(4000)))
    worlds.act(start=0.3)
    assert (worlds.states["phase"] == Phase.MOVE).mean() == pytest.approx(0.3, abs=0.03)


def test_the_dead_begin_nothing() -> None:
    worlds = Worlds([1, 2])
    worlds.scene.records["player"]["alive"][0] = 0
    worlds.act(start=1.0)
    assert worlds.states["phase"].tolist() == [Phase.IDLE, Phase.MOVE]


def test_what_happens_in_a_world_does_not_depend_on_the_others() -> None:
    together, alone = Worlds([5, 6, 7]), Worlds([6])
    for _ in range(60):
        whole, part = together.act(start=0.1, right=0.3, key=0.05), alone.act(start=0.1, right=0.3, key=0.05)
        assert whole[1] == part[0]
    assert together.streams[1] == alone.streams[0]
    assert len(set(together.streams.tolist())) == 3


def test_a_choice_becomes_a_gesture_to_that_thing() -> None:
    scene = quiet_space(1)
    put(scene, 3, "streuner", 0.7, 0.4)
    expected = {
        3: (ClickKind.TRACK, 103),
        MAX_TRACKS + 1: (ClickKind.LANDMARK, 1),
        MINIMAP: (ClickKind.MINIMAP, -1),
        SPACE: (ClickKind.SPACE, -1),
    }
    for candidate, found in expected.items():
        worlds = Worlds([9], scene)
        worlds.act(start=1.0, candidate=candidate)
        assert (worlds.states["sort"][0], worlds.states["target"][0]) == found


def test_the_button_is_the_one_that_was_asked_for() -> None:
    for right, button in ((0.0, Button.LEFT), (1.0, Button.RIGHT)):
        worlds = Worlds([1])
        worlds.act(start=1.0, right=right)
        assert worlds.states["button"][0] == button


def test_points_in_space_follow_the_density_and_stay_in_the_window() -> None:
    worlds = Worlds(list(range(4000)))
    worlds.density[:, :, :] = (1.0, 0.5, -0.5, 0.2, 0.0, 0.0, 0.1)
    worlds.act(start=1.0)
    x, y = 2 * worlds.states["goal_x"] - 1, 2 * worlds.states["goal_y"] - 1
    assert (x.mean(), y.mean()) == pytest.approx((0.5, -0.5), abs=0.02)
    assert (x.std(), y.std()) == pytest.approx((0.2, 0.1), abs=0.02)
    assert max(np.abs(x).max(), np.abs(y).max()) <= 0.981


def test_a_point_beyond_the_edge_is_drawn_anew_and_not_moved_to_the_edge() -> None:
    worlds = Worlds(list(range(4000)))
    worlds.density[:, :, :] = (1.0, 0.9, -0.5, 0.2, 0.0, 0.0, 0.1)
    worlds.act(start=1.0)
    x = 2 * worlds.states["goal_x"] - 1
    assert x.max() < 0.98
    inside = np.random.default_rng(0).normal(0.9, 0.2, 100_000)
    assert x.mean() == pytest.approx(inside[np.abs(inside) < 0.98].mean(), abs=0.01)


def test_an_object_under_a_panel_is_left_for_one_that_can_be_clicked() -> None:
    scene, panel = quiet_space(500), PROFILE.panels[0]
    put(scene, 0, "bonus_box", panel.left + panel.width / 2, panel.top + panel.height / 2)
    put(scene, 1, "bonus_box", 0.5, 0.5)
    worlds = Worlds(list(range(500)), scene)
    worlds.act(start=1.0, candidate=(0, 1))
    assert (worlds.states["target"] == 101).mean() > 0.99


def test_points_on_the_minimap_lie_on_the_minimap() -> None:
    worlds = Worlds(list(range(500)))
    worlds.density[:, :, 3:] = 2.0
    worlds.act(start=1.0, candidate=MINIMAP)
    inside = [PROFILE.minimap.contains(float(state["goal_x"]), float(state["goal_y"])) for state in worlds.states]
    assert all(inside)


def test_a_key_that_is_seen_down_does_not_go_down() -> None:
    worlds = Worlds([4])
    worlds.scene.records["keys"] = 1 << 1
    keys = int(worlds.act(key=1.0)["keys"][0])
    assert keys == ((1 << len(PROFILE.keys)) - 1) & ~(1 << 1)


def test_the_wheel_clicks_in_every_tick_for_which_it_is_drawn_and_in_no_other() -> None:
    profile = replace(PROFILE, keys=("a", *WHEEL), switches=())
    wheel = sum(profile.key_bit(name) for name in WHEEL)
    worlds = Worlds([4], geometry=geometry_of(profile))
    worlds.hand["key_press"] = 5.0
    for _ in range(3):
        worlds.scene.records["keys"] = keys = int(worlds.act(key=1.0)["keys"][0])
        assert keys == wheel | profile.key_bit("a") and int(worlds.drawn["keys_up"][0]) & wheel == wheel
    assert int(worlds.act()["keys"][0]) == profile.key_bit("a"), "a key is held, the wheel is not"


def test_what_was_drawn_is_told() -> None:
    worlds = Worlds(list(range(4000)))
    worlds.density[:, :, :] = (1.0, 1.1, -0.5, 0.05, 0.0, 0.0, 0.1)  # hardly ever inside, so that it is kept there
    worlds.scene.records["player"]["alive"][0] = 0
    worlds.scene.records["keys"][1] = 1 << 1
    worlds.act(start=0.5, right=0.25, key=0.1)
    told, began = worlds.drawn, worlds.states["phase"] == Phase.MOVE
    assert told["free"].tolist() == [0] + [1] * 3999
    num_keys = len(PROFILE.keys)
    assert told["hazard"][:3] == pytest.approx([0.1 * num_keys, 0.5 + 0.1 * (num_keys - 1), 0.5 + 0.1 * num_keys])
    assert np.array_equal(told["candidate"], np.where(began, SPACE, -1))
    assert np.array_equal(told["right"] == 1, began & (worlds.states["button"] == Button.RIGHT))
    assert told["x"].max() > 1, "the point is told as it was drawn, not as it was kept inside"
    assert np.allclose(np.clip(told["x"][began], -0.98, 0.98), 2 * worlds.states["goal_x"][began] - 1, atol=1e-6)
    every_key = (1 << len(PROFILE.keys)) - 1
    assert told["keys_up"][:3].tolist() == [every_key, every_key & ~(1 << 1), every_key]
    pressed = (worlds.states["key_ticks"] > 0) | (told["keys"][:, None] >> np.arange(MAX_KEYS) & 1 == 1)
    assert 0.05 < pressed[:, 0].mean() < 0.15 and not (told["keys"] & ~told["keys_up"]).any()


def test_a_busy_hand_is_told_to_be_busy() -> None:
    worlds = Worlds([1])
    worlds.act(start=1.0)
    worlds.act(start=1.0)
    assert (worlds.drawn["free"][0], worlds.drawn["candidate"][0]) == (0, -1)
