"""The arena on the real engine with the real teacher, few worlds and short games."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from understudy.contract.action import idle_action
from understudy.contract.intent import Mode, no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision
from understudy.contract.workers.part_executor import part_executor
from understudy.evaluation.rollouts import vector_rollout
from understudy.evaluation.rollouts.baselines import DoNothing, Random
from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES, NO_MODE, EpisodeStats
from understudy.evaluation.rollouts.seeds import Purpose, map_names, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import rollout, rollout_all
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile("darkorbit")
SEEDS = seeds_for(Purpose.CHOOSE, 8)


class Turncoat:
    """Does nothing, and says LOOT on even ticks, FLEE on odd ones."""

    def start(self, seeds: np.ndarray) -> Carry:
        return 0

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        intent = no_intent(len(observation))
        intent.records["mode"] = int(Mode.FLEE if carry % 2 else Mode.LOOT)
        return Decision(idle_action(observation), intent, carry + 1)


def assert_same(first: EpisodeStats, second: EpisodeStats) -> None:
    for name in ("seeds", "start_maps", "ticks", "events"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.habits.records.tobytes() == second.habits.records.tobytes()


def test_worlds_are_spread_evenly_over_the_maps() -> None:
    outcomes = rollout(DoNothing(PROFILE), SEEDS, 1.0)
    assert np.bincount(outcomes.start_maps, minlength=len(map_names())).tolist() == [2, 2, 2, 2]
    assert spread_over_maps(SEEDS[3:5]) == spread_over_maps(SEEDS)[3:5]


def test_start_maps_can_be_chosen() -> None:
    outcomes = rollout(DoNothing(PROFILE), SEEDS[:2], 1.0, start_maps=["1-3", "1-1"])
    assert outcomes.start_maps.tolist() == [2, 0]
    assert outcomes.ticks[0, 2].sum() == outcomes.ticks[1, 0].sum() == 20


def test_a_world_among_others_is_the_world_it_would_be_alone() -> None:
    maps = ("1-2", "1-1", "1-2")
    several, alone = Simulator(SEEDS[:3], maps), Simulator(SEEDS[2:3], "1-2")
    teacher = Teacher("hunter", PROFILE)
    carry, carry_alone = teacher.start(SEEDS[:3]), teacher.start(SEEDS[2:3])
    for _ in range(400):
        observation = several.observe()
        assert observation.records[2].tobytes() == alone.observe().records[0].tobytes()
        several.act(teacher.decide(observation, carry).action)
        alone.act(teacher.decide(alone.observe(), carry_alone).action)


def test_totals_are_those_that_the_simulator_keeps_itself() -> None:
    seeds, pilot = SEEDS[:1], Teacher("hunter", PROFILE)
    outcomes = rollout(pilot, seeds, 60.0, start_maps=["1-1"])
    world, carry = Simulator(seeds, "1-1"), pilot.start(seeds ^ vector_rollout.PILOT_SEED_XOR)
    for _ in range(1200):
        world.act(pilot.decide(world.observe(), carry).action)
    for name in EVENT_NAMES:
        assert outcomes.total(name)[0] == pytest.approx(float(world.states["totals"][name][0]), rel=1e-4), name
    assert outcomes.total("kills")[0] > 0


def test_the_score_takes_ten_points_for_each_death() -> None:
    outcomes = rollout(Random(PROFILE), seeds_for(Purpose.CHOOSE, 32), 120.0, start_maps=["1-4"] * 32)
    assert outcomes.minutes == pytest.approx(2.0)
    deaths = outcomes.total("deaths")
    assert deaths.sum() > 0
    np.testing.assert_allclose(outcomes.scores, (outcomes.total("value") - 10 * deaths) / 2.0)


def test_time_is_booked_under_the_mode_that_the_pilot_was_in() -> None:
    outcomes = rollout(Turncoat(), SEEDS[:4], 2.0)
    by_mode = outcomes.ticks.sum(axis=(0, 1))
    assert by_mode[Mode.LOOT] == by_mode[Mode.FLEE] == 80
    assert by_mode.sum() == 160
    silent = rollout(DoNothing(PROFILE), SEEDS[:4], 2.0)
    assert silent.ticks[..., NO_MODE].sum() == 160


def test_a_block_boundary_leaves_no_trace_in_a_pilot_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = Teacher("kiter", PROFILE)
    whole = rollout(teacher, SEEDS, 10.0)
    monkeypatch.setattr(vector_rollout, "BLOCK", 3)
    assert_same(whole, rollout(teacher, SEEDS, 10.0))


def test_progress_counts_every_world_tick_once() -> None:
    told: list[tuple[int, int]] = []
    rollout_all(
        {"one": DoNothing(PROFILE), "two": DoNothing(PROFILE)},
        SEEDS,
        2.45,
        progress=lambda done, whole: told.append((done, whole)),
    )
    assert told[-1] == (2 * 8 * 49, 2 * 8 * 49)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_two_processes_give_the_identical_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_rollout, "BLOCK", 4)
    teacher = Teacher("hunter", PROFILE)
    told: list[tuple[int, int]] = []
    with part_executor(2) as executor:
        spread = rollout(
            teacher, SEEDS, 5.0, executor=executor, progress=lambda done, whole: told.append((done, whole))
        )
        assert_same(rollout(teacher, SEEDS, 5.0), spread)
        assert_same(rollout(teacher, SEEDS, 5.0, executor=executor), spread)  # by the same processes
    assert told[-1] == (800, 800)


class Mortal(DoNothing):
    """Kills the process in which it plays first."""

    def __init__(self, note: Path) -> None:
        super().__init__(PROFILE)
        self._note = note

    def start(self, seeds: np.ndarray) -> Carry:
        if not self._note.exists():
            self._note.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().start(seeds)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_blocks_of_a_process_that_dies_are_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_rollout, "BLOCK", 4)
    with part_executor(2) as executor:
        played = rollout(Mortal(tmp_path / "died"), SEEDS, 5.0, executor=executor)
    assert (tmp_path / "died").exists()
    assert_same(played, rollout(DoNothing(PROFILE), SEEDS, 5.0))
