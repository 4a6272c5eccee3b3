"""The doctor's signs of the hand, from raw events: each against a hand with the fault, and a hand without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.missed_ticks import recording_of
from tests.support.teacher_play import teacher_play
from understudy.contract.protocols import InputEvent
from understudy.evaluation.diagnostics.diagnose import diagnose_episode
from understudy.evaluation.diagnostics.findings import Finding, Severity
from understudy.evaluation.diagnostics.segments import examine
from understudy.recordings.episode import Episode


@pytest.fixture(scope="module")
def episode() -> Episode:
    return recording_of(teacher_play()[0])


def signs(episode: Episode) -> dict[str, Finding]:
    return {sign.name: sign for sign in diagnose_episode([examine(Path("one.mcap"), episode)])}


def moves(episode: Episode, spacing_s: float) -> list[InputEvent]:
    first, last = episode.observations["time_s"][[0, -1]]
    times = np.arange(first, last, spacing_s)
    return [InputEvent(float(at), "move", "", 0.3 + 0.3 * float(np.sin(at)), 0.5) for at in times]


def clicks(episode: Episode, held_s: float, *, buttons: tuple[str, ...] = ("left",)) -> list[InputEvent]:
    """A press each second, of the buttons in turn."""
    first = float(episode.observations["time_s"][0])
    events = []
    for number in range(1, 60):
        button, at = buttons[number % len(buttons)], first + number
        events += [InputEvent(at, "press", button, 0.5, 0.5), InputEvent(at + held_s, "release", button, 0.5, 0.5)]
    return events


def with_events(episode: Episode, *events: InputEvent) -> Episode:
    return replace(episode, inputs=tuple(sorted(events, key=lambda event: event.time_s)))


def test_a_mouse_over_a_remote_desktop_is_named_and_one_on_the_desk_is_not(episode: Episode) -> None:
    far = signs(with_events(episode, *moves(episode, 0.109)))["event_spacing"]
    assert (far.severity, far.figure) == (Severity.WARNING, "109 ms between two events")
    near = signs(with_events(episode, *moves(episode, 0.016)))["event_spacing"]
    assert (near.severity, near.figure) == (Severity.FINE, "16 ms between two events")
    assert signs(episode)["event_spacing"].figure == "no raw events"


def test_presses_become_gestures_and_those_that_do_not_are_counted(episode: Episode) -> None:
    hand = [*moves(episode, 0.016), *clicks(episode, 0.1)]
    sign = signs(with_events(episode, *hand))["presses"]
    assert (sign.severity, sign.figure) == (Severity.FINE, "59 gestures of 59 presses beside panels")


def test_an_arrow_key_that_clicks_is_a_press(episode: Episode) -> None:
    profile = replace(episode.info.profile, keys=("left", "x"), click_keys=("left",))
    played = replace(episode, info=replace(episode.info, profile=profile))
    by_key = signs(with_events(played, *moves(played, 0.016), *clicks(played, 0.1, buttons=("arrow_left",))))["presses"]
    assert (by_key.severity, by_key.figure) == (Severity.FINE, "59 gestures of 59 presses beside panels")


def test_buttons_that_overlap_are_a_note(episode: Episode) -> None:
    overlapping = clicks(episode, 1.2, buttons=("left", "right"))
    sign = signs(with_events(episode, *overlapping))["overlaps"]
    assert (sign.severity, sign.figure) == (Severity.NOTE, "58 of 59 presses")
    assert signs(with_events(episode, *clicks(episode, 0.5)))["overlaps"].severity == Severity.FINE


def test_a_cursor_that_wanders_without_clicks_is_a_note(episode: Episode) -> None:
    assert signs(episode)["travel"].severity == Severity.FINE
    wandering = replace(episode, actions=episode.actions.copy())
    wandering.actions["cursor_x"] = 0.5 + 0.4 * np.sin(np.arange(len(episode)))
    wandering.actions["button"][200:] = 0
    assert signs(wandering)["travel"].severity == Severity.NOTE


def test_too_few_clicks_are_serious(episode: Episode) -> None:
    assert signs(episode)["clicks"].severity == Severity.FINE
    still = replace(episode, actions=episode.actions.copy())
    still.actions["button"] = 0
    sign = signs(still)["clicks"]
    assert (sign.severity, sign.figure) == (Severity.SERIOUS, "0 clicks")


def test_the_way_without_a_press_is_told_apart(episode: Episode) -> None:
    hovering = replace(episode, actions=episode.actions.copy(), observations=episode.observations.copy(), inputs=())
    hovering.actions["button"], hovering.actions["keys"] = 0, 0
    hovering.observations["tracks"]["id"] = 0
    track = hovering.observations["tracks"][:, 0]
    track["id"], track["kind"], track["x"], track["y"] = 7, 0, 0.4, 0.4
    track["width"], track["height"] = 0.05, 0.08
    away = (np.arange(len(episode)) % 60) >= 30
    hovering.actions["cursor_x"], hovering.actions["cursor_y"] = np.where(away, 0.6, 0.4), 0.4
    sign = signs(hovering)["travel"]
    hovers, wanders = (int(word.split("%")[0]) for word in sign.figure.split("; ")[1].split(", "))
    assert sign.figure.startswith("0% of it") and 40 <= hovers <= 60 and hovers + wanders == 100
    assert f"{episode.info.profile.kinds[0].name} (" in sign.advice
