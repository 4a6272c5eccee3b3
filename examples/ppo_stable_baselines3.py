"""Trains Stable-Baselines3's PPO on the embedded game: no recordings, no policies of understudy's.

    pip install understudy stable-baselines3
    python examples/ppo_stable_baselines3.py --steps 200000 --out out/sb3

Prints a line a rollout. docs/manual/gymnasium.md has a run's curve.
"""

import argparse
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

ENVIRONMENT = "understudy.worlds.simulator.gym_env:understudy/DarkOrbit-v0"
TICKS_PER_STEP = 8
"""Ticks for which an action is held: 0.4 s, about as long as a person takes for one."""
EPISODE_S = 120


class PrintCurve(BaseCallback):
    """Prints the points a minute of each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self._rewards: list[float] = []
        self._begun_s = time.process_time()

    def _on_step(self) -> bool:
        self._rewards.append(float(np.mean(self.locals["rewards"])))
        return True

    def _on_rollout_end(self) -> None:
        minutes = len(self._rewards) * TICKS_PER_STEP / TICK_RATE_HZ / 60  # of one world
        points = sum(self._rewards) / minutes
        seconds = time.process_time() - self._begun_s
        print(f"{self.num_timesteps} steps, {seconds:.0f} CPU-s: {points:.2f} points a minute", flush=True)
        self._rewards.clear()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="PPO of Stable-Baselines3 on the embedded game.")
    parser.add_argument("--steps", type=int, default=200_000, help="of all worlds together")
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--rollout", type=int, default=512, help="steps of each world between two updates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder to save the trained model in")
    options = parser.parse_args(arguments)

    worlds = make_vec_env(
        ENVIRONMENT,
        n_envs=options.worlds,
        seed=options.seed,
        env_kwargs={
            "start_map": "1-1",
            "ticks_per_step": TICKS_PER_STEP,
            "max_episode_steps": EPISODE_S * TICK_RATE_HZ // TICKS_PER_STEP,
        },
    )
    learner = PPO(
        "MultiInputPolicy",
        worlds,
        n_steps=options.rollout,
        batch_size=min(512, options.rollout * options.worlds),
        n_epochs=4,
        seed=options.seed,
        device="cpu",
    )
    learner.learn(options.steps, callback=PrintCurve())
    if options.out is not None:
        learner.save(options.out / "ppo_stable_baselines3")
    worlds.close()


if __name__ == "__main__":
    main()
