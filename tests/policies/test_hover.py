"""A hover in play: the cursor goes to its object and follows it, nothing is pressed, and it ends with its object."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.constant_hand import steady_hand
from tests.support.policy_scenes import PROFILE, put, quiet_space
from understudy.contract.action import ACTION
from understudy.contract.errors import CheckpointError
from understudy.contract.intent import Phase
from understudy.contract.observation import Button
from understudy.policies.click_semantics import HOVER, NUM_CLICKING, ClickKind, geometry_of
from understudy.policies.motor_model import (
    BY_TABLE,
    HOVER_FIELDS,
    MOTOR_STATE,
    NUM_UNIFORMS,
    begin_gesture,
    draw_other_button,
    step_motor,
)
from understudy.policies.policy_bundle import hand_from_plain, hand_to_plain, require_game

GEOMETRY = geometry_of(PROFILE)
ALIEN, RESTS = 100, 12


def hovering_hand() -> np.void:
    hand = steady_hand()
    hand["hover_share"], hand["hover"] = 1.0, RESTS
    return hand


def hover(num_ticks: int, gone_at: int = 1000) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """State, actions and the alien's x of a hover over an alien that moves to the right."""
    states, actions, places = np.zeros(1, MOTOR_STATE), np.zeros(num_ticks, ACTION), []
    for tick in range(num_ticks):
        scene = quiet_space()
        places.append(0.7 + 0.002 * tick)
        if tick < gone_at:
            put(scene, 0, "streuner", places[-1], 0.4)
        record = scene.records[0]
        if tick:
            record["cursor_x"], record["cursor_y"] = actions[tick - 1]["cursor_x"], actions[tick - 1]["cursor_y"]
        else:
            begin_gesture(
                states[0],
                hovering_hand(),
                record,
                GEOMETRY,
                int(ClickKind.TRACK),
                ALIEN,
                0.7,
                0.4,
                HOVER,
                np.full(NUM_UNIFORMS, 0.5),
                BY_TABLE,
            )
        step_motor(states[0], hovering_hand(), record, GEOMETRY, actions[tick])
    return states[0], actions, places


def test_the_cursor_goes_there_follows_and_presses_nothing() -> None:
    state, actions, places = hover(60)
    assert not actions["button"].any() and not actions["keys"].any()
    away = np.abs(actions["cursor_x"] - np.array(places))
    rests = np.flatnonzero(away < 1e-3)
    assert RESTS <= len(rests) <= RESTS + 1 and np.ptp(rests) == len(rests) - 1
    assert state["phase"] == Phase.IDLE and state["lost"] == 0


def test_a_hover_ends_with_its_object_and_that_is_no_lost_gesture() -> None:
    state, actions, _ = hover(40, gone_at=14)
    assert state["phase"] == Phase.IDLE and state["lost"] == 0
    assert len(set(actions["cursor_x"][14:].tolist())) == 1


def test_after_a_hover_the_buttons_are_drawn_as_after_the_left_one() -> None:
    hand = hovering_hand()
    hand["other_button"] = 0
    hand["other_button"][0, 1], hand["other_button"][NUM_CLICKING - 1, 2] = 1.0, 1.0
    assert draw_other_button(hand, HOVER, 0.5) == Button.RIGHT


def test_a_hand_that_does_not_hover_is_saved_as_before() -> None:
    assert not set(HOVER_FIELDS) & set(hand_to_plain(steady_hand()))
    again = hand_from_plain(hand_to_plain(hovering_hand()))
    assert again["hover_share"] == 1 and set(again["hover"]) == {RESTS}


def test_weights_that_hover_are_refused_by_a_profile_that_does_not() -> None:
    kinds = tuple(replace(kind, hover=number == 1) for number, kind in enumerate(PROFILE.kinds))
    hovered = replace(PROFILE, kinds=kinds)
    require_game({"executor": PROFILE.note}, hovered)
    with pytest.raises(CheckpointError, match="kinds that the cursor rests on"):
        require_game({"executor": hovered.note}, PROFILE)
