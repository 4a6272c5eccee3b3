"""What the release watchdog's process does: keeps account of what is down, and releases it when it has to."""

import queue
import threading
from collections.abc import Iterable, Iterator

from understudy.worlds.desktop.input.input_injector import InputInjector
from understudy.worlds.desktop.input.release_watchdog import SILENCE, SILENCE_S, STILL


def watch_over(lines: Iterable[str], pointer: InputInjector) -> int:
    """Keeps account of what is down until the lines end, then releases it; at SILENCE already then.

    Returns:
        How many buttons and keys had to be released.
    """
    down: dict[tuple[str, str], None] = {}
    num_released = 0

    def release() -> None:
        nonlocal num_released
        for kind, code in down:
            (pointer.turn_button if kind == "button" else pointer.turn_key)(code, down=False)
        num_released += len(down)
        down.clear()

    for line in lines:
        if line == SILENCE:
            release()
        elif line.strip() != STILL:
            sign, kind, code = line.split()
            if sign == "+":
                down[kind, code] = None
            else:
                down.pop((kind, code), None)
    release()
    return num_released


def with_silences(stream: Iterable[str], patience_s: float = SILENCE_S) -> Iterator[str]:
    """The lines of a stream, and SILENCE whenever none came for so long; on a thread, for not every platform can wait
    for a pipe with a limit."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="guardian-lines", daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience_s)
        except queue.Empty:
            yield SILENCE
            continue
        if line is None:
            return
        yield line
