"""Fresh play of a pilot as sessions to be asked about: for an evaluation that has no recording at hand."""

import numpy as np
from jaxtyping import UInt64

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import Pilot
from understudy.evaluation.arena import PILOT_SALT
from understudy.evaluation.start_maps import spread_over_maps
from understudy.learning.lesson import Lesson, prepare
from understudy.worlds.simulator.world import Simulator


def fresh_sessions(pilot: Pilot, seeds: UInt64[np.ndarray, " B"], seconds: float) -> list[Lesson]:
    """One session for each world, played as in the arena and labelled in hindsight; nothing is written.

    Args:
        pilot: whose play it is, the teacher's as a rule.
        seeds: one for each world.
        seconds: game time of each.
    """
    world = Simulator(seeds, spread_over_maps(seeds))
    carry, observation = pilot.start(seeds ^ PILOT_SALT), world.observe()
    seen, done = [], []
    for _ in range(round(seconds * TICK_RATE_HZ)):
        decision = pilot.decide(observation, carry)
        carry = decision.carry
        seen.append(observation.records.copy())
        done.append(decision.action.records.copy())
        world.act(decision.action)
        observation = world.observe()
    world.close()
    observations, actions = np.stack(seen, axis=1), np.stack(done, axis=1)
    return [prepare(Observation(observations[b]), actions[b], world.profile) for b in range(len(seeds))]
