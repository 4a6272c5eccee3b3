"""The scene to be rendered: an observation plus effects, score and flight goal, which the observation does not hold.

In the simulator a scene comes from the state. From a recording alone, `SceneTracker` infers the effects from the
changes between consecutive observations.
"""

from dataclasses import dataclass, field

import numpy as np

from understudy.contract.observation import EVENTS, TICK_S, Role
from understudy.worlds.simulator.engine.game_data import Ship
from understudy.worlds.simulator.engine.state import EFFECT, Effect

VIEW_WIDTH, VIEW_HEIGHT = Ship.view_width, Ship.view_height
"""Map units that the window shows."""
MAP_WIDTH, MAP_HEIGHT = 10000.0, 6400.0
"""Map units (data/maps.toml; a test compares them)."""
KEPT_S = 12.0
"""Lifetime of an effect in seconds: as long as the log shows its line."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One moment of one world, ready to be drawn."""

    observation: np.void
    """One record of dtype OBSERVATION."""
    effects: np.ndarray
    """Records of dtype EFFECT, oldest first."""
    tick: float
    """Time on the effects' clock, in ticks; fractional between two ticks."""
    totals: np.void
    """One record of dtype EVENTS: sums since the start."""
    goal: tuple[float, float] | None = None
    """Destination of the ship, map units."""


@dataclass(frozen=True)
class Camera:
    """Maps map units to pixels of the frame; the ship is always in the middle."""

    x: float
    """Of the ship, map units."""
    y: float
    width: int
    """Of the frame, pixels."""
    height: int

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """Returns a map position in pixels of the frame."""
        return self.width * (0.5 + (x - self.x) / VIEW_WIDTH), self.height * (0.5 + (y - self.y) / VIEW_HEIGHT)


def camera_of(observation: np.void, size: tuple[int, int]) -> Camera:
    """Returns the camera over the ship of one observation record."""
    player = observation["player"]
    return Camera(float(player["x"]) * MAP_WIDTH, float(player["y"]) * MAP_HEIGHT, *size)


def scene_of(state: np.void, observation: np.void, ahead: float = 0.0) -> Scene:
    """Returns the scene of a simulator's state.

    Args:
        state: one record of dtype WORLD.
        observation: one record of dtype OBSERVATION, of the same moment.
        ahead: ticks elapsed since then.
    """
    written, ring = int(state["num_effects"]), state["effects"]
    order = np.arange(max(0, written - len(ring)), written) % len(ring)
    flying = np.hypot(state["goal_x"] - state["x"], state["goal_y"] - state["y"]) > 1.0
    return Scene(
        observation=observation,
        effects=ring[order],
        tick=float(state["tick"]) + ahead,
        totals=state["totals"].copy(),
        goal=(float(state["goal_x"]), float(state["goal_y"])) if flying and state["alive"] else None,
    )


@dataclass
class SceneTracker:
    """Builds scenes from one world's consecutive observations, and infers shots and log lines from their changes."""

    effects: list[np.ndarray] = field(default_factory=list)
    totals: np.void = field(default_factory=lambda: np.zeros(1, EVENTS)[0])
    _before: np.void | None = None

    def update(self, observation: np.void) -> Scene:
        """Updates with the next observation record and returns its scene."""
        observation = observation.copy()
        tick = float(observation["time_s"]) / TICK_S
        before = self._before
        if before is not None and not 0 < tick - float(before["time_s"]) / TICK_S < KEPT_S / TICK_S:
            self.__init__()  # type: ignore[misc]  # another world or a gap: start over
            before = None
        for name in EVENTS.names or ():
            self.totals[name] += observation["events"][name]
        if before is not None:
            self._infer_effects(before, observation, round(tick))
        self._before = observation
        self.effects = [effect for effect in self.effects if tick - effect["tick"] < KEPT_S / TICK_S]
        effects = np.array(self.effects, EFFECT) if self.effects else np.zeros(0, EFFECT)
        return Scene(observation=observation, effects=effects, tick=tick, totals=self.totals.copy())

    def _infer_effects(self, before: np.void, now: np.void, tick: int) -> None:
        events, ship = now["events"], _ship_place(now)
        targets = before["tracks"][before["tracks"]["selected"] > 0]
        target = _place_of(before, targets[0]) if len(targets) else ship
        kind = int(targets[0]["kind"]) if len(targets) else -1
        damage = 100.0 * float(events["damage_dealt"]) / max(1.0, float(events["hits"]))
        for _ in range(int(events["hits"])):
            self._add(tick, Effect.LASER_HIT, kind, ship, target, damage)
        for _ in range(int(events["misses"])):
            self._add(tick, Effect.LASER_MISS, kind, ship, target, 0.0)
        for name, effect, role in (("kills", Effect.KILL, Role.ENEMY), ("loot", Effect.LOOT, Role.LOOT)):
            vanished = _vanished(before, now, role)
            for index in range(int(events[name])):
                place = _place_of(before, vanished[index]) if index < len(vanished) else target
                which = int(vanished[index]["kind"]) if index < len(vanished) else kind
                self._add(tick, effect, which, ship, place, float(events["value"]) / max(1.0, float(events[name])))
        attackers = before["tracks"][before["tracks"]["attacking"] > 0]
        if events["damage_taken"] > 0 and len(attackers):
            origin, taken = _place_of(before, attackers[0]), 100.0 * float(events["damage_taken"])
            self._add(tick, Effect.ALIEN_HIT, int(attackers[0]["kind"]), origin, ship, taken)
        for name, effect in (("deaths", Effect.DEATH), ("jumps", Effect.JUMP)):
            if events[name] > 0:
                self._add(tick, effect, -1, _ship_place(before), _ship_place(before), 0.0)

    def _add(
        self,
        tick: int,
        effect: Effect,
        kind: int,
        origin: tuple[float, float],
        place: tuple[float, float],
        amount: float,
    ) -> None:
        self.effects.append(np.array((tick, effect, kind, *origin, *place, amount), EFFECT))


def _vanished(before: np.void, now: np.void, role: Role) -> np.ndarray:
    """Tracks of a role that have vanished: the selected one first, then the nearest to the ship."""
    tracks = before["tracks"]
    lost = tracks[(tracks["id"] > 0) & (tracks["role"] == role) & ~np.isin(tracks["id"], now["tracks"]["id"])]
    return np.asarray(lost[np.argsort(lost["selected"] == 0, kind="stable")])


def _place_of(observation: np.void, track: np.void) -> tuple[float, float]:
    """Returns the map position of a track, map units."""
    x, y = _ship_place(observation)
    return x + (float(track["x"]) - 0.5) * VIEW_WIDTH, y + (float(track["y"]) - 0.5) * VIEW_HEIGHT


def _ship_place(observation: np.void) -> tuple[float, float]:
    return float(observation["player"]["x"]) * MAP_WIDTH, float(observation["player"]["y"]) * MAP_HEIGHT
