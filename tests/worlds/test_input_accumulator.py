"""Ticks of a person's events: what a press, a key and the wheel become."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Button
from understudy.contract.profile import WHEEL
from understudy.worlds.catalog import load_profile
from understudy.worlds.input_accumulator import MOST_CLICKS, MOST_WAIT, InputAccumulator

PROFILE = replace(load_profile(), keys=("space", *WHEEL))
UP, DOWN = (PROFILE.key_bit(name) for name in WHEEL)


def click_wheel(hand: InputAccumulator, bit: int, times: int = 1) -> None:
    for _ in range(times):
        for down in (True, False):
            hand.turn_key(bit, down=down, time_s=1.0)


def keys_of_ticks(hand: InputAccumulator, ticks: int) -> list[int]:
    return [int(hand.end_tick().records["keys"][0]) for _ in range(ticks)]


def test_each_click_of_the_wheel_has_a_tick_and_none_is_held() -> None:
    hand = InputAccumulator(PROFILE)
    click_wheel(hand, UP)
    assert keys_of_ticks(hand, 2) == [UP, 0]
    click_wheel(hand, DOWN, times=3)
    assert keys_of_ticks(hand, 5) == [DOWN, DOWN, DOWN, 0, 0]


def test_the_raw_events_of_the_wheel_have_the_cursors_place() -> None:
    hand = InputAccumulator(PROFILE)
    hand.move((0.25, 0.75), 0.5)
    click_wheel(hand, UP, times=2)
    events = hand.take_inputs()[1:]
    assert [(event.kind, event.code) for event in events] == 2 * [("press", "wheel_up"), ("release", "wheel_up")]
    assert {(event.x, event.y) for event in events} == {(0.25, 0.75)}


def test_a_wheel_that_is_spun_holds_neither_the_cursor_nor_a_click_up() -> None:
    hand = InputAccumulator(PROFILE)
    click_wheel(hand, UP, times=8)
    hand.turn_button(Button.LEFT, down=True, place=(0.9, 0.1), time_s=1.0)
    tick = hand.end_tick().records[0]
    assert tick["button"] == Button.LEFT and tick["keys"] == UP
    assert np.allclose((tick["cursor_x"], tick["cursor_y"]), (0.9, 0.1))


def test_what_waits_is_bounded_and_ends_when_the_wheel_turns_back() -> None:
    hand = InputAccumulator(PROFILE)
    click_wheel(hand, UP, times=100)
    assert keys_of_ticks(hand, MOST_CLICKS + 2) == MOST_CLICKS * [UP] + [0, 0]
    click_wheel(hand, UP, times=5)
    assert keys_of_ticks(hand, 1) == [UP]
    click_wheel(hand, DOWN)
    assert keys_of_ticks(hand, 2) == [UP | DOWN, 0]


@pytest.mark.parametrize("rate_hz", [14, 30, 60])
def test_who_presses_faster_than_ticks_can_tell_does_not_leave_the_cursor_behind(rate_hz: int) -> None:
    """The cursor goes over the window once in ten seconds, while the button is pressed so many times a second."""
    hand, seconds = InputAccumulator(PROFILE), 10
    presses = [(number / rate_hz, True) for number in range(rate_hz * seconds)]
    events = deque(sorted(presses + [(time_s + 0.4 / rate_hz, False) for time_s, _ in presses]))
    ticks = []
    for tick in range(1, seconds * TICK_RATE_HZ + 1):
        end_s = tick * TICK_S
        while events and events[0][0] < end_s:
            time_s, down = events.popleft()
            hand.turn_button(Button.LEFT, down=down, place=(time_s / seconds, 0.5), time_s=time_s)
        hand.move((end_s / seconds, 0.5), end_s)
        ticks.append(hand.end_tick().records[0])
        assert end_s - seconds * ticks[-1]["cursor_x"] < (MOST_WAIT + 2.1) * TICK_S, f"tick {tick}"
    down = np.array([tick["button"] for tick in ticks])
    assert np.sum(np.diff(down, prepend=0) == 1) > 9.5 * seconds, "ten presses a second are in the ticks"
    assert sum(event.kind == "press" for event in hand.take_inputs()) == rate_hz * seconds, "and all in the raw events"


def test_a_button_that_is_still_held_after_a_burst_is_down() -> None:
    hand = InputAccumulator(PROFILE)
    for _ in range(12):
        for down in (True, False):
            hand.turn_button(Button.LEFT, down=down, place=(0.5, 0.5), time_s=1.0)
    hand.turn_button(Button.LEFT, down=True, place=(0.5, 0.5), time_s=1.0)
    buttons = [int(hand.end_tick().records["button"][0]) for _ in range(12)]
    assert buttons[:5] == [1, 0, 1, 0, 1] and buttons[-4:] == [1, 1, 1, 1]
