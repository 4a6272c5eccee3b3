"""A game that is zoomed with the mouse wheel, and a scripted player of it.

Coins want a click each. How near the camera is (the gauge `zoom`) changes by itself every few seconds; only in the
middle of it can coins be taken, so the player turns the wheel back first.
"""

import numpy as np

from tests.support.planning_player import Hand, PlanningPlayer
from understudy.contract.action import Action
from understudy.contract.game.readings import Gauge, GaugeRole
from understudy.contract.observation import TICK_S, Button, Observation, Role, empty_observation
from understudy.contract.profile import WHEEL, Kind, Profile, Rectangle

SIZE = 0.08
"""Width of a coin, window fractions."""
MIDDLE, STEP = (0.35, 0.65), 0.1
"""Zoom at which coins can be taken, and what a click of the wheel adds or takes away."""
PROFILE = Profile(
    name="zoom",
    gauges=(Gauge(name="health", role=GaugeRole.VITAL), Gauge(name="zoom", role=GaugeRole.DANGER)),
    window_title="Zoom",
    window_width=1280,
    window_height=720,
    minimap=Rectangle(left=0.9995, top=0.9995, width=0.0005, height=0.0005),
    keys=WHEEL,
    kinds=(Kind(name="coin", role=Role.LOOT, value=1.0),),
    maps=("table",),
)
UP, DOWN = (PROFILE.key_bit(name) for name in WHEEL)


class ZoomGame:
    """B such games as a World."""

    def __init__(self, seeds: np.ndarray) -> None:
        self.profile, self.num_worlds = PROFILE, len(seeds)
        self._random = [np.random.default_rng(int(seed)) for seed in seeds]
        self._zoom, self._coin = np.full(len(seeds), 0.5), np.ones(len(seeds), int)
        self.ticks_in_the_middle = np.zeros(len(seeds))
        self._observation = empty_observation(len(seeds))
        records = self._observation.records
        records["player"]["alive"] = records["player"]["gauges"][:, 0] = 1
        records["cursor_x"] = records["cursor_y"] = 0.5
        for world in range(len(seeds)):
            self._place_coin(world)
        self._show()

    def observe(self) -> Observation:
        return self._observation

    def act(self, action: Action) -> None:
        records, done = self._observation.records, action.records
        self._zoom += STEP * ((done["keys"] & UP != 0).astype(int) - (done["keys"] & DOWN != 0))
        in_the_middle = (self._zoom > MIDDLE[0]) & (self._zoom < MIDDLE[1])
        self.ticks_in_the_middle += in_the_middle
        pressed = done["button"] & ~records["button"] != 0
        for name in ("cursor_x", "cursor_y", "button", "keys"):
            records[name] = done[name]
        for world, random in enumerate(self._random):
            coin = records["tracks"][world, 0]
            away = max(abs(done["cursor_x"][world] - coin["x"]), abs(done["cursor_y"][world] - coin["y"]) * 9 / 16)
            taken = bool(pressed[world] and in_the_middle[world] and away < SIZE / 2)
            records["events"]["loot"][world] = records["events"]["value"][world] = taken
            if taken:
                self._place_coin(world)
            if random.random() < TICK_S / 4.0:
                self._zoom[world] = random.choice((random.uniform(0.0, 0.25), random.uniform(0.75, 1.0)))
        self._zoom = self._zoom.clip(0.0, 1.0)
        records["time_s"] += TICK_S
        self._show()

    def close(self) -> None:
        """Holds no window, key or thread."""

    def _place_coin(self, world: int) -> None:
        self._coin[world] += 1
        coin = self._observation.records["tracks"][world, 0]
        coin["id"], coin["role"] = self._coin[world], Role.LOOT
        coin["x"], coin["y"] = self._random[world].uniform((0.1, 0.15), (0.9, 0.85))
        coin["width"], coin["height"] = SIZE, SIZE * 16 / 9

    def _show(self) -> None:
        self._observation.records["player"]["gauges"][:, 1] = self._zoom


class Player(PlanningPlayer):
    """Turns the wheel until the zoom is in the middle, a click in each tick, then takes the coin; rests in between."""

    def plan(self, hand: Hand, seen: np.void) -> None:
        x, y, zoom = float(seen["cursor_x"]), float(seen["cursor_y"]), float(seen["player"]["gauges"][1])
        rest = [(x, y, 0, 0)] * int(hand.random.integers(3, 9))
        if not MIDDLE[0] < zoom < MIDDLE[1]:
            bit = UP if zoom < 0.5 else DOWN
            hand.plan = [*rest[:2], *[(x, y, 0, bit)] * max(round(abs(zoom - 0.5) / STEP), 1), *rest[:2]]
            return
        coin = seen["tracks"][0]
        goal = np.array([coin["x"], coin["y"]], float) + 0.15 * SIZE * hand.random.normal(size=2).clip(-2, 2)
        share = np.arange(1, 6) / 5
        share = 10 * share**3 - 15 * share**4 + 6 * share**5
        path = np.array([x, y]) + share[:, None] * (goal - (x, y))
        hand.plan = [*rest, *((a, b, 0, 0) for a, b in path)]
        hand.plan += [(*goal, int(Button.LEFT), 0)] * 2 + [(*goal, 0, 0)]
