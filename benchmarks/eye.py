"""How well the eye sees, and how well one plays through it: `python benchmarks/eye.py`, some minutes of one core.

Pieces of the hunter's play, drawn at 1280 x 720 and seen through the eye, against the simulator's truth; each piece
begins somewhere within the first minutes of a world of its own. With `--models FOLDER` the policies in it play the same
worlds twice, on truth and through the eye. Worlds of the seeds for choosing.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import cv2
import numpy as np
import tyro
from smallest import flags

from tests.support.named_readings import named
from understudy.contract.action import Action
from understudy.contract.observation import TICK_RATE_HZ, Observation, Role
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.perception.detector_loader import open_detector
from understudy.perception.pipeline import PerceptionPipeline
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, SHIELD
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

MATCH = 0.02
"""Window widths: a seen object this near a true one is taken for it."""
SOON = 10
"""Ticks within which an event must be told to count as told."""
COUNTED = ("hits", "misses", "kills", "loot", "deaths", "jumps")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to measure."""

    pieces: int = 24
    """Pieces of the hunter's play."""
    seconds: float = 15.0
    """Of each."""
    detector: Path | None = None
    """Weights; by default those that come with the game."""
    offset: int = 500
    """First seed within those for choosing."""
    models: Path | None = None
    """A folder with strategist, tactician and executor: play on truth and through the eye."""
    worlds: int = 12
    """Played by them."""
    play_seconds: float = 60.0
    """Each."""


@dataclass
class Tally:
    """What has been measured so far."""

    errors: dict[str, list[float]] = field(default_factory=dict)
    switches: int = 0
    seen: int = 0
    there: int = 0
    told: int = 0
    events: dict[str, list[int]] = field(default_factory=lambda: {name: [0, 0, 0] for name in COUNTED})
    sums: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        """One error of a reading."""
        self.errors.setdefault(name, []).append(float(value))


def watch(eye: PerceptionPipeline, world: Simulator, renderer: Renderer) -> tuple[np.void, np.void]:
    """Truth and what is seen of one tick."""
    truth = world.observe().records[0]
    frame = renderer.frame(scene_of(world.states[0], truth))
    cursor = (float(truth["cursor_x"]), float(truth["cursor_y"]))
    look = eye.process(frame, float(truth["time_s"]), cursor, int(truth["keys"]), int(truth["button"]))
    return truth, look.records[0]


def compare(truth: np.void, seen: np.void, stats: Tally, names: dict[int, int]) -> None:
    """One tick's readings; `names` remembers which id the eye gave each object."""
    was, now = truth["player"], seen["player"]
    for name in ("hp", "shield", "x", "y", "vx", "vy", "rocket"):
        stats.note(name, abs(named(now, name) - named(was, name)))
    for name in ("loaded", "map_index", "laser", "safe", "alive"):
        stats.note(name + " wrong", named(now, name) != named(was, name))
    tracks = seen["tracks"][seen["tracks"]["id"] > 0]
    used: set[int] = set()
    for track in truth["tracks"][truth["tracks"]["id"] > 0]:
        stats.there += 1
        away = np.hypot(tracks["x"] - track["x"], (tracks["y"] - track["y"]) * 9 / 16)
        cost = away + 0.01 * (tracks["kind"] != track["kind"])
        free = [number for number in np.argsort(cost) if number not in used and away[number] < MATCH]
        if not free:
            continue
        used.add(int(free[0]))
        compare_track(track, tracks[free[0]], stats, names)
    stats.told += len(tracks)
    stats.seen += len(used)


def compare_track(track: np.void, found: np.void, stats: Tally, names: dict[int, int]) -> None:
    """One object that was found."""
    stats.note("place", max(abs(found["x"] - track["x"]), abs(found["y"] - track["y"])))
    stats.note("velocity", np.hypot(found["vx"] - track["vx"], (found["vy"] - track["vy"]) * 9 / 16))
    stats.note("kind wrong", found["kind"] != track["kind"])
    number = int(track["id"])
    stats.switches += number in names and names[number] != int(found["id"])
    names[number] = int(found["id"])
    if track["role"] == Role.ENEMY:
        stats.note("enemy hp", abs(found["gauges"][..., HP] - track["gauges"][..., HP]))
        stats.note("enemy shield", abs(found["gauges"][..., SHIELD] - track["gauges"][..., SHIELD]))
        stats.note("attacking wrong", found["attacking"] != track["attacking"])
        if track["selected"]:
            stats.note("selected missed", found["selected"] == 0)
        if found["selected"]:
            stats.note("selected wrongly", track["selected"] == 0)


def match_events(truths: np.ndarray, seen: np.ndarray, stats: Tally) -> None:
    """Events of one piece: each true one wants one told within SOON ticks."""
    for name in COUNTED:
        true = [tick for tick, count in enumerate(truths[name]) for _ in range(int(count))]
        left = [tick for tick, count in enumerate(seen[name]) for _ in range(int(count))]
        counts = stats.events[name]
        counts[0], counts[1] = counts[0] + len(true), counts[1] + len(left)
        for tick in true:
            near = [other for other in left if abs(other - tick) <= SOON]
            if near:
                left.remove(min(near, key=lambda other: abs(other - tick)))
                counts[2] += 1
    for name in ("value", "damage_taken", "damage_dealt"):
        before = stats.sums.get(name, [0.0, 0.0])
        stats.sums[name] = [before[0] + float(truths[name].sum()), before[1] + float(seen[name].sum())]


