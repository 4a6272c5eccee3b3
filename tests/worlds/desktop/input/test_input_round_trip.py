"""What is sent and what is heard: the ledger, the pointer, the watcher and the ears, by themselves and on X11."""

import gc
import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.desktop_fixtures import OpenGuard, PaperGame, hand, until
from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.input_listener import InputListener
from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.input.own_event_filter import LIFETIME_S, OwnEventFilter
from understudy.worlds.desktop.input.raw_input import LOST, RawInput
from understudy.worlds.desktop.platform import open_camera, open_injector, open_raw_listener, open_windows
from understudy.worlds.desktop.windows.window_system import Area

MONITOR = Area(left=0, top=0, width=1280, height=720)
KEYS = ("space", "ctrl", "1", "j", "left")


def move(x: int, y: int) -> tuple[str, str, int, int]:
    return ("move", "", x, y)


def heard(
    kind: str, code: str = "", place: tuple[int, int] = (50, 50), time_s: float = 1.0, own: bool = False
) -> RawInput:
    return RawInput(time_s, kind, code, *place, own)


def test_what_was_sent_is_claimed_once() -> None:
    own_events = OwnEventFilter()
    own_events.note(move(3, 4), 10.0)
    assert not own_events.claim(move(3, 5), 10.001)
    assert own_events.claim(move(3, 4), 10.001)
    assert not own_events.claim(move(3, 4), 10.002), "the second is the person's"


def test_what_happened_before_it_was_sent_or_long_after_is_not_ours() -> None:
    own_events = OwnEventFilter()
    own_events.note(move(3, 4), 10.0)
    assert not own_events.claim(move(3, 4), 9.9)
    assert not own_events.claim(move(3, 4), 10.1 + LIFETIME_S)


def test_a_touch_is_what_the_person_does_and_not_what_we_do() -> None:
    input_listener = InputListener(("f1",))
    input_listener.on_event(heard("press", "left", own=True))
    assert input_listener.touched_s == float("-inf") and not input_listener.holding
    input_listener.on_event(heard("press", "left", time_s=2.0))
    assert input_listener.touched_s == 2.0 and input_listener.holding
    input_listener.on_event(heard("release", "left", time_s=3.0))
    assert input_listener.touched_s == 3.0 and not input_listener.holding
    assert [each.own for each in input_listener.take(2.5)] == [True, False]
    assert [each.kind for each in input_listener.take(9.0)] == ["release"]


def test_our_keys_are_no_touch_and_f3_stops_before_anybody_asks() -> None:
    input_listener, stops = InputListener(("f1",)), []
    input_listener.on_stop = stops.append
    for code in ("f1", "f3"):
        input_listener.on_event(heard("press", code))
        input_listener.on_event(heard("release", code))
    assert stops == ["F3 was pressed"]
    assert [each.code for each in input_listener.take_commands()] == ["f1"], "F3 is obeyed already"
    assert input_listener.take_commands() == [] and input_listener.take(9.0) == []
    assert input_listener.touched_s == float("-inf")


@pytest.mark.parametrize(("place", "stops"), [((0, 719), 1), ((1278, 0), 1), ((0, 300), 0), ((3, 3), 0)])
def test_only_a_corner_stops(place: tuple[int, int], stops: int) -> None:
    input_listener, reasons = InputListener((), corners_of=[MONITOR]), []
    input_listener.on_stop = reasons.append
    input_listener.on_event(heard("move", place=place))
    assert len(reasons) == stops
    input_listener.on_event(heard("move", place=place, own=True))
    assert len(reasons) == stops, "our own moves do not"


def test_who_can_no_longer_be_stopped_stops() -> None:
    input_listener, reasons = InputListener(()), []
    input_listener.on_stop = reasons.append
    input_listener.on_event(heard(LOST))
    assert reasons == ["mouse and keyboard are no longer heard"]
    assert input_listener.take(9.0) == [] and input_listener.touched_s == float("-inf")


def test_names_of_keys_are_those_of_profiles() -> None:
    assert x11_keysyms("ctrl") == ("Control_L", "Control_R")
    assert x11_keysyms("f5") == ("F5",)
    assert x11_keysyms("j") == ("j",)
    with pytest.raises(WorldError, match="'hyperspace'"):
        x11_keysyms("hyperspace")


@pytest.fixture
def events(screen: dict[str, str]) -> Iterator[tuple[OwnEventFilter, list[RawInput]]]:
    """What a real watcher hears."""
    own_events, found = OwnEventFilter(), []
    watcher = open_raw_listener(KEYS, own_events, found.append)
    yield own_events, found
    watcher.close()
    watcher.close()


