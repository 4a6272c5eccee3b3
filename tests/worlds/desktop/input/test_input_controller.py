import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.desktop_fixtures import PaperGame
from understudy.contract.errors import WorldError
from understudy.contract.observation import Button
from understudy.worlds.desktop.input.held_input_release import watch_over, with_silences
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog

KEYS = ("ctrl", "space", "1")
SPACE = 2


class PaperPointer:
    """Refuses what a real one would take for a mistake, and keeps what it was told."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.down: set[str] = set()
        self.closed = False

    def move(self, x: int, y: int) -> None:
        self._take("move", x, y)

    def turn_button(self, name: str, *, down: bool) -> None:
        assert name in ("left", "right")
        self._turn(name, down)

    def turn_key(self, name: str, *, down: bool) -> None:
        assert name in KEYS
        self._turn(name, down)

    def place(self) -> tuple[int, int]:
        return 0, 0

    def close(self) -> None:
        self.closed = True

    def _turn(self, name: str, down: bool) -> None:
        assert down != (name in self.down), f"{name} is {'down' if down else 'up'} already"
        (self.down.add if down else self.down.discard)(name)
        self._take("down" if down else "up", name)

    def _take(self, *words: object) -> None:
        assert not self.closed
        self.sent.append(words)


class PaperGuardian:
    """Knows what it was told, in step with the pointer."""

    def __init__(self, pointer: PaperPointer) -> None:
        self.pointer, self.down, self.closed = pointer, set(), False
        self.num_still = 0

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        assert kind in ("button", "key")
        if down:
            assert code not in self.pointer.down, "it has to know before the press"
            self.down.add(code)
        else:
            assert code not in self.pointer.down, "it may forget only after the release"
            self.down.remove(code)

    def still(self) -> None:
        assert self.down == self.pointer.down != set()
        self.num_still += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pointer() -> PaperPointer:
    return PaperPointer()


@pytest.fixture
def controller(pointer: PaperPointer) -> InputController:
    return InputController(pointer, PaperGuardian(pointer), OwnEventFilter(), KEYS, clock=lambda: 1.0)


def test_only_what_is_new_is_sent_and_what_is_no_longer_wanted_comes_up_first(
    pointer: PaperPointer, controller: InputController
) -> None:
    controller.send((10, 20), Button.LEFT, 0)
    controller.send((11, 20), Button.LEFT, SPACE)
    controller.send((12, 20), Button.RIGHT, 0)
    assert pointer.sent == [
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


def test_after_a_stop_nothing_is_held_and_nothing_is_sent(pointer: PaperPointer, controller: InputController) -> None:
    controller.send((10, 20), Button.LEFT, SPACE)
    stopper = threading.Thread(target=controller.stop)
    stopper.start()
    stopper.join()
    assert pointer.down == set()
    sent = list(pointer.sent)
    controller.send((30, 30), Button.LEFT, SPACE)
    assert pointer.sent == sent


def test_closing_releases_and_ends_pointer_and_guardian(pointer: PaperPointer) -> None:
    guardian = PaperGuardian(pointer)
    controller = InputController(pointer, guardian, OwnEventFilter(), KEYS)
    controller.send((10, 20), Button.NONE, SPACE | 1)
    assert guardian.down == {"ctrl", "space"}
    controller.close()
    controller.close()
    assert pointer.closed and guardian.closed and not guardian.down and not pointer.down


def test_what_is_sent_is_in_the_ledger_before() -> None:
    own_events, pointer = OwnEventFilter(), PaperPointer()
    controller = InputController(pointer, PaperGuardian(pointer), own_events, KEYS, clock=lambda: 1.0)
    controller.send((10, 20), Button.LEFT, 0)
    assert own_events.claim(("move", "", 10, 20), 1.0)
    assert own_events.claim(("press", "left", 0, 0), 1.0)


def test_the_guardian_releases_what_is_down_when_its_lines_end(pointer: PaperPointer) -> None:
    pointer.down = {"left", "space"}
    lines = ["+ button left", "+ key space", "+ key 1", "- key 1"]
    assert watch_over(lines, pointer) == 2
    assert pointer.down == set()


def test_the_guardian_is_told_in_every_tick_that_something_is_still_held(pointer: PaperPointer) -> None:
    guardian = PaperGuardian(pointer)
    controller = InputController(pointer, guardian, OwnEventFilter(), KEYS)
    for button in (Button.NONE, Button.LEFT, Button.LEFT, Button.LEFT, Button.NONE):
        controller.send((10, 20), button, 0)
    assert guardian.num_still == 2


def test_what_a_halted_player_holds_comes_up_and_can_go_down_again(pointer: PaperPointer) -> None:
    reading_end, writing_end = os.pipe()
    with os.fdopen(reading_end) as lines, os.fdopen(writing_end, "w", buffering=1) as player:
        released = threading.Event()
        pointer.down = {"left"}
        pointer.turn_button = lambda name, *, down: (pointer._turn(name, down), released.set())  # type: ignore[assignment]
        counts: list[int] = []
        guard = threading.Thread(target=lambda: counts.append(watch_over(with_silences(lines, 0.1), pointer)))
        guard.start()
        player.write("+ button left\n")
        assert released.wait(20), "nothing was said for longer than it waits"
        pointer.down = {"left", "space"}  # it goes on, with its hands where they were
        player.write("=\n+ key space\n- key space\n")
        player.close()
        guard.join(20)
    assert counts == [1] and pointer.down == {"left", "space"}, "what it let go of itself is not released again"


_HOLDS = """
import sys, time
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.platform import open_injector
from understudy.worlds.desktop.input.input_controller import InputController
guardian = ReleaseWatchdog()
controller = InputController(open_injector(), guardian, OwnEventFilter(), ("space",))
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
    os.killpg(player.pid, signal.SIGKILL)  # the whole group: the guardian must not be in it
    player.wait(30)
    player.stdout.close()
    game.wait_for(lambda told: told.kind == "release" and told.detail == "space")
    game.wait_for(lambda told: told.kind == "release" and told.detail == "1")


@pytest.mark.desktop
def test_without_its_guardian_nothing_is_pressed(screen: dict[str, str]) -> None:
    guardian, pointer = ReleaseWatchdog(), PaperPointer()
    guardian._process.kill()
    guardian._process.wait()
    controller = InputController(pointer, guardian, OwnEventFilter(), KEYS)
    with pytest.raises(WorldError, match="is gone"):
        controller.send((10, 20), Button.LEFT, 0)
    assert pointer.down == set()
    controller.close()


def test_a_guardian_that_cannot_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(WorldError, match=r"does not start.*There is no X display"):
        ReleaseWatchdog()
