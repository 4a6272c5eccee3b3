"""Perception on its own thread: does the 20 Hz loop keep its rate, and do policies keep their score?

    python benchmarks/perception_rate.py                      # two minutes a detector, real time
    python benchmarks/perception_rate.py --smallest           # seconds: only to see that it runs
    python benchmarks/perception_rate.py --models FOLDER      # also the closed loop, at full rate and slowed
    python benchmarks/perception_rate.py --models FOLDER --no-real-time --worlds 0        # the exact closed loop alone

Real time: frames of the hunter's play, enlarged to 1920 x 1080, go through the shipped detector, and through the same
one run so often a frame that it manages about 8 frames a second; beside it a program that uses a core, as a game does.
Each tick copies a frame (what capture costs), sees, and decides by the policies.

Closed loop: the same worlds twice in simulated time, seen in every tick, and seen at `--rate-hz` with each result late
by the time that a frame takes, moved on to the present as in live play. Worlds of the seeds for choosing.

Exact closed loop: the same with the game's own observations in place of the detector's: what late and seldom costs by
itself, in so many worlds that the interval is narrow.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import cv2
import numpy as np
import tyro
from smallest import flags

from understudy.contract.action import Action
from understudy.contract.observation import EVENTS, TICK_RATE_HZ, TICK_S, Observation, empty_observation
from understudy.contract.protocols import Carry, Decision, Pilot
from understudy.contract.rate import Beat
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.perception.detector import Detector
from understudy.perception.detector_loader import open_detector
from understudy.perception.pipeline import PerceptionPipeline
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.latency_compensation import LatestObservation
from understudy.worlds.desktop.perception_thread import MOST_WAIT_S, PerceptionThread
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

Fresh = Literal["nothing", "readings", "panels", "player", "places", "tracks"]
"""The player's own bars, lamps and selectors; these with place and landmarks; all about the player; positions and
velocities of the objects that are known; all about objects."""
OF_THE_PLAYER: dict[Fresh, tuple[str, ...]] = {
    "readings": ("gauges", "switches", "selectors", "alive"),
    "panels": ("gauges", "switches", "selectors", "x", "y", "map_index"),
}
SMALL_FRAME, LARGE_FRAME = (1280, 720), (1920, 1080)
GAME = """
import time
while True:
    end = time.perf_counter() + 0.0155
    while time.perf_counter() < end: pass
    time.sleep(0.001)
"""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to measure."""

    seconds: float = 120.0
    """Of each detector, in real time."""
    rate_hz: float = 8.0
    """What the slowed detector manages."""
    game: bool = True
    """A program beside it uses a core."""
    models: Path | None = None
    """A folder of policies: they decide in real time, and play the closed loop."""
    real_time: bool = True
    """Measure rates."""
    teacher: bool = False
    """The hunter plays the closed loop as well."""
    worlds: int = 12
    """Of the closed loop; 0 leaves it out."""
    exact_worlds: int = 64
    """Of the exact closed loop; 0 leaves it out."""
    exact_seconds: float = 120.0
    """Each."""
    exact_offset: int = 0
    """First seed of these within those for choosing."""
    fresh: tuple[Fresh, ...] = ("nothing", "readings", "panels", "player", "places", "tracks")
    """What is seen at once although the rest is late, each by itself: where the loss comes from."""
    play_seconds: float = 60.0
    """Each."""
    offset: int = 500
    """First seed within those for choosing."""


class RepeatedDetector:
    """A detector that runs so often a frame that a frame takes at least a given time."""

    def __init__(self, detector: Detector, least_s: float) -> None:
        self._detector, self._least_s = detector, least_s
        self.names = detector.names

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """The last run's detections."""
        until_s = time.perf_counter() + self._least_s
        found = self._detector.detect(frame)
        while time.perf_counter() < until_s:
            found = self._detector.detect(frame)
        return found


