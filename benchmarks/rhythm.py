"""A game of rhythm: circles appear, and each wants one press when its ring has closed on it.

    python benchmarks/rhythm.py --minutes 30 --folder out/rhythm

A scripted player with a person's hand (movement times by Fitts' law, curved ways, uneven presses) is recorded; the
policies learn from it with `train --press-times`, and play. Printed are the shares of the circles that are hit: by the
player, by the policies, by the same weights whose press times come from the motor model's tables, and by clicks on
random circles at the player's rate; 95 % intervals by bootstrap over worlds (and training seeds). What is recorded and
trained in the folder already is not done again.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from smallest import flags

from tests.support.planning_player import Hand, PlanningPlayer
from understudy.cli.train import Train, settings_of
from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.game.readings import Gauge, GaugeRole, TrackGauge
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Button, Observation, Role, empty_observation
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.contract.protocols import Carry, Decision, Pilot
from understudy.evaluation.comparison.bootstrap import bootstrap, resample_worlds
from understudy.evaluation.comparison.statistics import mean
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import load_policies
from understudy.recordings.episode import describe
from understudy.recordings.vector_recorder import record_lockstep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.session import Session

SIZE = 0.06
"""Width of a circle, window fractions; 16:9 windows."""
APPROACH = 24
"""Ticks from a circle's appearance to its beat, in which its ring (read as its bar) closes."""
WINDOW = 1
"""A press hits that comes at most so many ticks before or after the beat."""
SESSIONS = 6
DONE = "trained"
PROFILE = Profile(
    name="rhythm",
    gauges=(Gauge(name="health", role=GaugeRole.VITAL),),
    track_gauges=(TrackGauge(name="time"),),
    window_title="Rhythm",
    window_width=1280,
    window_height=720,
    minimap=Rectangle(left=0.9995, top=0.9995, width=0.0005, height=0.0005),
    keys=("none",),
    kinds=(Kind(name="circle", role=Role.LOOT, value=1.0),),
    maps=("song",),
)


@dataclass
class Circle:
    """One circle of a song."""

    number: int
    beat: int
    """Tick at which its ring has closed."""
    x: float
    y: float


@dataclass
class Song:
    """One world: the circles that are in sight, and those to come."""

    random: np.random.Generator
    pace: float
    """Ticks of a beat."""
    circles: list[Circle] = field(default_factory=list)
    next_number: int = 1
    next_beat: float = APPROACH + 10.0
    hits: int = 0
    passed: int = 0
    pressed: bool = False

    def advance(self, tick: int, cursor: tuple[float, float], *, button: bool) -> bool:
        """Plays one tick; returns whether a circle was hit in it."""
        hit = button and not self.pressed and self._press(tick, *cursor)
        self.pressed = button
        for circle in [each for each in self.circles if tick > each.beat + WINDOW]:
            self._remove(circle)
        while self.next_beat - APPROACH <= tick:
            self._appear()
        return hit

    def _press(self, tick: int, x: float, y: float) -> bool:
        under = [c for c in self.circles if abs(x - c.x) <= SIZE / 2 and abs(y - c.y) <= SIZE * 16 / 9 / 2]
        if not under:
            return False
        first = min(under, key=lambda circle: circle.beat)
        self._remove(first)
        is_hit = abs(tick - first.beat) <= WINDOW
        self.hits += is_hit
        return is_hit

    def _remove(self, circle: Circle) -> None:
        self.circles.remove(circle)
        self.passed += 1

    def _appear(self) -> None:
        last = self.circles[-1] if self.circles else None
        for _ in range(50):
            x, y = self.random.uniform((0.1, 0.15), (0.9, 0.85))
            away = 1.0 if last is None else np.hypot(x - last.x, (y - last.y) * 9 / 16)
            if away <= 0.4 and all(np.hypot(x - c.x, (y - c.y) * 9 / 16) > 1.5 * SIZE for c in self.circles):
                break
        self.circles.append(Circle(self.next_number, round(self.next_beat), x, y))
        self.next_number += 1
        self.next_beat += self.pace * self.random.choice([1.0, 1.0, 1.5, 2.0])


