"""Trajectories of a pilot in the simulator: observations, actions, intents and states of one world, for a video.

`fresh_sessions` plays new labelled sessions, for an offline evaluation without recordings.
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
    """T consecutive ticks of one world, recorded in full."""

    seed: int
    observations: Observation
    """Observation at the beginning of each tick, shape (T,)."""
    actions: Action
    """Action decided on it, shape (T,)."""
    intents: Intent
    """The pilot's intent at that action, shape (T,)."""
    states: np.ndarray
    """The simulator's whole state at the beginning of each tick, records of its dtype WORLD, shape (T,)."""


def record_trajectory(pilot: Pilot, seed: int, seconds: float, start_map: str | None = None) -> Trajectory:
    """Plays one world and records everything: about 10 MB for each minute of play.

    Args:
        pilot: decides the actions.
        seed: of the world.
        seconds: game time.
        start_map: drawn from the seed when None.
    """
    seeds = np.array([seed], np.uint64)
    world = Simulator(seeds, start_map)
    carry = pilot.start(seeds ^ PILOT_SEED_XOR)
    seen, actions, intents, states = [], [], [], []
    for _ in range(max(1, round(seconds * TICK_RATE_HZ))):
        observation = world.observe()
        seen.append(observation.copy())
        states.append(world.states.copy())
        decision = pilot.decide(observation, carry)
        carry = decision.carry
        actions.append(decision.action.records.copy())
        intents.append(decision.intent.records.copy())
        world.act(decision.action)
    world.close()
    return Trajectory(
        seed=seed,
        observations=concatenate(seen),
        actions=Action(np.concatenate(actions)),
        intents=Intent(np.concatenate(intents)),
        states=np.concatenate(states),
    )


def fresh_sessions(pilot: Pilot, seeds: UInt64[np.ndarray, " B"], seconds: float) -> list[LabelledEpisode]:
    """Plays one session in each world and labels it in hindsight; writes no file.

    Args:
        pilot: the demonstrator, usually the scripted teacher.
        seeds: one for each world.
        seconds: game time of each.
    """
    world = Simulator(seeds, spread_over_maps(seeds))
    carry, observation = pilot.start(seeds ^ PILOT_SEED_XOR), world.observe()
    seen, acted = [], []
    for _ in range(round(seconds * TICK_RATE_HZ)):
        decision = pilot.decide(observation, carry)
        carry = decision.carry
        seen.append(observation.records.copy())
        acted.append(decision.action.records.copy())
        world.act(decision.action)
        observation = world.observe()
    world.close()
    observations, actions = np.stack(seen, axis=1), np.stack(acted, axis=1)
    return [label_episode(Observation(observations[b]), actions[b], world.profile) for b in range(len(seeds))]
