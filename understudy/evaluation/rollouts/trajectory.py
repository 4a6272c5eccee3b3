"""One world played and kept whole, for a video or a close look: what was seen, decided, meant, and the game's state.

Fresh play of a pilot as sessions to be asked about: for an evaluation that has no recording at hand.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Action
from understudy.contract.intent import Intent
from understudy.contract.observation import TICK_RATE_HZ, Observation, concatenate
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.seeds import spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.worlds.simulator.world import Simulator


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """T consecutive ticks of one world."""

    seed: int
    observations: Observation
    """What was seen at the beginning of each tick, shape (T,)."""
    actions: Action
    """What was decided on it."""
    intents: Intent
    """Why."""
    states: np.ndarray
    """The simulator's whole state at the beginning of each tick, records of its dtype WORLD, shape (T,)."""


def record_trajectory(pilot: Pilot, seed: int, seconds: float, start_map: str | None = None) -> Trajectory:
    """Plays one world and keeps everything: about 10 MB for each minute of play.

    Args:
        pilot: who plays.
        seed: the world's.
        seconds: game time.
        start_map: drawn from the seed when None.
    """
    seeds = np.array([seed], np.uint64)
    world = Simulator(seeds, start_map)
    carry = pilot.start(seeds ^ PILOT_SEED_XOR)
    seen, done, meant, states = [], [], [], []
    for _ in range(max(1, round(seconds * TICK_RATE_HZ))):
        observation = world.observe()
        seen.append(observation.copy())
        states.append(world.states.copy())
        decision = pilot.decide(observation, carry)
        carry = decision.carry
        done.append(decision.action.records.copy())
        meant.append(decision.intent.records.copy())
        world.act(decision.action)
    world.close()
    return Trajectory(
        seed=seed,
        observations=concatenate(seen),
        actions=Action(np.concatenate(done)),
        intents=Intent(np.concatenate(meant)),
        states=np.concatenate(states),
    )


def fresh_sessions(pilot: Pilot, seeds: UInt64[np.ndarray, " B"], seconds: float) -> list[LabelledEpisode]:
    """One session for each world, played as in the arena and labelled in hindsight; nothing is written.

    Args:
        pilot: whose play it is, the teacher's as a rule.
        seeds: one for each world.
        seconds: game time of each.
    """
    world = Simulator(seeds, spread_over_maps(seeds))
    carry, observation = pilot.start(seeds ^ PILOT_SEED_XOR), world.observe()
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
    return [label_episode(Observation(observations[b]), actions[b], world.profile) for b in range(len(seeds))]
