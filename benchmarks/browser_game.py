"""A game in a real browser from end to end: recorded with pictures, labelled, learnt, perceived again, and played.

    python benchmarks/browser_game.py --folder F                     # the tests' own page, a quarter of an hour
    python benchmarks/browser_game.py --folder F --game FOLDER_OR_ADDRESS --path index.html \\
        --score EXPRESSION --things EXPRESSION --keep-going SCRIPT --kinds "name:value ..."
    python benchmarks/browser_game.py --smallest                     # two minutes: only to see that it runs

Starts a Chromium under an X server of its own. A scripted hand that asks the page where its things are plays by real
mouse events while recorder_v2 keeps pictures and input; the pictures are labelled by what the page wrote down, and
from there on everything is a command that a person would type. Prints points a minute of nobody, of random clicks (as
many as the hand's), of the understudy and of the hand; then the understudy plays on while the browser is disturbed, and
every press is counted that fell where it should not.

JavaScript of another game, such as one whose page holds lists of what can be shot: --score "score", --things
"enemies.map(one => ['enemy', one.x - one.radius, one.y - one.radius, 2 * one.radius, 2 * one.radius])", --keep-going
"if (isOver) start()". What is there already in the folder is not made again.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from browser_labels import write_labels
from browser_page import DOTS, BrowserGame, Hand, game_of, heed_ctrl_c, require_programs
from desktop import x_server
from PIL import Image
from smallest import require, runs

from tests.support.desktop_fixtures import hand
from tests.support.disturbances import Disturbance, Disturber

CLI = [sys.executable, "-m", "understudy.cli.main"]
RECORDER = [sys.executable, "-m", "darkorbit_bot.v2.recording.recorder_v2"]
PATIENCE_S = 180.0
LEAST_CLICKS_A_MINUTE = 30.0
SHOT_EVERY_S = 10.0
PRESS_WAIT_S = 10.0
"""How long it may play without a press before the next disturbance."""
CLOCK = re.compile(r"^\d\d:\d\d:\d\d\s+")
"""What lines of a live session begin with."""


@dataclass
class Scores:
    """Points a minute."""

    nobody: float = 0.0
    random: float = 0.0
    hand: float = 0.0
    understudy: float = 0.0
    hand_clicks: float = LEAST_CLICKS_A_MINUTE
    """A minute."""
    lines: list[str] = field(default_factory=list)
    """What recorder and player said of their time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--game", help="a folder, or an address on loopback; by default the tests' page")
    parser.add_argument("--path", default="index.html", help="of the page in its folder")
    parser.add_argument("--score", default=DOTS.score)
    parser.add_argument("--things", default=DOTS.things)
    parser.add_argument("--keep-going", default=DOTS.keep_going)
    parser.add_argument("--kinds", default="dot:10", help="name:value of each kind")
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=65.0, help="of each session and each score")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--detector-epochs", type=int, default=10)
    parser.add_argument("--train-flags", default="")
    parser.add_argument("--models", type=Path, help="policies to play with, in place of training some")
    parser.add_argument("--disturbances", type=int, default=100, help="at most so many")
    small = ("--sessions", "1", "--seconds", "8", "--pictures", "10", "--detector-epochs", "2")
    smallest = ("--folder", "{folder}/browser", *small, "--models", "{models}", "--disturbances", "3")
    asked = parser.parse_args(next(runs(smallest)))
    require_programs("chromium", "Xvfb", "xdotool")
    heed_ctrl_c()
    with x_server() as display:
        os.environ["DISPLAY"] = display
        Benchmark(asked).run()


