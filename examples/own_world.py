"""A world of one's own: a pond in which one fish swims; clicking it catches it, and the next one appears elsewhere.

    python examples/own_world.py --seconds 30

A World needs `profile`, `num_worlds`, `observe`, `act` and `close`. Every pilot plays in it without change, here a
baseline. To keep a world for good, add it to tests/conformance/test_every_world.py.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from understudy.contract.action import Action
from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Button, Observation, Role, empty_observation
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.evaluation.rollouts.baselines import ClickRandomObject
from understudy.runtime.session import Session

FISH_SIZE = 0.05
POND = Profile(
    name="pond",
    window_title="Pond",
    window_width=640,
    window_height=360,
    minimap=Rectangle(left=0.0, top=0.0, width=0.1, height=0.1),
    keys=("ctrl",),
    kinds=(Kind(name="fish", role=Role.LOOT, value=1.0),),
    maps=("pond",),
)


class Pond:
    """B ponds with one fish each. Positions are window fractions."""

    def __init__(self, seeds: np.ndarray) -> None:
        self.profile, self.num_worlds = POND, len(seeds)
        self._generators = [np.random.default_rng(int(seed)) for seed in seeds]
        self._observation = empty_observation(len(seeds))
        self._observation.records["player"]["alive"] = 1
        for world in range(len(seeds)):
            self._place_fish(world)

    def observe(self) -> Observation:
        return self._observation

    def act(self, action: Action) -> None:
        records, fish = self._observation.records, self._observation.records["tracks"][:, 0]
        for name in ("cursor_x", "cursor_y", "button", "keys"):
            records[name] = action.records[name]
        distance = np.maximum(abs(records["cursor_x"] - fish["x"]), abs(records["cursor_y"] - fish["y"]))
        is_caught = (records["button"] == Button.LEFT) & (distance <= FISH_SIZE / 2)
        records["events"]["loot"] = records["events"]["value"] = is_caught
        for world in np.flatnonzero(is_caught).tolist():
            self._place_fish(world)
        records["time_s"] += TICK_S

    def close(self) -> None:
        """Holds no window, key or thread."""

    def _place_fish(self, world: int) -> None:
        fish = self._observation.records["tracks"][world, 0]
        fish["id"] += 1
        fish["role"], fish["width"], fish["height"] = Role.LOOT, FISH_SIZE, FISH_SIZE
        fish["x"], fish["y"] = self._generators[world].uniform(0.1, 0.9, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A baseline plays in a world of one's own.")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args(arguments)

    pond, caught = Pond(np.arange(3, dtype=np.uint64)), np.zeros(3)
    with Session(pond, ClickRandomObject(POND)) as session:
        for _ in range(round(options.seconds * TICK_RATE_HZ)):
            session.tick()
            caught += pond.observe().records["events"]["loot"]
    print(f"fish caught in each pond: {caught.astype(int).tolist()}")


if __name__ == "__main__":
    main()
