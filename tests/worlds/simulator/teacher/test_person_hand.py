"""The hardships of the hand: each does to the cursor and the button what it says, and clicks arrive all the same."""

import numpy as np
import pytest

from understudy.contract.action import ACTION
from understudy.contract.observation import Observation
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.policies.click_semantics import ClickKind, geometry_of
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.demonstration_noise import OF_THE_HAND, hardships_named
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
from understudy.worlds.simulator.world import Simulator

TICKS = 2400
PROFILE = load_profile()
GEOMETRY = geometry_of(PROFILE)
ASPECT = PROFILE.window_height / PROFILE.window_width
Play = tuple[np.ndarray, np.ndarray]
_played: dict[tuple[str, ...], Play] = {}


def play(*names: str) -> Play:
    """Two minutes of hunter with these hardships in three worlds: observations and actions, (T, B)."""
    if names not in _played:
        seeds = np.array([3, 1, 4], np.uint64)
        world, pilot = Simulator(seeds), NoisyTeacher("hunter", PROFILE, hardships_named(names))
        carry, seen, done = pilot.start(seeds), [], np.empty((TICKS, len(seeds)), ACTION)
        for tick in range(TICKS):
            observation = world.observe().copy()
            seen.append(observation.records)
            decision = pilot.decide(observation, carry)
            carry, done[tick] = decision.carry, decision.action.records
            world.act(decision.action)
        _played[names] = np.array(seen), done
    return _played[names]


def gestures(played: Play) -> list[tuple[np.ndarray, np.ndarray]]:
    """Actions and gestures of each world."""
    seen, done = played
    worlds = range(done.shape[1])
    return [(done[:, b], segment_gestures(Observation(seen[:, b].copy()), done[:, b], GEOMETRY)) for b in worlds]


def steps(done: np.ndarray) -> np.ndarray:
    """Way of the cursor in each tick, window widths, (T, B)."""
    x, y = (np.diff(done[f"cursor_{axis}"], axis=0, prepend=done[f"cursor_{axis}"][:1]) for axis in "xy")
    return np.asarray(np.hypot(x, ASPECT * y))


def share_on_objects(played: Play) -> float:
    sorts = np.concatenate([found["sort"] for _, found in gestures(played)])
    return float((sorts == ClickKind.TRACK).mean())


def bows(played: Play) -> float:
    """Median of the largest distance beside the straight way, in shares of it."""
    found = []
    for done, each in gestures(played):
        for g in each[each["arrival"] > each["onset"] + 1]:
            during = slice(g["onset"] - 1, g["arrival"] + 1)
            path = np.stack([done["cursor_x"][during], ASPECT * done["cursor_y"][during]], axis=1).astype(float)
            path -= path[0]
            length = max(float(np.hypot(*path[-1])), 1e-6)
            if length > 0.05:
                found.append(np.abs(path[:, 0] * path[-1, 1] - path[:, 1] * path[-1, 0]).max() / length**2)
    return float(np.median(found))


def test_curved_paths_bow_more_than_twice_as_far() -> None:
    assert bows(play("curved_paths")) > 2 * bows(play())


def second_motions(played: Play) -> float:
    """Share of the presses before which the cursor moved twice within three quarters of a second."""
    done = played[1]
    moving, pressed, twice, presses = steps(done) > 0.002, done["button"] > 0, 0, 0
    for b in range(done.shape[1]):
        for press in np.flatnonzero(np.diff(pressed[:, b].astype(int)) == 1) + 1:
            if press > 15:
                begins = np.diff(moving[press - 15 : press + 1, b].astype(int)) == 1
                twice, presses = twice + int(begins.sum() >= 2), presses + 1
    return twice / presses


def test_corrections_are_second_motions_after_a_rest_and_end_where_the_click_belongs() -> None:
    assert second_motions(play("corrections")) > second_motions(play()) + 0.25
    assert share_on_objects(play("corrections")) == pytest.approx(share_on_objects(play()), abs=0.1)


def test_a_coarse_mouse_reports_every_second_tick_at_most_and_every_press() -> None:
    done = play("coarse_mouse")[1]
    moving, button = steps(done) > 0, done["button"] > 0
    changed = np.diff(button.astype(int), axis=0, prepend=0) != 0
    assert not (moving[1:] & moving[:-1] & ~changed[1:] & ~changed[:-1]).any()
    assert share_on_objects(play("coarse_mouse")) == pytest.approx(share_on_objects(play()), abs=0.1)


def held_travel(played: Play) -> float:
    """Share of the cursor's way with the button down, the tick of the press left out."""
    done = played[1]
    held = (done["button"] > 0) & (np.roll(done["button"], 1, axis=0) > 0)
    way = steps(done)
    return float(way[held].sum() / way.sum())


@pytest.mark.parametrize(("name", "at_least"), [("overlaps", 0.1), ("drags", 0.1)])
def test_the_cursor_moves_with_the_button_down(name: str, at_least: float) -> None:
    assert held_travel(play()) < 0.02
    assert held_travel(play(name)) > at_least


def test_the_hand_is_the_same_whichever_worlds_are_played_beside() -> None:
    seeds, pilot = np.array([3, 1, 4], np.uint64), NoisyTeacher("hunter", PROFILE, hardships_named(OF_THE_HAND))
    both = []
    for chosen in (seeds, seeds[1:2]):
        world, carry, done = Simulator(chosen), pilot.start(chosen), []
        for _ in range(600):
            decision = pilot.decide(world.observe(), carry)
            done.append(decision.action.records[-2 if len(chosen) > 1 else 0].tobytes())
            world.act(decision.action)
        both.append(b"".join(done))
    assert both[0] == both[1]