def see(settings: Settings) -> Tally:
    """All pieces."""
    profile, stats = load_profile(), Tally()
    renderer, teacher, detector = (
        Renderer(profile),
        Teacher("hunter", profile),
        open_detector(settings.detector, profile),
    )
    generator = np.random.default_rng(0)
    for number, seed in enumerate(seeds_for(Purpose.CHOOSE, settings.pieces, settings.offset)):
        one = np.array([seed], np.uint64)
        world = Simulator(one, profile.maps[number % len(profile.maps)])
        carry = teacher.start(one)
        begins = int(generator.integers(0, 150 * TICK_RATE_HZ))
        eye, names = PerceptionPipeline(profile, detector), {}
        truths, seen = [], []
        for tick in range(begins + round(settings.seconds * TICK_RATE_HZ)):
            if tick >= begins:
                truth, look = watch(eye, world, renderer)
                compare(truth, look, stats, names)
                truths.append(truth["events"].copy())
                seen.append(look["events"].copy())
                for part, spent_ms in vars(eye.stage_timings).items():
                    stats.note("ms " + part, spent_ms)
                stats.note("ms in all", sum(vars(eye.stage_timings).values()))
            decision = teacher.decide(world.observe(), carry)
            carry = decision.carry
            world.act(decision.action)
        match_events(np.array(truths[1:]), np.array(seen[1:]), stats)
    return stats


def tell(stats: Tally) -> None:
    """Prints the tables for benchmarks/eye.md."""
    print("| reading | unknown | mean error | p50 | p95 | p99 |\n|---|---|---|---|---|---|")
    for name, values in stats.errors.items():
        known = np.array(values)[~np.isnan(values)]
        unknown = 100 * (1 - len(known) / len(values))
        points = " | ".join(f"{point:.4f}" for point in np.percentile(known, [50, 95, 99]))
        print(f"| {name} | {unknown:.1f} % | {known.mean():.4f} | {points} |")
    places = np.array(stats.errors["place"])
    print(f"\nplaces within 1 % of the window: {100 * (places < 0.01).mean():.2f} %")
    print(f"objects found {stats.seen} of {stats.there} ({100 * stats.seen / stats.there:.2f} %), told {stats.told}")
    minutes = len(stats.errors["hp"]) / TICK_RATE_HZ / 60
    share = 1000 * stats.switches / stats.seen
    print(f"identity switches: {stats.switches} in {minutes:.1f} minutes, {share:.2f} in 1000 sightings")
    print("\n| event | true | told | recall | precision |\n|---|---|---|---|---|")
    for name, (true, told, right) in stats.events.items():
        print(f"| {name} | {true} | {told} | {right / max(true, 1):.3f} | {right / max(told, 1):.3f} |")
    for name, (true, told) in stats.sums.items():
        print(f"sum of {name}: {true:.2f} true, {told:.2f} told")


def scores(pilot: Pilot, settings: Settings, through: Callable[[Simulator], PerceptionPipeline] | None) -> np.ndarray:
    """Points a minute of a pilot in each world; through an eye, or on the truth."""
    profile = load_profile()
    renderer, points = Renderer(profile), []
    for number, seed in enumerate(seeds_for(Purpose.CHOOSE, settings.worlds, settings.offset)):
        one = np.array([seed], np.uint64)
        world = Simulator(one, profile.maps[number % len(profile.maps)])
        eye, carry = None if through is None else through(world), pilot.start(one)
        total = 0.0
        for _ in range(round(settings.play_seconds * TICK_RATE_HZ)):
            observation = world.observe()
            if eye is not None:
                observation = Observation(np.array([watch(eye, world, renderer)[1]]))
            decision = pilot.decide(observation, carry)
            carry = decision.carry
            world.act(Action(decision.action.records))
            events = world.observe().records["events"][0]
            total += float(events["value"]) - 10.0 * float(events["deaths"])
        points.append(60 * total / settings.play_seconds)
        print(f"world {number}: {points[-1]:.1f}", flush=True)
    return np.array(points)


def play(settings: Settings, folder: Path) -> None:
    """The same policies in the same worlds on truth and through the eye."""
    import torch

    from understudy.policies.policy_bundle import load_policies
    from understudy.runtime.hierarchical_policy import HierarchicalPolicy

    torch.set_num_threads(1)
    profile = load_profile()
    detector, pilot = open_detector(settings.detector, profile), HierarchicalPolicy(load_policies(folder), profile)
    on_truth = scores(pilot, settings, None)
    through_eye = scores(pilot, settings, lambda world: PerceptionPipeline(profile, detector))
    draws = np.random.default_rng(0).integers(0, len(on_truth), (5000, len(on_truth)))
    ratio = through_eye[draws].mean(axis=1) / np.maximum(on_truth[draws].mean(axis=1), 1e-6)
    low, high = np.percentile(ratio, [2.5, 97.5])
    print(
        f"truth {on_truth.mean():.2f}, eye {through_eye.mean():.2f} points a minute; ratio of the means "
        f"{through_eye.mean() / on_truth.mean():.2f} [{low:.2f}, {high:.2f}] over {len(on_truth)} worlds"
    )


def main() -> None:
    """Measures what was asked for."""
    cv2.setNumThreads(1)
    smallest = ("--pieces", "1", "--seconds", "1", "--models", "{models}", "--worlds", "2", "--play-seconds", "1")
    settings = tyro.cli(Settings, args=flags(*smallest))
    if settings.pieces:
        tell(see(settings))
    if settings.models is not None:
        play(settings, settings.models)


if __name__ == "__main__":
    main()
