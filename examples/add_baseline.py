"""A baseline pilot of one's own, compared with two that exist: it flies to the nearest enemy and shoots at it.

    python examples/add_baseline.py --worlds 32 --seconds 60

A Pilot keeps no state in itself: what it remembers from tick to tick is the carry, so one pilot plays any number of
worlds at once. To keep a baseline for good, add it to BASELINES and to tests/conformance/test_every_pilot.py.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from understudy.contract.action import Action, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ, Button, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.evaluation.comparison.statistics import interquartile_mean
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout_all
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import LASER


class ChaseNearestEnemy:
    """Every two seconds: selects the nearest enemy, switches the laser on if it is off, flies half the way to it."""

    def __init__(self, profile: Profile) -> None:
        self.laser_key = profile.key_bit("ctrl")

    def start(self, seeds: np.ndarray) -> Carry:
        return 0  # ticks played; there is no randomness, so the seeds are not needed

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        records = idle_action(observation).records
        tracks = observation.records["tracks"]
        is_enemy = observation.occupied & (tracks["role"] == Role.ENEMY)
        in_sight, slot = is_enemy.any(axis=1), is_enemy.argmax(axis=1)  # slots are sorted by distance from the player
        worlds, tick = np.arange(len(observation)), carry % (2 * TICK_RATE_HZ)
        angle = 2.4 * (carry // (10 * TICK_RATE_HZ))  # without an enemy it flies straight on for ten seconds
        x = np.where(in_sight, tracks["x"][worlds, slot], 0.5 + 0.3 * np.cos(angle))
        y = np.where(in_sight, tracks["y"][worlds, slot], 0.5 + 0.3 * np.sin(angle))
        if tick == 2:
            laser_off = observation.records["player"]["switches"][..., LASER] == 0
            records["keys"] = np.where(in_sight & laser_off, self.laser_key, 0)
        elif tick in (0, TICK_RATE_HZ):  # on the enemy, then half the way to it; the own ship is at (0.5, 0.5)
            share = 1.0 if tick == 0 else 0.5
            records["cursor_x"], records["cursor_y"] = 0.5 + share * (x - 0.5), 0.5 + share * (y - 0.5)
            records["button"] = Button.LEFT
        return Decision(Action(records), no_intent(len(observation)), carry + 1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A new baseline beside two known ones, in the same worlds.")
    parser.add_argument("--worlds", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0, help="game time in each world")
    options = parser.parse_args(arguments)

    profile = load_profile()
    pilots = {name: BASELINES[name](profile) for name in ("do_nothing", "click_random_object")}
    pilots["chase_nearest_enemy"] = ChaseNearestEnemy(profile)
    for name, stats in rollout_all(pilots, seeds_for(Purpose.CHOOSE, options.worlds), options.seconds).items():
        score = float(interquartile_mean(stats.scores))
        print(f"{name:20} {score:6.2f} points a minute, {stats.per_minute('kills').mean():.2f} kills a minute")


if __name__ == "__main__":
    main()
