"""A game in a real Chromium for browser_game.py: what its page says, a scripted hand, and what was pressed."""

import argparse
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlsplit

import numpy as np
from desktop import AreaGuard
from smallest import require

from tests.support.browser import Chromium, PageServer, wait_until
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.platform import open_camera, open_injector, open_raw_listener, open_windows
from understudy.worlds.desktop.windows.window_system import Area, find_window

GREETINGS_S = 2.0
"""What the browser says when it opens is over after this."""
LOOK_S = 0.2
"""Seconds between two looks at the score."""
CLOCK_PROBES = 20
PRESS_MATCH_S, PRESS_MATCH_PX = 2.0, 3
"""A press of the X server is the page's when the page tells of one no later, and no further away, than this."""


@dataclass(frozen=True)
class Page:
    """What a game's page says of itself, each an expression of JavaScript."""

    path: str
    """Of the game, relative to its folder."""
    score: str
    """The points; where they fall, a new game has begun."""
    things: str
    """A list of [kind, left, top, width, height] of what can be clicked, pixels of the page."""
    keep_going: str
    """Starts the game, also again when it is over; run every moment while somebody plays."""


DOTS = Page(
    path="game.html",
    score="score",
    things="[canvas.getBoundingClientRect()].map(box => "
    "['dot', box.left + 4 + dot[0] - 22, box.top + 4 + dot[1] - 22, 44, 44])",
    keep_going="0",
)
"""The page of the tests."""


def game_of(asked: argparse.Namespace) -> tuple[Page, Path | str | None]:
    """Returns the page of the game that --game names, and its folder or its address; the tests' page and None without
    it."""
    if asked.game is None:
        return DOTS, None
    game = asked.game if "://" in asked.game else Path(asked.game)
    require(isinstance(game, Path) or is_on_loopback(game), "an address must be of this machine")
    return Page(asked.path, asked.score, asked.things, asked.keep_going), game


def require_programs(*programs: str) -> None:
    """Ends with a sentence if one of them is not installed."""
    for program in programs:
        require(shutil.which(program) is not None, f"{program} is not installed")


