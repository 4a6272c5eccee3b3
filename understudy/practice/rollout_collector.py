"""Rollout collector: plays many simulated worlds in lockstep and fills the rollout buffer for PPO.

Rewards are computed from observations alone, by `RewardWeights`; the score is the game's own count. Worlds are played
in groups of GROUP, one batch each. Groups start their episodes at different times, so that every rollout contains
early and late minutes of episodes. Seeds come from the training space and are never used twice.

A rollout of a group is one part for an executor (contract/workers): the worlds and the weights go there, the filled
buffer and the worlds come back. Learning begins when all groups are there, so every rollout is by the present weights,
and what is learnt does not depend on who plays.
"""

from dataclasses import dataclass, field

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import Carry
from understudy.contract.workers.worker_pool import InProcess, PartExecutor, run_parts
from understudy.evaluation.rollouts.episode_stats import score_per_minute
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR, one_torch_thread
from understudy.learning.rl.reward import RewardWeights, reward_terms
from understudy.learning.rl.rollout_buffer import RolloutBuffer, concatenate
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


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One rollout of one group."""

    hierarchy: HierarchicalPolicy
    group: _WorldGroup
    num_ticks: int
    prices: RewardWeights


class RolloutCollector:
    """Plays a HierarchicalPolicy in all its worlds, one rollout at a time. Used by one thread."""

    def __init__(
        self,
        hierarchy: HierarchicalPolicy,
        settings: CollectorConfig,
        seeds_used: int = 0,
        executor: PartExecutor | None = None,
    ) -> None:
        """Args:
        hierarchy: the policy that collects; its weights may change between two rollouts.
        settings: of worlds and reward.
        seeds_used: seeds that an earlier part of a resumed run has used; they are skipped.
        executor: plays the groups; None for this process. Does not change the result.
        """
        self.settings, self.seeds_used = settings, seeds_used
        self._hierarchy, self._executor = hierarchy, executor or InProcess()
        self._detector = OutcomeDetector(load_profile("darkorbit"))
        num_groups = settings.worlds // GROUP
        lengths = [max(1, settings.rollouts_per_episode * (number + 1) // num_groups) for number in range(num_groups)]
        self._groups = [self._begin(length) for length in lengths]

    def play(self) -> tuple[RolloutBuffer, RolloutStats]:
        """Collects one rollout in every world."""
        is_new = [group.rollouts_left == 0 for group in self._groups]
        for number, over in enumerate(is_new):
            if over:
                self._groups[number].world.close()
                self._groups[number] = self._begin(self.settings.rollouts_per_episode)
        parts = [
            _Part(
                hierarchy=self._hierarchy,
                group=group,
                num_ticks=self.settings.rollout_ticks,
                prices=self.settings.prices,
            )
            for group in self._groups
        ]
        stats = RolloutStats()
        buffers = []
        for number, (group, buffer, events) in enumerate(run_parts(self._executor, _play_group, parts)):
            group.rollouts_left -= 1
            self._groups[number] = group
            buffer.is_new_episode[:] = is_new[number]
            buffers.append(buffer)
            stats.add(events)
        return concatenate(buffers), stats

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


def _play_group(part: _Part) -> tuple[_WorldGroup, RolloutBuffer, np.ndarray]:
    """Plays one rollout; returns the group, its experience, and the events of all ticks, dtype EVENTS [T * GROUP]."""
    group = part.group
    buffer = RolloutBuffer(part.num_ticks, GROUP, part.hierarchy.policies.executor.config.layout)
    detector = OutcomeDetector(load_profile("darkorbit"))
    events = []
    with one_torch_thread():
        for tick in range(part.num_ticks):
            decision = part.hierarchy.decide(group.observation, group.carry)
            group.carry = decision.carry
            assert isinstance(decision.rollout_step, ExecutorStep)
            buffer.add(tick, decision.rollout_step)
            group.world.act(decision.action)
            group.observation = group.world.observe()
            outcomes = detector.update(group.observation, group.detector_carry)
            buffer.rewards[tick] = reward_terms(outcomes, part.prices)
            events.append(group.observation.records["events"].copy())
    return group, buffer, np.concatenate(events)
