"""Frames round a target and away from danger."""

import numpy as np
import pytest

from tests.support.policy_scenes import PROFILE, put, quiet_space
from understudy.contract.observation import Observation, Role
from understudy.policies.click_semantics import geometry_of
from understudy.policies.reference_frames import FRAME_VECTORS, fight_frame, flight_frame
from understudy.policies.temporal_features import initial_state

GEOMETRY = geometry_of(PROFILE)
ALIEN = next(kind.name for kind in PROFILE.kinds if kind.role == Role.ENEMY)
ASPECT = float(GEOMETRY["aspect"])


def fight(scene: Observation) -> tuple[int, np.ndarray]:
    out = np.zeros((FRAME_VECTORS, 2), np.float32)
    return fight_frame(scene.records[0], initial_state(1)[0], GEOMETRY, out), out


def flight(scene: Observation) -> tuple[float, np.ndarray]:
    out = np.zeros((FRAME_VECTORS, 2), np.float32)
    return flight_frame(scene.records[0], GEOMETRY, out), out


def test_with_nobody_in_sight_there_is_no_frame() -> None:
    scene = quiet_space()
    assert fight(scene)[0] == -1
    assert flight(scene)[0] == 0.0
    assert not fight(scene)[1].any() and not flight(scene)[1].any()


def test_the_fight_goes_round_the_nearest_enemy_on_the_side_to_which_the_ship_flies() -> None:
    scene = quiet_space()
    put(scene, 3, ALIEN, x=0.75, y=0.5)
    put(scene, 5, ALIEN, x=0.1, y=0.5)
    for down in (0.2, -0.2):
        scene.records["player"]["vy"] = down
        slot, frame = fight(scene)
        assert slot == 3
        assert frame[0] == pytest.approx([0.5, 0.0])
        assert frame[1] == pytest.approx([-1.0, 0.0])
        assert frame[2] == pytest.approx([0.0, np.sign(down) / ASPECT])


def test_flight_is_away_from_those_who_shoot_and_aside_is_homewards() -> None:
    scene = quiet_space()
    put(scene, 0, ALIEN, x=0.5, y=0.7)
    push, frame = flight(scene)
    assert push > 0
    assert frame[1] == pytest.approx([0.0, -1.0 / ASPECT], abs=1e-5)
    put(scene, 1, ALIEN, x=0.7, y=0.5)
    scene.records["tracks"][0, 1]["attacking"] = 1
    harder, turned = flight(scene)
    assert harder > push
    assert turned[1, 0] < 0