class RhythmGame:
    """B songs as a World."""

    def __init__(self, seeds: np.ndarray) -> None:
        self.profile, self.num_worlds = PROFILE, len(seeds)
        generators = [np.random.default_rng(int(seed)) for seed in seeds]
        self.songs = [Song(random, random.uniform(9.0, 14.0)) for random in generators]
        self._tick = 0
        self._observation = empty_observation(len(seeds))
        records = self._observation.records
        records["player"]["alive"] = records["player"]["gauges"][:, 0] = 1
        records["cursor_x"] = records["cursor_y"] = 0.5

    def observe(self) -> Observation:
        return self._observation

    def act(self, action: Action) -> None:
        records = self._observation.records
        for name in ("cursor_x", "cursor_y", "button", "keys"):
            records[name] = action.records[name]
        for song, record in zip(self.songs, records, strict=True):
            cursor = float(record["cursor_x"]), float(record["cursor_y"])
            record["events"]["loot"] = song.advance(self._tick, cursor, button=bool(record["button"]))
            record["events"]["value"] = record["events"]["loot"]
            self._show(song, record["tracks"])
        self._tick += 1
        records["time_s"] += TICK_S

    def close(self) -> None:
        """Holds no window, key or thread."""

    def _show(self, song: Song, tracks: np.ndarray) -> None:
        tracks[:] = np.zeros((), tracks.dtype)
        for track, circle in zip(
            tracks, sorted(song.circles, key=lambda c: np.hypot(c.x - 0.5, c.y - 0.5)), strict=False
        ):
            track["id"], track["role"], track["x"], track["y"] = circle.number, Role.LOOT, circle.x, circle.y
            track["width"], track["height"] = SIZE, SIZE * 16 / 9
            track["gauges"] = np.clip((circle.beat - self._tick - 1) / APPROACH, 0.0, 1.0), np.nan


class Player(PlanningPlayer):
    """The scripted player: goes for the circle that is due next, arrives a little early, and presses on the beat."""

    def plan(self, hand: Hand, seen: np.void) -> None:
        """Fills the plan with a whole gesture, and the rest before and after it."""
        coming = [track for track in seen["tracks"] if track["id"] > hand.done]
        if not coming:
            return
        random = hand.random
        due = min(coming, key=lambda track: track["gauges"][0])
        hand.done = int(due["id"])
        beat = float(due["gauges"][0]) * APPROACH
        start = np.array([seen["cursor_x"], seen["cursor_y"]], float)
        offset = 0.18 * SIZE * random.normal(size=2).clip(-2, 2) * (1.0, 16 / 9)
        goal = np.array([due["x"], due["y"]], float) + offset
        away = np.hypot(*((goal - start) * (1.0, 9 / 16)))
        duration = max(2, round((1.0 + 1.3 * np.log2(1.0 + away / SIZE)) * np.exp(0.15 * random.normal())))
        press = max(round(beat + 0.4 * random.normal()), duration)
        rest = max(0, press - duration - int(random.integers(2, 8)))
        share = np.arange(1, duration + 1) / duration
        share = 10 * share**3 - 15 * share**4 + 6 * share**5
        bow = 0.06 * random.normal() * 4 * share * (1 - share)
        across = (goal - start)[::-1] * (-1.0, 1.0)
        path = start + share[:, None] * (goal - start) + bow[:, None] * across
        hand.plan = [(*start, 0, 0)] * rest + [(x, y, 0, 0) for x, y in path.clip(0.0, 0.999)]
        hand.plan += [(*goal, 0, 0)] * (press - duration - rest)
        hand.plan += [(*goal, int(Button.LEFT), 0)] * int(random.integers(1, 4))
        hand.plan += [(*goal, 0, 0)] * int(random.integers(1, 3))


class RandomClicks:
    """Clicks on a random circle, as often as the player does on average."""

    def start(self, seeds: np.ndarray) -> Carry:
        return [np.random.default_rng([int(seed), 2]) for seed in seeds]

    def decide(self, observation: Observation, carry: list[np.random.Generator]) -> Decision:
        records = np.zeros(len(observation), ACTION)
        for random, seen, record in zip(carry, observation.records, records, strict=True):
            circles = seen["tracks"][seen["tracks"]["id"] > 0]
            record["cursor_x"], record["cursor_y"] = seen["cursor_x"], seen["cursor_y"]
            if len(circles) and not seen["button"] and random.random() < 1 / (11.5 * 1.375 - 1):
                chosen = random.choice(circles)
                record["cursor_x"], record["cursor_y"], record["button"] = chosen["x"], chosen["y"], Button.LEFT
        return Decision(Action(records), no_intent(len(records)), carry)


