"""The embedded game as a World: seeds, batches, threads, and a stored way through the game."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.support.named_readings import named
from tests.support.random_actions import play, scripted_actions
from understudy.contract.action import ACTION, Action, idle_action
from understudy.contract.errors import WorldError
from understudy.contract.observation import OBSERVATION, TICK_S
from understudy.worlds.simulator.engine.readings import LOADED
from understudy.worlds.simulator.engine.step import step_worlds
from understudy.worlds.simulator.world import Simulator

STORED_WAY = "f3752568712e56c3a7a559f96dae817726c98a579bc4461499dc1a672e0ae54b"
"""Of seed 2026 over 3000 ticks of the script. Change it only together with the rules, and say so in the commit."""


def seeds_from(first: int, count: int) -> np.ndarray:
    """Seeds of `count` worlds."""
    return np.arange(first, first + count, dtype=np.uint64)


def test_a_seed_and_actions_lead_the_stored_way() -> None:
    seeds = seeds_from(2026, 1)
    assert play(Simulator(seeds), seeds, 3000) == STORED_WAY


def test_a_world_is_the_same_alone_and_among_64() -> None:
    seeds = seeds_from(100, 64)
    together = Simulator(seeds)
    play(together, seeds, 300)
    for b in (0, 31, 63):
        alone = Simulator(seeds[b : b + 1])
        play(alone, seeds[b : b + 1], 300)
        assert alone.states[0].tobytes() == together.states[b].tobytes()
        assert alone.observe().records[0].tobytes() == together.observe().records[b].tobytes()


def test_worlds_split_over_threads_are_the_same_as_in_one() -> None:
    seeds = seeds_from(500, 64)
    one, split = Simulator(seeds), Simulator(seeds)
    with ThreadPoolExecutor(4) as threads:
        for tick in range(100):
            action = scripted_actions(seeds, tick, one.observe())
            one.act(action)
            parts = [slice(start, start + 16) for start in range(0, 64, 16)]
            seen = split.observe().records
            steps = [
                threads.submit(step_worlds, split.states[part], action.records[part], seen[part], split.rules)
                for part in parts
            ]
            assert [step.result() for step in steps] == [None] * 4
    assert one.states.tobytes() == split.states.tobytes()
    assert one.observe().records.tobytes() == split.observe().records.tobytes()


def test_plain_python_goes_the_same_way_to_the_last_bit(project_root: Path) -> None:
    program = project_root / "benchmarks" / "engine_plain.py"
    ways = [
        subprocess.run([sys.executable, program, "way", mode], capture_output=True, text=True, check=True).stdout
        for mode in ("compiled", "plain")
    ]
    assert ways[0] == ways[1] != ""


def test_equal_seeds_are_equal_worlds_and_others_differ() -> None:
    simulator = Simulator(np.array([5, 5, 6], np.uint64))
    assert simulator.states[0].tobytes() == simulator.states[1].tobytes()
    assert simulator.states[0].tobytes() != simulator.states[2].tobytes()


def test_without_a_start_map_the_seed_draws_one() -> None:
    maps = Simulator(seeds_from(0, 64)).states["map_index"]
    assert sorted(set(maps.tolist())) == [0, 1, 2, 3]


def test_a_start_map_holds_for_all_worlds() -> None:
    simulator = Simulator(seeds_from(0, 8), "1-3")
    assert (simulator.states["map_index"] == simulator.profile.maps.index("1-3")).all()


def test_an_unknown_start_map_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WorldError, match="no map '9-9'; known are 1-1, 1-2, 1-3, 1-4"):
        Simulator(seeds_from(0, 1), "9-9")


def test_reset_begins_anew_with_other_seeds_and_another_number_of_worlds() -> None:
    simulator = Simulator(seeds_from(0, 2))
    play(simulator, seeds_from(0, 2), 50)
    simulator.reset(seeds_from(7, 3))
    fresh = Simulator(seeds_from(7, 3))
    assert simulator.num_worlds == 3
    assert simulator.states.tobytes() == fresh.states.tobytes()
    assert simulator.observe().records.tobytes() == fresh.observe().records.tobytes()


def test_time_goes_on_by_one_tick_with_each_act() -> None:
    simulator = Simulator(seeds_from(0, 1))
    times = []
    for _ in range(5):
        times.append(float(simulator.observe().records["time_s"][0]))
        simulator.act(idle_action(simulator.observe()))
    assert times == pytest.approx([0, TICK_S, 2 * TICK_S, 3 * TICK_S, 4 * TICK_S])
    simulator.close()


def assert_sound(records: np.ndarray) -> None:
    """Everything in an observation is within its range; NaN only where something is not visible."""
    player, tracks = records["player"], records["tracks"]
    for name in ("hp", "shield", "x", "y", "rocket", "ammo"):
        assert ((named(player, name) >= 0) & (named(player, name) <= 1)).all(), name
    assert (np.abs(player["vx"]) < 0.3).all() and (np.abs(player["vy"]) < 0.5).all()
    assert (
        np.isin(player["selectors"][..., LOADED], (1, 2, 3, 4)).all()
        and np.isin(player["map_index"], (0, 1, 2, 3)).all()
    )
    there = tracks["id"] > 0
    assert (there[:, :-1] >= there[:, 1:]).all()
    assert ((tracks["x"][there] >= 0) & (tracks["x"][there] <= 1)).all()
    assert ((tracks["y"][there] >= 0) & (tracks["y"][there] <= 1)).all()
    assert np.isfinite(tracks["vx"]).all() and np.isfinite(tracks["vy"]).all()
    aliens = there & (tracks["role"] == 1)
    assert ((tracks["gauges"][aliens] >= 0) & (tracks["gauges"][aliens] <= 1)).all()
    for name in records["events"].dtype.names:
        assert (records["events"][name] >= 0).all(), name
    assert ((records["cursor_x"] >= 0) & (records["cursor_x"] <= 1)).all()
    assert np.isin(records["button"], (0, 1, 2)).all() and (records["keys"] < 128).all()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**64 - 1),
    arrays.arrays(np.uint8, (4, ACTION.itemsize * 8)),
    st.integers(1, 60),
)
def test_no_action_whatever_leads_to_nonsense(seed: int, noise: np.ndarray, repeats: int) -> None:
    simulator = Simulator(np.array([seed] * 8, np.uint64))
    for row in noise:
        action = Action(np.frombuffer(row.tobytes(), ACTION))
        for _ in range(repeats):
            simulator.act(action)
            assert_sound(simulator.observe().records)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**63))
def test_a_long_busy_game_stays_sound(seed: int) -> None:
    seeds = np.array([seed, seed + 1], np.uint64)
    simulator = Simulator(seeds)
    for tick in range(400):
        simulator.act(scripted_actions(seeds, tick, simulator.observe()))
        assert_sound(simulator.observe().records)


def test_an_observation_is_a_record_array_of_the_contract() -> None:
    simulator = Simulator(seeds_from(0, 3))
    assert simulator.observe().records.dtype == OBSERVATION
    assert len(simulator.observe()) == simulator.num_worlds == 3
