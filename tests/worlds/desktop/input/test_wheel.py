"""The mouse wheel: recorded, labelled and turned, within the same limits as a click."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support import pynput_stand_in
from tests.support.desktop_fixtures import HEIGHT, TITLE, WIDTH, OpenGuard, PaperGame, RedEye, hand, until, wish
from tests.worlds.desktop.input.test_input_controller import RecordingInjector, RecordingKeyObserver
from understudy.contract.action import Actor
from understudy.contract.observation import Button
from understudy.contract.profile import WHEEL, Rectangle
from understudy.learning.data.gesture_segmentation import key_presses
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import read_episode
from understudy.runtime.session import Session
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.human_operator import DesktopHumanPilot
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.held_input_release import release_held_inputs
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.open_desktop import open_desktop
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.world import DesktopSettings, DesktopWorld

LEFT, TOP = (1280 - WIDTH) // 2, (720 - HEIGHT) // 2
PROFILE = replace(load_profile(), keys=("space", *WHEEL))
UP, DOWN = (PROFILE.key_bit(name) for name in WHEEL)


class TurningInjector(RecordingInjector):
    """Takes the wheel, too."""

    def turn_key(self, name: str, *, down: bool) -> None:
        assert name in PROFILE.keys
        self._turn(name, down)


@pytest.fixture
def injector() -> TurningInjector:
    return TurningInjector()


def controller_of(injector: TurningInjector, guard: OpenGuard) -> tuple[InputController, RecordingKeyObserver]:
    observer = RecordingKeyObserver(injector)
    controller = InputController(GuardedInjector(injector), observer, OwnEventFilter(), PROFILE.keys, clock=lambda: 1.0)
    controller.guard_with(guard)
    return controller, observer


def test_in_each_tick_the_wheel_clicks_once_and_is_never_held(injector: TurningInjector) -> None:
    controller, observer = controller_of(injector, OpenGuard())
    for _ in range(2):
        assert controller.send((10, 20), Button.NONE, UP) == ("wheel_up",)
    assert controller.send((10, 20), Button.NONE, 0) == ()
    turned = [word for word in injector.sent if word[0] != "move"]
    assert turned == 2 * [("down", "wheel_up"), ("up", "wheel_up")]
    assert controller.down == frozenset() and not observer.down and not injector.down


def test_the_wheel_is_judged_like_a_button_and_refused_like_one(injector: TurningInjector) -> None:
    guard = OpenGuard()
    controller, observer = controller_of(injector, guard)
    guard.refuses["button"] = Refusal.FORBIDDEN
    assert controller.send((10, 20), Button.NONE, DOWN) == ()
    assert injector.sent == [("move", 10, 20)] and guard.asked == [("button", (10, 20))]
    assert controller.refused == {Refusal.FORBIDDEN: 1} and not observer.down


def test_what_is_held_comes_up_when_the_wheel_finds_another_page(injector: TurningInjector) -> None:
    guard = OpenGuard()
    controller, _ = controller_of(injector, guard)
    controller.send((10, 20), Button.LEFT, 0)
    guard.refuses["button"] = Refusal.NOT_THE_GAME
    assert controller.send((10, 20), Button.LEFT, UP) == ()
    assert injector.down == set() and controller.down == frozenset()


def test_after_a_stop_the_wheel_stands(injector: TurningInjector) -> None:
    controller, _ = controller_of(injector, OpenGuard())
    controller.stop()
    assert controller.send((10, 20), Button.NONE, UP) == () and injector.sent == []


def test_a_player_killed_within_a_click_of_the_wheel_leaves_nothing_down(injector: TurningInjector) -> None:
    injector.down = {"wheel_up"}
    assert release_held_inputs(["+ key wheel_up"], GuardedInjector(injector)) == 1
    assert injector.down == set()


class Turns:
    """A pynput mouse that keeps what it is asked to scroll."""

    def __init__(self) -> None:
        self.scrolled: list[tuple[int, int]] = []

    def scroll(self, dx: int, dy: int) -> None:
        self.scrolled.append((dx, dy))


def test_on_windows_and_macos_a_press_of_the_wheel_scrolls_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pynput_stand_in.install(monkeypatch)
    from understudy.worlds.desktop.input.pynput_injector import PynputInjector

    made, turns = PynputInjector(), Turns()
    made._mouse = turns  # type: ignore[assignment]
    for name in WHEEL:
        made.turn_key(name, down=True)
        made.turn_key(name, down=False)
    assert turns.scrolled == [(0, 1), (0, -1)]


def test_on_windows_and_macos_what_is_scrolled_is_heard_click_by_click(monkeypatch: pytest.MonkeyPatch) -> None:
    pynput_stand_in.install(monkeypatch)
    from understudy.worlds.desktop.input.pynput_listener import PynputListener

    found: list[RawInput] = []
    own_events = OwnEventFilter()
    for keys, clicks in ((("space",), []), (PROFILE.keys, ["wheel_down", "wheel_down", "wheel_up"])):
        found.clear()
        listener = PynputListener(keys, own_events, found.append)
        scroll = listener._mouse.callbacks["on_scroll"]
        scroll(5, 6, 0, -2, False)
        scroll(5, 6, 1, 0, False)
        if clicks:
            own_events.note(("press", "wheel_up", 0, 0), time.perf_counter())
            own_events.note(("release", "wheel_up", 0, 0), time.perf_counter())
        scroll(7, 8, 0, 1, False)
        listener.close()
        assert [event.code for event in found if event.kind == "press"] == clicks
        assert [event.code for event in found if event.kind == "release"] == clicks
    assert [event.own for event in found] == [False] * 4 + [True] * 2
    assert [(event.x, event.y) for event in found] == [(5, 6)] * 4 + [(7, 8)] * 2


@pytest.fixture
def opened(open_game: Callable[..., PaperGame]) -> Iterator[Callable[..., tuple[PaperGame, DesktopWorld, object]]]:
    """The window of a program that hears the wheel, and the desktop at it."""
    worlds: list[DesktopWorld] = []

    def begin(profile: object = PROFILE, **settings: object) -> tuple[PaperGame, DesktopWorld, object]:
        game = open_game()
        asked = {"window": TITLE, "sends": True, "handback_delay_s": 0.4, **settings}
        world, seat = open_desktop(profile, RedEye(), DesktopSettings(**asked))  # type: ignore[arg-type]
        worlds.append(world)
        return game, world, seat

    yield begin
    for world in worlds:
        world.close()


@pytest.mark.desktop
def test_a_person_who_scrolls_is_recorded_and_labelled(
    opened: Callable[..., tuple[PaperGame, DesktopWorld, object]], screen: dict[str, str], tmp_path: object
) -> None:
    _, world, seat = opened(sends=False)
    path = tmp_path / "scrolled.mcap"  # type: ignore[operator]
    recorder = Recorder(path, describe(PROFILE, pilot="person", world="desktop"))
    pilot = DesktopHumanPilot(world, seat)  # type: ignore[arg-type]
    session = Session(world, pilot, [recorder], actor=Actor.PERSON, take_inputs=seat.take_inputs)  # type: ignore[attr-defined]
    session.tick()
    seen = world.observe()
    turns = ("mousemove", LEFT + 160, TOP + 300, "click", 4, "sleep", 0.3, "click", "--repeat", 3, 5)
    beside = ("mousemove", 5, 5, "click", 4, "key", "space")
    person = threading.Thread(target=hand, args=(screen, *turns, *beside))
    person.start()
    while not seen.records["keys"][0] & PROFILE.key_bit("space"):
        session.tick()
        seen = world.observe()
    session.close()
    person.join()
    episode = read_episode(path)
    turned = [event for event in episode.inputs if event.code in WHEEL]
    codes = ("wheel_up", *3 * ["wheel_down"])
    assert [(each.kind, each.code) for each in turned] == [
        (kind, code) for code in codes for kind in ("press", "release")
    ]
    places = {(round(each.x, 2), round(each.y, 2)) for each in turned}
    assert places == {(0.25, 0.75)}
    (up_ticks, up_lengths), (down_ticks, down_lengths) = key_presses(episode.actions, len(PROFILE.keys))[1:]
    assert list(up_lengths) == [1] and sum(down_lengths) == 3, "each click of the wheel is in a tick"
    assert up_ticks[0] < down_ticks[0]
    assert not np.any(episode.actions["button"])


@pytest.mark.desktop
def test_clicks_of_the_wheel_arrive_in_the_game_at_the_cursor_and_nowhere_else(
    opened: Callable[..., tuple[PaperGame, DesktopWorld, object]],
) -> None:
    shop = Rectangle(left=0.5, top=0.0, width=0.5, height=0.5)
    game, world, seat = opened(replace(PROFILE, forbidden=(shop,)))
    seen = []
    for x, keys in (
        (0.25, 0),
        (0.25, UP),
        (0.25, UP),
        (0.25, 0),
        (0.75, 0),
        (0.75, UP),
        (0.25, 0),
        (0.25, DOWN),
        (0.25, 0),
    ):
        seen.append(int(world.observe().records["keys"][0]))
        world.act(wish(x, 0.25, Button.NONE, keys))
    game.wait_for(lambda told: told.kind == "release" and told.detail == "5")
    turned = [(told.kind, told.detail, told.x, told.y) for told in game.told if told.kind in ("press", "release")]
    assert turned == [
        (kind, detail, WIDTH // 4, HEIGHT // 4) for detail in ("4", "4", "5") for kind in ("press", "release")
    ]
    assert world.refused == {Refusal.FORBIDDEN: 1}
    assert seen == [0, 0, UP, UP, 0, 0, 0, 0, DOWN], "the observation has what was sent, and not what was refused"
    until(lambda: world._parts.input_listener.num_own >= 6, "our own clicks are heard")
    assert seat.touched_s == float("-inf"), "and are no touch"  # type: ignore[attr-defined]
