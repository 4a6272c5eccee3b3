"""Mouse and keyboard listener on Windows and macOS through pynput's callbacks; untested."""

import sys
import time
from collections.abc import Sequence

from pynput import keyboard, mouse

from understudy.contract.observation import BUTTON_NAMES
from understudy.contract.profile import WHEEL
from understudy.contract.protocols import event_code
from understudy.worlds.desktop.input.key_names import PYNPUT_SIDES
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.pynput_injector import key_of
from understudy.worlds.desktop.input.raw_input import OnEvent, RawInput

_BUTTONS = {mouse.Button[name]: name for name in BUTTON_NAMES.values()}


class PynputListener:
    """Implements RawInputListener."""

    def __init__(self, keys: Sequence[str], own_events: OwnEventFilter, on_event: OnEvent) -> None:
        """Starts listening; returns once both pynput threads run."""
        self._own_events, self._on_event = own_events, on_event
        self._names = _names(keys)
        self._place = (0, 0)
        self._down: set[str] = set()
        self._wheel = [name for name in WHEEL if name in keys]
        self._mouse = mouse.Listener(on_move=self._on_move, on_click=self._on_click, on_scroll=self._on_scroll)
        self._keyboard = keyboard.Listener(on_press=self._on_press, on_release=self._on_release)
        for listener in (self._mouse, self._keyboard):
            listener.start()
            listener.wait()

    def close(self) -> None:
        """Stops listening and joins the threads. May be called twice."""
        for listener in (self._mouse, self._keyboard):
            listener.stop()
            listener.join()

    def _on_move(self, x: int | float, y: int | float, injected: bool = False) -> None:
        self._place = (int(x), int(y))
        self._report("move", "", ("move", "", *self._place), injected)

    def _on_click(
        self, x: int | float, y: int | float, button: mouse.Button, pressed: bool, injected: bool = False
    ) -> None:
        if button in _BUTTONS:
            self._place = (int(x), int(y))
            kind, code = "press" if pressed else "release", _BUTTONS[button]
            self._report(kind, code, (kind, code, 0, 0), injected)

    def _on_scroll(
        self, x: int | float, y: int | float, dx: int | float, dy: int | float, injected: bool = False
    ) -> None:
        name = "wheel_up" if dy > 0 else "wheel_down"
        if name not in self._wheel:
            return
        self._place = (int(x), int(y))
        for _ in range(abs(int(dy))):
            for kind in ("press", "release"):
                self._report(kind, name, (kind, name, 0, 0), injected)

    def _on_press(self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool = False) -> None:
        self._on_key(key, injected, down=True)

    def _on_release(self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool = False) -> None:
        self._on_key(key, injected, down=False)

    def _on_key(self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool, *, down: bool) -> None:
        name = self._names.get(_plain(key))
        if name is None or down == (name in self._down):  # key repeat
            return
        (self._down.add if down else self._down.discard)(name)
        kind = "press" if down else "release"
        self._report(kind, name, (kind, name, 0, 0), injected)

    def _report(self, kind: str, code: str, sent: tuple[str, str, int, int], injected: bool) -> None:
        """Reports an event as our own if we sent it, or if Windows says that a program did.

        Windows rounds an injected position to its own grid, so that a move of ours can arrive a pixel beside where it
        was sent; a person's hand, also one at a remote desktop, is never marked as injected there.
        """
        now_s = time.perf_counter()
        own = self._own_events.claim(sent, now_s) or (injected and sys.platform == "win32")
        self._on_event(RawInput(now_s, kind, code, *self._place, own))


def _plain(key: keyboard.Key | keyboard.KeyCode | None) -> str:
    """Returns a key's name, or its character in lower case."""
    if isinstance(key, keyboard.Key):
        return str(key.name)
    character = getattr(key, "char", None)
    return character.lower() if isinstance(character, str) else ""


def _names(keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in keys:
        if name in WHEEL:
            continue
        key_of(name)
        found |= dict.fromkeys(PYNPUT_SIDES.get(name, (name,)), event_code(name))
    return found
