"""Where the understudy practises: many embedded games in lockstep, each replaced by a fresh one after some minutes.

What is learnt from is what can be seen in observations, by the price list; the score is the game's own count.
Worlds are played in groups of GROUP, for the sake of the batch; groups begin at different times, so that a stretch of
play holds beginnings and late minutes alike. Seeds come from the space of training and are never used twice.
"""

from dataclasses import dataclass, field

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import Carry
from understudy.evaluation.rollouts.episode_stats import score_per_minute
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR
from understudy.learning.rl.outcome_detector import OutcomeDetector
from understudy.learning.rl.reward import RewardWeights, reward_terms
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.policies.rollout_step import ExecutorStep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

GROUP = 64
"""Worlds that one batch holds: half as many cost half as much again each, twice as many save a quarter."""


@dataclass(frozen=True, kw_only=True)
class CollectorConfig:
    """How many worlds are practised in, and for how long each."""

    worlds: int = 128
    """A multiple of GROUP."""
    rollout_ticks: int = 160
    """Ticks between two updates."""
    rollouts_per_episode: int = 20
    """A world is left for a fresh one after so many stretches."""
    first_seed: int = 0
    """Seeds of the space of training to skip."""
    prices: RewardWeights = field(default_factory=lambda: RewardWeights(death=-14.0))
    """What outcomes are worth. A death costs less than by the usual list: rare and dear is hard to learn from (at 20 it
    made half of all that varies), and the gate asks for deaths that are not worse besides."""

    def __post_init__(self) -> None:
        if self.worlds < GROUP or self.worlds % GROUP:
            raise ValueError(f"worlds {self.worlds}: a multiple of {GROUP} is needed")
        if self.rollout_ticks < 2 or self.rollouts_per_episode < 1:
            raise ValueError("a stretch needs at least 2 ticks, a life at least 1 stretch")


@dataclass
class RolloutStats:
    """What came of play."""

    world_ticks: int = 0
    value: float = 0.0
    deaths: float = 0.0

    def add(self, events: np.ndarray) -> None:
        """Counts EVENTS records, one of each world."""
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
class _Group:
    """Worlds of one age."""

    world: Simulator
    carry: Carry
    watched: Carry
    observation: Observation
    stretches_left: int


class RolloutCollector:
    """Plays a Hierarchy in all its worlds, stretch after stretch. Used by one thread."""

    def __init__(self, hierarchy: HierarchicalPolicy, settings: CollectorConfig, seeds_used: int = 0) -> None:
        """Args: seeds_used: of an earlier run that goes on: its worlds are not played again."""
        self.settings, self.seeds_used = settings, seeds_used
        self._hierarchy = hierarchy
        self._experience = RolloutBuffer(settings.rollout_ticks, settings.worlds)
        self._thoughts: list[ExecutorStep] = []
        self._watch = OutcomeDetector(load_profile("darkorbit"))
        num_groups = settings.worlds // GROUP
        lives = [max(1, settings.rollouts_per_episode * (number + 1) // num_groups) for number in range(num_groups)]
        self._groups = [self._begin(life) for life in lives]

    def play(self) -> tuple[RolloutBuffer, RolloutStats]:
        """One stretch in every world; the experience is overwritten by the next one."""
        stats = RolloutStats()
        self._hierarchy.on_executor_step = self._thoughts.append
        try:
            for number, group in enumerate(self._groups):
                worlds = slice(number * GROUP, (number + 1) * GROUP)
                self._experience.is_new_episode[worlds] = group.stretches_left == 0
                if group.stretches_left == 0:
                    group.world.close()
                    group = self._groups[number] = self._begin(self.settings.rollouts_per_episode)
                self._play_group(group, worlds, stats)
                group.stretches_left -= 1
        finally:
            self._hierarchy.on_executor_step = None
        return self._experience, stats

    def close(self) -> None:
        """Leaves all worlds."""
        for group in self._groups:
            group.world.close()

    def _begin(self, stretches: int) -> _Group:
        seeds = seeds_for(Purpose.TRAIN, GROUP, self.settings.first_seed + self.seeds_used)
        self.seeds_used += GROUP
        world = Simulator(seeds, spread_over_maps(seeds))
        observation, watched = world.observe(), self._watch.start(GROUP)
        self._watch.update(observation, watched)
        return _Group(world, self._hierarchy.start(seeds ^ PILOT_SEED_XOR), watched, observation, stretches)

    def _play_group(self, group: _Group, worlds: slice, stats: RolloutStats) -> None:
        for tick in range(self.settings.rollout_ticks):
            decision = self._hierarchy.decide(group.observation, group.carry)
            group.carry = decision.carry
            self._experience.add(tick, worlds, self._thoughts.pop())
            group.world.act(decision.action)
            group.observation = group.world.observe()
            outcomes = self._watch.update(group.observation, group.watched)
            self._experience.rewards[tick, worlds] = reward_terms(outcomes, self.settings.prices)
            stats.add(group.observation.records["events"])
