"""Steps a second of the Gymnasium environments: `python benchmarks/gym_vector.py`, about a minute on one core.

World-steps with observations, rewards and random actions that were drawn beforehand, by the clock and by the processor,
one thread; the best of some rounds.
"""

import argparse
import time
import warnings

import gymnasium
import numpy as np
from smallest import flags

ENVIRONMENT = "understudy.worlds.simulator.gym_env:understudy/DarkOrbit-v0"


def measure(num_envs: int, num_steps: int, rounds: int) -> tuple[float, float]:
    """Returns world-steps a second of the clock and of the processor."""
    worlds = gymnasium.make_vec(ENVIRONMENT, num_envs=num_envs, max_episode_steps=num_steps + 2)
    worlds.action_space.seed(0)
    actions = [worlds.action_space.sample() for _ in range(64)]
    rates = []
    for number in range(rounds + 1):
        worlds.reset(seed=number)
        clock, processor = time.perf_counter(), time.process_time()
        for step in range(num_steps if number else 2):  # the first round compiles
            worlds.step(actions[step % len(actions)])
        rates.append((time.perf_counter() - clock, time.process_time() - processor))
    worlds.close()
    by_clock, by_processor = np.array(rates[1:]).min(axis=0)
    return num_envs * num_steps / by_clock, num_envs * num_steps / by_processor


def main() -> None:
    """Prints the table for docs/manual/gymnasium.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--worlds", type=int, nargs="+", default=[1, 8, 64, 256])
    parser.add_argument("--steps", type=int, default=400, help="of each world in a round")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(flags("--worlds", "2", "--steps", "3", "--rounds", "1"))
    warnings.simplefilter("ignore")  # that numbers have another precision than the space says, at each creation
    print("| worlds | steps a second | steps a CPU-second |")
    print("|---|---|---|")
    for num_envs in asked.worlds:
        by_clock, by_processor = measure(num_envs, asked.steps, asked.rounds)
        print(f"| {num_envs} | {by_clock:,.0f} | {by_processor:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
