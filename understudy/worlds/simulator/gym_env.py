"""Gymnasium environments of the embedded game, for training with other libraries.

`gymnasium.make("understudy.worlds.simulator.gym_env:understudy/DarkOrbit-v0")` creates one world; `gymnasium.make_vec`
with the same name and `num_envs=64` steps 64 worlds in one compiled call. The part before the colon makes Gymnasium
import this module, which registers the environments; this is our only registration at import.

The reward is the value of kills and boxes minus ten for each death. An episode never terminates (the ship respawns); it
is truncated after `max_episode_steps`.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from jaxtyping import Bool, Float32, Float64

from understudy.contract.action import Action
from understudy.contract.observation import TICK_RATE_HZ
from understudy.worlds.simulator.gym_spaces import Features, action_space, actions_from, features, observation_space
from understudy.worlds.simulator.world import Simulator

ENVIRONMENT = "understudy/DarkOrbit-v0"
DEATH_COST = 10.0


class DarkOrbit(gymnasium.Env):
    """A gymnasium.Env of one world; `gym_spaces` describes its observations and actions."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - as Gymnasium declares it
        "render_modes": ["rgb_array"],
        "render_fps": TICK_RATE_HZ,
    }

    def __init__(self, start_map: str | None = None, ticks_per_step: int = 1, render_mode: str | None = None) -> None:
        """Creates the world; `reset` starts a game.

        Args:
            start_map: name of the map to begin on; None draws it for each game.
            ticks_per_step: action repeat, in ticks of 1/20 s.
            render_mode: `rgb_array` for frames of 640 x 360, None for no rendering.
        """
        self._worlds = _Worlds(1, start_map, ticks_per_step)
        self.observation_space = observation_space(self._worlds.profile)
        self.action_space = action_space(self._worlds.profile)
        self.render_mode = render_mode
        self._renderer: Any = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Features, dict]:
        """Starts a new game; equal seeds start equal games."""
        super().reset(seed=seed)
        self._worlds.begin([self.np_random])
        return _only(self._worlds.features()), {}

    def step(self, action: Float32[np.ndarray, " A"]) -> tuple[Features, float, bool, bool, dict[str, Any]]:
        """Repeats an action for `ticks_per_step` ticks."""
        rewards = self._worlds.step(np.asarray(action)[None])
        return _only(self._worlds.features()), float(rewards[0]), False, False, {}

    def render(self) -> np.ndarray | None:
        """Returns the present frame, RGB uint8 of shape (360, 640, 3); None without a render mode."""
        if self.render_mode is None:
            return None
        if self._renderer is None:
            from understudy.worlds.simulator.rendering.renderer import Renderer  # imports pygame only for rendering

            self._renderer = Renderer(self._worlds.profile, (640, 360))
        picture: np.ndarray = self._renderer.frame_observation(self._worlds.simulator.observe().records[0])
        return picture


class DarkOrbitVector(VectorEnv):
    """A VectorEnv that steps all worlds in one compiled call; all are truncated together, and the next step resets."""

    metadata: dict[str, Any] = {  # noqa: RUF012 - as Gymnasium declares it
        "render_modes": [],
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self, num_envs: int, max_episode_steps: int, start_map: str | None = None, ticks_per_step: int = 1
    ) -> None:
        """Creates the worlds; arguments as in `DarkOrbit`."""
        self.num_envs = num_envs
        self.max_episode_steps = max_episode_steps
        self._worlds = _Worlds(num_envs, start_map, ticks_per_step)
        self.single_observation_space = observation_space(self._worlds.profile)
        self.single_action_space = action_space(self._worlds.profile)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._chance = [seeding.np_random()[0] for _ in range(num_envs)]
        self._steps = 0

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Features, dict]:
        """Starts new games; world b of `seed` equals the single environment with `seed + b`."""
        seeds = [seed + b for b in range(self.num_envs)] if isinstance(seed, int) else seed or [None] * self.num_envs
        for b, its_seed in enumerate(seeds):
            if its_seed is not None:
                self._chance[b] = seeding.np_random(its_seed)[0]
        self._worlds.begin(self._chance)
        self._steps = 0
        return self._worlds.features(), {}

    def step(
        self, actions: Float32[np.ndarray, "B A"]
    ) -> tuple[Features, Float64[np.ndarray, " B"], Bool[np.ndarray, " B"], Bool[np.ndarray, " B"], dict]:
        """Steps every world with its own action; the step after a truncation resets and ignores the actions."""
        never = np.zeros(self.num_envs, bool)
        if self._steps == self.max_episode_steps:
            first, info = self.reset()
            return first, np.zeros(self.num_envs), never, never.copy(), info
        rewards = self._worlds.step(np.asarray(actions))
        self._steps += 1
        over = np.full(self.num_envs, self._steps == self.max_episode_steps)
        return self._worlds.features(), rewards, never, over, {}


class _Worlds:
    """The simulator, action repeat and rewards shared by both environments."""

    def __init__(self, count: int, start_map: str | None, ticks_per_step: int) -> None:
        self.simulator = Simulator(np.zeros(count, np.uint64), start_map)
        self.profile = self.simulator.profile
        self._ticks_per_step = ticks_per_step

    def begin(self, chance: list[np.random.Generator]) -> None:
        self.simulator.reset(np.array([one.integers(2**63) for one in chance], np.uint64))

    def step(self, numbers: np.ndarray) -> np.ndarray:
        action = Action(actions_from(numbers, self.profile))
        rewards = np.zeros(len(numbers))
        for _ in range(self._ticks_per_step):
            self.simulator.act(action)
            events = self.simulator.observe().records["events"]
            rewards += events["value"] - DEATH_COST * events["deaths"]
        return rewards

    def features(self) -> Features:
        return features(self.simulator.observe().records, self.profile)


def _only(batch: Features) -> Features:
    return {name: part[0] for name, part in batch.items()}


gymnasium.register(
    ENVIRONMENT,
    entry_point=f"{__name__}:DarkOrbit",
    vector_entry_point=f"{__name__}:DarkOrbitVector",
    max_episode_steps=2400,
)
