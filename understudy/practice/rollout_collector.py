"""Rollout collector: plays many simulated worlds in lockstep and fills the rollout buffer for PPO.

Rewards are computed from observations alone, by `RewardWeights`; the score is the game's own count. Worlds are played
in groups of GROUP, one batch each. Groups start their episodes at different times, so that every rollout contains
early and late minutes of episodes. Seeds come from the training space and are never used twice.
"""

from dataclasses import dataclass, field

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import Carry
from understudy.evaluation.rollouts.episode_stats import score_per_minute
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR
from understudy.learning.rl.reward import RewardWeights, reward_terms
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.perception.outcomes.outcome_detector import OutcomeDetector
from understudy.policies.sampling import ExecutorStep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

GROUP = 64
"""Worlds in one batch. A batch of half the size costs 50 % more time per world, one of twice the size 25 % less."""


@dataclass(frozen=True, kw_only=True)
class CollectorConfig:
    """Number of worlds, length of rollouts and episodes, and the reward."""

    worlds: int = 128
    """Worlds played in parallel; a multiple of GROUP."""
    rollout_ticks: int = 160
    """Ticks between two updates."""
    rollouts_per_episode: int = 20
    """Rollouts after which a world is replaced by one with a new seed."""
    first_seed: int = 0
    """Number of seeds of the training space to skip."""
    prices: RewardWeights = field(default_factory=lambda: RewardWeights(death=-14.0))
    """Reward of each outcome. A death costs less than by default, because a rare large penalty is hard to learn from
    (at -20, deaths made up half of the variance of returns), and the gate checks the death rate besides."""

    def __post_init__(self) -> None:
        if self.worlds < GROUP or self.worlds % GROUP:
            raise ValueError(f"worlds {self.worlds}: a multiple of {GROUP} is needed")
        if self.rollout_ticks < 2 or self.rollouts_per_episode < 1:
            raise ValueError("a rollout needs at least 2 ticks, an episode at least 1 rollout")


@dataclass
class RolloutStats:
    """Totals of one rollout over all worlds."""

    world_ticks: int = 0
    value: float = 0.0
    deaths: float = 0.0

    def add(self, events: np.ndarray) -> None:
        """Adds records of dtype EVENTS, one for each world."""
        self.world_ticks += len(events)
        self.value += float(events["value"].sum())
        self.deaths += float(events["deaths"].sum())

    @property
    def minutes(self) -> float:
        """Simulated, all worlds together."""
        return self.world_ticks / TICK_RATE_HZ / 60

    @property
    def score(self) -> float:
        """Points a minute."""
        return score_per_minute(self.value, self.deaths, self.minutes) if self.world_ticks else float("nan")

    @property
    def deaths_per_hour(self) -> float:
        return 60 * self.deaths / self.minutes if self.world_ticks else float("nan")


@dataclass
class _WorldGroup:
    """GROUP worlds that start and end their episodes together."""

    world: Simulator
    carry: Carry
    detector_carry: Carry
    observation: Observation
    rollouts_left: int


class RolloutCollector:
    """Plays a HierarchicalPolicy in all its worlds, one rollout at a time. Used by one thread."""

    def __init__(self, hierarchy: HierarchicalPolicy, settings: CollectorConfig, seeds_used: int = 0) -> None:
        """Args:
        hierarchy: the policy that collects.
        settings: of worlds and reward.
        seeds_used: seeds that an earlier part of a resumed run has used; they are skipped.
        """
        self.settings, self.seeds_used = settings, seeds_used
        self._hierarchy = hierarchy
        self._experience = RolloutBuffer(settings.rollout_ticks, settings.worlds)
        self._detector = OutcomeDetector(load_profile("darkorbit"))
        num_groups = settings.worlds // GROUP
        lengths = [max(1, settings.rollouts_per_episode * (number + 1) // num_groups) for number in range(num_groups)]
        self._groups = [self._begin(length) for length in lengths]

    def play(self) -> tuple[RolloutBuffer, RolloutStats]:
        """Collects one rollout in every world; the next call overwrites the returned buffer."""
        stats = RolloutStats()
        for number, group in enumerate(self._groups):
            worlds = slice(number * GROUP, (number + 1) * GROUP)
            self._experience.is_new_episode[worlds] = group.rollouts_left == 0
            if group.rollouts_left == 0:
                group.world.close()
                group = self._groups[number] = self._begin(self.settings.rollouts_per_episode)
            self._play_group(group, worlds, stats)
            group.rollouts_left -= 1
        return self._experience, stats

    def close(self) -> None:
        """Closes all worlds."""
        for group in self._groups:
            group.world.close()

    def _begin(self, num_rollouts: int) -> _WorldGroup:
        seeds = seeds_for(Purpose.TRAIN, GROUP, self.settings.first_seed + self.seeds_used)
        self.seeds_used += GROUP
        world = Simulator(seeds, spread_over_maps(seeds))
        observation, detector_carry = world.observe(), self._detector.start(GROUP)
        self._detector.update(observation, detector_carry)
        return _WorldGroup(
            world, self._hierarchy.start(seeds ^ PILOT_SEED_XOR), detector_carry, observation, num_rollouts
        )

    def _play_group(self, group: _WorldGroup, worlds: slice, stats: RolloutStats) -> None:
        for tick in range(self.settings.rollout_ticks):
            decision = self._hierarchy.decide(group.observation, group.carry)
            group.carry = decision.carry
            assert isinstance(decision.rollout_step, ExecutorStep)
            self._experience.add(tick, worlds, decision.rollout_step)
            group.world.act(decision.action)
            group.observation = group.world.observe()
            outcomes = self._detector.update(group.observation, group.detector_carry)
            self._experience.rewards[tick, worlds] = reward_terms(outcomes, self.settings.prices)
            stats.add(group.observation.records["events"])
