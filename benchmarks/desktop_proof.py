"""The proof of the desktop: a game in its own window is recorded, learnt and played by pixels and real events alone.

    python benchmarks/desktop_proof.py record --folder F --sessions 6 --minutes 2.5
    python benchmarks/desktop_proof.py truth  --folder F --sessions 6 --minutes 2.5
    python benchmarks/desktop_proof.py train  --folder F
    python benchmarks/desktop_proof.py play   --folder F --games 6 --minutes 2

record: desktop_hand.py plays by real events, recorder_v2 watches the screen. truth: the same teacher in the same worlds
for the same time, recorded with what is true. train: three policies from each, by `understudy train`. play: understudy
run at the window of `understudy play`, on other worlds, by pixels and events; the game itself counts the score. Each
stage is real time where it plays. Its X server is its own.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from desktop import x_server

TITLE = "understudy: embedded game"
RECORD_SEEDS, PLAY_SEEDS = 70_000, 80_000
HERE = Path(__file__).parent
CLI = [sys.executable, "-m", "understudy.cli.main"]
LOAD_MINUTES = 0.6
"""How much longer the game runs than the one that watches it: until that is loaded."""
PATIENCE_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("record", "truth", "train", "play"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--games", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--style", default="hunter")
    parser.add_argument("--models", default="pixels")
    parser.add_argument("--train-flags", default="")
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    {"record": record, "truth": truth, "train": train, "play": play}[asked.stage](asked)


def record(asked: argparse.Namespace) -> None:
    """Real time: a hand in one process, recorder_v2 in another."""
    with x_server() as display:
        for number in range(asked.sessions):
            hand = [sys.executable, str(HERE / "desktop_hand.py"), str(RECORD_SEEDS + number)]
            game = start([*hand, str(asked.minutes + LOAD_MINUTES), asked.style], display)
            wait_for_window(display)
            watch = [sys.executable, "-m", "darkorbit_bot.v2.recording.recorder_v2", "--window", TITLE, "--start-now"]
            watch += ["--minutes", str(asked.minutes), "--out", str(asked.folder / "pixels_recordings")]
            watch += ["--model", str(asked.model)] if asked.model else []
            print(
                number,
                start(watch, display).communicate()[0].splitlines()[-3:],
                game.communicate()[0].strip(),
                flush=True,
            )


def truth(asked: argparse.Namespace) -> None:
    """The same teacher, worlds and time, with what is true; faster than real time."""
    import numpy as np

    from understudy.contract.action import Actor
    from understudy.recordings.episode import describe
    from understudy.recordings.lockstep import record_lockstep
    from understudy.worlds.simulator.teacher import Teacher
    from understudy.worlds.simulator.world import Simulator

    seeds = np.arange(RECORD_SEEDS, RECORD_SEEDS + asked.sessions, dtype=np.uint64)
    world = Simulator(seeds)
    teacher = Teacher(asked.style, world.profile)
    files = [
        (
            asked.folder / "truth_recordings" / f"truth_{number:02d}.mcap",
            describe(world.profile, pilot=f"teacher:{asked.style}", seed=int(seed), simulated_time=True),
        )
        for number, seed in enumerate(seeds)
    ]
    record_lockstep(world, teacher, seeds, files, round(asked.minutes * 1200), Actor.TEACHER, lambda done: None)


def train(asked: argparse.Namespace) -> None:
    """The same settings for both."""
    for name in ("pixels", "truth"):
        if (asked.folder / f"{name}_recordings").exists():
            command = [*CLI, "train", "--data-dir", str(asked.folder / f"{name}_recordings")]
            command += ["--output-dir", str(asked.folder / name), *asked.train_flags.split()]
            subprocess.run(command, check=True)


def play(asked: argparse.Namespace) -> None:
    """Real time: the game in one process, the understudy in another; the game says what was reached."""
    with x_server() as display:
        for number in range(asked.games):
            seed = PLAY_SEEDS + number
            game = start([*CLI, "play", "--seed", str(seed), "--minutes", str(asked.minutes + LOAD_MINUTES)], display)
            wait_for_window(display)
            run = [
                *CLI,
                "run",
                "--world",
                "desktop",
                "--models",
                str(asked.folder / asked.models),
                "--no_online_learning",
            ]
            run += ["--minutes", str(asked.minutes)] + (["--model", str(asked.model)] if asked.model else [])
            said = start(run, display).communicate()[0].splitlines()
            reached = re.findall(r"([\d.]+) points, (\d+) kills, (\d+) boxes, (\d+) deaths", game.communicate()[0])
            kept = [line for line in said if line.startswith(("Executor", "Late", "From", "The understudy played"))]
            print(seed, reached, kept, flush=True)


def start(command: list[str], display: str) -> "subprocess.Popen[str]":
    """A program on the display."""
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11", "SDL_FRAMEBUFFER_ACCELERATION": "0"}
    environment |= {"SDL_AUDIODRIVER": "dummy", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_window(display: str) -> None:
    """Until the game's window is there."""
    from understudy.worlds.desktop.screen import open_windows

    os.environ["DISPLAY"] = display
    until = time.monotonic() + PATIENCE_S
    windows = open_windows()
    while TITLE not in windows.titles().values():
        if time.monotonic() > until:
            raise SystemExit("the game's window did not open")
        time.sleep(0.2)
    windows.close()


if __name__ == "__main__":
    main()