@pytest.fixture
def pointer(screen: dict[str, str]) -> Iterator[GuardedInjector]:
    """A real one."""
    opened = open_injector()
    opened.guard_with(OpenGuard())
    yield opened
    opened.close()


@pytest.mark.desktop
def test_our_events_are_told_from_the_persons_and_carry_their_true_times(
    events: tuple[OwnEventFilter, list[RawInput]], pointer: GuardedInjector, screen: dict[str, str]
) -> None:
    own_events, found = events
    pointer.move(100, 100)
    until(lambda: len(found) >= 1, "the first move")
    found.clear()
    sent: list[float] = []
    for kind, code, place in (("move", "", (300, 200)), ("press", "left", (0, 0)), ("release", "left", (0, 0))):
        now_s = time.perf_counter()
        sent.append(now_s)
        own_events.note((kind, code, *place), now_s)
        if kind == "move":
            pointer.move(*place)
        else:
            (pointer.press if kind == "press" else pointer.release)("button", code)
    hand(screen, "mousemove", 400, 250, "click", 3, "click", 2, "key", "space", "key", "Left")
    until(lambda: len(found) == 12, "twelve events")
    assert [(each.kind, each.code, each.own) for each in found] == [
        ("move", "", True),
        ("press", "left", True),
        ("release", "left", True),
        ("move", "", False),
        ("press", "right", False),
        ("release", "right", False),
        ("press", "middle", False),
        ("release", "middle", False),
        ("press", "space", False),
        ("release", "space", False),
        ("press", "arrow_left", False),
        ("release", "arrow_left", False),
    ]
    assert [(each.x, each.y) for each in (found[0], found[4])] == [(300, 200), (400, 250)]
    assert [each.time_s for each in found[:3]] == pytest.approx(sent, abs=0.05)
    times = [each.time_s for each in found]
    assert times == sorted(times)


@pytest.mark.desktop
def test_a_key_that_is_not_known_is_named_and_no_connection_is_left_open(screen: dict[str, str]) -> None:
    with pytest.raises(WorldError, match="'hyperspace'"):
        open_raw_listener(("hyperspace",), OwnEventFilter(), lambda event: None)
    gc.collect()  # an open socket would be warned of


@pytest.mark.desktop
def test_a_held_key_and_keys_that_do_not_matter_are_heard_as_they_should(
    events: tuple[OwnEventFilter, list[RawInput]], screen: dict[str, str]
) -> None:
    _, found = events
    hand(screen, "key", "z", "keydown", "Control_R", "keydown", "j", "sleep", 0.8, "keyup", "j", "keyup", "Control_R")
    until(lambda: len(found) > 0 and found[-1].kind == "release" and found[-1].code == "ctrl", "ctrl came up")
    assert {each.code for each in found} == {"ctrl", "j"}
    assert [each.code for each in found if each.kind == "release"] == ["j", "ctrl"], "a repeat is no release"
    down_s = found[-1].time_s - found[0].time_s
    assert 0.75 < down_s < 3.0


@pytest.mark.desktop
def test_a_click_and_a_key_reach_a_program_of_its_own(
    open_game: Callable[..., PaperGame], pointer: GuardedInjector
) -> None:
    game = open_game()
    pointer.move(640, 300)
    for turn in (pointer.press, pointer.release):
        turn("button", "left")
        turn("key", "1")
    pressed = game.wait_for(lambda told: told.kind == "press" and told.detail == "1" and told.x > 0)
    assert (pressed.x, pressed.y) == (640 - 320, 300 - 160)
    game.wait_for(lambda told: told.kind == "release" and told.detail == "1" and told.x == 0)
    assert pointer.place() == (640, 300)
    pointer.close()
    pointer.close()


@pytest.mark.desktop
def test_a_display_that_goes_away_is_told_and_everything_closes_quietly(
    screen: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its own: the other tests' has to stay."""
    reading_end, writing_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing_end), "-screen", "0", "320x240x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing_end)
    with os.fdopen(reading_end) as numbers:
        monkeypatch.setenv("DISPLAY", f":{numbers.readline().strip()}")
    found: list[RawInput] = []
    watcher, opened, camera, pointer = (
        open_raw_listener(KEYS, OwnEventFilter(), found.append),
        open_windows(),
        open_camera(),
        open_injector(),
    )
    (monitor,) = camera.monitors()
    server.kill()
    server.wait(30)
    until(lambda: [each.kind for each in found] == [LOST], "it is told")
    for use in (opened.titles, opened.desktop, lambda: pointer.move(1, 1), lambda: camera.grab(monitor)):
        with pytest.raises(WorldError, match=r"is gone|cannot be captured"):
            use()
    for part in (watcher, opened, camera, pointer):
        part.close()
