"""The game as Gymnasium environments."""

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.gym_spaces import actions_from, features, observation_space
from understudy.worlds.simulator.world import Simulator

ENVIRONMENT = "understudy.worlds.simulator.gym_env:understudy/DarkOrbit-v0"


@pytest.fixture
def vector() -> Iterator[Any]:
    """Three worlds with episodes of five steps."""
    worlds = gymnasium.make_vec(ENVIRONMENT, num_envs=3, max_episode_steps=5)
    yield worlds
    worlds.close()


def test_the_single_environment_passes_gymnasium_s_checker() -> None:
    check_env(gymnasium.make(ENVIRONMENT, render_mode="rgb_array").unwrapped)


def test_the_vector_environment_keeps_gymnasium_s_promises(vector: Any) -> None:
    """What AsyncVectorEnv and the passive checker check of single environments, as there is no vector checker."""
    observation, info = vector.reset(seed=1)
    assert observation in vector.observation_space
    assert info == {}
    for _ in range(12):
        observation, rewards, terminated, truncated, info = vector.step(vector.action_space.sample())
        assert observation in vector.observation_space
        assert rewards.shape == terminated.shape == truncated.shape == (3,)
        assert (rewards.dtype, terminated.dtype, truncated.dtype) == (np.float64, bool, bool)


def test_a_world_of_the_vector_is_the_single_environment_of_its_seed(vector: Any) -> None:
    single = gymnasium.make(ENVIRONMENT)
    alone, _ = single.reset(seed=12)
    together, _ = vector.reset(seed=10)
    for _ in range(5):
        for name, part in alone.items():
            assert (together[name][2] == part).all()
        actions = vector.action_space.sample()
        alone = single.step(actions[2])[0]
        together = vector.step(actions)[0]


def test_episodes_are_truncated_together_and_the_next_step_begins_others(vector: Any) -> None:
    first, _ = vector.reset(seed=1)
    nothing = np.zeros(vector.action_space.shape, np.float32)
    ends = [vector.step(nothing)[3].all() for _ in range(5)]
    assert ends == [False, False, False, False, True]
    again, rewards, _, truncated, _ = vector.step(nothing)
    assert not truncated.any()
    assert (rewards == 0).all()
    assert (again["player"] != first["player"]).any()


def test_the_single_environment_is_truncated_by_its_time_limit() -> None:
    single = gymnasium.make(ENVIRONMENT, max_episode_steps=3)
    single.reset(seed=1)
    nothing = np.zeros(single.action_space.shape or (), np.float32)
    assert [single.step(nothing)[3] for _ in range(3)] == [False, False, True]


def test_the_reward_is_value_less_ten_for_a_death() -> None:
    single = gymnasium.make(ENVIRONMENT)
    single.reset(seed=1)
    world = single.unwrapped._worlds.simulator.states[0]  # type: ignore[attr-defined]
    world["hull"], world["safe"] = 0.0, 0
    nothing = np.zeros(single.action_space.shape or (), np.float32)
    assert single.step(nothing)[1] == -10


def test_numbers_above_one_half_press_and_zeros_do_nothing() -> None:
    profile = load_profile()
    numbers = np.zeros((2, 3 + len(profile.keys)), np.float32)
    numbers[1] = [-1, 1, 0.9, 0, 0.6, *[0] * (len(profile.keys) - 2)]
    records = actions_from(numbers, profile)
    assert records.tolist() == [(0.5, 0.5, 0, 0), (0.0, 1.0, profile.key_bit("space"), 1)]


def test_features_hold_what_is_seen_and_nothing_that_is_not_a_number() -> None:
    simulator = Simulator(np.arange(8, dtype=np.uint64))
    seen = simulator.observe().records
    numbers = features(seen, simulator.profile)
    space = observation_space(simulator.profile)
    assert {name: part.shape[1:] for name, part in numbers.items()} == {name: space[name].shape for name in numbers}
    assert (numbers["tracks"][..., 0] == (seen["tracks"]["id"] > 0)).all()
    assert (numbers["tracks"][..., 1] == seen["tracks"]["x"]).all()
    assert np.isfinite(numbers["tracks"]).all()


@pytest.mark.slow
def test_a_public_library_trains_on_it() -> None:
    """Stable-Baselines3's PPO plays eight worlds for four rounds and comes out with other, finite weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        ppo = pytest.importorskip("stable_baselines3").PPO
        from stable_baselines3.common.env_util import make_vec_env
    worlds = make_vec_env(ENVIRONMENT, n_envs=8, seed=0, env_kwargs={"start_map": "1-1", "ticks_per_step": 8})
    learner = ppo("MultiInputPolicy", worlds, n_steps=128, batch_size=256, seed=0, device="cpu")
    before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
    learner.learn(4096)
    after = list(learner.policy.parameters())
    assert learner.num_timesteps >= 4096
    assert all(parameter.isfinite().all() for parameter in after)
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    assert worlds.step(np.array([worlds.action_space.sample() for _ in range(8)]))[1].shape == (8,)
