"""The status of a running recording, over made-up ticks."""

from collections.abc import Sequence

import numpy as np
import pytest

from understudy.cli.live.recording_status import RecordingStatus
from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.intent import INTENT, Intent
from understudy.contract.observation import OBSERVATION, Observation
from understudy.contract.protocols import InputEvent, Step
from understudy.worlds.simulator.engine.readings import HP


class Recording:
    """A status that hears of made-up ticks."""

    def __init__(self, *, perceives: bool = True, bars: dict[str, int] | None = None) -> None:
        self.said: list[str] = []
        self.runs = True
        self.status = RecordingStatus(self.said.append, lambda: self.runs, perceives=perceives, bars=bars or {})
        self.index = 0

    def play(
        self, times_s: Sequence[float] | np.ndarray, objects: int = 3, press_every: int = 0, hp: float = 0.5
    ) -> None:
        for time_s in times_s:
            record = np.zeros(1, OBSERVATION)
            record["time_s"], record["player"]["gauges"][..., HP] = time_s, hp
            record["tracks"]["id"][0, :objects] = np.arange(1, objects + 1)
            pressed = bool(press_every) and self.index % press_every == 0
            events = (InputEvent(float(time_s), "press", "left", 0.5, 0.5),) if pressed else ()
            self.status.on_step(
                Step(
                    self.index,
                    Observation(record),
                    Action(np.zeros(1, ACTION)),
                    Intent(np.zeros(1, INTENT)),
                    np.array([Actor.PERSON], np.int8),
                    events,
                )
            )
            self.index += 1


def ticks(seconds: float, start_s: float = 100.0, rate_hz: float = 20.0) -> np.ndarray:
    return start_s + np.arange(0.0, seconds, 1.0 / rate_hz)


def test_a_line_each_five_seconds_says_what_is_recorded() -> None:
    recording = Recording()
    recording.play(ticks(31.0), press_every=20)
    assert len(recording.said) == 6
    assert recording.said[0] == (
        "Recording 0:05: 3 objects in sight, 0% of the ticks missed, 0.0 minutes can be learnt from, 6 presses."
    )
    assert "0:30" in recording.said[-1] and "0.5 minutes can be learnt from" in recording.said[-1]


def test_missed_ticks_are_a_warning_with_what_helps_and_not_repeated_at_once() -> None:
    recording = Recording()
    recording.play(ticks(31.0, rate_hz=10.0))
    warnings = [line for line in recording.said if line.startswith("Warning")]
    assert len(warnings) == 1
    assert "50% of the last ticks were missed" in warnings[0] and "--perceive later" in warnings[0]
    recording.play(ticks(31.0, start_s=131.0, rate_hz=10.0))
    assert len([line for line in recording.said if line.startswith("Warning")]) == 2, "it lasts"


def test_a_game_in_which_nothing_is_seen_is_a_warning_unless_it_is_perceived_later() -> None:
    recording, later = Recording(), Recording(perceives=False)
    for each in (recording, later):
        each.play(ticks(16.0), objects=0)
    assert [line for line in recording.said if "no object has been in sight" in line]
    assert not [line for line in later.said if line.startswith("Warning") or "in sight" in line]


def test_a_gap_that_cannot_be_filled_in_leaves_only_the_long_stretches() -> None:
    recording = Recording()
    recording.play(ticks(30.0))
    recording.play(ticks(15.0, start_s=133.0))  # too short to learn from
    assert recording.status.usable_s == pytest.approx(30.0, abs=0.1)
    recording.play(ticks(25.0, start_s=150.0))
    assert recording.status.usable_s == pytest.approx(55.0, abs=0.15)


def test_a_new_take_begins_from_nothing_and_between_takes_nothing_is_said() -> None:
    recording = Recording()
    recording.play(ticks(12.0))
    recording.runs, num_said = False, len(recording.said)
    recording.play(ticks(12.0, start_s=112.0))
    assert len(recording.said) == num_said and recording.status.line() == ""
    recording.runs = True
    recording.play(ticks(6.0, start_s=200.0))
    assert recording.said[-1].startswith("Recording 0:05")


def bar_warnings(recording: Recording) -> list[str]:
    return [line for line in recording.said if "the bar hp" in line]


def test_a_bar_that_cannot_be_read_is_a_warning_where_the_profile_names_one() -> None:
    named, none = Recording(bars={"hp": HP}), Recording()
    for each in (named, none):
        each.play(ticks(16.0), hp=float("nan"))
    (warning,) = bar_warnings(named)
    assert "could not be read" in warning and "does not fill from the left" in warning
    assert bar_warnings(none) == []


def test_a_bar_that_is_always_full_is_a_warning_after_two_minutes_and_once() -> None:
    stuck, moving = Recording(bars={"hp": HP}), Recording(bars={"hp": HP})
    stuck.play(ticks(110.0), hp=1.0)
    assert bar_warnings(stuck) == [], "one may not have been hit yet"
    stuck.play(ticks(100.0, start_s=210.0), hp=1.0)
    (warning,) = bar_warnings(stuck)
    assert "100% all the time" in warning
    moving.play(ticks(10.0), hp=0.9)
    moving.play(ticks(200.0, start_s=110.0), hp=1.0)
    assert bar_warnings(moving) == []
