"""How fast the embedded game runs: `python benchmarks/engine.py`, two minutes on one core.

World-steps with observation per CPU-second, at one and at 64 worlds, through the same `act` and `observe` that every
session uses; the same rules by numpy on whole arrays and by plain Python, for scale; and what a cold compile takes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from engine_hands import busy_actions
from engine_numpy import NumpyEngine
from smallest import flags

from understudy.contract.action import Action
from understudy.worlds.simulator.world import Simulator

HERE = Path(__file__).parent
COLD = """
import time; start = time.process_time()
import numpy, numba
from understudy.worlds.simulator.world import Simulator
imported = time.process_time()
Simulator(numpy.zeros(1, numpy.uint64))
print(imported - start, time.process_time() - imported)
"""


def rate(num_worlds: int, num_gestures: int, play: Callable[[np.ndarray, np.ndarray], None], repeats: int) -> float:
    """World-steps a CPU-second; the best of some repeats, as other work on the machine only ever slows one down."""
    seeds, actions = np.arange(num_worlds, dtype=np.uint64), busy_actions(num_worlds, num_gestures)
    return max(num_worlds * len(actions) / seconds(lambda: play(seeds, actions)) for _ in range(repeats))


def seconds(work: Callable[[], None]) -> float:
    """CPU time of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def play_compiled(seeds: np.ndarray, actions: np.ndarray) -> None:
    """Plays all actions in the Simulator."""
    simulator = Simulator(seeds)
    for records in actions:
        simulator.act(Action(records))
        simulator.observe()


def play_numpy(seeds: np.ndarray, actions: np.ndarray) -> None:
    """Plays all actions in the whole-array version."""
    simulator = Simulator(seeds)
    engine = NumpyEngine(simulator.states, simulator.rules)
    for records in actions:
        engine.act(records)


def cold_compile() -> tuple[float, float]:
    """CPU seconds to import the game and to compile it with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        done = subprocess.run([sys.executable, "-c", COLD], env=environment, capture_output=True, text=True, check=True)
    imported, compiled = map(float, done.stdout.split())
    return imported, compiled


def plain_python() -> tuple[float, float]:
    """Steps a CPU-second of the same functions run by the interpreter, on numpy records and on plain objects."""
    done = subprocess.run(
        [sys.executable, HERE / "engine_plain.py", "speed"], capture_output=True, text=True, check=True
    )
    on_records, on_objects = map(float, done.stdout.split())
    return on_records, on_objects


def main() -> None:
    """Prints the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="play so many times as long")
    asked = parser.parse_args(flags("--repeats", "1", "--scale", "0.01"))

    def rates(gestures: tuple[int, int], play: Callable[[np.ndarray, np.ndarray], None]) -> tuple[float, float]:
        one, many = (max(1, round(asked.scale * number)) for number in gestures)
        return rate(1, one, play, asked.repeats), rate(64, many, play, asked.repeats)

    play_compiled(np.zeros(1, np.uint64), busy_actions(1, 1))
    on_records, on_objects = plain_python()
    imported, compiled = cold_compile()
    rows = [
        ("compiled (numba)", *rates((4000, 200), play_compiled)),
        ("numpy on whole arrays, fewer rules", *rates((30, 10), play_numpy)),
        ("plain Python, plain objects", on_objects, on_objects),
        ("plain Python, numpy records", on_records, on_records),
    ]
    print("| the same rules by | 1 world, steps / CPU-s | 64 worlds, steps / CPU-s |\n|---|---|---|")
    for name, one, many in rows:
        print(f"| {name} | {one:,.0f} | {many:,.0f} |")
    print(f"\nCold: import {imported:.1f} CPU-s, compile {compiled:.1f} CPU-s.")


if __name__ == "__main__":
    main()