class Benchmark:
    """One game from its first screenshot to the table. The game's browser lives as long as a stage."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked, self.folder = asked, asked.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page, self.where = game_of(asked)
        self.kinds = [each.partition(":")[0] for each in asked.kinds.split()]
        self.profile = self.folder / "game.toml"
        self.detector, self.recordings = self.folder / "detector.onnx", self.folder / "recordings"
        self.models = asked.models or self.folder / "models"
        self.scores, self._browsers = Scores(), 0

    def run(self) -> None:
        """All stages, one after the other."""
        with self._open() as game:
            if not self.profile.exists():  # training has written confidences into it
                self._make_profile(game)
            self._measure_nobody_and_hand(game)
        self._learn()
        with self._open() as game:
            self._measure_random(game)
            self._measure_understudy(game)
            self._print_scores()
            print(*self._disturb(game), sep="\n")

    def _open(self) -> BrowserGame:
        self._browsers += 1
        return BrowserGame(self.page, self.where, self.folder / f"chromium_{os.getpid()}_{self._browsers}")

    def _make_profile(self, game: BrowserGame) -> None:
        """As a person does: from a screenshot of the window."""
        shot = self.folder / "window.png"
        Image.fromarray(game.camera.grab(game.outer).pixels).save(shot)
        left, top, right, bottom = game.margins
        area = f"{left} {top} {game.outer.width - right} {game.outer.height - bottom}"
        kinds = " ".join(
            f"{name}:ENEMY:{value}" for name, _, value in (k.partition(":") for k in self.asked.kinds.split())
        )
        command = [*CLI, "profile", "new", "--replace", "--screenshot", str(shot), "--name", "browser-game"]
        command += ["--title", game.title, "--keys", "", "--maps", "page", "--kinds", kinds, "--panels", "-"]
        command += ["--hp", "-", "--shield", "-", "--minimap", "-", "--play-area", area, "--out", str(self.profile)]
        self._command(command)

    def _measure_nobody_and_hand(self, game: BrowserGame) -> None:
        """The hand's points are those of the sessions that are recorded."""
        seconds = self.asked.seconds
        self.scores.nobody = self._points(game, min(30.0, seconds))
        for number in range(self.asked.sessions):
            self._record(game, number)
        if not (self.folder / "truth.json").exists():
            (self.folder / "truth.json").write_text(json.dumps(game.truth()), encoding="utf-8")

    def _record(self, game: BrowserGame, number: int) -> None:
        """The hand plays, and the recorder watches."""
        seconds = self.asked.seconds
        command = [*RECORDER, "--window", game.title, "--profile", str(self.profile), "--start-now", "--video"]
        command += ["--perceive", "later", "--minutes", str(seconds / 60), "--out", str(self.recordings)]
        recorder = Program(command, "the recorder")
        recorder.wait_until_said("F5 start")
        player = Hand(game, number)
        game.keep_truth()
        game.begin()
        began_s = time.perf_counter()
        player.play(lambda: not recorder.has_ended and time.perf_counter() < began_s + seconds)
        minutes = (time.perf_counter() - began_s) / 60
        self.scores.hand += game.watch() / minutes / self.asked.sessions
        self.scores.hand_clicks = max(player.num_clicks / minutes, LEAST_CLICKS_A_MINUTE)
        player.close()
        self._shoot(game, f"hand_{number}")
        said = recorder.finish()
        self.scores.lines += [line for line in said if "without a picture" in line or "pictures" in line]

    def _learn(self) -> None:
        """Labels the recorded pictures, and learns to see and to play."""
        frames = self.folder / "frames"
        if not self.detector.exists():
            shutil.rmtree(frames, ignore_errors=True)
            self._command(
                [
                    *CLI,
                    "detector",
                    "frames",
                    str(self.recordings),
                    "--out",
                    str(frames),
                    "--count",
                    str(self.asked.pictures),
                ]
            )
            self._label(frames)
            command = [
                *CLI,
                "detector",
                "train",
                "--images",
                str(frames / "images"),
                "--labels",
                str(frames / "labels"),
            ]
            command += [
                "--out",
                str(self.detector),
                "--output-dir",
                str(self.folder / "detector"),
                "--start",
                "shipped",
            ]
            command += ["--epochs", str(self.asked.detector_epochs), "--batch-size", "8"]
            self._command([*command, "--profile", str(self.profile), "--write-profile"])
        if not (self.folder / "models").exists():
            again = ["--model", str(self.detector), "--profile", str(self.profile)]
            self._command([*CLI, "recordings", "reperceive", str(self.recordings), *again])
        if not self.models.exists():
            command = [*CLI, "train", "--data-dir", str(self.recordings), "--output-dir", str(self.models)]
            self._command([*command, "--log-dir", str(self.folder / "logs"), *self.asked.train_flags.split()])

    def _label(self, frames: Path) -> None:
        from understudy.recordings.store import find_recordings
        from understudy.recordings.video.recorded_frames import RecordedFrames
        from understudy.recordings.video.video_paths import video_path

        truth = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        times_s: dict[str, float] = {}
        for path in find_recordings(self.recordings):
            with RecordedFrames(video_path(path)) as recorded:
                times_s |= {f"{path.stem}_{n:06d}.png": ns / 1e9 for n, ns in enumerate(recorded.times_ns.tolist())}
        count = write_labels(frames / "images", frames / "labels", times_s, truth, self.kinds)
        print(f"{count} pictures are labelled by the page", flush=True)

    def _points(self, game: BrowserGame, seconds: float) -> float:
        """Points a minute while nobody does anything."""
        game.begin()
        began_s = time.perf_counter()
        while (passed_s := time.perf_counter() - began_s) < seconds:
            game.watch()
            time.sleep(0.2)
        return game.watch() * 60 / passed_s

    def _measure_random(self, game: BrowserGame) -> None:
        player = Hand(game, 99)
        game.begin()
        began_s = time.perf_counter()
        player.play_at_random(lambda: time.perf_counter() < began_s + self.asked.seconds, self.scores.hand_clicks)
        self.scores.random = game.watch() * 60 / (time.perf_counter() - began_s)
        player.close()

    def _play(self, seconds: float) -> "Program":
        return start_understudy(self.profile, self.detector, self.models, seconds)

    def _measure_understudy(self, game: BrowserGame) -> None:
        playing = self._play(self.asked.seconds)
        game.begin()
        began_s, num_shots = time.perf_counter(), 0
        while not playing.has_ended and time.perf_counter() < began_s + self.asked.seconds:
            game.watch()
            time.sleep(0.2)
            if time.perf_counter() - began_s > SHOT_EVERY_S * num_shots:
                self._shoot(game, f"understudy_{num_shots}")
                num_shots += 1
        self.scores.understudy = game.watch() * 60 / (time.perf_counter() - began_s)
        playing.finish()
        self.scores.lines += playing.summary()

    def _disturb(self, game: BrowserGame) -> list[str]:
        """The understudy plays through one disturbance after the other; returns what was counted."""
        game.hear_presses()
        playing = self._play(3600.0)
        began_s = time.perf_counter()
        time.sleep(15 if self.asked.disturbances > 5 else 1)  # it learns what stands still in the game's picture
        size = (game.outer.width, game.outer.height)
        disturber = Disturber(
            game.browser, lambda *words: hand(dict(os.environ), *words), game.window, size, game.pages.address,
            game.address, game.look_alike(),
        )  # fmt: skip
        trials, unnoticed, never_back = 0, [], []
        for one in disturber.all(lambda: playing.last() == "Going on."):
            if trials == self.asked.disturbances or playing.has_ended:
                break
            trials += 1
            noticed, goes_on = self._disturb_once(game, playing, one)
            unnoticed += [] if noticed or one.may_pass else [one.name]
            never_back += [] if goes_on else [one.name]
            print(f"{one.name}: {noticed or 'unnoticed'}{'' if goes_on else '; never went on'}", flush=True)
            if not goes_on:
                break
            game.hear_presses()
        playing.stop()
        time.sleep(1.0)
        strangers = len(game.browser.pages()) - 1
        outside = [each for each in game.presses(began_s) if not game.area.contains(each.x, each.y)]
        paused = [each for each in game.presses(began_s) if playing.was_paused_at(each.time_s)]
        return [
            f"{trials} disturbances, {len(game.presses(began_s))} presses: {len(outside)} outside the play area, "
            f"{len(game.pages.presses('bank'))} on other pages, {len(paused)} in a pause, "
            f"{len(game.astray(began_s))} not heard by the game's page, {strangers} pages opened that nobody wanted",
            f"unnoticed: {', '.join(unnoticed) or 'none'}; did not go on after: {', '.join(never_back) or 'none'}",
        ]

    def _disturb_once(self, game: BrowserGame, playing: "Program", one: Disturbance) -> tuple[str, bool]:
        """Returns what was said when it was noticed, and whether it was played on afterwards."""
        num_said, num_pressed = len(playing.lines), len(game.pressed)
        playing.waits_for(lambda: len(game.pressed) > num_pressed, PRESS_WAIT_S)  # it is disturbed while it plays
        one.begin()
        noticed = playing.waits_for(lambda: playing.pauses_since(num_said), 15.0)
        self._shoot(game, re.sub(r"\W+", "_", f"disturbed {one.name}"))
        time.sleep(one.lasts_s)
        one.end()
        goes_on = not noticed or playing.waits_for(lambda: playing.last() == "Going on.", PATIENCE_S)
        return next(iter(playing.pauses_since(num_said)), ""), bool(goes_on)

    def _shoot(self, game: BrowserGame, name: str) -> None:
        desktop = game.windows.desktop()
        Image.fromarray(game.camera.grab(desktop).pixels).save(self.folder / f"{name}.png")

    def _command(self, command: list[str]) -> None:
        began_s = time.perf_counter()
        finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        require(
            finished.returncode == 0,
            f"{' '.join(command[2:5])} has ended with {finished.returncode}: {finished.stdout}",
        )
        lines = [line for line in finished.stdout.splitlines() if line.strip()]
        print(f"{' '.join(command[3:5])} ({time.perf_counter() - began_s:.0f} s):", *lines[-4:], sep="\n  ", flush=True)

    def _print_scores(self) -> None:
        scores = self.scores
        print("| points a minute | |\n|---|---|")
        for who in ("nobody", "random", "understudy", "hand"):
            print(f"| {who} | {getattr(scores, who):.0f} |")
        share = scores.understudy / scores.hand if scores.hand else float("nan")
        print(f"The understudy reaches {share:.2f} of the hand, which made {scores.hand_clicks:.0f} clicks a minute.")
        print(*scores.lines, f"load {os.getloadavg()[0]:.1f}", sep="\n", flush=True)


