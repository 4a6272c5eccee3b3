"""A real Chromium with a small game: whatever happens in its window, no press falls on anything but the game.

A script clicks four times a second, also beside the game, and presses the space bar. A listener of the test's own hears
every press on the display, and the pages tell what they hear. A press in the very tick in which something changes may
be heard late or not at all by the game's page (printed as astray); none may come once it has said that it pauses.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.browser import GAME_TITLE, PATIENCE_S, SCROLLBAR, TOOLBAR, Chromium, PageServer, wait_until
from tests.support.desktop_fixtures import OpenGuard, PaperGame, RedEye, hand, wish
from tests.support.disturbances import Disturbance, Disturber
from understudy.contract.action import Action
from understudy.contract.errors import WorldError
from understudy.contract.observation import Button, Role
from understudy.contract.profile import Kind, Margins, Profile, Rectangle
from understudy.worlds.desktop.capture import picture_identity
from understudy.worlds.desktop.capture.game_fingerprint import GameFingerprint, border_fingerprint
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
from understudy.worlds.desktop.open_desktop import open_desktop
from understudy.worlds.desktop.platform import open_camera, open_injector, open_raw_listener, open_windows
from understudy.worlds.desktop.windows.window_system import find_window
from understudy.worlds.desktop.world import DesktopSettings

pytestmark = pytest.mark.desktop
LEAST_S = 10.0
"""How long a disturbance is waited for that may be over before it is noticed."""
PROFILE = Profile(
    name="dots",
    window_title=GAME_TITLE,
    window_width=1280 - SCROLLBAR,
    window_height=720 - TOOLBAR,
    minimap=Rectangle(left=0.0, top=0.0, width=1e-6, height=1e-6),
    keys=("space",),
    kinds=(Kind(name="dot", role=Role.ENEMY, value=10.0),),
    maps=("dots",),
    play_area=Margins(top=TOOLBAR, right=SCROLLBAR),
)


class Play:
    """A browser, a game in it, and understudy's hand on it."""

    def __init__(self, screen: dict[str, str], folder: Path, *, locates: bool = False) -> None:
        self.screen, self.server = screen, PageServer()
        self.browser = Chromium(screen, folder, f"{self.server.address}/game.html")
        wait_until(lambda: bool(self.server.presses("ready")), "the game's page")
        self.said: list[str] = []
        self.said_s: list[float] = []
        self.pressed: list[RawInput] = []
        time.sleep(2.0)  # the browser's own greetings
        self._listener = open_raw_listener((), OwnEventFilter(), self._hear)
        settings = DesktopSettings(window=GAME_TITLE, sends=True, handback_delay_s=0.1)
        self.profile, self.fingerprint = self._canvas() if locates else (PROFILE, None)
        self.world, self.seat = open_desktop(
            self.profile, RedEye(), settings, fingerprint=self.fingerprint, notify=self._say
        )
        self.window = find_window(self.world._parts.windows, GAME_TITLE)
        size = self.world.place._size
        pages = self.server.address
        self.disturber = Disturber(
            self.browser, self.hand, self.window, size, pages, f"{pages}/game.html", f"{pages}/lookalike.html"
        )
        self._rng, self._over = np.random.default_rng(3), threading.Event()
        self._aim = [0.5, 0.5]
        self.failure: BaseException | None = None

    def _canvas(self) -> tuple[Profile, GameFingerprint]:
        """The canvas alone as the play area, and the border by which it is found."""
        box = "canvas.getBoundingClientRect()"
        left, top, wide, high = self.browser.evaluate(f"[{box}.left, {box}.top, {box}.width, {box}.height]")
        edges = (round(left), round(top) + TOOLBAR, round(left + wide), round(top + high) + TOOLBAR)
        with closing(open_windows()) as windows, closing(open_camera()) as camera:
            outer = windows.area(find_window(windows, GAME_TITLE))
            assert outer is not None
            window = camera.grab(outer).pixels
        margins = Margins(left=edges[0], top=edges[1], right=outer.width - edges[2], bottom=outer.height - edges[3])
        return replace(PROFILE, play_area=margins, locate_play_area=True), border_fingerprint(window, edges)

    def _say(self, line: str) -> None:
        self.said_s.append(time.perf_counter())
        self.said.append(line)

    def pressed_in_a_pause(self) -> list[RawInput]:
        """Presses of ours after it said that it pauses and before it said that it goes on."""
        pauses, began_s = list[tuple[float, float]](), None
        for line, said_s in zip(self.said, self.said_s, strict=False):
            if line.startswith("Paused") and began_s is None:
                began_s = said_s
            elif line == "Going on." and began_s is not None:
                pauses.append((began_s, said_s))
                began_s = None
        ours = [each for each in self.pressed if each.code == "left"]
        return [each for each in ours if any(begin < each.time_s < end for begin, end in pauses)]

    def _hear(self, event: RawInput) -> None:
        if event.kind == "press":
            self.pressed.append(event)

    def hand(self, *words: str | int) -> None:
        hand(self.screen, *words)

    def run(self, script: Callable[[], None], decide: Callable[[int], Action] | None = None) -> None:
        """Plays on this thread, clicking anywhere unless told what to do in each tick, while a script of disturbances
        runs on another; raises what that raises."""

        def act_it_out() -> None:
            try:
                script()
            except BaseException as problem:
                self.failure = problem
            self._over.set()
            self.world.stop("the script is over")

        other = threading.Thread(target=act_it_out)
        other.start()
        tick = 0
        while not self._over.is_set():
            self.world.observe()
            self.world.act((decide or self._click_anywhere)(tick))
            tick += 1
        other.join()
        if self.failure is not None:
            raise self.failure

    def _click_anywhere(self, tick: int) -> Action:
        """Four clicks a second, also beside the game, and the space bar."""
        if tick % 5 == 0:
            self._aim = self._rng.uniform(-0.1, 1.1, 2).tolist()
        return wish(*self._aim, Button.LEFT if tick % 5 == 2 else Button.NONE, int(tick % 10 == 3))

    def wait_for_presses(self, count: int = 2) -> None:
        before = len(self.pressed)
        wait_until(lambda: len(self.pressed) >= before + count, f"it plays (said last: {self.said[-3:]})")

    def disturb(self, one: Disturbance) -> str:
        """One disturbance, which is noticed, and after which it goes on. Returns what was said."""
        self.wait_for_presses()
        num_said = len(self.said)
        one.begin()
        try:
            wait_until(
                lambda: len(self.said) > num_said, f"{one.name}: it is noticed", LEAST_S if one.may_pass else PATIENCE_S
            )
            time.sleep(one.lasts_s)
        finally:
            one.end()
        wait_until(lambda: self.said[-1] == "Going on.", f"{one.name}: it goes on ({self.said[num_said:]})")
        return self.said[num_said]

    def astray(self) -> list[tuple[float, int, int]]:
        """Presses of ours that the game's page did not hear: under a dialog, on a menu, in a bar, on another page."""
        time.sleep(0.5)  # the page's telling takes its time
        heard = self.server.presses("game", "hit")

        def is_heard(press: RawInput) -> bool:
            """In full screen the page begins at the top of the window."""
            return any(
                abs(told_s - press.time_s) < 2.0
                and abs(press.x - x) < 3
                and min(abs(press.y - top - y) for top in (0, TOOLBAR)) < 3
                for told_s, _, x, y in heard
            )

        return [(each.time_s, each.x, each.y) for each in self.pressed if each.code == "left" and not is_heard(each)]

    def outside(self) -> list[RawInput]:
        """Presses beside the play area."""
        return [each for each in self.pressed if not self.world.area.contains(each.x, each.y)]

    def close(self) -> None:
        self.world.close()
        self._listener.close()
        self.browser.close()
        self.server.close()


