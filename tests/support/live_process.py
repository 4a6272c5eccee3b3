"""Plays live in a window that nobody sees, for tests: `live_process.py MODELS FOLDER SECONDS`.

A scripted person takes over twice by real events of the window; the session is recorded.
"""

import sys
import threading
import time
from pathlib import Path

import pygame
from rich.console import Console

from understudy.cli.live.assembly import LiveSettings, open_live, summary
from understudy.contract.protocols import Step


def touch(x: int, y: int) -> None:
    """Moves the mouse and clicks."""
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=(x, y), rel=(5, 5), buttons=(0, 0, 0)))
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x, y), button=1))
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(x, y), button=1))


def hand(seconds: float) -> None:
    """Takes over at a third and at two thirds of the time."""
    for place in ((100, 60), (200, 120)):
        time.sleep(seconds / 3)
        touch(*place)


class Stall:
    """Holds play up twice, as another program does: once for what is filled in, once for longer."""

    def __init__(self) -> None:
        self._num_ticks = 0

    def on_step(self, step: Step) -> None:
        self._num_ticks += 1
        time.sleep({20: 0.25, 30: 0.7}.get(self._num_ticks, 0.0))

    def close(self) -> None: ...


def main(models: Path, folder: Path, seconds: float) -> None:
    """Plays, records, and prints the summary."""
    console = Console()
    settings = LiveSettings(models=models, seed=4, map="1-1", size=(320, 180), handback_delay_s=0.3, test_mode=False)
    with open_live(settings, console) as game:
        recorder = game.recorder(folder, "understudy_recording")
        threading.Thread(target=hand, args=(seconds,), daemon=True).start()
        print("playing", flush=True)
        game.play([recorder, Stall()], seconds / 60)
        for line in summary(game):
            console.print(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
