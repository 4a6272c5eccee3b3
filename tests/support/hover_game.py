"""A game in which something comes of resting the cursor on a thing, and a scripted player of it.

A lantern or a coin is there, somewhere. A lantern drifts, and pays for each tick in which the cursor rests on it with
no button down; it goes out after some seconds, or at a press. A coin wants a click.
"""

from dataclasses import replace

import numpy as np

from tests.support.planning_player import Hand, PlanningPlayer
from understudy.contract.action import Action
from understudy.contract.game.readings import Gauge, GaugeRole
from understudy.contract.observation import TICK_S, Button, Observation, Role, empty_observation
from understudy.contract.profile import Kind, Profile, Rectangle

SIZE, ASPECT = 0.08, 16 / 9
"""Width of a thing, window fractions; window width / height."""
FASTEST = 0.0025
"""Speed of a lantern, window fractions a tick."""
COIN, LANTERN = 0, 1
PROFILE = Profile(
    name="lanterns",
    gauges=(Gauge(name="health", role=GaugeRole.VITAL),),
    window_title="Lanterns",
    window_width=1280,
    window_height=720,
    minimap=Rectangle(left=0.9995, top=0.9995, width=0.0005, height=0.0005),
    keys=("space",),
    kinds=(
        Kind(name="coin", role=Role.LOOT, value=1.0),
        Kind(name="lantern", role=Role.PLAYER, value=1.0, hover=True),
    ),
    maps=("table",),
)
WITHOUT_HOVER = replace(PROFILE, kinds=tuple(replace(kind, hover=False) for kind in PROFILE.kinds))


class HoverGame:
    """B such games as a World."""

    def __init__(self, seeds: np.ndarray, profile: Profile = PROFILE) -> None:
        self.profile, self.num_worlds = profile, len(seeds)
        self._random = [np.random.default_rng(int(seed)) for seed in seeds]
        self._number, self._left = np.ones(len(seeds), int), np.zeros(len(seeds), int)
        self._speed = np.zeros((len(seeds), 2))
        self.coins, self.lit, self.rested = (np.zeros(len(seeds), int) for _ in range(3))
        """Coins taken, ticks with a lantern, and those of them in which the cursor rested on it."""
        self._observation = empty_observation(len(seeds))
        records = self._observation.records
        records["player"]["alive"] = records["player"]["gauges"][:, 0] = 1
        records["cursor_x"] = records["cursor_y"] = 0.5
        for world in range(len(seeds)):
            self._place(world)

    def observe(self) -> Observation:
        return self._observation

    def act(self, action: Action) -> None:
        records, done = self._observation.records, action.records
        pressed = done["button"] & ~records["button"] != 0
        for name in ("cursor_x", "cursor_y", "button", "keys"):
            records[name] = done[name]
        records["time_s"] += TICK_S
        for world in range(self.num_worlds):
            thing = records["tracks"][world, 0]
            away = np.abs([done["cursor_x"][world] - thing["x"], (done["cursor_y"][world] - thing["y"]) / ASPECT])
            over, paid = bool(away.max() < SIZE / 2), False
            if thing["kind"] == LANTERN:
                paid = over and done["button"][world] == 0
                self.lit[world] += 1
                self.rested[world] += paid
                self._left[world] -= 1
                self._drift(world)
                if self._left[world] <= 0 or pressed[world]:
                    self._place(world)
            elif over and pressed[world]:
                paid = True
                self.coins[world] += 1
                self._place(world)
            records["events"]["value"][world] = paid

    def close(self) -> None:
        """Holds no window, key or thread."""

    def _drift(self, world: int) -> None:
        thing = self._observation.records["tracks"][world, 0]
        for axis, name in enumerate(("x", "y")):
            thing[name] += self._speed[world, axis]
            if not 0.1 < thing[name] < 0.9:
                self._speed[world, axis] *= -1

    def _place(self, world: int) -> None:
        random, thing = self._random[world], self._observation.records["tracks"][world, 0]
        self._number[world] += 1
        is_lantern = bool(random.random() < 0.5)
        thing["id"], thing["kind"] = self._number[world], LANTERN if is_lantern else COIN
        thing["role"] = PROFILE.kinds[int(thing["kind"])].role
        thing["x"], thing["y"] = random.uniform((0.15, 0.15), (0.85, 0.85))
        thing["width"], thing["height"] = SIZE, SIZE * ASPECT
        self._left[world] = random.integers(60, 120)
        self._speed[world] = random.uniform(-FASTEST, FASTEST, 2) if is_lantern else 0.0


class Player(PlanningPlayer):
    """Clicks a coin; goes to a lantern and follows it until it goes out."""

    def plan(self, hand: Hand, seen: np.void) -> None:
        x, y = float(seen["cursor_x"]), float(seen["cursor_y"])
        thing = seen["tracks"][0]
        goal = np.array([thing["x"], thing["y"]], float)
        if thing["id"] == hand.done:
            ahead = goal - (x, y)
            hand.plan = [(x + 0.5 * ahead[0], y + 0.5 * ahead[1], 0, 0)]
            return
        goal += 0.15 * SIZE * hand.random.normal(size=2).clip(-2, 2)
        share = np.arange(1, 6) / 5
        share = 10 * share**3 - 15 * share**4 + 6 * share**5
        path = np.array([x, y]) + share[:, None] * (goal - (x, y))
        hand.plan = [(x, y, 0, 0)] * int(hand.random.integers(3, 9)) + [(a, b, 0, 0) for a, b in path]
        if thing["kind"] == COIN:
            hand.plan += [(*goal, int(Button.LEFT), 0)] * 2 + [(*goal, 0, 0)]
        else:
            hand.done = int(thing["id"])
