"""Guarded input injection: with a guard it moves only inside the play area, and presses only what the guard allows.

All injection goes through it. Without a guard nothing can be pressed. Releases are always allowed, but a mouse button
is not released on a menu that has opened under the cursor: `release_pixel` says where else.
"""

from collections.abc import Iterable

from understudy.worlds.desktop.input.input_injector import InputInjector
from understudy.worlds.desktop.windows.press_guard import PressGuard, Refusal, Refused
from understudy.worlds.desktop.windows.window_system import Area


class GuardedInjector:
    """A platform's injector behind a guard. Belongs to one thread at a time."""

    def __init__(self, injector: InputInjector, guard: PressGuard | None = None) -> None:
        """Args:
        injector: of the platform; closed by this one.
        guard: checks each press; None refuses all.
        """
        self._injector, self._guard = injector, guard
        self._click_keys: frozenset[str] = frozenset()
        self.refused = Refused()

    def guard_with(self, guard: PressGuard, click_keys: Iterable[str] = ()) -> None:
        """Sets the guard of every later press, which judges `click_keys` (they click at the cursor) like buttons."""
        self._guard, self._click_keys = guard, frozenset(click_keys)

    @property
    def game(self) -> tuple[int, Area] | None:
        """The game's window and its play area; None without a guard, and for a whole monitor."""
        if self._guard is None or self._guard.window is None:
            return None
        return self._guard.window, self._guard.area

    def within(self, pixel: tuple[int, int]) -> tuple[int, int]:
        """Returns the pixel of the play area that is nearest to a pixel of the desktop."""
        return pixel if self._guard is None else self._guard.area.nearest(*pixel)

    def move(self, x: int, y: int) -> None:
        """Moves the cursor to the pixel of the play area that is nearest to a pixel of the desktop."""
        self._injector.move(*self.within((x, y)))

    def press(self, kind: str, code: str) -> Refusal | None:
        """Presses a `button` or `key` if the guard allows it at the cursor's present position, which another program or
        the person may have changed. Returns why it was not pressed, else None."""
        judged = "button" if kind == "key" and code in self._click_keys else kind
        refusal = Refusal.NOT_THE_GAME if self._guard is None else self._guard.refusal(judged, self._injector.place())
        if refusal is not None:
            self.refused[refusal] += 1
            return refusal
        self._turn(kind, code, down=True)
        return None

    def release_pixel(self, kind: str) -> tuple[int, int] | None:
        """Returns where to move before a `button` or `key` is released; None to release it where the cursor is."""
        if self._guard is None or kind != "button":
            return None
        return self._guard.release_pixel(self._injector.place())

    def release(self, kind: str, code: str) -> None:
        """Releases a `button` or `key`."""
        self._turn(kind, code, down=False)

    def place(self) -> tuple[int, int]:
        """Returns the cursor position, a pixel of the desktop."""
        return self._injector.place()

    def close(self) -> None:
        """Closes the connection; held inputs stay down. May be called twice."""
        self._injector.close()

    def _turn(self, kind: str, code: str, *, down: bool) -> None:
        (self._injector.turn_button if kind == "button" else self._injector.turn_key)(code, down=down)
