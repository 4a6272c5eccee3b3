"""Who is who from one picture to the next, and how fast."""

import numpy as np
import pytest

from understudy.contract.observation import Role
from understudy.perception.tracker import SIGHTING, Tracker

ASPECT = 9 / 16
TICK_S = 0.05
STILL = np.zeros(2)


def sightings(
    *places: tuple[float, float], kind: int = 0, role: Role = Role.ENEMY, confidence: float = 0.9
) -> np.ndarray:
    found = np.zeros(len(places), SIGHTING)
    found["kind"], found["role"], found["confidence"] = kind, role, confidence
    found["width"], found["height"] = 0.03, 0.05
    for slot, (x, y) in enumerate(places):
        found["x"][slot], found["y"][slot] = x, y
    return found


def test_a_fast_sprite_that_leaves_its_own_box_keeps_its_id() -> None:
    tracker = Tracker(ASPECT)
    ids = [tracker.update(sightings((0.2 + 0.6 * TICK_S * n, 0.5)), TICK_S, STILL)["id"][0] for n in range(20)]
    assert len(set(ids[1:])) == 1


def test_velocity_is_in_true_seconds_whatever_the_pictures_rate() -> None:
    tracker, generator = Tracker(ASPECT), np.random.default_rng(0)
    time_s, told = 0.0, None
    for _ in range(60):
        elapsed_s = float(generator.choice([0.05, 0.05, 0.1, 0.15]))
        time_s += elapsed_s
        told = tracker.update(sightings((0.1 + 0.1 * time_s, 0.9 - 0.05 * time_s)), elapsed_s, STILL)
    assert told is not None
    assert told["vx"][0] == pytest.approx(0.1, abs=0.01)
    assert told["vy"][0] == pytest.approx(-0.05, abs=0.01)


def test_two_that_cross_keep_their_ids() -> None:
    tracker, ids = Tracker(ASPECT), []
    for n in range(40):
        shift = 0.012 * n
        told = tracker.update(sightings((0.3 + shift, 0.5), (0.75 - shift, 0.505)), TICK_S, STILL)
        ids.append(tuple(told["id"][np.argsort(told["vx"])]) if n > 6 else None)
    assert set(ids[7:]) == {ids[7]}


def test_the_players_own_motion_is_taken_out() -> None:
    """A ship that turns sharply throws every sprite across the window; their velocities over ground stay zero."""
    tracker, x = Tracker(ASPECT), 0.5
    first = tracker.update(sightings((x, 0.5)), TICK_S, STILL)["id"][0]
    for turn in (0.9, -0.9, 0.9, 0.9, -0.9):
        x += turn * TICK_S
        told = tracker.update(sightings((x, 0.5)), TICK_S, np.array([turn, 0.0]))
    assert told["id"][0] == first
    assert abs(told["vx"][0]) < 0.01


def test_an_object_that_flickers_is_told_of_on_and_keeps_its_id() -> None:
    tracker = Tracker(ASPECT)
    first = tracker.update(sightings((0.5, 0.5)), TICK_S, STILL)["id"][0]
    for _ in range(2):
        assert tracker.update(sightings(), TICK_S, STILL)["id"].tolist() == [first]
    for _ in range(3):
        tracker.update(sightings(), TICK_S, STILL)
    assert len(tracker.confirmed()) == 0, "gone for a quarter of a second: no longer reported"
    assert tracker.update(sightings((0.5, 0.5)), TICK_S, STILL)["id"].tolist() == [first]


@pytest.mark.parametrize("rate_hz", [8, 20, 40])
def test_an_object_is_reported_and_remembered_for_a_time_and_not_a_number_of_frames(rate_hz: int) -> None:
    tracker = Tracker(ASPECT)
    first = tracker.update(sightings((0.5, 0.5)), 1 / rate_hz, STILL)["id"][0]
    reported_s, remembered_s = 0.0, 0.0
    for frame in range(1, rate_hz + 1):
        reported = tracker.update(sightings(), 1 / rate_hz, STILL)
        reported_s = frame / rate_hz if len(reported) else reported_s
        remembered_s = frame / rate_hz if len(tracker.objects) else remembered_s
    assert 0.17 - 1 / rate_hz < reported_s <= 0.175
    assert 0.62 - 1 / rate_hz < remembered_s <= 0.625
    assert tracker.update(sightings((0.5, 0.5)), 1 / rate_hz, STILL)["id"][0] != first


@pytest.mark.parametrize(("rate_hz", "frames"), [(8, 2), (20, 2), (80, 3)])
def test_a_doubtful_object_is_confirmed_half_a_tick_after_its_first_sighting(rate_hz: int, frames: int) -> None:
    tracker = Tracker(ASPECT)
    told = [len(tracker.update(sightings((0.5, 0.5), confidence=0.45), 1 / rate_hz, STILL)) for _ in range(4)]
    assert told == [0] * (frames - 1) + [1] * (5 - frames)


def test_at_8_frames_a_second_an_object_that_flickers_moves_on_at_its_own_speed() -> None:
    tracker, period_s = Tracker(ASPECT), 0.125
    for n in range(16):
        told = tracker.update(sightings((0.2 + 0.15 * period_s * n, 0.5)), period_s, STILL)
    first, x = told["id"][0], told["x"][0]
    missing = tracker.update(sightings(), period_s, STILL)
    assert missing["id"].tolist() == [first] and missing["x"][0] == pytest.approx(x + 0.15 * period_s, abs=0.004)
    back = tracker.update(sightings((0.2 + 0.15 * period_s * 17, 0.5)), period_s, STILL)
    assert back["id"].tolist() == [first] and back["vx"][0] == pytest.approx(0.15, abs=0.04)


def test_an_object_that_is_gone_for_good_gets_a_new_id_when_another_comes() -> None:
    tracker = Tracker(ASPECT)
    first = tracker.update(sightings((0.5, 0.5)), TICK_S, STILL)["id"][0]
    tracker.forget(int(first))
    assert tracker.update(sightings((0.5, 0.5)), TICK_S, STILL)["id"][0] != first


def test_things_of_another_role_are_never_the_same_object() -> None:
    tracker = Tracker(ASPECT)
    first = tracker.update(sightings((0.5, 0.5)), TICK_S, STILL)["id"][0]
    told = tracker.update(sightings((0.5, 0.5), kind=10, role=Role.LOOT), TICK_S, STILL)
    assert told["id"][told["role"] == Role.LOOT][0] != first


def test_a_doubtful_detection_must_be_seen_twice() -> None:
    tracker = Tracker(ASPECT)
    assert len(tracker.update(sightings((0.5, 0.5), confidence=0.45), TICK_S, STILL)) == 0
    assert len(tracker.update(sightings((0.5, 0.5), confidence=0.45), TICK_S, STILL)) == 1


def test_what_is_never_sure_is_not_told_however_often_it_is_seen() -> None:
    tracker = Tracker(ASPECT)
    for _ in range(10):
        assert len(tracker.update(sightings((0.5, 0.5), confidence=0.35), TICK_S, STILL)) == 0
    for _ in range(5):
        told = tracker.update(sightings((0.5, 0.5), confidence=0.6), TICK_S, STILL)
    assert len(told) == 1


def test_what_leaves_the_window_is_forgotten() -> None:
    tracker = Tracker(ASPECT)
    tracker.update(sightings((0.99, 0.5)), TICK_S, STILL)
    tracker.update(sightings(), TICK_S, np.array([1.0, 0.0]))
    assert len(tracker.objects) == 0
