"""The release watchdog's loop: tracks held inputs and releases them when the player ends or hangs."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.release_watchdog import SILENCE, SILENCE_S, STILL, WATCH
from understudy.worlds.desktop.windows.window_system import Area

Game = tuple[int, Area]
"""The game's window and its play area."""
ReleasePlace = Callable[[Game, tuple[int, int]], tuple[int, int] | None]
"""Returns where to move the cursor, whose pixel is given, before a button is released; None to release it there."""


def stay(game: Game, pixel: tuple[int, int]) -> tuple[int, int] | None:
    """A ReleasePlace that moves nowhere."""
    return None


def release_held_inputs(lines: Iterable[str], injector: GuardedInjector, place: ReleasePlace = stay) -> int:
    """Tracks held inputs from a stream of lines; releases them when the stream ends, and at each SILENCE.

    Args:
        lines: `+ kind code` for a press, `- kind code` for a release, `@ window left top width height` for the game's
            place, STILL, or SILENCE.
        injector: releases the inputs.
        place: chooses where buttons are released once the game's place is known.

    Returns:
        Number of buttons and keys that had to be released.
    """
    down: dict[tuple[str, str], None] = {}
    num_released = 0
    game: Game | None = None

    def release() -> None:
        nonlocal num_released
        for kind, code in down:
            aside = place(game, injector.place()) if kind == "button" and game is not None else None
            if aside is not None:
                injector.move(*aside)
            injector.release(kind, code)
        num_released += len(down)
        down.clear()

    for line in lines:
        if line == SILENCE:
            release()
        elif line.startswith(WATCH):
            window, left, top, width, height = map(int, line.split()[1:])
            game = window, Area(left=left, top=top, width=width, height=height)
        elif line.strip() != STILL:
            sign, kind, code = line.split()
            if sign == "+":
                down[kind, code] = None
            else:
                down.pop((kind, code), None)
    release()
    return num_released


def with_silences(stream: Iterable[str], patience_s: float = SILENCE_S) -> Iterator[str]:
    """Yields the lines of a stream, and SILENCE whenever none arrived for `patience_s` seconds.

    Reads on a thread, because not every platform can wait for a pipe with a timeout.
    """
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="release-watchdog-lines", daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience_s)
        except queue.Empty:
            yield SILENCE
            continue
        if line is None:
            return
        yield line