def record(minutes: float, folder: Path, seed: int) -> Path:
    """Records the player unless that is done; returns the folder."""
    recordings = folder / f"recordings_{seed}"
    if not recordings.exists():
        seeds = seeds_for(Purpose.TRAIN, SESSIONS, 1000 * seed)
        infos = [describe(PROFILE, pilot="player", world="rhythm", simulated_time=True) for _ in seeds]
        files = [(recordings / f"{number}.mcap", info) for number, info in enumerate(infos)]
        ticks = round(minutes * 60 * TICK_RATE_HZ / SESSIONS)
        record_lockstep(RhythmGame(seeds), Player(), seeds, files, ticks, Actor.TEACHER, lambda _: None)
    return recordings


def train(recordings: Path, folder: Path, seed: int, epoch_scale: float, *, quick: bool) -> Path:
    """Trains the three policies unless that is done; returns their folder."""
    models = folder / f"models_{seed}"
    if not (models / DONE).exists():
        dataset = load_dataset(recordings)
        command = Train(
            output_dir=models,
            log_dir=models / "logs",
            seed=seed,
            quick=quick,
            epoch_scale=epoch_scale,
            press_times=True,
        )
        for policy, settings in settings_of(command, dataset.hours).items():
            result = train_policy(policy, dataset, settings)
            print(f"seed {seed}: {policy} trained in {result.fit.seconds:.0f} s", flush=True)
        (models / DONE).touch()
    return models


def learnt(models: Path, *, press_times: bool) -> Pilot:
    """The trained policies, with the press times that they predict or with those of the motor model."""
    policies = load_policies(models, profile=PROFILE)
    if not press_times:
        bare = Executor(replace(policies.executor.config, press_times=0))
        weights = policies.executor.state_dict()
        bare.load_state_dict({name: weights[name] for name in bare.state_dict()})
        policies = replace(policies, executor=bare.eval())
    return HierarchicalPolicy(policies, PROFILE)


def share_of_hits(pilots: Sequence[Pilot], seeds: np.ndarray, seconds: float) -> str:
    """Plays one song a seed by each pilot; returns the share of circles that were hit, with its interval."""
    shares = []
    for pilot in pilots:
        game = RhythmGame(seeds)
        Session(game, pilot, seeds=seeds).run(round(seconds * TICK_RATE_HZ))
        shares.append([song.hits / max(song.passed, 1) for song in game.songs])
    found = bootstrap(np.array(shares), resample_worlds(np.zeros(len(seeds), np.int64)), mean).estimate()
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def main() -> None:
    """Records, trains, plays, prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--training-seeds", type=int, default=1, help="each with a recording of its own")
    parser.add_argument("--worlds", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--epoch-scale", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("out/rhythm"))
    smallest = ("--minutes", "7", "--worlds", "2", "--seconds", "4", "--epoch-scale", "0.001", "--quick")
    options = parser.parse_args(flags(*smallest, "--folder", "{folder}/rhythm"))
    seeds = seeds_for(Purpose.CHOOSE, options.worlds)
    print("| who plays | circles hit |\n|---|---|")
    print(f"| the scripted player | {share_of_hits([Player()], seeds, options.seconds)} |", flush=True)
    print(f"| clicks on random circles | {share_of_hits([RandomClicks()], seeds, options.seconds)} |", flush=True)
    models = [
        train(
            record(options.minutes, options.folder, seed),
            options.folder,
            seed,
            options.epoch_scale,
            quick=options.quick,
        )
        for seed in range(options.training_seeds)
    ]
    for press_times, name in ((True, "the policies"), (False, "the same weights, the motor model's press times")):
        pilots = [learnt(folder, press_times=press_times) for folder in models]
        print(f"| {name} | {share_of_hits(pilots, seeds, options.seconds)} |", flush=True)


if __name__ == "__main__":
    main()
