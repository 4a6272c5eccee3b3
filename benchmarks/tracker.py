"""Which tracker keeps small fast sprites apart: `python benchmarks/tracker.py`, under a minute of one core.

The hunter's play as detections: true boxes with 1 pixel of noise, one in twenty missing, a false one now and then, at
20, 10 and 5 pictures a second. Counted are changes of identity, and velocity error in window widths a second.
"""

import argparse
from dataclasses import replace

import numpy as np
from smallest import flags

from understudy.contract.observation import TICK_RATE_HZ
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.perception.tracker import SIGHTING, Tracker, TrackerConfig
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

ASPECT = 9 / 16
NOISE = 1 / 1280
MISSING, FALSE = 0.05, 0.02


class OverlapTracker(Tracker):
    """The usual way: two boxes are the same object when they overlap by a tenth or more (SORT)."""

    least = 0.1

    def _assign(self, sightings: np.ndarray) -> list[tuple[int, int]]:
        from scipy.optimize import linear_sum_assignment

        objects = self.objects
        if not len(objects) or not len(sightings):
            return []
        shared = 1.0
        for place, side in (("x", "width"), ("y", "height")):
            low = np.maximum.outer(objects[place] - objects[side] / 2, sightings[place] - sightings[side] / 2)
            high = np.minimum.outer(objects[place] + objects[side] / 2, sightings[place] + sightings[side] / 2)
            shared = shared * np.clip(high - low, 0, None)
        own, other = objects["width"] * objects["height"], sightings["width"] * sightings["height"]
        overlap = shared / (own[:, None] + other[None] - shared)
        allowed = (overlap >= self.least) & (objects["role"][:, None] == sightings["role"][None])
        rows, columns = linear_sum_assignment(np.where(allowed, 1 - overlap, 1e3))
        return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]


def films(worlds: int, seconds: float) -> list[np.ndarray]:
    """Truths of the hunter's play, records of dtype OBSERVATION."""
    profile = load_profile()
    seeds, teacher = seeds_for(Purpose.CHOOSE, worlds, 700), Teacher("hunter", profile)
    world, carry, ticks = Simulator(seeds), teacher.start(seeds), []
    for _ in range(round(seconds * TICK_RATE_HZ)):
        ticks.append(world.observe().records.copy())
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
    return list(np.array(ticks).T)


def sightings_of(truth: np.void, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Detections of one tick, and which true id each is of; -1 for a false one."""
    tracks = truth["tracks"][truth["tracks"]["id"] > 0]
    tracks = tracks[generator.random(len(tracks)) >= MISSING]
    num_false = int(generator.random() < FALSE)
    found = np.zeros(len(tracks) + num_false, SIGHTING)
    for name in ("kind", "role", "width", "height"):
        found[name][: len(tracks)] = tracks[name]
    for place, scale in (("x", 1.0), ("y", 1 / ASPECT)):
        found[place][: len(tracks)] = tracks[place] + generator.normal(0, NOISE * scale, len(tracks))
    found["confidence"] = 0.8
    if num_false:
        found[-1] = (0, 1, 0.35, generator.random(), generator.random(), 0.04, 0.07)
    return found, np.concatenate([tracks["id"], np.full(num_false, -1)])


def measure(tracker: Tracker, film: np.ndarray, every: int, *, own_motion: bool) -> tuple[int, int, list[float]]:
    """Changes of identity, sightings, and errors of velocity over one film."""
    generator, names, switches, seen, errors = np.random.default_rng(1), {}, 0, 0, []
    for tick in range(0, len(film), every):
        truth = film[tick]
        found, owners = sightings_of(truth, generator)
        own = np.array([truth["player"]["vx"], truth["player"]["vy"]], float)
        drift = -own if own_motion else np.zeros(2)
        for one in tracker.update(found, every / TICK_RATE_HZ, drift):
            if one["matched"] < 0 or owners[one["matched"]] < 0:
                continue
            owner = int(owners[one["matched"]])
            switches += owner in names and names[owner] != one["id"]
            names[owner] = int(one["id"])
            seen += 1
            track = truth["tracks"][truth["tracks"]["id"] == owner][0]
            speed = np.array([one["vx"], one["vy"]]) + drift - np.array([track["vx"], track["vy"]])
            errors.append(float(np.hypot(speed[0], speed[1] * ASPECT)))
    return switches, seen, errors


def main() -> None:
    """Prints the table for benchmarks/tracker.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=40.0)
    asked = parser.parse_args(flags("--worlds", "1", "--seconds", "10"))
    played, usual = films(asked.worlds, asked.seconds), TrackerConfig()
    variants = {
        "overlap of boxes, own motion unknown": (OverlapTracker, usual, False),
        "overlap of boxes": (OverlapTracker, usual, True),
        "distance, own motion unknown": (Tracker, usual, False),
        "distance (chosen)": (Tracker, usual, True),
        "narrow gate 0.4": (Tracker, replace(usual, gate=0.4), True),
        "wide gate 1.2": (Tracker, replace(usual, gate=1.2), True),
        "steer 0.05": (Tracker, replace(usual, steer=0.05), True),
        "steer 0.25": (Tracker, replace(usual, steer=0.25), True),
        "follow 0.5": (Tracker, replace(usual, follow=0.5), True),
        "no memory (remember 175 ms)": (Tracker, replace(usual, remember_ms=175.0), True),
    }
    columns = ("tracker", "switches in 1000 at 20 Hz", "10 Hz", "5 Hz", "velocity error at 20 Hz, p50", "p95")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, (kind, config, own_motion) in variants.items():
        cells, speeds = [], []
        for every in (1, 2, 4):
            parts = [measure(kind(ASPECT, config), film, every, own_motion=own_motion) for film in played]
            cells.append(1000 * sum(part[0] for part in parts) / sum(part[1] for part in parts))
            speeds.append(np.concatenate([part[2] for part in parts]))
        p50, p95 = np.percentile(speeds[0], [50, 95])
        print(f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} | {p50:.4f} | {p95:.4f} |", flush=True)


if __name__ == "__main__":
    main()
