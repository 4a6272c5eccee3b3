"""Where the motion before a press began, on events made by hand as devices of 8, 16 and 109 ms give them."""

import numpy as np
import pytest

from tests.support.teacher_play import PROFILE
from understudy.contract.action import ACTION
from understudy.contract.observation import TICK_S, Button, empty_observation
from understudy.contract.protocols import InputEvent
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.learning.data.motion_onset import find_presses
from understudy.policies.click_semantics import geometry_of

GEOMETRY = geometry_of(PROFILE)


class Hand:
    """Writes down what a mouse reports while somebody moves it."""

    def __init__(self, spacing_s: float) -> None:
        self.spacing_s, self.time_s, self.place = spacing_s, 10.0, np.array([0.3, 0.4])
        self.events: list[InputEvent] = []

    def move(self, x: float, y: float, seconds: float) -> float:
        """A minimum-jerk motion; returns the time at which it began."""
        begin_s, begin, end = self.time_s, self.place, np.array([x, y])
        for step in range(1, round(seconds / self.spacing_s) + 1):
            share = min(1.0, step * self.spacing_s / seconds)
            way = 10 * share**3 - 15 * share**4 + 6 * share**5
            self._add("move", "", begin_s + step * self.spacing_s, begin + way * (end - begin))
        self.time_s, self.place = begin_s + seconds, end
        return begin_s

    def rest(self, seconds: float) -> None:
        self.time_s += seconds

    def press(self, button: str = "left") -> float:
        self._add("press", button, self.time_s, self.place)
        return self.time_s

    def release(self, button: str = "left") -> None:
        self._add("release", button, self.time_s, self.place)

    def _add(self, kind: str, code: str, time_s: float, place: np.ndarray) -> None:
        self.events.append(InputEvent(time_s, kind, code, float(place[0]), float(place[1])))


def begins(hand: Hand) -> list[float | None]:
    return [None if press.motion is None else press.motion.onset_s for press in find_presses(hand.events)]


@pytest.mark.parametrize("spacing_s", [0.008, 0.016, 0.109])
def test_corrections_belong_to_the_motion_and_what_lies_before_a_rest_does_not(spacing_s: float) -> None:
    hand = Hand(spacing_s)
    hand.move(0.8, 0.8, 0.9)  # wandering
    hand.rest(0.4)
    onset_s = hand.move(0.3, 0.2, 0.7)
    hand.rest(0.25)
    hand.move(0.31, 0.205, 0.2)  # a correction
    hand.rest(0.15)
    hand.press()
    assert begins(hand) == [pytest.approx(onset_s, abs=0.125)]
    (press,) = find_presses(hand.events)
    assert press.motion is not None
    assert press.motion.start == pytest.approx((0.8, 0.8), abs=0.02)


def test_a_press_long_after_the_last_motion_has_none() -> None:
    hand = Hand(0.016)
    hand.move(0.5, 0.5, 0.4)
    hand.rest(1.0)
    hand.press()
    assert begins(hand) == [None]
    assert begins(Hand(0.016)) == []


def test_events_of_a_hand_that_rests_are_no_motion() -> None:
    """Some devices, and recorders that read the cursor at a fixed rate, report a cursor that has not moved."""
    hand = Hand(0.016)
    hand.move(0.5, 0.5, 0.4)
    hand.move(0.5, 0.5, 1.0)
    hand.press()
    assert begins(hand) == [None], "the last motion is a second ago"
    hand.move(0.5, 0.5, 0.3)
    onset_s = hand.move(0.7, 0.4, 0.3)
    hand.move(0.7, 0.4, 0.2)
    hand.press()
    (_, press) = find_presses(hand.events)
    assert press.motion is not None
    assert press.motion.onset_s == pytest.approx(onset_s, abs=0.06)
    assert press.motion.arrival_s == pytest.approx(onset_s + 0.3, abs=0.02)
    assert press.motion.start == pytest.approx((0.5, 0.5), abs=0.005)


def test_presses_of_two_fingers_overlap_and_each_has_its_own_motion() -> None:
    hand, onsets, presses = Hand(0.016), [], []
    for number in range(20):
        onsets.append(hand.move(0.3 + 0.05 * (number % 5), 0.3 + 0.04 * (number % 7), 0.1))
        presses.append(hand.press(("left", "right")[number % 2]))
        if number:
            hand.release(("left", "right")[(number - 1) % 2])
    found = find_presses(hand.events)
    assert [press.time_s for press in found] == presses
    for press, onset_s, following in zip(found[:-1], onsets, presses[1:], strict=False):
        assert press.motion is not None
        assert press.motion.onset_s == pytest.approx(onset_s, abs=0.05)
        assert press.release_s == following, "the other button's release is not this one's"
    assert found[-1].release_s == np.inf


def test_ticks_get_the_gestures_of_the_events() -> None:
    """Both buttons in one tick, and a flick that is shorter than a tick."""
    hand = Hand(0.008)
    hand.rest(0.51)
    onset_s = hand.move(0.6, 0.6, 0.3)
    first_s = hand.press()
    hand.rest(0.02)
    hand.press("right")
    hand.rest(0.06)
    hand.release()
    hand.release("right")
    hand.rest(0.3)
    hand.move(0.7, 0.6, 0.024)
    flick_s = hand.press()
    observation = empty_observation(60)
    observation.records["time_s"] = 10.0 + TICK_S * np.arange(60)
    gestures = segment_gestures(observation, np.zeros(60, ACTION), GEOMETRY, hand.events)
    assert gestures["button"].tolist() == [Button.LEFT, Button.RIGHT, Button.LEFT]

    def tick(time_s: float) -> int:
        return int((time_s - 10.0 + 1e-9) / TICK_S)

    assert gestures["onset"][0] == tick(onset_s) and gestures["press"][0] == tick(first_s)
    assert gestures["release"].tolist()[:2] == [tick(first_s + 0.08)] * 2
    assert gestures["release"][2] == 59, "the recording ended before"
    assert gestures["press"][2] == tick(flick_s) and gestures["onset"][2] == tick(flick_s) - 1
    assert gestures["start_x"][0] == pytest.approx(0.3, abs=0.002) and gestures["x"][0] == pytest.approx(0.6)
    assert (gestures["arrival"] < gestures["press"]).all() and (gestures["onset"] <= gestures["press"]).all()


@pytest.mark.timeout(300)
def test_many_presses_without_a_release_take_no_time_that_grows_with_their_square() -> None:
    """As in a damaged file; quadratic, it would take minutes."""
    events = [InputEvent(10.0 + 0.01 * n, "press", "left", 0.5, 0.5) for n in range(100_000)]
    assert len(find_presses(events)) == 100_000
