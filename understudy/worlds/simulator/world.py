"""The simulator as a World: B seeded games in lockstep."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Action
from understudy.contract.errors import WorldError
from understudy.contract.observation import Observation, empty_observation
from understudy.contract.profile import Profile
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.state import seeded_states
from understudy.worlds.simulator.engine.step import begin_worlds, step_worlds


class Simulator:
    """B simulated games; each `act` advances all of them by one tick, with no real-time limit."""

    def __init__(
        self,
        seeds: UInt64[np.ndarray, " B"],
        start_map: str | Sequence[str] | None = None,
        profile: Profile | None = None,
    ) -> None:
        """Begins a game in each world.

        Args:
            seeds: random seed of each world; equal seeds give equal worlds.
            start_map: name of the map to begin on, or one name for each world; None draws it from the seed.
            profile: the embedded game with another window size; the packaged profile by default.

        Raises:
            WorldError: if there is no such map.
        """
        self._profile = load_profile("darkorbit") if profile is None else profile
        names = [start_map] if isinstance(start_map, str) else start_map
        for name in names or ():
            if name not in self._profile.maps:
                raise WorldError(f"There is no map {name!r}; known are {', '.join(self._profile.maps)}")
        assert names is None or len(names) in (1, len(seeds))
        self._start_maps = [-1] if names is None else [self._profile.maps.index(name) for name in names]
        self.rules = compile_rules(self._profile)
        self.reset(seeds)

    def reset(self, seeds: UInt64[np.ndarray, " B"]) -> None:
        """Starts new games, one for each seed; the number of worlds may change."""
        self.states = seeded_states(seeds)
        self._observation = empty_observation(len(seeds))
        records, starts = self._observation.records, self._start_maps
        if len(starts) == 1:
            begin_worlds(self.states, records, self.rules, starts[0])
            return
        for world, start in enumerate(starts):
            here = slice(world, world + 1)
            begin_worlds(self.states[here], records[here], self.rules, start)

    @property
    def profile(self) -> Profile:
        """The embedded game."""
        return self._profile

    @property
    def num_worlds(self) -> int:
        """Number of worlds, B."""
        return len(self.states)

    def observe(self) -> Observation:
        """Returns the present observations, a view of the simulator's memory: valid until the next `act`."""
        return self._observation

    def act(self, action: Action) -> None:
        """Applies the actions and advances all worlds by one tick."""
        step_worlds(self.states, action.records, self._observation.records, self.rules)

    def close(self) -> None:
        """Nothing to release."""
