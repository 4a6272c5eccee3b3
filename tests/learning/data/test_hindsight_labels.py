"""Modes, targets, routes and futures are read off what the person did next, and agree with what a teacher truly did."""

import numpy as np
import pytest

from tests.support.teacher_play import PROFILE, teacher_lessons, teacher_play
from understudy.contract.action import ACTION
from understudy.contract.intent import Mode
from understudy.contract.observation import MAX_TRACKS, Observation, Role, empty_observation
from understudy.learning.data.hindsight_labels import HindsightLabels, label_hindsight
from understudy.policies.click_semantics import geometry_of
from understudy.policies.conditioning import FUTURE_WAY
from understudy.worlds.simulator.engine.readings import HP, SHIELD

GEOMETRY = geometry_of(PROFILE)
ENEMY_CLICKS, LOOT_CLICKS, KILLS, BOXES = 0, 1, 8, 9
"""Columns of the future."""


def long_quiet(num_ticks: int = 600) -> Observation:
    """A whole ship at rest, an alien in slot 0 and a box in slot 1."""
    observation = empty_observation(num_ticks)
    player, tracks = observation.records["player"], observation.records["tracks"]
    player["gauges"][..., HP], player["gauges"][..., SHIELD], player["alive"] = 1.0, 1.0, 1
    for slot, (number, role, x) in enumerate([(31, Role.ENEMY, 0.75), (32, Role.LOOT, 0.25)]):
        tracks["id"][:, slot], tracks["role"][:, slot], tracks["x"][:, slot] = number, role, x
        tracks["y"][:, slot], tracks["width"][:, slot], tracks["height"][:, slot] = 0.25, 0.05, 0.08
    return observation


def click(actions: np.ndarray, tick: int, x: float, y: float) -> None:
    actions["cursor_x"][tick:], actions["cursor_y"][tick:] = x, y
    actions["button"][tick : tick + 2] = 1


def idle(num_ticks: int = 600) -> np.ndarray:
    actions = np.zeros(num_ticks, ACTION)
    actions["cursor_x"], actions["cursor_y"] = 0.5, 0.5
    return actions


def labels(observation: Observation, actions: np.ndarray) -> HindsightLabels:
    return label_hindsight(observation, actions, GEOMETRY)


def test_who_shoots_was_fighting_the_selected() -> None:
    observation = long_quiet()
    observation.records["events"]["hits"][200:300:10] = 1
    observation.records["tracks"]["selected"][:, 0] = 1
    found = labels(observation, idle())
    assert (found.modes[200:280] == Mode.FIGHT).all()
    assert (found.targets[200:280] == 0).all()
    assert found.modes[500] == Mode.EXPLORE and found.targets[500] == MAX_TRACKS


def test_who_clicks_a_box_next_was_after_it() -> None:
    actions = idle()
    click(actions, 300, 0.25, 0.25)
    found = labels(long_quiet(), actions)
    assert (found.modes[240:300] == Mode.LOOT).all()
    assert (found.targets[240:300] == 1).all()
    assert found.modes[100] == Mode.EXPLORE and found.targets[100] == MAX_TRACKS


def test_who_is_hurt_and_travels_away_flees() -> None:
    observation = long_quiet()
    observation.records["events"]["damage_taken"][200] = 0.3
    observation.records["tracks"]["attacking"][150:260, 0] = 1
    observation.records["player"]["gauges"][..., HP][200:] = 0.3
    observation.records["player"]["vx"][200:300] = -0.2  # the alien is on the right
    found = labels(observation, idle())
    assert (found.modes[210:250] == Mode.FLEE).all()
    assert found.routes[210, 0] == pytest.approx(-0.4, abs=0.02)


def test_who_rests_with_a_broken_hull_is_careful_and_so_are_the_dead() -> None:
    weak, dead = long_quiet(), long_quiet()
    weak.records["player"]["gauges"][..., HP] = 0.4
    dead.records["player"]["alive"] = 0
    assert (labels(weak, idle()).modes == Mode.CAUTIOUS).all()
    assert (labels(dead, idle()).modes == Mode.CAUTIOUS).all()


