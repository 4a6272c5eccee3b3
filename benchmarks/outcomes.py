"""How right outcomes are that are read off observations alone: `python benchmarks/outcomes.py`, ten CPU-seconds.

Three styles of teacher and the random clicker play many seeded worlds on all maps. What
`perception/outcomes/outcome_detector.py` says is held against what truly happened. Precision and recall are shares of
events, with 95 % Wilson intervals. An outcome is right in the very tick; or, as what shots at a target out of sight led
to can only be told when it is seen again, up to --late seconds after an event of which nothing else was said (`in the
tick` is the recall without those).

`--eye` (some four CPU-minutes) draws pieces of play instead, and reads outcomes off what the eye sees in the pictures;
there half a second sooner or later is right too. Results: docs/log.md.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import numpy as np
import tyro
from smallest import runs

from understudy.contract.observation import TICK_RATE_HZ, Observation, concatenate
from understudy.contract.protocols import Pilot
from understudy.evaluation.comparison.statistics import wilson
from understudy.evaluation.rollouts.baselines import ClickRandomObject
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.perception.detector_loader import open_detector
from understudy.perception.outcomes.outcome_detector import VISION_CONFIG, OutcomeDetector, OutcomeDetectorConfig
from understudy.perception.pipeline import PerceptionPipeline
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

COUNTED = ("hits", "misses", "kills", "loot", "deaths", "damage_taken")
STYLES = ("hunter", "kiter", "careful")
SOON = 10
"""Ticks within which an outcome is right that was seen by the eye."""
CONFIGS = {"set for exact observations": OutcomeDetectorConfig(), "set for the eye": VISION_CONFIG}
LATEST_BEGIN_S = 150
"""A piece of play for the eye begins somewhere within so many seconds of a world."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to measure."""

    worlds: int = 64
    """Of each pilot; for the eye, pieces of play."""
    seconds: float = 240.0
    """Of each."""
    late: float = 10.0
    """Seconds after which an outcome is told too late."""
    offset: int = 50_000
    """First seed within those for choosing."""
    eye: bool = False
    """Look through the eye."""
    keep: Path | None = None
    """A folder for what the eye saw and what was true, one .npz a piece, to try other settings on; none by default."""


class Tally:
    """Events that were said, true, rightly said, and those of the last that came late."""

    def __init__(self, slack: int, late_ticks: int) -> None:
        self.slack, self.late_ticks = slack, late_ticks
        self.counts = {name: np.zeros(4) for name in COUNTED}
        self.damage = np.zeros(2)

    def add(self, said: np.ndarray, true: np.ndarray) -> None:
        """The consecutive ticks of one world."""
        for name in COUNTED:
            told, happened = ticks_of(said[name], name), ticks_of(true[name], name)
            in_time, late = match(told, happened, self.slack, 0 if name == "damage_taken" else self.late_ticks)
            self.counts[name] += len(told), len(happened), in_time + late, late
        self.damage += said["damage_taken"].sum(), true["damage_taken"].sum()


def ticks_of(counts: np.ndarray, name: str) -> list[int]:
    """The tick of each event; of damage, each tick that brought some."""
    whole = counts > 0 if name == "damage_taken" else counts
    return [int(tick) for tick in np.nonzero(whole)[0] for _ in range(round(float(whole[tick])))]


def match(told: list[int], happened: list[int], slack: int, late: int) -> tuple[int, int]:
    """How many of what was told happened within some ticks of it, and how many of the others a while before it."""
    left, open_ = list(told), []
    for tick in happened:
        near = [other for other in left if abs(other - tick) <= slack]
        if near:
            left.remove(min(near, key=lambda other: abs(other - tick)))
        else:
            open_.append(tick)
    in_time = len(told) - len(left)
    for tick in open_:
        after = [other for other in left if 0 < other - tick <= late]
        if after:
            left.remove(after[0])
    return in_time, len(told) - len(left) - in_time


