"""What may happen in and around a browser's window while a game in it is played: how it begins, and how it ends."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.support.browser import Chromium, wait_until

LONGEST_PREVIEW_S = 60.0


@dataclass(frozen=True)
class Disturbance:
    """One of them."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]
    lasts_s: float = 1.5
    """Seconds between that it is noticed and its end."""
    may_pass: bool = False
    """Whether it may be over before anything can be noticed."""


class Disturber:
    """Somebody else's mouse and keyboard at a browser with a game in it."""

    def __init__(
        self,
        browser: Chromium,
        hand: Callable[..., None],
        window: int,
        size: tuple[int, int],
        pages: str,
        game: str,
        look_alike: str,
    ) -> None:
        """Args:
        browser: shows the game.
        hand: runs words of xdotool.
        window: the browser's, a number of the X server.
        size: of that window, pixels.
        pages: address of a server with the pages of tests/support.
        game: address of the game.
        look_alike: address of another page of the same title.
        """
        self._browser, self._hand, self._window, self._size = browser, hand, window, size
        self._bank, self._game, self._look_alike = f"{pages}/bank.html", game, look_alike

    def all(self, goes_on: Callable[[], bool]) -> Iterator[Disturbance]:
        """Yields those that the browser alone can bring about.

        Args:
            goes_on: whether the game is played again.
        """
        window, hand = self._window, self._hand
        yield Disturbance("a tab with another page", self.open_bank, self.keys("ctrl+w"))
        yield Disturbance("an empty tab", self.keys("ctrl+t"), self.keys("ctrl+w"))
        yield Disturbance("navigation", self.go_to(self._bank), self.go_to(self._game))
        yield Disturbance("another page of the same title", self.go_to(self._look_alike), self.go_to(self._game))
        yield Disturbance("alert", self.dialog("alert('hello')"), self.keys("Return"))
        yield Disturbance("confirm", self.dialog("confirm('really?')"), self.keys("Escape"))
        yield Disturbance("prompt", self.dialog("prompt('name?')"), self.keys("Escape"))
        yield Disturbance("zoomed in", self.keys("ctrl+plus"), self.keys("ctrl+0"))
        yield Disturbance("zoomed out", self.keys("ctrl+minus"), self.keys("ctrl+0"))
        yield Disturbance("scrolled", self.script("scrollTo(0, 60)"), self.script("scrollTo(0, 0)"))
        yield Disturbance("find bar", self.keys("ctrl+f"), self.keys("Escape"))
        yield Disturbance("address bar", self.keys("ctrl+l"), self.keys("Escape", "Escape", "Escape"))
        yield Disturbance(
            "text in the address bar",
            lambda: hand("key", "ctrl+l", "type", "bank"),
            self.keys("Escape", "Escape", "Escape"),
        )
        yield Disturbance("developer tools", self.keys("F12"), self.keys("F12"))
        yield Disturbance("caret browsing", self.keys("F7"), self.keys("Escape"))
        yield Disturbance("full screen", self.keys("F11"), self.keys("F11"))
        yield Disturbance("print", self.keys("ctrl+p"), lambda: self._escape_until(goes_on), 4.0)
        yield Disturbance(
            "save as", self.keys("ctrl+s"), lambda: hand("key", "Escape", "sleep", 0.5, "windowfocus", window), 4.0
        )
        yield Disturbance("the browser's menu", self.keys("alt+f"), lambda: self._escape_until(goes_on))
        yield Disturbance("context menu", lambda: hand("mousemove", 640, 500, "click", 3), self.keys("Escape"))
        yield Disturbance(
            "geolocation prompt",
            self.dialog("navigator.geolocation.getCurrentPosition(() => 0)"),
            lambda: self._escape_until(goes_on),
        )
        yield Disturbance("downloads", self.keys("ctrl+j"), self.keys("ctrl+w"))
        yield Disturbance(
            "another window of the browser",
            self.keys("ctrl+n"),
            lambda: hand("key", "ctrl+w", "sleep", 1, "windowfocus", window),
        )
        yield Disturbance(
            "moved off the screen",
            lambda: hand("windowmove", window, 300, 100),
            lambda: hand("windowmove", window, 0, 0),
        )
        yield Disturbance(
            "another size",
            lambda: hand("windowsize", window, 1000, 600),
            lambda: hand("windowsize", window, *self._size),
        )
        yield Disturbance(
            "minimised",
            lambda: hand("windowunmap", window),
            lambda: hand("windowmap", window, "windowfocus", window),
        )
        # the old picture stays until the new page is there
        yield Disturbance("reloaded", self.keys("F5"), lambda: None, may_pass=True)

    def open_bank(self) -> None:
        """Opens another page in a tab of its own."""
        self._browser.evaluate(f"window.open('{self._bank}'); 0")

    def go_to(self, page: str) -> Callable[[], object]:
        """Leaves for another page in the same tab."""
        return lambda: self._browser.evaluate(f"location.href = '{page}'; 0")

    def script(self, text: str) -> Callable[[], object]:
        """Runs a script in the page."""
        return lambda: self._browser.evaluate(text)

    def dialog(self, call: str) -> Callable[[], object]:
        """Makes the page ask something, which would block its scripts meanwhile."""
        return lambda: self._browser.evaluate(f"setTimeout(() => {call}, 50); 0")

    def keys(self, *names: str) -> Callable[[], object]:
        """Presses keys."""
        return lambda: self._hand("key", *names)

    def _escape_until(self, goes_on: Callable[[], bool]) -> None:
        """The preview of a print, or a menu, hears nothing until it is there."""

        def escaped() -> bool:
            self._hand("key", "Escape")
            time.sleep(1.0)
            return goes_on()

        wait_until(escaped, "it is closed", LONGEST_PREVIEW_S)
