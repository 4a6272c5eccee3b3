import dataclasses

import numpy as np
import pytest

from tests.support.synthetic_episodes import made_up
from understudy.contract.action import ACTION, Actor
from understudy.contract.observation import Button
from understudy.recordings.recording_stats import clicks, key_presses, recording_stats


def actions_of(buttons: list[int], keys: list[int]) -> np.ndarray:
    actions = np.zeros(len(buttons), ACTION)
    actions["button"], actions["keys"] = buttons, keys
    return actions


def test_a_held_button_is_one_click_and_a_change_of_button_another() -> None:
    left, right = int(Button.LEFT), int(Button.RIGHT)
    assert clicks(actions_of([left, left, 0, left, right, 0], [0] * 6)) == 3


def test_each_key_counts_when_it_goes_down() -> None:
    assert key_presses(actions_of([0] * 5, [0b01, 0b11, 0b11, 0b00, 0b10])) == 3


def test_an_episode_of_two_actors_shares_its_ticks_between_them() -> None:
    episode = made_up(100)
    actors = np.where(np.arange(100) < 25, Actor.PERSON, Actor.POLICY).astype(np.int8)
    found = recording_stats(dataclasses.replace(episode, actors=actors))
    assert found.actor_shares == {"person": 0.25, "policy": 0.75}
    assert found.ticks == 100
    assert found.rate_hz == pytest.approx(20.0, rel=0.01)
    assert found.kills == episode.observations["events"]["kills"].sum()


def test_maps_are_named_and_unknown_ones_left_out() -> None:
    episode = made_up(6)
    episode.observations["player"]["map_index"] = [2, 2, 0, -1, 0, 99]
    assert recording_stats(episode).maps == ("1-1", "1-3")


def test_an_empty_episode_has_figures_too() -> None:
    found = recording_stats(made_up(0))
    assert (found.ticks, found.duration_s, found.actor_shares, found.maps) == (0, 0.0, {}, ())


def test_a_press_while_another_button_is_held_counts() -> None:
    assert clicks(actions_of([1, 3, 1, 5, 4, 0], [0] * 6)) == 3