def heed_ctrl_c() -> None:
    """Lets commands that are started here be ended by Ctrl-C, also where a shell in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


HEAR = """
if (!window.understudyHears) {
  window.understudyHears = true;
  document.addEventListener("mousedown", event => fetch(
    `ADDRESS/log?what=heard&x=${event.clientX}&y=${event.clientY}`, { mode: "no-cors", keepalive: true }), true);
}
0"""
KEEP_TRUTH = """
if (!window.understudyTruth) {
  const kept = window.understudyTruth = [];
  const look = () => { kept.push([performance.timeOrigin + performance.now(), THINGS]); requestAnimationFrame(look); };
  look();
}
0"""

Thing = tuple[str, float, float, float, float]
"""Kind; left, top, width and height in pixels of the page."""


class BrowserGame:
    """Chromium with one game in it, from outside, and everything that is pressed on its display. A context."""

    def __init__(self, page: Page, game: Path | str | None, folder: Path) -> None:
        """Args:
        page: what the game says of itself.
        game: its folder, or its address on loopback; None for the tests' page.
        folder: of the browser's own files.
        """
        self.page, self.pages = page, PageServer()
        self._own_server = PageServer(game) if isinstance(game, Path) else self.pages
        base = game if isinstance(game, str) else f"{self._own_server.address}/{page.path}"
        self.address = base
        self.browser = Chromium(dict(os.environ), folder, base)
        wait_until(lambda: bool(self._value("document.readyState === 'complete'")), "the game's page has loaded")
        time.sleep(GREETINGS_S)
        require(self.things() is not None, f"the page has no things: {page.things}")
        self.points, self._score = 0.0, 0.0
        self.title = str(self._value("document.title"))
        self.margins = self._margins()
        self.windows, self.camera = open_windows(), open_camera()
        self.window = find_window(self.windows, self.title)
        outer = self.windows.area(self.window)
        assert outer is not None
        self.outer: Area = outer
        left, top, right, bottom = self.margins
        self.area = Area(
            left=outer.left + left, top=outer.top + top, width=outer.width - left - right,
            height=outer.height - top - bottom,
        )  # fmt: skip
        self.pressed: list[RawInput] = []
        self._listener = open_raw_listener((), OwnEventFilter(), self._hear)

    def __enter__(self) -> "BrowserGame":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.camera.close()
        self.windows.close()
        self.browser.close()
        self.pages.close()
        if self._own_server is not self.pages:
            self._own_server.close()

    def things(self) -> list[Thing] | None:
        """What can be clicked now."""
        found = self._value(self.page.things)
        return None if found is None else placed(found)

    def watch(self) -> float:
        """Keeps the game going; returns the points since `begin`, also those of games that are over."""
        self._value(self.page.keep_going)
        score = float(self._value(self.page.score) or 0.0)
        self.points += max(0.0, score - self._score)
        self._score = score
        return self.points

    def load_again(self) -> None:
        """Loads the page anew: what a game has piled up would be met by whoever plays next."""
        self._value("window.isOld = true; location.reload()")
        wait_until(
            lambda: bool(self._value("!window.isOld && document.readyState === 'complete'")), "the page is there again"
        )
        time.sleep(GREETINGS_S)
        self._score = 0.0

    def begin(self) -> None:
        """Counts points from now on."""
        self.watch()
        self.points = 0.0

    def keep_truth(self) -> None:
        """Lets the page write down where its things are, every time it draws."""
        self._value(KEEP_TRUTH.replace("THINGS", self.page.things))

    def truth(self) -> list[tuple[float, list[Thing]]]:
        """What the page wrote down: seconds of this machine's clock, and where its things were then."""
        best, offset_s = np.inf, 0.0
        for _ in range(CLOCK_PROBES):
            asked_s = time.perf_counter()
            page_s = float(self._value("performance.timeOrigin + performance.now()")) / 1000
            answered_s = time.perf_counter()
            if answered_s - asked_s < best:
                best, offset_s = answered_s - asked_s, (asked_s + answered_s) / 2 - page_s
        kept = self._value("window.understudyTruth") or []
        return [(ms / 1000 + offset_s, placed(things)) for ms, things in kept]

    def hear_presses(self) -> None:
        """Lets the page tell its server of every press; again after each load."""
        self._value(HEAR.replace("ADDRESS", self.pages.address))

    def look_alike(self) -> str:
        """Address of another page of the game's title."""
        return f"{self.pages.address}/lookalike.html?title={quote(self.title)}"

    def astray(self, since_s: float) -> list[RawInput]:
        """Left presses that the game's page did not hear: under a dialog, on a menu, in a bar, on another page."""
        heard = self.pages.presses("game", "hit", "heard")
        tops = (0, self.margins[1])  # in full screen the page begins at the top of the window

        def is_heard(press: RawInput) -> bool:
            return any(
                abs(told_s - press.time_s) < PRESS_MATCH_S
                and abs(press.x - self.margins[0] - x) < PRESS_MATCH_PX
                and min(abs(press.y - top - y) for top in tops) < PRESS_MATCH_PX
                for told_s, _, x, y in heard
            )

        return [each for each in self.presses(since_s) if not is_heard(each)]

    def presses(self, since_s: float) -> list[RawInput]:
        """Left presses on the display, whoever made them."""
        return [each for each in self.pressed if each.code == "left" and each.time_s >= since_s]

    def _margins(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edges of the window that are not the page: tabs, toolbar, scroll bar."""
        found = self._value(
            "[outerHeight - innerHeight, innerWidth - document.documentElement.clientWidth, "
            "innerHeight - document.documentElement.clientHeight]"
        )
        top, right, bottom = (max(0, round(number)) for number in found)
        return 0, top, right, bottom if bottom < top else 0

    def _value(self, script: str) -> object:
        return self.browser.evaluate(script)

    def _hear(self, event: RawInput) -> None:
        if event.kind == "press":
            self.pressed.append(event)


class Hand:
    """A person's mouse: smooth motions of a third of a second to where a thing will be, a little beside its middle."""

    button = "left"

    def __init__(self, game: BrowserGame, seed: int) -> None:
        self._game, self._rng, self.num_clicks = game, np.random.default_rng(seed), 0
        self._pointer = open_injector()
        self._pointer.guard_with(AreaGuard(game.area))

    def close(self) -> None:
        self._pointer.close()

    def play(self, goes_on: Callable[[], bool]) -> None:
        """Clicks on one thing after the other."""
        while goes_on():
            before, looked_s = self._game.things() or [], time.perf_counter()
            time.sleep(0.05)
            now, passed_s = self._game.things() or [], time.perf_counter() - looked_s
            middles = [middle(thing) for thing in now]
            if middles:
                place = np.array(self._pointer.place()) - (self._game.area.left, self._game.area.top)
                aim = min(middles, key=lambda one: float(np.hypot(*(one - place))))
                earlier = min(
                    (middle(thing) for thing in before), key=lambda one: float(np.hypot(*(one - aim))), default=aim
                )
                lasts_s = self._rng.uniform(0.25, 0.4)
                ahead = (aim - earlier) / passed_s * (lasts_s + 0.03)
                self.click(aim + ahead + self._rng.normal(0, 3, 2), lasts_s)
            time.sleep(self._rng.uniform(0.1, 0.3))
            self._game.watch()

    def play_at_random(self, goes_on: Callable[[], bool], clicks_a_minute: float) -> None:
        """Clicks anywhere in the play area, as often as told."""
        next_s = time.perf_counter()
        while goes_on():
            next_s += 60 / clicks_a_minute
            self.click(self._rng.uniform(0, 1, 2) * (self._game.area.width, self._game.area.height), 0.05)
            self._game.watch()
            time.sleep(max(0.0, next_s - time.perf_counter()))

    def click(self, goal: np.ndarray, lasts_s: float) -> None:
        """Moves with least jerk to a pixel of the page, and presses for 60 ms."""
        area = self._game.area
        start, end = np.array(self._pointer.place()), goal + np.array([area.left, area.top])
        began_s = time.perf_counter()
        while (share := (time.perf_counter() - began_s) / lasts_s) < 1:
            eased = share**3 * (10 - 15 * share + 6 * share**2)
            self._move(start + (end - start) * eased)
            time.sleep(0.01)
        self._move(end)
        self._pointer.press("button", self.button)
        time.sleep(0.06)
        self._pointer.release("button", self.button)
        self.num_clicks += 1

    def _move(self, pixel: np.ndarray) -> None:
        self._pointer.move(*map(round, pixel.tolist()))


def placed(found: object) -> list[Thing]:
    """The things that have a place: a game may hold some whose place is no number (null), and draws none of them."""
    assert isinstance(found, list)
    return [(str(kind), *map(float, box)) for kind, *box in found if None not in box]  # type: ignore[misc]


def middle(thing: Thing) -> np.ndarray:
    """The middle of a thing, pixels of the page."""
    _, left, top, width, height = thing
    return np.array([left + width / 2, top + height / 2])


def is_on_loopback(address: str) -> bool:
    """Whether an address is of this machine."""
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")
