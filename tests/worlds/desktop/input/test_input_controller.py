import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.desktop_fixtures import OpenGuard, PaperGame
from understudy.contract.errors import WorldError
from understudy.contract.observation import Button
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.held_input_release import release_held_inputs, with_silences
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.windows.window_system import Area

KEYS = ("ctrl", "space", "1", "left")
SPACE = 2


class RecordingInjector:
    """Records events; fails on a press of what is down and a release of what is up."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.at = (0, 0)
        self.down: set[str] = set()
        self.closed = False

    def move(self, x: int, y: int) -> None:
        self._take("move", x, y)
        self.at = (x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        assert name in ("left", "right", "middle")
        self._turn(name, down)

    def turn_key(self, name: str, *, down: bool) -> None:
        assert name in KEYS
        self._turn(name, down)

    def place(self) -> tuple[int, int]:
        return self.at

    def close(self) -> None:
        self.closed = True

    def _turn(self, name: str, down: bool) -> None:
        assert down != (name in self.down), f"{name} is {'down' if down else 'up'} already"
        (self.down.add if down else self.down.discard)(name)
        self._take("down" if down else "up", name)

    def _take(self, *words: object) -> None:
        assert not self.closed
        self.sent.append(words)


class RecordingKeyObserver:
    """Tracks held inputs; fails when it is notified in the wrong order relative to the injector."""

    def __init__(self, injector: RecordingInjector) -> None:
        self.injector, self.down, self.closed = injector, set(), False
        self.num_still = 0
        self.game: tuple[int, Area] | None = None

    def watch(self, window: int, area: Area) -> None:
        assert (window, area) != self.game, "only what has changed is told"
        self.game = window, area

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        assert kind in ("button", "key")
        if down:
            assert code not in self.injector.down, "it has to know before the press"
            self.down.add(code)
        else:
            assert code not in self.injector.down, "it may forget only after the release"
            self.down.remove(code)

    def still(self) -> None:
        assert self.down == self.injector.down != set()
        self.num_still += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def injector() -> RecordingInjector:
    return RecordingInjector()


@pytest.fixture
def controller(injector: RecordingInjector) -> InputController:
    return InputController(
        GuardedInjector(injector, OpenGuard()),
        RecordingKeyObserver(injector),
        OwnEventFilter(),
        KEYS,
        clock=lambda: 1.0,
    )


def test_only_what_is_new_is_sent_and_what_is_no_longer_wanted_comes_up_first(
    injector: RecordingInjector, controller: InputController
) -> None:
    controller.send((10, 20), Button.LEFT, 0)
    controller.send((11, 20), Button.LEFT, SPACE)
    controller.send((12, 20), Button.RIGHT, 0)
    assert injector.sent == [
        ("move", 10, 20),
        ("down", "left"),
        ("move", 11, 20),
        ("down", "space"),
        ("up", "left"),
        ("up", "space"),
        ("move", 12, 20),
        ("down", "right"),
    ]
    assert controller.down == {("button", "right")} and controller.num_events == 8


def test_a_button_is_released_away_from_what_has_opened_under_the_cursor(injector: RecordingInjector) -> None:
    guard, own_events = OpenGuard(), OwnEventFilter()
    guarded = GuardedInjector(injector, guard)
    controller = InputController(guarded, RecordingKeyObserver(injector), own_events, KEYS, clock=lambda: 1.0)
    controller.send((10, 20), Button.LEFT, SPACE)
    guard.aside = (700, 400)
    controller.release()
    assert injector.sent[-3:] == [("move", 700, 400), ("up", "left"), ("up", "space")], "a key chooses nothing"
    assert own_events.claim(("move", "", 700, 400), 1.0), "it is no takeover"


def test_a_display_that_cannot_say_what_lies_under_the_cursor_does_not_keep_a_button_down(
    injector: RecordingInjector,
) -> None:
    class Gone(OpenGuard):
        def release_pixel(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
            raise WorldError("the display is gone")

    controller = InputController(
        GuardedInjector(injector, Gone()), RecordingKeyObserver(injector), OwnEventFilter(), KEYS, clock=lambda: 1.0
    )
    controller.send((10, 20), Button.LEFT, 0)
    controller.send((10, 20), Button.NONE, 0)
    assert injector.down == set()


def test_after_a_stop_nothing_is_held_and_nothing_is_sent(
    injector: RecordingInjector, controller: InputController
) -> None:
    controller.send((10, 20), Button.LEFT, SPACE)
    stopper = threading.Thread(target=controller.stop)
    stopper.start()
    stopper.join()
    assert injector.down == set()
    sent = list(injector.sent)
    controller.send((30, 30), Button.LEFT, SPACE)
    assert injector.sent == sent


def test_without_a_guard_nothing_is_pressed(injector: RecordingInjector) -> None:
    controller = InputController(
        GuardedInjector(injector), RecordingKeyObserver(injector), OwnEventFilter(), KEYS, clock=lambda: 1.0
    )
    controller.send((10, 20), Button.LEFT, SPACE)
    assert injector.down == set() and injector.sent == [("move", 10, 20)]


def test_a_motion_ends_at_the_edge_of_the_play_area_and_a_press_is_judged_where_the_cursor_truly_is(
    injector: RecordingInjector,
) -> None:
    guard = OpenGuard(Area(left=100, top=50, width=200, height=80))
    guarded = GuardedInjector(injector, guard)
    own_events = OwnEventFilter()
    controller = InputController(guarded, RecordingKeyObserver(injector), own_events, KEYS, clock=lambda: 1.0)
    controller.send((90, 500), Button.NONE, 0)
    assert injector.sent == [("move", 100, 129)] and own_events.claim(("move", "", 100, 129), 1.0)
    injector.move = lambda x, y: None  # type: ignore[method-assign]  # the person moves it elsewhere at that moment
    injector.at = (7, 7)
    controller.send((150, 60), Button.LEFT, 0)
    assert guard.asked == [("button", (7, 7))]


def test_a_refused_press_is_dropped_and_counted_and_forgotten(injector: RecordingInjector) -> None:
    guard, own_events = OpenGuard(), OwnEventFilter()
    guard.refuses["button"] = Refusal.COVERED
    observer = RecordingKeyObserver(injector)
    controller = InputController(GuardedInjector(injector, guard), observer, own_events, KEYS, clock=lambda: 1.0)
    controller.send((10, 20), Button.LEFT, SPACE)
    assert injector.down == {"space"} == observer.down and controller.down == {("key", "space")}
    assert controller.refused == {Refusal.COVERED: 1}
    assert not own_events.claim(("press", "left", 0, 0), 1.0), "a person's click a moment later is the person's"


def test_what_is_held_comes_up_when_a_press_finds_another_page(injector: RecordingInjector) -> None:
    guard = OpenGuard()
    controller = InputController(
        GuardedInjector(injector, guard), RecordingKeyObserver(injector), OwnEventFilter(), KEYS, clock=lambda: 1.0
    )
    controller.send((10, 20), Button.LEFT, 0)
    guard.refuses["key"] = Refusal.NOT_THE_GAME
    controller.send((10, 20), Button.LEFT, SPACE)
    assert injector.down == set() and controller.down == frozenset()


def test_closing_releases_everything_and_closes_injector_and_observer(injector: RecordingInjector) -> None:
    observer = RecordingKeyObserver(injector)
    controller = InputController(GuardedInjector(injector, OpenGuard()), observer, OwnEventFilter(), KEYS)
    controller.send((10, 20), Button.NONE, SPACE | 1)
    assert observer.down == {"ctrl", "space"}
    controller.close()
    controller.close()
    assert injector.closed and observer.closed and not observer.down and not injector.down


def test_an_event_is_in_the_own_event_filter_before_it_is_sent() -> None:
    own_events, injector = OwnEventFilter(), RecordingInjector()
    controller = InputController(
        GuardedInjector(injector, OpenGuard()), RecordingKeyObserver(injector), own_events, KEYS, clock=lambda: 1.0
    )
    controller.send((10, 20), Button.LEFT, 0)
    assert own_events.claim(("move", "", 10, 20), 1.0)
    assert own_events.claim(("press", "left", 0, 0), 1.0)


def test_the_watchdog_releases_held_inputs_when_its_lines_end(injector: RecordingInjector) -> None:
    injector.down = {"left", "space"}
    lines = ["+ button left", "+ key space", "+ key 1", "- key 1"]
    assert release_held_inputs(lines, GuardedInjector(injector)) == 2
    assert injector.down == set()


def test_the_watchdog_releases_a_button_where_the_game_is_free_and_a_key_where_it_is(
    injector: RecordingInjector,
) -> None:
    injector.down, injector.at = {"left", "space"}, (10, 20)
    asked: list[object] = []

    def place(game: object, pixel: tuple[int, int]) -> tuple[int, int]:
        asked.append((game, pixel))
        return 400, 300

    lines = ["@ 77 0 90 1000 600", "+ button left", "+ key space"]
    release_held_inputs(lines, GuardedInjector(injector), place)
    assert injector.sent == [("move", 400, 300), ("up", "left"), ("up", "space")]
    assert asked == [((77, Area(left=0, top=90, width=1000, height=600)), (10, 20))]


def test_the_observer_knows_the_games_place_before_the_first_press_and_when_it_has_moved(
    injector: RecordingInjector,
) -> None:
    guard, observer = OpenGuard(), RecordingKeyObserver(injector)
    controller = InputController(GuardedInjector(injector, guard), observer, OwnEventFilter(), KEYS)
    guard.window = 5
    for left in (0, 0, 40):
        guard.area = Area(left=left, top=0, width=1000, height=600)
        controller.send((100, 20), Button.LEFT, 0)
        assert observer.game == (5, guard.area)
        controller.send((100, 20), Button.NONE, 0)


def test_the_observer_gets_a_heartbeat_in_every_tick_with_a_held_input(injector: RecordingInjector) -> None:
    observer = RecordingKeyObserver(injector)
    controller = InputController(GuardedInjector(injector, OpenGuard()), observer, OwnEventFilter(), KEYS)
    for button in (Button.NONE, Button.LEFT, Button.LEFT, Button.LEFT, Button.NONE):
        controller.send((10, 20), button, 0)
    assert observer.num_still == 2


def test_what_a_halted_player_holds_comes_up_and_can_go_down_again(injector: RecordingInjector) -> None:
    reading_end, writing_end = os.pipe()
    with os.fdopen(reading_end) as lines, os.fdopen(writing_end, "w", buffering=1) as player:
        released = threading.Event()
        injector.down = {"left"}
        injector.turn_button = lambda name, *, down: (injector._turn(name, down), released.set())  # type: ignore[assignment]
        counts: list[int] = []
        guard = threading.Thread(
            target=lambda: counts.append(release_held_inputs(with_silences(lines, 0.1), GuardedInjector(injector)))
        )
        guard.start()
        player.write("+ button left\n")
        assert released.wait(20), "nothing was said for longer than it waits"
        injector.down = {"left", "space"}  # it goes on, with its hands where they were
        player.write("=\n+ key space\n- key space\n")
        player.close()
        guard.join(20)
    assert counts == [1] and injector.down == {"left", "space"}, "what it let go of itself is not released again"


_HOLDS = """
import sys, time
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.platform import open_injector
from understudy.worlds.desktop.input.input_controller import InputController
from tests.support.desktop_fixtures import OpenGuard
guardian = ReleaseWatchdog()
controller = InputController(open_injector(), guardian, OwnEventFilter(), ("space",))
controller.guard_with(OpenGuard())
controller.send((640, 360), 1, 1)
print("holds", guardian._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.desktop
def test_kill_minus_nine_leaves_nothing_held_down(open_game: Callable[..., PaperGame], screen: dict[str, str]) -> None:
    game = open_game()
    player = subprocess.Popen(
        [sys.executable, "-c", _HOLDS],
        env=screen,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert player.stdout is not None
    holds, guardian = player.stdout.readline().split()
    assert holds == "holds"
    held = [os.readlink(file) for file in Path(f"/proc/{guardian}/fd").iterdir()]
    assert os.readlink(f"/proc/self/fd/{player.stdout.fileno()}") not in held, "nobody waits for the guardian"
    game.wait_for(lambda told: told.kind == "press" and told.detail == "space")
    os.killpg(player.pid, signal.SIGKILL)  # the whole group: the watchdog must not be in it
    player.wait(30)
    player.stdout.close()
    game.wait_for(lambda told: told.kind == "release" and told.detail == "space")
    game.wait_for(lambda told: told.kind == "release" and told.detail == "1")


@pytest.mark.desktop
def test_without_its_watchdog_nothing_is_pressed(screen: dict[str, str]) -> None:
    observer, injector = ReleaseWatchdog(), RecordingInjector()
    observer._process.kill()
    observer._process.wait()
    controller = InputController(GuardedInjector(injector, OpenGuard()), observer, OwnEventFilter(), KEYS)
    with pytest.raises(WorldError, match="is gone"):
        controller.send((10, 20), Button.LEFT, 0)
    assert injector.down == set()
    controller.close()


def test_a_watchdog_that_cannot_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(WorldError, match=r"does not start.*There is no X display"):
        ReleaseWatchdog()


def test_buttons_are_pressed_and_released_each_by_itself(
    injector: RecordingInjector, controller: InputController
) -> None:
    for buttons in (Button.LEFT, Button.LEFT | Button.MIDDLE, Button.MIDDLE | Button.RIGHT, Button.NONE):
        controller.send((10, 20), buttons, 0)
    turned = [each for each in injector.sent if each[0] != "move"]
    assert turned[:4] == [("down", "left"), ("down", "middle"), ("up", "left"), ("down", "right")]
    assert sorted(turned[4:]) == [("up", "middle"), ("up", "right")]


def test_an_arrow_key_is_told_from_the_mouse_button_of_its_name(injector: RecordingInjector) -> None:
    guarded, own_events = GuardedInjector(injector, OpenGuard()), OwnEventFilter()
    controller = InputController(guarded, RecordingKeyObserver(injector), own_events, KEYS, clock=lambda: 1.0)
    controller.send((1, 1), Button.NONE, 1 << KEYS.index("left"))
    assert not own_events.claim(("press", "left", 0, 0), 1.001), "the person's click"
    assert own_events.claim(("press", "arrow_left", 0, 0), 1.001)


def test_a_key_that_clicks_is_judged_where_the_cursor_is_as_a_button_is(injector: RecordingInjector) -> None:
    guard = OpenGuard()
    guard.refuses["button"] = Refusal.FORBIDDEN
    controller = InputController(
        GuardedInjector(injector), RecordingKeyObserver(injector), OwnEventFilter(), KEYS, clock=lambda: 1.0
    )
    controller.guard_with(guard, click_keys=("space",))
    controller.send((10, 20), 0, SPACE | 1)
    assert controller.down == {("key", "ctrl")}
    assert controller.refused[Refusal.FORBIDDEN] == 1