@pytest.fixture
def play(screen: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """A game that is played."""
    monkeypatch.setattr(picture_identity, "LEARN_TICKS", 60)
    playing = Play(screen, tmp_path)
    yield playing
    playing.close()


def test_no_press_falls_on_another_tab_under_an_alert_or_on_the_toolbar(play: Play) -> None:
    heard: dict[str, str] = {}

    def script() -> None:
        wait_until(lambda: not play.world._sight.is_learning, "it has learnt")
        for one in play.disturber.all(lambda: play.said[-1] == "Going on."):
            if one.name in ("a tab with another page", "alert", "find bar"):
                heard[one.name] = play.disturb(one)

    play.run(script)
    assert "another tab" in heard["a tab with another page"]
    assert "around the game" in heard["find bar"] or "covers" in heard["find bar"], "it lies over both"
    assert play.server.presses("bank") == [] and play.outside() == [] and play.pressed_in_a_pause() == []
    assert len(play.server.presses("game", "hit")) > 5 and play.server.presses("space")
    page = play.server.presses("game", "hit")
    assert all(0 <= x < play.world.area.width and 0 <= y < play.world.area.height for _, _, x, y in page)


def test_a_button_held_while_a_menu_opens_under_the_cursor_chooses_nothing(play: Play) -> None:
    x, y = 1100, 560  # the browser's menu opens over it, with "Settings" there
    held = play.world.area.fractions(x, y).tolist()

    def script() -> None:
        wait_until(lambda: bool(play.pressed), "the button is held")
        play.hand("key", "alt+f")
        wait_until(lambda: any(line.startswith("Paused: a menu") for line in play.said), "the menu is noticed")
        wait_until(lambda: not play.world._parts.controller.down, "nothing is held")
        time.sleep(2.0)  # a page that was chosen would have begun to open

    play.run(script, lambda tick: wish(*held, Button.LEFT))
    assert [each["title"] for each in play.browser.pages()] == [GAME_TITLE]
    assert [(each.x, each.y) for each in play.pressed] == [(x, y)]


def test_a_game_that_something_has_shifted_is_found_by_its_picture_and_another_page_is_refused_at_once(
    screen: dict[str, str], tmp_path: Path
) -> None:
    playing = Play(screen, tmp_path, locates=True)
    try:
        before = playing.world.area

        def script() -> None:
            playing.wait_for_presses()
            playing.browser.evaluate("document.body.style.paddingTop = '61px'; 0")
            wait_until(lambda: playing.world.area != before, "the game is found again")
            playing.wait_for_presses()

        playing.run(script)
        assert (playing.world.area.left, playing.world.area.top) == (before.left, before.top + 61)
        assert any("found by its picture 0 pixels right and 61 pixels down" in line for line in playing.said)
        canvas = playing.browser.evaluate("canvas.getBoundingClientRect().top")
        lowest = max(y for _, _, _, y in playing.server.presses("game", "hit"))
        assert lowest <= canvas + playing.world.area.height and playing.pressed_in_a_pause() == []
        playing.browser.evaluate(f"location.href = '{playing.server.address}/lookalike.html'; 0")
        wait_until(lambda: bool(playing.server.presses("bank_ready")), "the page of the same title")
        time.sleep(1.0)  # until it is drawn
        settings = DesktopSettings(window=GAME_TITLE, sends=True)
        with pytest.raises(WorldError, match=r"does not show the game: \d+% of what never changes"):
            open_desktop(playing.profile, RedEye(), settings, fingerprint=playing.fingerprint)
    finally:
        playing.close()


def test_after_kill_minus_nine_a_held_button_chooses_nothing_in_what_has_opened_under_the_cursor(play: Play) -> None:
    x, y = 1100, 560  # where the browser's menu has "Settings"
    watchdog, pointer = ReleaseWatchdog(), open_injector()
    pointer.guard_with(OpenGuard(play.world.area))
    watchdog.watch(play.window, play.world.area)
    watchdog.tell("button", "left", down=True)
    pointer.move(x, y)
    pointer.press("button", "left")
    wait_until(lambda: bool(play.pressed), "the button is held")
    play.hand("key", "alt+f")
    windows = play.world._parts.windows
    wait_until(lambda: windows.has_popup(play.window, play.world.area), "the menu is there")
    time.sleep(0.5)
    watchdog.close()  # its pipe ends, as it does when its player is killed
    assert play.world.area.contains(*pointer.place()) and windows.is_uppermost(play.window, *pointer.place())
    time.sleep(2.0)  # a page that was chosen would have begun to open
    assert [each["title"] for each in play.browser.pages()] == [GAME_TITLE]
    play.hand("key", "Escape")
    pointer.move(200, 400)
    for turn in (pointer.press, pointer.release):  # heard as a press, so the button was up
        turn("button", "left")
    wait_until(lambda: any(each[2] == 200 for each in play.server.presses("game", "hit")), "the game hears a click")
    pointer.close()


@pytest.mark.slow
def test_no_disturbance_of_many_lets_a_press_fall_outside_the_game(
    play: Play, open_game: Callable[..., PaperGame]
) -> None:
    others: list[PaperGame] = []
    mail = Disturbance(
        "another program's window",
        lambda: (others.append(open_game("Mail")), play.hand("windowfocus", find_mail(play))),
        lambda: (others.pop().close(), play.hand("windowfocus", play.window)),
    )
    problems: list[str] = []

    def script() -> None:
        wait_until(lambda: not play.world._sight.is_learning, "it has learnt")
        for one in (*play.disturber.all(lambda: play.said[-1] == "Going on."), mail):
            began_s = time.perf_counter()
            try:
                said = play.disturb(one)
                print(f"{one.name:40s} {[each for each in play.astray() if each[0] > began_s]} {said}", flush=True)
            except AssertionError as problem:
                if not one.may_pass:
                    problems.append(f"{one.name}: {problem}")
                print(f"{one.name}: {problem}", flush=True)
                if play.world.closed:
                    return

    play.run(script)
    print(len(play.pressed), "presses,", dict(play.world.refused), "astray:", play.astray())
    assert problems == []
    assert play.server.presses("bank") == [] and play.outside() == []
    assert play.pressed_in_a_pause() == []
    assert [each["title"] for each in play.browser.pages()] == [GAME_TITLE], "nothing was opened by a press"


def find_mail(play: Play) -> int:
    from contextlib import closing

    from understudy.worlds.desktop.platform import open_windows

    with closing(open_windows()) as windows:
        return find_window(windows, "Mail")
