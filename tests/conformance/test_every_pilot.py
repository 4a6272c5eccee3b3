"""What every Pilot must keep to. A new pilot is done when its row is added here and passes."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from understudy.contract.action import ACTION
from understudy.contract.observation import ALL_BUTTONS
from understudy.contract.profile import Profile
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.trajectory import record_trajectory
from understudy.learning.data.labelled_episode import label_episode
from understudy.learning.supervised.train_policy import fit_hand_from_dataset
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.demonstration_noise import ALL_HARDSHIPS
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
from understudy.worlds.simulator.teacher.style import read_styles
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([3, 1, 4], np.uint64)
NUM_TICKS = 400


def teacher(style: str) -> Callable[[Profile], Pilot]:
    return lambda profile: Teacher(style, profile)


@cache
def untrained_brain() -> PolicyBundle:
    """Random weights, and a hand measured from a minute of the hunter."""
    torch.manual_seed(0)
    trajectory = record_trajectory(Teacher("hunter", load_profile()), 1, 60.0, "1-1")
    labelled = label_episode(trajectory.observations, trajectory.actions.records, load_profile())
    strategist, tactician = Strategist(StrategistConfig()).eval(), Tactician(TacticianConfig()).eval()
    hand = fit_hand_from_dataset([labelled], load_profile())
    return PolicyBundle(Executor(ExecutorConfig()).eval(), hand, strategist, tactician)


PILOTS: dict[str, Callable[[Profile], Pilot]] = {
    **BASELINES,
    **{f"teacher {style}": teacher(style) for style in read_styles()},
    "teacher with every hardship": lambda profile: NoisyTeacher("hunter", profile, ALL_HARDSHIPS),
    "understudy, untrained": lambda profile: HierarchicalPolicy(untrained_brain(), profile),
}
every_pilot = pytest.mark.parametrize("make_pilot", PILOTS.values(), ids=PILOTS.keys())


def play(pilot: Pilot, seeds: np.ndarray, num_ticks: int = NUM_TICKS) -> np.ndarray:
    """What the pilot did in simulated worlds of these seeds, records of shape (T, B)."""
    world, carry = Simulator(seeds), pilot.start(seeds)
    done = np.empty((num_ticks, len(seeds)), ACTION)
    for tick in range(num_ticks):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        done[tick] = decision.action.records
        world.act(decision.action)
    return done


@every_pilot
def test_it_keeps_the_protocol_and_acts_in_every_world(make_pilot: Callable[[Profile], Pilot]) -> None:
    pilot = make_pilot(load_profile())
    assert isinstance(pilot, Pilot)
    decision = pilot.decide(Simulator(SEEDS).observe(), pilot.start(SEEDS))
    assert len(decision.action) == len(decision.intent.records) == len(SEEDS)


@every_pilot
def test_its_actions_are_sound(make_pilot: Callable[[Profile], Pilot]) -> None:
    profile = load_profile()
    done = play(make_pilot(profile), SEEDS)
    for axis in ("cursor_x", "cursor_y"):
        assert ((done[axis] >= 0) & (done[axis] <= 1)).all()
    assert (done["button"] <= ALL_BUTTONS).all()
    assert (done["keys"] < 1 << len(profile.keys)).all()


@every_pilot
def test_the_same_seeds_give_the_same_play(make_pilot: Callable[[Profile], Pilot]) -> None:
    pilot = make_pilot(load_profile())
    assert play(pilot, SEEDS).tobytes() == play(pilot, SEEDS).tobytes()


@every_pilot
def test_what_it_does_in_a_world_does_not_depend_on_the_other_worlds(make_pilot: Callable[[Profile], Pilot]) -> None:
    pilot = make_pilot(load_profile())
    together, alone = play(pilot, SEEDS)[:, 1], play(pilot, SEEDS[1:2])[:, 0]
    for pressed in ("button", "keys"):
        assert together[pressed].tolist() == alone[pressed].tolist()
    for axis in ("cursor_x", "cursor_y"):  # a network rounds differently for another number of rows
        assert together[axis] == pytest.approx(alone[axis], abs=1e-4)


@every_pilot
def test_all_its_memory_is_in_the_carry(make_pilot: Callable[[Profile], Pilot]) -> None:
    """One pilot object plays two games in turns, tick by tick, as if it had played each of them alone."""
    pilot, seeds = make_pilot(load_profile()), [SEEDS[:1], SEEDS[1:]]
    worlds, carries = [Simulator(part) for part in seeds], [pilot.start(part) for part in seeds]
    done: list[list[np.ndarray]] = [[], []]
    for _ in range(100):
        for game in (0, 1):
            decision = pilot.decide(worlds[game].observe(), carries[game])
            carries[game] = decision.carry
            done[game].append(decision.action.records.copy())
            worlds[game].act(decision.action)
    for game in (0, 1):
        assert np.array(done[game]).tobytes() == play(pilot, seeds[game], num_ticks=100).tobytes()


@every_pilot
def test_it_leaves_what_it_sees_and_its_seeds_as_they_were(make_pilot: Callable[[Profile], Pilot]) -> None:
    pilot, seeds = make_pilot(load_profile()), SEEDS.copy()
    world, carry = Simulator(seeds), pilot.start(seeds)
    for _ in range(50):
        before = world.observe().records.tobytes()
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        assert world.observe().records.tobytes() == before
        world.act(decision.action)
    assert seeds.tolist() == SEEDS.tolist()
