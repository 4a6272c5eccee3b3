"""A teacher's play with what it truly was up to, for the tests that judge hindsight alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from understudy.contract.action import ACTION
from understudy.contract.intent import Phase
from understudy.contract.observation import MAX_TRACKS, OBSERVATION, Observation
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile()


@dataclass(frozen=True)
class Play:
    """T ticks of one world."""

    observation: Observation
    actions: np.ndarray
    modes: np.ndarray
    """True Mode at each tick."""
    targets: np.ndarray
    """True track slot at each tick, MAX_TRACKS for none."""
    onsets: dict[int, int]
    """True tick of the onset of each gesture, by the tick of its press."""


@cache
def teacher_play(style: str = "hunter", num_worlds: int = 4, num_ticks: int = 2400, first_seed: int = 10) -> list[Play]:
    """The same play for every test of a run."""
    seeds = np.arange(first_seed, first_seed + num_worlds, dtype=np.uint64)
    world, teacher = Simulator(seeds), Teacher(style, PROFILE)
    carry = teacher.start(seeds + np.uint64(1000))
    observations, actions = np.zeros((num_ticks, num_worlds), OBSERVATION), np.zeros((num_ticks, num_worlds), ACTION)
    modes, targets = np.zeros((num_ticks, num_worlds), np.int64), np.zeros((num_ticks, num_worlds), np.int64)
    begun, onsets = np.zeros(num_worlds, np.int64), [dict[int, int]() for _ in seeds]
    for tick in range(num_ticks):
        observations[tick] = world.observe().records
        decision = teacher.decide(world.observe(), carry)
        actions[tick] = decision.action.records
        modes[tick] = teacher.oracle(carry).records["mode"]
        targets[tick] = np.where(carry["target_slot"] >= 0, carry["target_slot"], MAX_TRACKS)
        begun = np.where(carry["phase"] == Phase.MOVE, carry["phase_start"], begun)
        down = (actions[tick]["button"] != 0) & (tick == 0 or actions[tick - 1]["button"] == 0)
        for number in np.flatnonzero(down):
            onsets[number][tick] = int(begun[number])
        world.act(decision.action)
    return [
        Play(Observation(observations[:, b].copy()), actions[:, b].copy(), modes[:, b], targets[:, b], onsets[b])
        for b in range(num_worlds)
    ]


@cache
def teacher_lessons(style: str = "hunter") -> list[LabelledEpisode]:
    """The same play, ready to learn from."""
    return [label_episode(play.observation, play.actions, PROFILE) for play in teacher_play(style)]
