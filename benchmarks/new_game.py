"""A game by `understudy new-game` alone, from its window to its score; nobody labels or answers anything.

    python benchmarks/new_game.py --folder F                 # the tests' own page, some 40 minutes
    python benchmarks/new_game.py --folder F --game FOLDER_OR_ADDRESS --path index.html \\
        --score EXPRESSION --things EXPRESSION --keep-going SCRIPT
    python benchmarks/new_game.py --smallest                 # half a minute: window and play alone

Starts a Chromium under an X server of its own (browser_page.py). A scripted hand, which asks the page where its things
are, is the player while `new-game --unattended` records; the command gets the window's title and nothing else. Then
the hand, random clicks (as many as its), nobody and the understudy play one stretch each on the page loaded anew, which
is counted in blocks. Prints points a minute with 95 % intervals over the blocks, and the minutes of each step by the
clock. What is there already in the folder is not made again.
"""

import argparse
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from browser_game import CLI, PATIENCE_S, Program, start_understudy
from browser_page import DOTS, BrowserGame, Hand, game_of, heed_ctrl_c, require_programs
from desktop import x_server
from PIL import Image
from smallest import flags, require

from understudy.cli.new_game.game_folder import STEPS, GameFolder

NAME = "learnt"
"""What the game is called."""
WHO = ("nobody", "random", "understudy", "hand")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", help="a folder, or an address on loopback; by default the tests' page")
    parser.add_argument("--path", default="index.html", help="of the page in its folder")
    parser.add_argument("--score", default=DOTS.score)
    parser.add_argument("--things", default=DOTS.things)
    parser.add_argument("--keep-going", default=DOTS.keep_going)
    asked = parsed(parser, "new_game", minutes=6.0)
    require_programs("chromium", "Xvfb")
    heed_ctrl_c()
    with x_server() as display:
        os.environ["DISPLAY"] = display
        Benchmark(asked).run()


def parsed(parser: argparse.ArgumentParser, name: str, minutes: float) -> argparse.Namespace:
    """Adds how much is played, which every benchmark of the command asks for, and parses the flags.

    Args:
        parser: with the flags of the game.
        name: of the folder of the smallest run.
        minutes: to learn from, by default.
    """
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=minutes, help="of play to learn from")
    parser.add_argument("--blocks", type=int, default=8, help="of each player's score")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each block")
    parser.add_argument("--until", choices=STEPS, default="train", help="last step of the command")
    small = ("--minutes", "0.15", "--blocks", "2", "--seconds", "2", "--until", "play")
    return parser.parse_args(flags("--folder", f"{{folder}}/{name}", *small))


