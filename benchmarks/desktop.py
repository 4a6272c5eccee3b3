"""What the desktop costs under Xvfb: a picture of 1280 x 720, and from sending a click until another program has it.

    python benchmarks/desktop.py

Starts an X server and a program of its own with a real window; about a minute. Times are on the machine's monotonic
clock, which all three processes share.
"""

import argparse
import os
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from smallest import flags, require

if TYPE_CHECKING:
    from understudy.worlds.desktop.windows.press_guard import Refusal
    from understudy.worlds.desktop.windows.window_system import Area

LONGEST_WAIT_S = 30.0
GAME = """
import sys, time, pygame
pygame.display.init()
screen = pygame.display.set_mode((1280, 720), pygame.NOFRAME)
pygame.display.set_caption("benchmark")
screen.fill((40, 80, 160)); pygame.display.flip()
print("ready", flush=True)
while True:
    event = pygame.event.wait()
    if event.type == pygame.MOUSEBUTTONDOWN:
        print(time.perf_counter(), *event.pos, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--clicks", type=int, default=400)
    asked = parser.parse_args(flags("--frames", "20", "--clicks", "5"))
    with x_server() as display:
        os.environ["DISPLAY"] = display
        with game() as (seen, process):
            capture(asked.frames)
            clicks(seen, process, asked.clicks)


@contextmanager
def x_server() -> Iterator[str]:
    """An Xvfb of our own."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        select.select([reading], [], [], 30)
        yield f":{int(os.read(reading, 16))}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def game() -> "Iterator[tuple[list[tuple[float, int, int]], subprocess.Popen[str]]]":
    """A program with a window; notes when it has which click."""
    environment = {**os.environ, "SDL_VIDEODRIVER": "x11", "SDL_FRAMEBUFFER_ACCELERATION": "0"}
    environment["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    process = subprocess.Popen([sys.executable, "-c", GAME], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    seen: list[tuple[float, int, int]] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            time_s, x, y = line.split()
            seen.append((float(time_s), int(x), int(y)))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield seen, process
    finally:
        process.kill()
        process.wait()
        reader.join()


def capture(num_frames: int) -> None:
    """A window's picture as RGB, and the watch on black and doubled ones."""
    from understudy.worlds.desktop.capture.frame_checks import FrameChecker
    from understudy.worlds.desktop.platform import open_camera
    from understudy.worlds.desktop.windows.window_system import Area

    camera, watch, area = open_camera(), FrameChecker(), Area(left=0, top=0, width=1280, height=720)
    grabs, looks = [], []
    for _ in range(num_frames):
        began_s = time.perf_counter()
        frame = camera.grab(area)
        grabbed_s = time.perf_counter()
        watch.check(frame, time.perf_counter())
        looks.append(time.perf_counter() - grabbed_s)
        grabs.append(grabbed_s - began_s)
    camera.close()
    tell("a picture of 1280 x 720 as RGB", grabs)
    tell("black or doubled?", looks)


class AreaGuard:
    """A PressGuard for a hand that plays the person: every press inside an area passes."""

    def __init__(self, area: "Area") -> None:
        self.area = area
        self.window: int | None = None

    def refusal(self, kind: str, pixel: tuple[int, int]) -> "Refusal | None":
        from understudy.worlds.desktop.windows.press_guard import Refusal

        return None if self.area.contains(*pixel) else Refusal.OUTSIDE

    def release_pixel(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
        return None


def clicks(seen: list[tuple[float, int, int]], process: "subprocess.Popen[str]", num_clicks: int) -> None:
    """From the call that sends a click until the game has it, and until the watcher has heard it as ours."""
    from understudy.worlds.desktop.input.input_controller import InputController
    from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
    from understudy.worlds.desktop.input.raw_input import RawInput
    from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
    from understudy.worlds.desktop.platform import open_injector, open_raw_listener
    from understudy.worlds.desktop.windows.window_system import Area

    heard: list[tuple[float, RawInput]] = []
    own_events = OwnEventFilter()
    watcher = open_raw_listener(("space",), own_events, lambda event: heard.append((time.perf_counter(), event)))
    controller = InputController(open_injector(), ReleaseWatchdog(), own_events, ("space",))
    controller.guard_with(AreaGuard(Area(left=0, top=0, width=1280, height=720)))
    to_game, to_watcher, sending, true_times = [], [], [], []
    for number in range(num_clicks):
        seen.clear()
        heard.clear()
        time.sleep(0.02)
        began_s = time.perf_counter()
        controller.send((100 + number, 300), 1, 0)
        sending.append(time.perf_counter() - began_s)
        while not seen or not any(event.kind == "press" for _, event in heard):
            require(process.poll() is None, "the program with the window has ended")
            require(time.perf_counter() - began_s < LONGEST_WAIT_S, "a click did not arrive")
            time.sleep(0.0005)
        assert seen[0][1:] == (100 + number, 300)
        arrived_s, press = next((at, event) for at, event in heard if event.kind == "press")
        assert press.own
        to_game.append(seen[0][0] - began_s)
        to_watcher.append(arrived_s - began_s)
        true_times.append(abs(press.time_s - began_s))
        controller.send((100 + number, 300), 0, 0)
    controller.close()
    watcher.close()
    tell("sending a move and a press", sending)
    tell("until the game has the press", to_game)
    tell("until the watcher has it", to_watcher)
    tell("the press's own time, off by", true_times)


def tell(what: str, seconds: list[float]) -> None:
    """One line of milliseconds."""
    milliseconds = 1000 * np.array(seconds)
    p50, p95, p99, most = np.percentile(milliseconds, [50, 95, 99, 100])
    mean = statistics.fmean(milliseconds)
    print(f"{what:32s} p50 {p50:6.2f}  p95 {p95:6.2f}  p99 {p99:6.2f}  max {most:7.2f}  mean {mean:6.2f} ms")


if __name__ == "__main__":
    main()
