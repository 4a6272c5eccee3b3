"""The proof of the desktop: a game in its own window is recorded, learnt and played by pixels and real events alone.

    python benchmarks/desktop_proof.py record --folder F --sessions 6 --minutes 2.5
    python benchmarks/desktop_proof.py truth  --folder F --sessions 6 --minutes 2.5
    python benchmarks/desktop_proof.py train  --folder F --seeds 0 1 2
    python benchmarks/desktop_proof.py play   --folder F --seeds 0 1 2 --games 12 --minutes 2
    python benchmarks/desktop_proof.py reference --folder F --seeds 0 1 2 --games 12 --minutes 2

record: desktop_hand.py plays by real events, recorder_v2 watches the screen. truth: the same teacher in the same worlds
for the same time, recorded with what is true. train: three policies from each with each training seed, by `understudy
train`. play: understudy run at the window of `understudy play`, on other worlds, by pixels and events, the training
seeds in turn; the game records what is true, and the score is counted in that from the first time the mouse moves.
reference: what the policies of truth reach on truth, and those of pixels, in the same worlds for the same time, many
times each and with every training seed, without a screen; then the ratio. record and play are real time. Its X server
is its own.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from desktop import x_server
from smallest import require, runs

if TYPE_CHECKING:
    import numpy as np

TITLE = "understudy: embedded game"
RECORD_SEEDS, PLAY_SEEDS = 70_000, 80_000
HERE = Path(__file__).parent
CLI = [sys.executable, "-m", "understudy.cli.main"]
LOAD_MINUTES = 0.6
"""How much longer the game runs than the one that watches it: until that is loaded."""
LEAVE_MINUTES = 0.05
"""How much longer the hand plays than is recorded."""
PATIENCE_S = 120.0
DRAWS = 16
"""Times that the reference plays each world, each with other chance of the policies."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("record", "truth", "train", "play", "reference"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--games", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--style", default="hunter")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of training")
    parser.add_argument("--models", default="pixels", choices=("pixels", "truth"))
    parser.add_argument("--train-flags", default="")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--save-seen", action="store_true", help="play: keep what the understudy saw, too")
    stages = {"record": record, "truth": truth, "train": train, "play": play, "reference": reference}
    small = ("--folder", "{folder}/proof", "--minutes", "0.05", "--games", "1")
    smallest = [
        ("truth", *small[:2], "--sessions", "4", "--minutes", "1.5"),
        ("train", *small, "--train-flags=--quick --epoch-scale 0.01"),
        ("record", *small, "--sessions", "1"),
        ("play", *small, "--models", "truth"),
        ("reference", *small),
    ]
    for words in runs(*smallest):
        asked = parser.parse_args(words)
        asked.folder.mkdir(parents=True, exist_ok=True)
        stages[asked.stage](asked)


def record(asked: argparse.Namespace) -> None:
    """Real time: a hand in one process, recorder_v2 in another; the hand begins once that records."""
    with x_server() as display:
        for number in range(asked.sessions):
            sign = asked.folder / f"recording_{number}"
            sign.unlink(missing_ok=True)
            hand = [sys.executable, str(HERE / "desktop_hand.py"), str(RECORD_SEEDS + number)]
            game = start([*hand, str(asked.minutes + LEAVE_MINUTES), asked.style, str(sign)], display)
            wait_for_window(display)
            watch = [sys.executable, "-m", "darkorbit_bot.v2.recording.recorder_v2", "--window", TITLE, "--start-now"]
            watch += ["--minutes", str(asked.minutes), "--out", str(asked.folder / "pixels_recordings")]
            recorder = start(watch + (["--model", str(asked.model)] if asked.model else []), display)
            assert recorder.stdout is not None
            said = []
            for line in recorder.stdout:
                said.append(line.strip())
                if line.startswith("F5 start"):  # the last that it says before it begins
                    sign.touch()
            require(recorder.wait() == 0, f"the recorder has ended with {recorder.returncode}: {' '.join(said)}")
            game_said = finished(game, "the hand")
            print(number, said[-3:], game_said.strip(), flush=True)


def truth(asked: argparse.Namespace) -> None:
    """The same teacher, worlds and time, with what is true; faster than real time."""
    import numpy as np

    from understudy.contract.action import Actor
    from understudy.recordings.episode import describe
    from understudy.recordings.vector_recorder import record_lockstep
    from understudy.worlds.simulator.teacher.teacher import Teacher
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
    """The same settings for both; what is there already is left as it is."""
    for name in ("pixels", "truth"):
        for seed in asked.seeds:
            models = asked.folder / f"{name}_{seed}"
            if (asked.folder / f"{name}_recordings").exists() and not models.exists():
                command = [*CLI, "train", "--data-dir", str(asked.folder / f"{name}_recordings")]
                command += ["--output-dir", str(models), "--seed", str(seed), *asked.train_flags.split()]
                subprocess.run(command, check=True)