class Benchmark:
    """One game from its window to the table."""

    play_area = "moving"

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.game = GameFolder(asked.folder / NAME, NAME)
        self.points: dict[str, np.ndarray] = {}
        self.minutes: dict[str, float] = {}
        self.clicks_a_minute = 30.0

    def run(self) -> None:
        """Window and play, the steps without the game, and the scores."""
        with self._open("learnt") as game:
            self._let_record(game)
        for step in STEPS[2 : STEPS.index(self.asked.until) + 1]:
            self._step(step)
        with self._open("scored") as game:
            self._measure(game)
        self._print()

    def _open(self, name: str) -> BrowserGame:
        page, where = game_of(self.asked)
        return BrowserGame(page, where, self.asked.folder / f"chromium_{os.getpid()}_{name}")

    def _hand(self, game: BrowserGame, seed: int) -> Hand:
        return Hand(game, seed)

    def _command(self, step: str) -> list[str]:
        command = [*CLI, "new-game", NAME, "--folder", str(self.game.folder), "--unattended", "--until", step]
        return [*command, "--play-area", self.play_area, "--minutes", str(self.asked.minutes)]

    def _let_record(self, game: BrowserGame) -> None:
        """The hand plays while the command finds the window and records."""
        if "play" in self.game.progress.done:
            return
        player, ended, began_s = self._hand(game, 0), threading.Event(), time.perf_counter()
        recorder = Program([*self._command("play"), "--window", game.title], "new-game")
        watcher = threading.Thread(target=lambda: (recorder.wait(), ended.set()), daemon=True)
        watcher.start()
        player.play(lambda: not ended.is_set())
        player.close()
        watcher.join(PATIENCE_S)
        print(*recorder.finish(), sep="\n", flush=True)
        self.minutes["window and play"] = (time.perf_counter() - began_s) / 60

    def _step(self, step: str) -> None:
        began_s = time.perf_counter()
        finished = subprocess.run(
            self._command(step), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        self.minutes[step] = (time.perf_counter() - began_s) / 60
        require(finished.returncode == 0, f"{step} has ended with {finished.returncode}: {finished.stdout}")
        print(f"{step}, {self.minutes[step]:.1f} minutes: {finished.stdout.splitlines()[-1]}", flush=True)

    def _measure(self, game: BrowserGame) -> None:
        """Each player's points a minute in each block; the hand first, because random clicks are as many as its."""
        game.load_again()
        player = self._hand(game, 99)
        end_s = self._begin(game)
        self.points["hand"] = self._count_beside(game, lambda: player.play(lambda: time.perf_counter() < end_s))
        self.clicks_a_minute = max(30.0, player.num_clicks / (self.asked.blocks * self.asked.seconds / 60))
        game.load_again()
        end_s = self._begin(game)
        self.points["random"] = self._count_beside(
            game, lambda: player.play_at_random(lambda: time.perf_counter() < end_s, self.clicks_a_minute)
        )
        player.close()
        game.load_again()
        self._begin(game)
        self.points["nobody"] = self._count(game)
        if self.asked.until in STEPS[STEPS.index("train") :]:
            seconds = self.asked.blocks * self.asked.seconds + 30
            game.load_again()
            playing = start_understudy(self.game.profile, self.game.detector, self.game.models, seconds)
            self._begin(game)
            self.points["understudy"] = self._count(game)
            shot = game.camera.grab(game.windows.desktop()).pixels
            Image.fromarray(shot).save(self.asked.folder / "understudy.png")
            require(not playing.has_ended, "the understudy has ended before its time")
            playing.stop()
            print(*playing.summary(), sep="\n", flush=True)

    def _begin(self, game: BrowserGame) -> float:
        """Counts points from now on; returns when the last block ends."""
        game.begin()
        return time.perf_counter() + self.asked.blocks * self.asked.seconds

    def _count(self, game: BrowserGame) -> np.ndarray:
        """Points a minute in each block, by looking at the score."""
        began_s, totals = time.perf_counter(), [0.0]
        while len(totals) <= self.asked.blocks:
            total = game.watch()
            if time.perf_counter() - began_s >= len(totals) * self.asked.seconds:
                totals.append(total)
            time.sleep(0.2)
        return np.diff(totals) * 60 / self.asked.seconds

    def _count_beside(self, game: BrowserGame, play: Callable[[], None]) -> np.ndarray:
        """The same while somebody plays on this thread, who looks at the score after each click."""
        began_s = time.perf_counter()
        stop, seen = threading.Event(), [(0.0, 0.0)]

        def note() -> None:
            while not stop.wait(0.1):
                seen.append((time.perf_counter() - began_s, game.points))

        noting = threading.Thread(target=note)
        noting.start()
        play()
        stop.set()
        noting.join()
        seen.append((time.perf_counter() - began_s, game.points))
        times_s, points = np.array(seen).T
        edges = np.interp(np.arange(self.asked.blocks + 1) * self.asked.seconds, times_s, points)
        return np.diff(edges) * 60 / self.asked.seconds

    def _print(self) -> None:
        print("| points a minute | | 95 % |\n|---|---|---|")
        draws = np.random.default_rng(0).integers(0, self.asked.blocks, (5000, self.asked.blocks))
        means = {who: self.points[who][draws].mean(axis=1) for who in WHO if who in self.points}
        for who, drawn in means.items():
            low, high = np.percentile(drawn, [2.5, 97.5])
            print(f"| {who} | {self.points[who].mean():.0f} | {low:.0f} to {high:.0f} |")
        if "understudy" in means:
            permuted = np.random.default_rng(1).permutation  # the players' blocks are not paired
            more = means["understudy"] - permuted(means["random"])
            share = means["understudy"] / np.maximum(permuted(means["hand"]), 1e-6)
            print("Understudy less random: {:.0f} to {:.0f}.".format(*np.percentile(more, [2.5, 97.5])))
            print("Understudy over hand: {:.2f} to {:.2f}.".format(*np.percentile(share, [2.5, 97.5])))
        taken = ", ".join(f"{step} {minutes:.1f}" for step, minutes in self.minutes.items())
        print(f"Minutes: {taken}; {self.clicks_a_minute:.0f} clicks a minute; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
