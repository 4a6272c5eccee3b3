"""The listener of Windows and macOS on pynput's documented callbacks: on_move(x, y, injected) and their like."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support import pynput_stand_in
from tests.support.pynput_stand_in import Button, Key, KeyCode
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput


class Heard:
    """A listener and what it reported."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        from understudy.worlds.desktop.input.pynput_listener import PynputListener

        self.events: list[RawInput] = []
        self.own_events = OwnEventFilter()
        self.listener = PynputListener(keys, self.own_events, self.events.append)
        self.mouse, self.keyboard = self.listener._mouse.callbacks, self.listener._keyboard.callbacks

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    pynput_stand_in.install(monkeypatch)
    with closing(Heard(("ctrl", "a", "space"))) as made:
        yield made


def test_on_windows_what_a_program_injected_is_our_own_although_it_arrives_a_pixel_beside(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    heard.own_events.note(("move", "", 100, 100), time.perf_counter())
    heard.mouse["on_move"](101, 100, True)
    heard.mouse["on_click"](101, 100, Button.left, True, True)
    heard.keyboard["on_press"](KeyCode("a"), True)
    assert [event.own for event in heard.events] == [True, True, True]


def test_a_persons_events_are_theirs_on_every_platform(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    for platform in ("win32", "darwin"):
        monkeypatch.setattr(sys, "platform", platform)
        heard.mouse["on_move"](5, 6, False)
        heard.mouse["on_click"](5, 6, Button.right, True, False)
        heard.keyboard["on_press"](Key.ctrl_r, False)
        heard.keyboard["on_release"](Key.ctrl_r, False)
    assert not any(event.own for event in heard.events)
    assert [event.code for event in heard.events[:4]] == ["", "right", "ctrl", "ctrl"]


def test_elsewhere_what_we_sent_is_recognised_by_its_place(heard: Heard) -> None:
    heard.own_events.note(("move", "", 100, 100), time.perf_counter())
    heard.mouse["on_move"](100, 100)
    heard.mouse["on_move"](101, 100)
    assert [event.own for event in heard.events] == [True, False]


def test_a_key_that_repeats_is_one_press(heard: Heard) -> None:
    for _ in range(3):
        heard.keyboard["on_press"](KeyCode("A"), False)
    heard.keyboard["on_release"](KeyCode("a"), False)
    assert [(event.kind, event.code) for event in heard.events] == [("press", "a"), ("release", "a")]


def test_an_arrow_key_is_no_mouse_button(monkeypatch: pytest.MonkeyPatch) -> None:
    pynput_stand_in.install(monkeypatch)
    with closing(Heard(("left", "right"))) as heard:
        heard.mouse["on_click"](5, 6, Button.left, True, False)
        heard.keyboard["on_press"](Key.left, False)
        heard.keyboard["on_press"](Key.right, False)
        assert [event.code for event in heard.events] == ["left", "arrow_left", "arrow_right"]