def start_understudy(profile: Path, detector: Path, models: Path, seconds: float) -> "Program":
    """Starts the understudy on the game's window, and waits until it plays."""
    command = [*CLI, "run", "--world", "desktop", "--profile", str(profile), "--model", str(detector)]
    command += ["--models", str(models), "--no_online_learning", "--minutes", str(seconds / 60)]
    playing = Program([*command, "--handback-delay-s", "0.1"], "the understudy")
    playing.wait_until_said("THE UNDERSTUDY PLAYS")
    return playing


class Program:
    """A command of ours that runs beside, and what it says when."""

    def __init__(self, command: list[str], who: str) -> None:
        self._who = who
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "400"}
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def wait_until_said(self, begins: str) -> None:
        """Waits for a line that begins so; void without it."""
        said = self.waits_for(lambda: any(line.startswith(begins) for _, line in self.lines), PATIENCE_S)
        require(said, f"{self._who} did not say {begins!r} but: {' '.join(line for _, line in self.lines)}")

    def last(self) -> str:
        """The last line that says whether it is played."""
        told = [line for _, line in self.lines if line.startswith(("Paused", "Going on."))]
        return told[-1] if told else ""

    def pauses_since(self, number: int) -> list[str]:
        """Lines about pauses after the first so many lines."""
        return [line for _, line in self.lines[number:] if line.startswith("Paused")]

    def was_paused_at(self, time_s: float) -> bool:
        """Whether it had said that it pauses, and not yet that it goes on."""
        before = [line for said_s, line in self.lines if said_s < time_s and line.startswith(("Paused", "Going on."))]
        return bool(before) and before[-1].startswith("Paused")

    def waits_for(self, holds: Callable[[], object], patience_s: float) -> bool:
        """Waits until something holds, or it has ended; returns whether it does."""
        end_s = time.perf_counter() + patience_s
        while not holds() and time.perf_counter() < end_s and not self.has_ended:
            time.sleep(0.05)
        return bool(holds())

    def summary(self) -> list[str]:
        """What a session of the understudy says at its end of its time."""
        starts = ("Late ticks", "Thinking", "Perception", "Not pressed", "The understudy played")
        return [line for _, line in self.lines if line.startswith(starts)]

    def wait(self) -> None:
        """Waits for its end, whichever it is."""
        self._process.wait()

    def finish(self) -> list[str]:
        """Waits for its end, which has to be a good one; returns all that it said."""
        code = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        said = [line for _, line in self.lines]
        require(code == 0, f"{self._who} has ended with {code}: {' '.join(said)}")
        return said

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        self._process.send_signal(2)
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append((time.perf_counter(), CLOCK.sub("", line.strip())))


if __name__ == "__main__":
    main()