@contextmanager
def game(wanted: bool) -> Iterator[None]:
    """A program that uses most of a core, as a game at 60 frames a second does."""
    process = subprocess.Popen([sys.executable, "-c", GAME]) if wanted else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def frames_of_play(count: int, size: tuple[int, int]) -> list[np.ndarray]:
    """Frames of the hunter's play in consecutive ticks."""
    profile = load_profile()
    renderer, teacher, seeds = Renderer(profile), Teacher("hunter", profile), seeds_for(Purpose.CHOOSE, 1, 0)
    world, carry, frames = Simulator(seeds, profile.maps[1]), teacher.start(seeds), []
    for _ in range(count):
        frame = renderer.frame(scene_of(world.states[0], world.observe().records[0]))
        frames.append(np.asarray(cv2.resize(frame, size)))
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
    return frames


def load_pilot(models: Path | None) -> Pilot:
    """The policies of a folder as in live play, else the hunter."""
    if models is None:
        return Teacher("hunter", load_profile())
    import torch

    from understudy.policies.inference_backend import fastest_backend
    from understudy.runtime.hierarchical_policy import load_hierarchy

    torch.set_num_threads(1)
    return load_hierarchy(models, load_profile(), fastest_backend())


def measure_rate(name: str, detector: Detector, frames: list[np.ndarray], pilot: Pilot, seconds: float) -> None:
    """One row: 20 Hz of copying a frame, seeing and deciding, in real time."""
    perception = PerceptionThread(PerceptionPipeline(load_profile(), detector))
    carry = pilot.start(np.zeros(1, np.uint64))
    for _ in range(2 * TICK_RATE_HZ):
        carry = pilot.decide(empty_observation(1), carry).carry
    perception.warm_up(frames[0])
    beat, latencies_s, number = Beat(time.perf_counter), [], 0
    while beat.num_ticks < seconds * TICK_RATE_HZ:
        captured_s = time.perf_counter()
        frame = frames[number % len(frames)].copy()
        seen = perception.process(frame, captured_s, (0.5, 0.5), 0, 0)
        carry = pilot.decide(seen, carry).carry
        latencies_s.append(time.perf_counter() - captured_s)
        time.sleep(max(0.0, beat.end_s - time.perf_counter()))
        beat.next()
        number += 1
    report = perception.report()
    perception.close()
    late = beat.num_missed + sum(latency > TICK_S for latency in latencies_s)
    p50, p99 = 1000 * np.percentile(latencies_s, [50, 99])
    rate_hz = TICK_RATE_HZ * number / beat.num_ticks
    print(
        f"| {name} | {rate_hz:.2f} | {100 * late / beat.num_ticks:.2f} % | {p50:.1f} / {p99:.1f} | "
        f"{report.rate_hz:.1f} | {1000 * report.took_p50_s:.1f} / {1000 * report.took_p99_s:.1f} | "
        f"{1000 * report.age_p50_s:.0f} / {1000 * report.age_p99_s:.0f} |",
        flush=True,
    )


def measure_rates(settings: Settings) -> None:
    """The table of rates."""
    frames, pilot = frames_of_play(60, LARGE_FRAME), load_pilot(settings.models)
    shipped = open_detector(None, load_profile())
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; a game beside it: {settings.game}")
    columns = ("detector", "decisions a second", "late ticks", "picture to decision, ms p50 / p99")
    columns += ("frames perceived a second", "ms each p50 / p99", "age of what was seen, ms p50 / p99")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    with game(settings.game):
        measure_rate("shipped", shipped, frames, pilot, settings.seconds)
        slowed = RepeatedDetector(shipped, 1 / settings.rate_hz - 0.015)
        measure_rate(f"about {settings.rate_hz:g} Hz", slowed, frames, pilot, settings.seconds)
    print(f"load after: {os.getloadavg()[0]:.1f}")


