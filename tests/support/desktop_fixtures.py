"""What the tests of the desktop share: a program in a window of its own, and a hand that is not ours (xdotool)."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Button, Observation, empty_observation
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.windows.window_system import Area

PATIENCE_S = 30.0
TITLE, WIDTH, HEIGHT = "Paper game", 640, 400


@dataclass(frozen=True)
class Told:
    """What the program heard."""

    time_s: float
    kind: str
    detail: str
    x: int
    y: int


class PaperGame:
    """The program, from outside."""

    def __init__(
        self, environment: dict[str, str], title: str = TITLE, size: tuple[int, int] = (WIDTH, HEIGHT)
    ) -> None:
        script = Path(__file__).with_name("square_game.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), title, *map(str, size)], env=environment, stdout=subprocess.PIPE, text=True
        )
        self.told: list[Told] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for(lambda told: told.kind == "ready")

    def wait_for(self, wanted: Callable[[Told], bool]) -> Told:
        until = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until:
            for told in list(self.told):
                if wanted(told):
                    return told
            time.sleep(0.005)
        pytest.fail(f"the program did not hear it; it heard {self.told[-10:]}")

    def close(self) -> None:
        self.process.kill()  # SDL may keep a program from ending by SIGTERM
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            time_s, kind, detail, x, y = line.split()[:5]
            self.told.append(Told(float(time_s), kind, detail, int(x), int(y)))


class OpenGuard:
    """A PressGuard that lets everything pass inside an area, and can be told to refuse."""

    def __init__(self, area: Area | None = None) -> None:
        self.area = area or Area(left=0, top=0, width=1280, height=720)
        self.window: int | None = None
        self.refuses = dict[str, Refusal]()
        self.aside: tuple[int, int] | None = None
        self.asked: list[tuple[str, tuple[int, int]]] = []

    def refusal(self, kind: str, pixel: tuple[int, int]) -> Refusal | None:
        self.asked.append((kind, pixel))
        return self.refuses.get(kind)

    def release_pixel(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
        return self.aside


class RedEye:
    """Sees the middle of what is red; keeps what it was given."""

    def __init__(self) -> None:
        self.shapes: set[tuple[int, ...]] = set()

    def process(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        observation = empty_observation(1)
        records = observation.records
        self.shapes.add(frame.shape)
        records["time_s"], records["keys"], records["button"] = time_s, keys, button
        records["cursor_x"], records["cursor_y"] = cursor
        rows, columns = np.nonzero(frame[:, :, 0] > 200)
        if len(rows):
            records["tracks"]["id"][0, 0] = 1
            records["tracks"]["x"][0, 0] = (columns.mean() + 0.5) / frame.shape[1]
            records["tracks"]["y"][0, 0] = (rows.mean() + 0.5) / frame.shape[0]
        return observation


def hand(environment: dict[str, str], *words: str | int) -> None:
    """Somebody else's mouse and keyboard."""
    binary = shutil.which("xdotool")
    if binary is None:
        pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")
    subprocess.run([binary, *map(str, words)], env=environment, check=True, timeout=PATIENCE_S)


def wish(x: float, y: float, button: Button = Button.NONE, keys: int = 0) -> Action:
    """An action of one world."""
    return Action(np.array([(x, y, keys, button)], ACTION))


def until(holds: Callable[[], bool], what: str) -> None:
    """Waits for something that other threads and processes bring about."""
    end = time.perf_counter() + PATIENCE_S
    while not holds():
        if time.perf_counter() > end:
            pytest.fail(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.005)
