"""Embedded games that begin on different maps, as one World: lockstep over all of them with a single batch."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Action
from understudy.contract.observation import Observation, empty_observation
from understudy.contract.profile import Profile
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator


def map_names() -> tuple[str, ...]:
    """The embedded game's maps, in the order of `map_index`."""
    return load_profile("darkorbit").maps


def spread_over_maps(seeds: UInt64[np.ndarray, " B"]) -> tuple[str, ...]:
    """The map that each seed begins on: all maps equally often over consecutive seeds, and a seed always the same."""
    maps = map_names()
    return tuple(maps[int(seed) % len(maps)] for seed in seeds)


class Fleet:
    """B simulators, world b beginning on start_maps[b]."""

    def __init__(self, seeds: UInt64[np.ndarray, " B"], start_maps: Sequence[str]) -> None:
        assert len(seeds) == len(start_maps)
        names = np.array(start_maps)
        self._members = [np.flatnonzero(names == name) for name in dict.fromkeys(start_maps)]
        self._parts = [Simulator(seeds[worlds], start_map=str(names[worlds[0]])) for worlds in self._members]
        self._observation = empty_observation(len(seeds))

    @property
    def profile(self) -> Profile:
        """The embedded game."""
        return self._parts[0].profile

    @property
    def num_worlds(self) -> int:
        """B."""
        return len(self._observation)

    def observe(self) -> Observation:
        """How the worlds look now, in the order of the seeds. Valid until the next `act`."""
        for worlds, part in zip(self._members, self._parts, strict=True):
            _plain(self._observation.records)[worlds] = _plain(part.observe().records)
        return self._observation

    def act(self, action: Action) -> None:
        """One tick of every world."""
        for worlds, part in zip(self._members, self._parts, strict=True):
            part.act(Action(action.records[worlds]))

    def close(self) -> None:
        """Closes every part."""
        for part in self._parts:
            part.close()


def _plain(records: np.ndarray) -> np.ndarray:
    """The same memory as nameless lumps: numpy copies named records field by field, twenty times slower."""
    return records.view(f"V{records.dtype.itemsize}")
