"""An empty stretch of space on which a test puts what it needs, and hands that do one thing at a time."""

import numpy as np

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Button
from understudy.worlds.simulator.engine.state import PARKED
from understudy.worlds.simulator.world import Simulator

NEVER = 10**9


class Stage:
    """One world with nothing in it, the player resting at (x, y) of the map, and its hands."""

    def __init__(self, start_map: str = "1-1", x: float = 5000.0, y: float = 3200.0, seed: int = 1) -> None:
        self.simulator = Simulator(np.array([seed], np.uint64), start_map)
        self.rules = self.simulator.rules[0]
        self.world = self.simulator.states[0]
        self.world["num_aliens"] = 0
        for name in ("box_x", "box_y"):
            self.world[name] = PARKED
        self.world["box_id"] = 0
        self.world["box_until"] = NEVER
        self.place_player(x, y)
        self.cursor = (0.5, 0.5)

    def place_player(self, x: float, y: float) -> None:
        """Puts the player's ship somewhere, at rest."""
        for name, value in (("x", x), ("y", y), ("goal_x", x), ("goal_y", y), ("vx", 0.0), ("vy", 0.0)):
            self.world[name] = value

    def put_alien(self, name: str, dx: float, dy: float = 0.0) -> int:
        """A resting alien at an offset from the player, in map units; returns its index."""
        world, j = self.world, int(self.world["num_aliens"])
        kind = self.kind(name)
        world["num_aliens"] = j + 1
        world["alien_x"][j], world["alien_y"][j] = world["x"] + dx, world["y"] + dy
        world["alien_vx"][j], world["alien_vy"][j] = 0.0, 0.0
        world["alien_kind"][j], world["alien_field"][j] = kind, 2
        world["alien_hull"][j], world["alien_shield"][j] = (
            self.rules["alien_hull"][kind],
            self.rules["alien_shield"][kind],
        )
        world["alien_id"][j], world["alien_until"][j] = 5000 + j, NEVER
        world["alien_engaged"][j], world["alien_ready"][j] = 0, 0
        world["alien_hurt"][j] = world["alien_shot"][j] = -1000
        return j

    def put_box(self, dx: float, dy: float = 0.0) -> int:
        """A cargo box at an offset from the player; returns its index."""
        k = int(np.flatnonzero(self.world["box_id"] == 0)[-1])
        self.world["box_x"][k], self.world["box_y"][k] = self.world["x"] + dx, self.world["y"] + dy
        self.world["box_id"][k], self.world["box_kind"][k] = 7000 + k, self.kind("cargo_box")
        return k

    def kind(self, name: str) -> int:
        """The number of a kind of object."""
        return [kind.name for kind in self.simulator.profile.kinds].index(name)

    def tick(self, keys: str = "", button: Button = Button.NONE, ticks: int = 1) -> np.void:
        """Holds keys (names divided by blanks) and a button for some ticks; returns the sum of the events."""
        bits = sum(self.simulator.profile.key_bit(key) for key in keys.split())
        record = np.array([(*self.cursor, bits, button)], ACTION)
        before = self.world["totals"].copy()
        for _ in range(ticks):
            self.simulator.act(Action(record))
        return np.void(
            tuple(self.world["totals"][name] - before[name] for name in before.dtype.names), dtype=before.dtype
        )

    def point_at(self, dx: float, dy: float = 0.0) -> None:
        """Puts the cursor over the place at an offset from the player, in map units."""
        self.cursor = (0.5 + dx / self.rules["view_width"], 0.5 + dy / self.rules["view_height"])

    def click(self, dx: float, dy: float = 0.0) -> None:
        """One short left click there."""
        self.point_at(dx, dy)
        self.tick(button=Button.LEFT)
        self.tick()

    def see(self) -> np.void:
        """The observation record as it is now."""
        record: np.void = self.simulator.observe().records[0]
        return record