class SlowedEye:
    """A pipeline at a rate below that of the ticks, in simulated time: which frames are seen, and how late, is as in a
    PerceptionThread whose frames all take 1 / rate_hz."""

    def __init__(self, pipeline: PerceptionPipeline, rate_hz: float) -> None:
        self._pipeline, self._takes_s = pipeline, 1 / rate_hz
        self._latest = LatestObservation()
        self._working: tuple[float, tuple] | None = None
        """When the frame in work will be done, and the frame."""
        self._pending: tuple | None = None

    def look(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        """The observation of a tick."""
        job = (frame, time_s, cursor, keys, button)
        if self._latest.time_s == float("-inf"):
            self._latest.put(self._pipeline.process(*job), time_s)
            return self._latest.at(time_s, cursor, keys, button)
        self._finish(time_s)
        if self._working is None:
            self._working = (time_s + self._takes_s, job)
        else:
            self._pending = job
        self._finish(time_s + MOST_WAIT_S)
        return self._latest.at(time_s, cursor, keys, button)

    def _finish(self, now_s: float) -> None:
        while self._working is not None and self._working[0] <= now_s:
            done_s, job = self._working
            self._latest.put(self._pipeline.process(*job), job[1])
            self._working = None if self._pending is None else (done_s + self._takes_s, self._pending)
            self._pending = None


def play(pilot: Pilot, settings: Settings, rate_hz: float | None) -> np.ndarray:
    """Points a minute in each world, seen at a rate; None for every tick."""
    profile, points = load_profile(), []
    renderer, detector = Renderer(profile), open_detector(None, profile)
    for number, seed in enumerate(seeds_for(Purpose.CHOOSE, settings.worlds, settings.offset)):
        one = np.array([seed], np.uint64)
        world, carry = Simulator(one, profile.maps[number % len(profile.maps)]), pilot.start(one)
        pipeline = PerceptionPipeline(profile, detector)
        look = pipeline.process if rate_hz is None else SlowedEye(pipeline, rate_hz).look
        total = 0.0
        for _ in range(round(settings.play_seconds * TICK_RATE_HZ)):
            truth = world.observe().records[0]
            frame = renderer.frame(scene_of(world.states[0], truth))
            cursor = (float(truth["cursor_x"]), float(truth["cursor_y"]))
            seen = look(frame, float(truth["time_s"]), cursor, int(truth["keys"]), int(truth["button"]))
            decision = pilot.decide(seen, carry)
            carry = decision.carry
            world.act(Action(decision.action.records))
            events = world.observe().records["events"][0]
            total += float(events["value"]) - 10.0 * float(events["deaths"])
        points.append(60 * total / settings.play_seconds)
    return np.array(points)


def compare(name: str, pilot: Pilot, settings: Settings) -> None:
    """The same pilot in the same worlds at full rate and slowed."""
    full, slowed = play(pilot, settings, None), play(pilot, settings, settings.rate_hz)
    say(name, full, slowed, settings.rate_hz, settings.play_seconds)


def say(name: str, full: np.ndarray, slowed: np.ndarray, rate_hz: float, seconds: float) -> None:
    """Prints both scores and their ratio, with an interval from pairs of worlds."""
    draws = np.random.default_rng(0).integers(0, len(full), (5000, len(full)))
    ratio = slowed[draws].mean(axis=1) / np.maximum(full[draws].mean(axis=1), 1e-6)
    low, high = np.percentile(ratio, [2.5, 97.5])
    print(
        f"{name}: every tick {full.mean():.2f}, at {rate_hz:g} Hz {slowed.mean():.2f} points a minute; ratio "
        f"of the means {slowed.mean() / max(full.mean(), 1e-6):.2f} [{low:.2f}, {high:.2f}] over {len(full)} worlds of "
        f"{seconds:g} s",
        flush=True,
    )


class ExactPipeline:
    """Sees the game's own observations; the events of ticks whose frame it did not take are told with the next one."""

    def __init__(self, num_worlds: int) -> None:
        self._told = np.zeros(num_worlds, EVENTS)

    def process(self, frame: tuple[Observation, np.ndarray], *of_the_tick: object) -> Observation:
        """What is seen in a frame: an observation, and all events of the game up to it."""
        seen, happened = frame
        for name in EVENTS.names or ():
            seen.records["events"][name] = happened[name] - self._told[name]
        self._told = happened
        return seen


@dataclass
class LateCarry:
    """The memory of a pilot, and of the eye that it sees through."""

    pilot: Carry
    eye: SlowedEye
    happened: np.ndarray
    """All events so far, records of dtype EVENTS, one per world."""


class LatePilot:
    """A Pilot of many worlds that sees them at a rate below that of the ticks, late, and moved on to the present."""

    def __init__(self, pilot: Pilot, rate_hz: float, fresh: Fresh = "nothing") -> None:
        self._pilot, self._rate_hz, self._fresh = pilot, rate_hz, fresh

    def start(self, seeds: np.ndarray) -> Carry:
        """The memory before the first tick."""
        eye = SlowedEye(ExactPipeline(len(seeds)), self._rate_hz)  # type: ignore[arg-type]
        return LateCarry(self._pilot.start(seeds), eye, np.zeros(len(seeds), EVENTS))

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Decides on what is seen by now."""
        truth, happened = observation.records, carry.happened.copy()
        for name in EVENTS.names or ():
            happened[name] += truth["events"][name]
        carry.happened = happened
        cursor, time_s = (truth["cursor_x"].copy(), truth["cursor_y"].copy()), float(truth["time_s"][0])
        frame = (observation.copy(), happened)
        seen = carry.eye.look(frame, time_s, cursor, truth["keys"].copy(), truth["button"].copy())
        refresh(seen.records, truth, self._fresh)
        decision = self._pilot.decide(seen, carry.pilot)
        carry.pilot = decision.carry
        return replace(decision, carry=carry)


def refresh(seen: np.ndarray, truth: np.ndarray, fresh: Fresh) -> None:
    """Puts a part of the present truth into what was seen, in place."""
    for name in OF_THE_PLAYER.get(fresh, ()):
        seen["player"][name] = truth["player"][name]
    if fresh == "panels":
        seen["landmarks"] = truth["landmarks"]
    elif fresh == "player":
        seen["player"] = truth["player"]
    elif fresh == "tracks":
        seen["tracks"] = truth["tracks"]
    elif fresh == "places":
        ids, now = seen["tracks"]["id"], truth["tracks"]["id"]
        same = (ids[:, :, None] == now[:, None, :]) & (ids[:, :, None] > 0)
        known, where = same.any(axis=2), same.argmax(axis=2)
        for name in ("x", "y", "vx", "vy"):
            present = np.take_along_axis(truth["tracks"][name], where, axis=1)
            seen["tracks"][name] = np.where(known, present, seen["tracks"][name])


def compare_exactly(models: Path, settings: Settings) -> None:
    """The policies of a folder in many worlds, seen exactly in every tick, and seldom and late."""
    from understudy.runtime.hierarchical_policy import load_hierarchy

    pilot = load_hierarchy(models, load_profile())
    seeds = seeds_for(Purpose.CHOOSE, settings.exact_worlds, settings.exact_offset)
    full = rollout(pilot, seeds, settings.exact_seconds)
    for fresh in settings.fresh:
        slowed = rollout(LatePilot(pilot, settings.rate_hz, fresh), seeds, settings.exact_seconds)
        say(f"policies, exact, {fresh} fresh", full.scores, slowed.scores, settings.rate_hz, settings.exact_seconds)
        for event in ("kills", "loot", "deaths", "hits", "misses"):
            rates = (f"{played.per_minute(event).mean():.2f}" for played in (full, slowed))
            print(f"  {event} a minute: {' / '.join(rates)}", flush=True)


def main() -> None:
    """Measures what was asked for."""
    cv2.setNumThreads(1)
    smallest = ("--seconds", "2", "--no-game", "--models", "{models}", "--worlds", "1", "--play-seconds", "2")
    exactly = ("--exact-worlds", "2", "--exact-seconds", "2")
    settings = tyro.cli(Settings, args=flags(*smallest, *exactly), description=__doc__)
    if settings.real_time:
        measure_rates(settings)
    if settings.teacher:
        compare("hunter", Teacher("hunter", load_profile()), settings)
    if settings.models is not None and settings.worlds:
        compare("policies", load_pilot(settings.models), settings)
    if settings.models is not None and settings.exact_worlds:
        compare_exactly(settings.models, settings)


if __name__ == "__main__":
    main()
