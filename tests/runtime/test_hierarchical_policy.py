"""HierarchicalPolicy: the same seed plays the same, alone or in a batch, and all its state is in its carry."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.contract.action import ACTION
from understudy.contract.errors import CheckpointError
from understudy.contract.intent import INTENT, Phase
from understudy.contract.profile import Profile
from understudy.contract.protocols import Pilot
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.sampling import ExecutorStep
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([11, 12, 13], np.uint64)
NUM_TICKS = 300


def hand() -> np.void:
    record: np.void = np.zeros(1, MOTOR_MODEL)[0]
    record["duration"], record["dwell"], record["press"], record["key_press"] = 4, 1, 2, 2
    record["profile"] = np.linspace(0, 1, len(record["profile"]))
    return record


def untrained(strategist: bool = True, tactician: bool = True, profile: Profile | None = None) -> HierarchicalPolicy:
    """Three small networks of random weights that begin a gesture about twice a second."""
    torch.manual_seed(1)
    executor = Executor(ExecutorConfig(width=16))
    torch.nn.init.constant_(executor.start.bias, -2.0)
    policies = PolicyBundle(
        executor,
        hand(),
        Strategist(StrategistConfig(width=16, layers=1)) if strategist else None,
        Tactician(TacticianConfig(width=16)) if tactician else None,
    )
    return HierarchicalPolicy(policies, profile or load_profile())


def play(pilot: Pilot, seeds: np.ndarray, num_ticks: int = NUM_TICKS) -> tuple[np.ndarray, np.ndarray]:
    """Actions and intents of shape (T, B)."""
    world, carry = Simulator(seeds), pilot.start(seeds)
    actions, intents = np.zeros((num_ticks, len(seeds)), ACTION), np.zeros((num_ticks, len(seeds)), INTENT)
    for tick in range(num_ticks):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        actions[tick], intents[tick] = decision.action.records, decision.intent.records
        world.act(decision.action)
    return actions, intents


def presses(actions: np.ndarray) -> int:
    return int(((actions["button"][1:] != 0) & (actions["button"][:-1] == 0)).sum())


def test_the_same_seed_plays_the_same_game_and_another_one_another() -> None:
    pilot = untrained()
    one, again = play(pilot, SEEDS)[0], play(pilot, SEEDS)[0]
    assert one.tobytes() == again.tobytes()
    assert presses(one) > 30
    carry, other = pilot.start(SEEDS), pilot.start(SEEDS + np.uint64(50))
    world = Simulator(SEEDS)
    for _ in range(40):
        first, second = pilot.decide(world.observe(), carry), pilot.decide(world.observe(), other)
    assert (first.action.records != second.action.records).any()


def test_a_world_is_played_the_same_alone_and_in_company() -> None:
    pilot = untrained()
    together, alone = play(pilot, SEEDS), play(pilot, SEEDS[1:2])
    for name, tolerance in (("button", 0), ("keys", 0), ("cursor_x", 1e-5), ("cursor_y", 1e-5)):
        # the matrix library sums a batch of one in another order: last bits of a point may differ, decisions may not
        np.testing.assert_allclose(together[0][name][:, 1], alone[0][name][:, 0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(together[1]["goal"][:, 1], alone[1]["goal"][:, 0], atol=1e-5)


def test_two_games_in_turns_do_not_disturb_each_other() -> None:
    pilot = untrained()
    expected = [play(pilot, SEEDS[:1])[0], play(pilot, SEEDS[1:])[0]]
    worlds = [Simulator(SEEDS[:1]), Simulator(SEEDS[1:])]
    carries = [pilot.start(SEEDS[:1]), pilot.start(SEEDS[1:])]
    for tick in range(NUM_TICKS):
        for number, world in enumerate(worlds):
            decision = pilot.decide(world.observe(), carries[number])
            carries[number] = decision.carry
            np.testing.assert_array_equal(decision.action.records, expected[number][tick])
            world.act(decision.action)


@pytest.mark.parametrize(("strategist", "tactician"), [(True, False), (False, True), (False, False)])
def test_it_plays_without_the_levels_that_its_executor_was_trained_without(strategist: bool, tactician: bool) -> None:
    actions, intents = play(untrained(strategist, tactician), SEEDS)
    assert presses(actions) > 30
    assert ((intents["mode"] >= 0) == strategist).all()
    assert (intents["target_probabilities"].sum(axis=-1) > 0).any() == tactician


def test_modes_change_at_whole_seconds_only() -> None:
    goals = play(untrained(), SEEDS[:1])[1]["goal"][:, 0]
    changes = np.flatnonzero((np.diff(goals, axis=0) != 0).any(axis=1)) + 1
    assert len(changes) > 5 and (changes % 20 == 0).all()


def test_what_it_says_of_itself_is_sound() -> None:
    actions, intents = play(untrained(), SEEDS)
    np.testing.assert_allclose(intents["mode_probabilities"].sum(axis=-1), 1.0, atol=1e-5)
    assert (intents["mode"] == intents["mode_probabilities"].argmax(axis=-1)).all()
    assert (intents["target_probabilities"].sum(axis=-1) < 1.0 + 1e-5).all()
    assert ((actions["button"] != 0) == (intents["phase"] == Phase.PRESS)).all()


def test_actions_stay_in_the_window_and_on_the_keyboard() -> None:
    profile = load_profile()
    actions = play(untrained(), SEEDS)[0]
    for axis in ("cursor_x", "cursor_y"):
        assert actions[axis].min() >= 0 and actions[axis].max() < 1
    assert (actions["keys"] < 1 << len(profile.keys)).all()
    assert actions["keys"].any()


def test_a_game_with_fewer_keys_and_another_window_is_played_within_them() -> None:
    profile = dataclasses.replace(load_profile(), keys=("a", "b"), window_width=800, window_height=600)
    actions = play(untrained(profile=profile), SEEDS)[0]
    assert set(np.unique(actions["keys"]).tolist()) <= {0, 1, 2, 3}
    assert actions["keys"].any()


def test_dropout_is_off_in_play() -> None:
    pilot = untrained()
    assert pilot.policies.strategist is not None and pilot.policies.tactician is not None
    assert not (
        pilot.policies.executor.training or pilot.policies.strategist.training or pilot.policies.tactician.training
    )


def test_it_can_be_sent_to_another_process() -> None:
    pilot = untrained()
    copy = pickle.loads(pickle.dumps(pilot))
    assert play(copy, SEEDS, 100)[0].tobytes() == play(pilot, SEEDS, 100)[0].tobytes()


def test_every_decision_carries_the_executors_inputs_and_draws_and_they_do_not_change_later() -> None:
    """The Executor, run again on the inputs of a rollout step, gives the hazard that was sampled from."""
    hierarchy, world, steps = untrained(), Simulator(SEEDS), list[ExecutorStep]()
    carry = hierarchy.start(SEEDS)
    for _ in range(60):
        decision = hierarchy.decide(world.observe(), carry)
        carry = decision.carry
        assert isinstance(decision.rollout_step, ExecutorStep)
        steps.append(decision.rollout_step)
        world.act(decision.action)
    assert sum(int((step.sampled["candidate"] >= 0).sum()) for step in steps) > 5
    for step in steps:
        parts = (step.context, step.conditioning, step.tracks, step.kinds, step.target_probs, step.landmarks)
        with torch.no_grad():
            output = hierarchy.policies.executor(*map(torch.from_numpy, parts))
        keys = torch.sigmoid(output.key_logits).numpy()
        up = (step.sampled["keys_up"][:, None] >> np.arange(keys.shape[1])) & 1
        expected = step.sampled["free"] * torch.sigmoid(output.start_logit).numpy() + (up * keys).sum(axis=1)
        assert step.sampled["hazard"] == pytest.approx(expected, rel=1e-4)


def test_a_folder_without_policies_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="executor"):
        load_hierarchy(tmp_path, load_profile())
