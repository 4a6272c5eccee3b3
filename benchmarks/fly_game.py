"""A made-up game of right clicks by `understudy new-game` alone, from its window to its score; nobody labels anything.

    python benchmarks/fly_game.py --folder F                 # some 20 minutes; needs Xvfb
    python benchmarks/fly_game.py --folder F --look any      # each fly has a colour of its own
    python benchmarks/fly_game.py --smallest                 # half a minute: window and play alone

The game (tests/support/fly_game.py) has a window of 400 x 300 pixels, no kill messages, an upright bar that is nearly
always full, and words for a log. A scripted hand, which hears from the game where its flies are, is the player while
the command records. Then as new_game.py does: points are flies, blocks are counted, and what is there in the folder
is not made again.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np
from browser_page import Hand, heed_ctrl_c, require_programs
from desktop import x_server
from new_game import Benchmark, parsed
from smallest import require

from tests.support.fly_game import LOOKS, WALK
from understudy.worlds.desktop.platform import open_camera, open_windows
from understudy.worlds.desktop.windows.window_system import Area, find_window

TITLE = "Frog pond"
PATIENCE_S = 20.0


class FlyWindow:
    """The game in a window of its own, and what it says of itself. A context."""

    title = TITLE

    def __init__(self, look: str) -> None:
        environment = {**os.environ, "SDL_VIDEODRIVER": "x11", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
        command = [sys.executable, "-m", "tests.support.fly_game", TITLE, look]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        )
        self.state: dict[str, object] = {}
        threading.Thread(target=self._read, daemon=True).start()
        end_s = time.perf_counter() + PATIENCE_S
        while not self.state and time.perf_counter() < end_s:
            time.sleep(0.05)
        require(bool(self.state), "the game did not begin")
        self.windows, self.camera = open_windows(), open_camera()
        area = self.windows.area(find_window(self.windows, TITLE))
        assert area is not None
        self.area: Area = area
        self._before = 0

    def __enter__(self) -> "FlyWindow":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self.camera.close()
        self.windows.close()

    @property
    def points(self) -> float:
        """Flies that were eaten since `begin`."""
        return float(int(str(self.state["eaten"])) - self._before)

    def watch(self) -> float:
        """The same."""
        return self.points

    def begin(self) -> None:
        """Counts from now on."""
        self._before = int(str(self.state["eaten"]))

    def load_again(self) -> None:
        """Nothing piles up in this game."""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.state = json.loads(line)


class FlyHand(Hand):
    """Right-clicks on the fly nearest to the frog, where it will be, and lets the frog walk there."""

    button = "right"

    def play(self, goes_on: Callable[[], bool]) -> None:
        """Goes for one fly after the other."""
        while goes_on():
            state = self._game.state  # type: ignore[attr-defined]
            flies, frog = np.array(state["flies"]), np.array(state["frog"])
            fly = flies[int(np.hypot(*(flies[:, :2] - frog).T).argmin())]
            lasts_s, walk_s = self._rng.uniform(0.25, 0.4), float(np.hypot(*(fly[:2] - frog))) / WALK
            aim = fly[:2] + fly[2:] * (lasts_s + 0.03 + 0.7 * walk_s) + self._rng.normal(0, 2, 2)
            self.click(np.clip(aim, (4, 4), (376, 264)), lasts_s)
            time.sleep(walk_s + self._rng.uniform(0.05, 0.2))


class FlyBenchmark(Benchmark):
    """The fly game from its window to the table."""

    play_area = "-"

    def _open(self, name: str) -> FlyWindow:  # type: ignore[override]
        return FlyWindow(self.asked.look)

    def _hand(self, game: FlyWindow, seed: int) -> FlyHand:  # type: ignore[override]
        return FlyHand(game, seed)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--look", choices=tuple(LOOKS), default="grass")
    asked = parsed(parser, "fly_game", minutes=5.0)
    require_programs("Xvfb")
    heed_ctrl_c()
    with x_server() as display:
        os.environ["DISPLAY"] = display
        FlyBenchmark(asked).run()


if __name__ == "__main__":
    main()
