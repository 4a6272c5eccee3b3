"""What one picture shows: an observation, and what the observation has no room for (effects, score, flight goal).

With the simulator at hand a scene is made of its state. From a recording alone, `Witness` makes up the effects from
what changed between one observation and the next; such shots are as true as the recording, not more.
"""

from dataclasses import dataclass, field

import numpy as np

from understudy.contract.observation import EVENTS, TICK_S, Role
from understudy.worlds.simulator.rules import Ship
from understudy.worlds.simulator.state import EFFECT, Effect

VIEW_WIDTH, VIEW_HEIGHT = Ship.view_width, Ship.view_height
"""Map units that the window shows."""
MAP_WIDTH, MAP_HEIGHT = 10000.0, 6400.0
"""Map units (data/maps.toml; a test holds them to it)."""
KEPT_S = 12.0
"""How long a witness remembers an effect: as long as the log shows its line."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One moment of one world."""

    observation: np.void
    """One record of dtype OBSERVATION."""
    effects: np.ndarray
    """Records of dtype EFFECT, oldest first."""
    tick: float
    """The moment on the clock of the effects; fractional between two ticks."""
    totals: np.void
    """One record of dtype EVENTS: sums since the start."""
    goal: tuple[float, float] | None = None
    """Where the ship flies to, map units."""


@dataclass(frozen=True)
class Camera:
    """Where things of the map lie in the picture; the ship is always in the middle."""

    x: float
    """Of the ship, map units."""
    y: float
    width: int
    """Of the picture, pixels."""
    height: int

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """A place on the map in pixels of the picture."""
        return self.width * (0.5 + (x - self.x) / VIEW_WIDTH), self.height * (0.5 + (y - self.y) / VIEW_HEIGHT)


def camera_of(observation: np.void, size: tuple[int, int]) -> Camera:
    """The camera over the ship of one observation record."""
    player = observation["player"]
    return Camera(float(player["x"]) * MAP_WIDTH, float(player["y"]) * MAP_HEIGHT, *size)


def scene_of(state: np.void, observation: np.void, ahead: float = 0.0) -> Scene:
    """A scene of a simulator's own state.

    Args:
        state: one record of dtype WORLD.
        observation: one record of dtype OBSERVATION, of the same moment.
        ahead: ticks gone by since then.
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
class Witness:
    """Watches one world's observations go by, tick for tick, and tells what must have happened."""

    effects: list[np.ndarray] = field(default_factory=list)
    totals: np.void = field(default_factory=lambda: np.zeros(1, EVENTS)[0])
    _before: np.void | None = None

    def watch(self, observation: np.void) -> Scene:
        """Takes the next observation record in and gives back the scene it belongs to."""
        observation = observation.copy()
        tick = float(observation["time_s"]) / TICK_S
        before = self._before
        if before is not None and not 0 < tick - float(before["time_s"]) / TICK_S < KEPT_S / TICK_S:
            self.__init__()  # type: ignore[misc]  # another world or a jump in time: begin anew
            before = None
        for name in EVENTS.names or ():
            self.totals[name] += observation["events"][name]
        if before is not None:
            self._tell(before, observation, round(tick))
        self._before = observation
        self.effects = [effect for effect in self.effects if tick - effect["tick"] < KEPT_S / TICK_S]
        effects = np.array(self.effects, EFFECT) if self.effects else np.zeros(0, EFFECT)
        return Scene(observation=observation, effects=effects, tick=tick, totals=self.totals.copy())

    def _tell(self, before: np.void, now: np.void, tick: int) -> None:
        events, ship = now["events"], _place(now, 0.5, 0.5)
        targets = before["tracks"][before["tracks"]["selected"] > 0]
        target = _place(before, targets[0]["x"], targets[0]["y"]) if len(targets) else ship
        kind = int(targets[0]["kind"]) if len(targets) else -1
        damage = 100.0 * float(events["damage_dealt"]) / max(1.0, float(events["hits"]))
        for name, effect in (("hits", Effect.LASER_HIT), ("misses", Effect.LASER_MISS)):
            for _ in range(int(events[name])):
                self._add(tick, effect, kind, ship, target, damage if effect is Effect.LASER_HIT else 0.0)
        gone = before["tracks"][(before["tracks"]["id"] > 0) & ~np.isin(before["tracks"]["id"], now["tracks"]["id"])]
        for name, effect, role in (("kills", Effect.KILL, Role.ENEMY), ("loot", Effect.LOOT, Role.LOOT)):
            lost = gone[gone["role"] == role]
            for index in range(int(events[name])):
                place = _place(before, lost[index]["x"], lost[index]["y"]) if index < len(lost) else target
                which = int(lost[index]["kind"]) if index < len(lost) else kind
                self._add(tick, effect, which, ship, place, float(events["value"]) / max(1.0, float(events[name])))
        if events["damage_taken"] > 0:
            self._hurt(before, tick, ship, 100.0 * float(events["damage_taken"]))
        for name, effect in (("deaths", Effect.DEATH), ("jumps", Effect.JUMP)):
            if events[name] > 0:
                place = _place(before, 0.5, 0.5)
                self._add(tick, effect, -1, place, place, 0.0)

    def _hurt(self, before: np.void, tick: int, ship: tuple[float, float], damage: float) -> None:
        attackers = before["tracks"][before["tracks"]["attacking"] > 0]
        for attacker in attackers[:1] if len(attackers) else before["tracks"][:0]:
            origin = _place(before, attacker["x"], attacker["y"])
            self._add(tick, Effect.ALIEN_HIT, int(attacker["kind"]), origin, ship, damage)

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


def _place(observation: np.void, x: float, y: float) -> tuple[float, float]:
    """A point of the window (fractions) on the map."""
    player = observation["player"]
    return (
        float(player["x"]) * MAP_WIDTH + (float(x) - 0.5) * VIEW_WIDTH,
        float(player["y"]) * MAP_HEIGHT + (float(y) - 0.5) * VIEW_HEIGHT,
    )