def play(asked: argparse.Namespace) -> None:
    """Real time: the game in one process, the understudy in another; the game writes down what is true."""
    kept = asked.folder / f"played_{asked.models}"
    kept.mkdir(exist_ok=True)
    written = kept / "scores.json"
    scores: dict[str, float] = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
    with x_server() as display:
        for number in range(asked.games):
            seed, folder = PLAY_SEEDS + number, kept / f"{PLAY_SEEDS + number}"
            if str(seed) in scores:
                continue
            command = [*CLI, "play", "--seed", str(seed), "--minutes", str(asked.minutes + LOAD_MINUTES)]
            game = start([*command, "--record", "--out", str(folder)], display)
            wait_for_window(display)
            models = asked.folder / f"{asked.models}_{asked.seeds[number % len(asked.seeds)]}"
            run = [*CLI, "run", "--world", "desktop", "--models", str(models)]
            run += ["--no_online_learning", "--seed", str(seed), "--minutes", str(asked.minutes)]
            run += ["--save-recordings", "--out", str(folder / "seen")] if asked.save_seen else []
            playing = start(run + (["--model", str(asked.model)] if asked.model else []), display)
            said, game_said = finished(playing, "the understudy"), finished(game, "the game").splitlines()[0]
            scores[str(seed)], minutes = score_of(folder, asked.minutes)
            lines = [line for line in said.splitlines() if line.startswith(("Executor", "Late", "Thinking", "The und"))]
            written.write_text(json.dumps(scores), encoding="utf-8")
            scored = f"{scores[str(seed)]:.2f} points a minute in {minutes:.2f} minutes"
            print(f"{seed}, {models.name}: {scored}; {game_said}; {lines}", flush=True)


def score_of(folder: Path, minutes: float) -> tuple[float, float]:
    """Points a minute from the first time that the mouse moved, and for how many minutes that was."""
    import numpy as np

    from understudy.evaluation.rollouts.episode_stats import score_per_minute
    from understudy.recordings.store import find_recordings, read_episode

    episode = read_episode(find_recordings(folder)[0])
    places = np.stack([episode.actions["cursor_x"], episode.actions["cursor_y"]], axis=1)
    moved = np.flatnonzero((places != places[0]).any(axis=1))
    require(len(moved) > 0, "the mouse has never moved")
    first = int(moved[0])
    events = episode.observations["events"][first : first + round(minutes * 1200)]
    played = len(events) / 1200
    return score_per_minute(float(events["value"].sum()), float(events["deaths"].sum()), played), played


def reference(asked: argparse.Namespace) -> None:
    """Faster than real time, on truth: what the same hour gives when it is seen exactly."""
    import numpy as np

    worlds = np.arange(PLAY_SEEDS, PLAY_SEEDS + asked.games, dtype=np.uint64)
    on_truth = {}
    for name in ("truth", "pixels"):
        if name == "pixels" and not (asked.folder / f"pixels_{asked.seeds[0]}").exists():
            continue
        each = [scores_on_truth(asked.folder / f"{name}_{seed}", worlds, asked.minutes) for seed in asked.seeds]
        on_truth[name] = np.mean(each, axis=0)
        means = ", ".join(f"{scores.mean():.2f}" for scores in each)
        print(f"learnt from {name}, played on truth: {spread(on_truth[name])}; by training seed {means}", flush=True)
    for played in sorted(asked.folder.glob("played_*/scores.json")):
        scores = json.loads(played.read_text(encoding="utf-8"))
        shared = [number for number, world in enumerate(worlds) if str(world) in scores]
        pixels, beside = np.array([scores[str(worlds[number])] for number in shared]), on_truth["truth"][shared]
        draws = drawn_worlds(len(shared))
        low, high = np.percentile(pixels[draws].mean(axis=1) / beside[draws].mean(axis=1), [2.5, 97.5])
        share = f"{pixels.mean() / beside.mean():.2f} [{low:.2f}, {high:.2f}]"
        print(f"{played.parent.name}: {spread(pixels)}; of what truth gives {share}")


def scores_on_truth(folder: Path, seeds: "np.ndarray", minutes: float) -> "np.ndarray":
    """Points a minute in each world, the mean of DRAWS games."""
    import numpy as np
    import torch

    from understudy.evaluation.rollouts.episode_stats import score_per_minute
    from understudy.runtime.hierarchical_policy import load_hierarchy
    from understudy.worlds.simulator.world import Simulator

    torch.set_num_threads(1)
    world = Simulator(np.repeat(seeds, DRAWS))
    pilot = load_hierarchy(folder, world.profile)
    carry = pilot.start(np.arange(len(seeds) * DRAWS, dtype=np.uint64))
    value, deaths = np.zeros((2, len(seeds) * DRAWS))
    for _ in range(round(minutes * 1200)):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
        events = world.observe().records["events"]
        value, deaths = value + events["value"], deaths + events["deaths"]
    return np.asarray(score_per_minute(value, deaths, minutes).reshape(len(seeds), DRAWS).mean(axis=1))


def spread(scores: "np.ndarray") -> str:
    """The mean over worlds and its interval of 95 %."""
    import numpy as np

    low, high = np.percentile(scores[drawn_worlds(len(scores))].mean(axis=1), [2.5, 97.5])
    return f"{scores.mean():.2f} [{low:.2f}, {high:.2f}] points a minute over {len(scores)} worlds"


def drawn_worlds(count: int) -> "np.ndarray":
    """Which worlds each of 5000 bootstrap samples holds."""
    import numpy as np

    return np.random.default_rng(0).integers(0, count, (5000, count))


def start(command: list[str], display: str) -> "subprocess.Popen[str]":
    """A program on the display."""
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11", "SDL_FRAMEBUFFER_ACCELERATION": "0"}
    environment |= {"SDL_AUDIODRIVER": "dummy", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(process: "subprocess.Popen[str]", who: str) -> str:
    """What a program has said by its end, which has to be a good one."""
    said = process.communicate()[0]
    require(process.returncode == 0, f"{who} has ended with {process.returncode}: {said}")
    return said


def wait_for_window(display: str) -> None:
    """Until the game's window is there."""
    from understudy.worlds.desktop.platform import open_windows

    os.environ["DISPLAY"] = display
    until = time.perf_counter() + PATIENCE_S
    windows = open_windows()
    while TITLE not in windows.titles().values():
        if time.perf_counter() > until:
            raise SystemExit("the game's window did not open")
        time.sleep(0.2)
    windows.close()


if __name__ == "__main__":
    main()