def truth(pilot: Pilot, settings: Settings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What was said of each world's ticks that are seen as they are, and what was true."""
    seeds = seeds_for(Purpose.CHOOSE, settings.worlds, settings.offset)
    world, carry = Simulator(seeds, spread_over_maps(seeds)), pilot.start(seeds)
    watch = OutcomeDetector(world.profile, OutcomeDetectorConfig())
    memory, said, true = watch.start(len(seeds)), [], []
    watch.update(world.observe(), memory)
    for _ in range(round(settings.seconds * TICK_RATE_HZ)):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
        said.append(watch.update(world.observe(), memory))
        true.append(world.observe().records["events"].copy())
    yield from zip(np.stack(said, axis=1), np.stack(true, axis=1), strict=True)


def pictures(pilot: Pilot, settings: Settings) -> Iterator[tuple[Observation, Observation]]:
    """What the eye sees of pieces of play, and the truth beside it."""
    profile, generator = load_profile("darkorbit"), np.random.default_rng(0)
    renderer, detector = Renderer(profile), open_detector(None, profile)
    seeds = seeds_for(Purpose.CHOOSE, settings.worlds, settings.offset)
    maps = spread_over_maps(seeds)
    for seed, start_map in zip(seeds, maps, strict=True):
        one = np.array([seed], np.uint64)
        world, carry, eye = Simulator(one, start_map), pilot.start(one), PerceptionPipeline(profile, detector)
        begins = int(generator.integers(0, LATEST_BEGIN_S * TICK_RATE_HZ))
        seen, true = [], []
        for tick in range(begins + round(settings.seconds * TICK_RATE_HZ)):
            now = world.observe()
            if tick >= begins:
                record = now.records[0]
                frame = renderer.frame(scene_of(world.states[0], record))
                cursor = (float(record["cursor_x"]), float(record["cursor_y"]))
                true.append(now.copy())
                seen.append(
                    eye.process(frame, float(record["time_s"]), cursor, int(record["keys"]), int(record["button"]))
                )
            decision = pilot.decide(now, carry)
            carry = decision.carry
            world.act(decision.action)
        yield concatenate(seen), concatenate(true)


def tell(name: str, stats: Tally) -> None:
    """Prints a table."""
    print(name)
    for kind, (said, true, right, late) in stats.counts.items():
        precision, recall = (wilson(right, most).text(4) if most else "none" for most in (said, true))
        in_the_tick = f"   in the tick {(right - late) / true:.4f}" if late else ""
        print(f"  {kind:12s} {true:8.0f} true   precision {precision}   recall {recall}{in_the_tick}")
    print(f"  hulls of damage: {stats.damage[0]:.1f} seen, {stats.damage[1]:.1f} true", flush=True)


def main() -> None:
    """Plays, watches, compares."""
    small = ("--worlds", "2", "--seconds", "3")
    for words in runs(small, (*small, "--eye")):
        measure(tyro.cli(Settings, args=words, description=__doc__))


def measure(settings: Settings) -> None:
    """Of what is exact, or of what the eye sees."""
    profile, late_ticks = load_profile("darkorbit"), round(settings.late * TICK_RATE_HZ)
    pilots: dict[str, Pilot] = {style: Teacher(style, profile) for style in STYLES}
    if settings.eye:
        by_eye(pilots, settings, late_ticks)
        return
    for name, pilot in {**pilots, "click_random_object": ClickRandomObject(profile)}.items():
        stats = Tally(0, late_ticks)
        for said, true in truth(pilot, settings):
            stats.add(said, true)
        tell(f"{name}: {settings.worlds} worlds x {settings.seconds:.0f} s", stats)


def by_eye(pilots: dict[str, Pilot], settings: Settings, late_ticks: int) -> None:
    """Watches set for exact observations and for the eye's, on the same pictures of all styles."""
    profile = load_profile("darkorbit")
    watches = {name: OutcomeDetector(profile, config) for name, config in CONFIGS.items()}
    tallies = {name: Tally(SOON, late_ticks) for name in (*CONFIGS, "the eye's own events")}
    for style, pilot in pilots.items():
        for number, (seen, true) in enumerate(pictures(pilot, settings)):
            if settings.keep is not None:
                np.savez_compressed(settings.keep / f"{style}_{number}.npz", seen=seen.records, true=true.records)
            for name, watch in watches.items():
                tallies[name].add(watch.process_episode(seen)[1:], true.records["events"][1:])
            tallies["the eye's own events"].add(seen.records["events"][1:], true.records["events"][1:])
    for name, stats in tallies.items():
        tell(f"{name}: {len(pilots)} styles x {settings.worlds} pieces x {settings.seconds:.0f} s", stats)


if __name__ == "__main__":
    main()