def test_bars_that_cannot_be_read_are_no_harm_and_one_that_can_is_believed() -> None:
    blind, half_blind = long_quiet(), long_quiet()
    blind.records["player"]["gauges"] = np.nan
    half_blind.records["player"]["gauges"][..., HP], half_blind.records["player"]["gauges"][..., SHIELD] = np.nan, 0.2
    assert (labels(blind, idle()).modes == Mode.EXPLORE).all()
    assert (labels(half_blind, idle()).modes == Mode.CAUTIOUS).all()


def test_unreadable_speeds_and_bars_leave_every_label_a_number() -> None:
    observation = long_quiet()
    for name in ("gauges", "vx", "vy"):
        observation.records["player"][name][100:110] = np.nan
    observation.records["player"]["vx"][300:] = 0.1
    found = labels(observation, idle())
    assert np.isfinite(found.routes).all() and np.isfinite(found.future_summary).all()
    assert found.routes[350, 0] == pytest.approx(0.2, abs=0.01)


def test_the_future_counts_what_happens_within_ten_seconds_and_nothing_later() -> None:
    observation, actions = long_quiet(), idle()
    click(actions, 300, 0.75, 0.25)
    observation.records["events"]["kills"][310] = 1
    observation.records["events"]["loot"][310] = 1
    future = labels(observation, actions).future_summary
    assert future[[99, 100, 299, 300, 301], ENEMY_CLICKS].tolist() == [0, 0.5, 0.5, 0.5, 0]
    assert future[[109, 110, 309, 310], KILLS].tolist() == [0, 1, 1, 0]
    assert future[110, BOXES] == 1 and future[110, LOOT_CLICKS] == 0


def test_the_way_leaves_out_jumps_and_deaths() -> None:
    observation = long_quiet()
    observation.records["player"]["vx"] = 0.1
    observation.records["player"]["vx"][200] = 50.0
    observation.records["events"]["jumps"][200] = 1
    assert labels(observation, idle()).future_summary[150, FUTURE_WAY] == pytest.approx(1.0, abs=0.05)


def test_a_flicker_of_a_mode_is_no_mode() -> None:
    observation = long_quiet()
    observation.records["player"]["alive"][300:304] = 0
    assert (labels(observation, idle()).modes == Mode.EXPLORE).all()


def test_even_half_a_second_of_play_can_be_looked_back_on() -> None:
    assert len(labels(long_quiet(10), idle(10)).modes) == 10


def test_a_target_is_always_in_sight() -> None:
    for play, labelled in zip(teacher_play(), teacher_lessons(), strict=True):
        targets = labelled.labels.targets
        chosen = np.flatnonzero(targets < MAX_TRACKS)
        assert (play.observation.records["tracks"]["id"][chosen, targets[chosen]] > 0).all()


@pytest.mark.parametrize(("style", "least"), [("hunter", 0.7), ("kiter", 0.6)])
def test_modes_agree_with_what_the_teacher_was_truly_up_to(style: str, least: float) -> None:
    true = np.concatenate([play.modes for play in teacher_play(style)])
    read = np.concatenate([labelled.labels.modes for labelled in teacher_lessons(style)])
    recalls = {mode.name: float((read[true == mode] == mode).mean()) for mode in Mode if (true == mode).any()}
    assert (true == read).mean() >= least, recalls
    assert recalls["FIGHT"] > 0.9, recalls
    assert min(recalls.values()) > 0.2, recalls  # every mode is told apart from chance


@pytest.mark.parametrize(("style", "least"), [("hunter", 0.7), ("kiter", 0.6)])
def test_targets_agree_with_what_the_teacher_was_truly_after(style: str, least: float) -> None:
    true = np.concatenate([play.targets for play in teacher_play(style)])
    read = np.concatenate([labelled.labels.targets for labelled in teacher_lessons(style)])
    assert (true == read).mean() >= least
    assert (true == read)[true < MAX_TRACKS].mean() >= least
