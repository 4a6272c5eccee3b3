"""Per-world play counters: clicks by object type, fights, retreats, reaction times, time in each part of the maps.

Computed from observations and actions alone, so a person, a teacher and a policy are measured alike; `play_style`
turns the counters into style metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from understudy.contract.action import Action
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import TICK_RATE_HZ, Button, Observation, Role
from understudy.contract.profile import Profile
from understudy.policies.click_semantics import MAX_MAPS

GRID = 12
"""Each map is divided into 12 x 12 cells to measure coverage."""
CLICK_MARGIN = 0.01
"""Window fractions by which a click may miss an object's box and still count as a click on it."""
RETREAT_TICKS = 10 * TICK_RATE_HZ
"""Minimap clicks under fire that follow one another within this time count as one retreat. Check against the teachers'
true modes: mean health at these clicks is 0.41, 0.71, 0.78 for hunter, kiter, careful; at the true onset of fleeing it
is 0.44, 0.70, 0.71."""
OUTSIDE_TICKS = 10 * TICK_RATE_HZ
"""Ticks outside every safe zone, alive, after which the next entry counts as a return to a base."""
STANDING = 0.01
"""Speed in window fractions a second below which the ship stands still."""
CALM_TICKS = 2 * TICK_RATE_HZ
"""Ticks without enemy fire after which the next shot starts a measurement of the reaction time."""
CLICK_KINDS = ("enemy", "loot", "portal", "other object", "minimap", "panel", "space")
_MINIMAP, _PANEL, _SPACE = 4, 5, 6
_ROLE_TO_CLICK = {Role.ENEMY: 0, Role.LOOT: 1, Role.PORTAL: 2}
_OTHER = 3

HABITS = np.dtype(
    [
        ("ticks", "f8"),
        ("kills", "f8"),
        ("loot", "f8"),
        ("clicks", "f8", (len(CLICK_KINDS),)),  # button onsets by the object under the cursor
        ("key_presses", "f8"),
        ("unchanged_ticks", "f8"),  # the action equals the previous one
        ("cursor_travel", "f8"),  # window widths
        ("fight_ticks", "f8"),  # a weapon on, target in sight
        ("fight_range", "f8"),  # summed over fight ticks, window widths
        ("retreats", "f8"),  # minimap clicks under fire, the first within RETREAT_TICKS
        ("retreat_hp", "f8"),  # vital gauge, summed over retreats
        ("answers", "f8"),  # first presses after the first enemy fire
        ("answer_s", "f8"),  # their reaction times, summed
        ("safe_ticks", "f8"),
        ("cells", "f8"),  # distinct cells of the maps that were entered
        ("returns", "f8"),  # entries into a base's safe zone after OUTSIDE_TICKS outside
        ("idle_ticks", "f8"),  # alive, standing still, weapons off
        ("place_ticks", "f4", (MAX_MAPS, GRID, GRID)),  # ticks in each cell of each map: map, row, column
    ],
)


@dataclass(frozen=True)
class PlayCounters:
    """Counter totals of B worlds, as records of dtype HABITS, shape (B,)."""

    records: np.ndarray

    def __post_init__(self) -> None:
        assert self.records.dtype == HABITS and self.records.ndim == 1

    def __getitem__(self, worlds: slice | np.ndarray) -> "PlayCounters":
        return PlayCounters(self.records[worlds])


def concatenate_habits(parts: Sequence[PlayCounters]) -> PlayCounters:
    """Concatenates the worlds of several counters."""
    return PlayCounters(np.concatenate([part.records for part in parts]))


class PlayCounterCollector:
    """Accumulates the counters of B worlds, tick by tick."""

    def __init__(self, num_worlds: int, profile: Profile) -> None:
        self._profile = profile
        self._records = np.zeros(num_worlds, HABITS)
        self._worlds = np.arange(num_worlds)
        self._outside = np.zeros(num_worlds, np.int64)
        self._last: np.ndarray | None = None
        self._tick = 0
        self._last_retreat_click = np.full(num_worlds, -RETREAT_TICKS, np.int64)
        self._last_fire = np.full(num_worlds, -CALM_TICKS, np.int64)
        self._fire_began = np.full(num_worlds, -1, np.int64)

    def add(self, observation: Observation, action: Action) -> None:
        """Adds one tick of every world: its observation and the action decided on it."""
        seen, done, totals = observation.records, action.records, self._records
        totals["ticks"] += 1
        totals["kills"] += seen["events"]["kills"]
        totals["loot"] += seen["events"]["loot"]
        totals["safe_ticks"] += seen["player"]["safe"]
        self._add_coverage(seen["player"])
        self._add_rest(seen["player"])
        self._add_hand(seen, done)
        self._add_fight(seen)
        self._add_reaction(seen, done)
        self._tick += 1

    def habits(self) -> PlayCounters:
        """Returns a copy of the counters so far."""
        records = self._records.copy()
        records["cells"] = (records["place_ticks"] > 0).sum(axis=(1, 2, 3))
        return PlayCounters(records)

    def _add_coverage(self, player: np.ndarray) -> None:
        known = np.flatnonzero((player["map_index"] >= 0) & np.isfinite(player["x"]) & np.isfinite(player["y"]))
        place = player[known]
        column = np.clip((place["x"] * GRID).astype(np.int64), 0, GRID - 1)
        row = np.clip((place["y"] * GRID).astype(np.int64), 0, GRID - 1)
        self._records["place_ticks"][known, np.minimum(place["map_index"], MAX_MAPS - 1), row, column] += 1

    def _add_rest(self, player: np.ndarray) -> None:
        """Counts returns to a base, and ticks in which nothing happens."""
        alive, safe = player["alive"] != 0, player["safe"] != 0
        self._records["returns"] += alive & safe & (self._outside >= OUTSIDE_TICKS)
        self._outside = np.where(alive & ~safe, self._outside + 1, 0)
        still = np.abs(player["vx"]) + np.abs(player["vy"]) < STANDING
        self._records["idle_ticks"] += alive & still & ~self._profile.is_armed(player["switches"], undeclared=False)

    def _add_hand(self, seen: np.ndarray, done: np.ndarray) -> None:
        totals = self._records
        aspect = self._profile.window_height / self._profile.window_width
        totals["cursor_travel"] += np.hypot(
            done["cursor_x"] - seen["cursor_x"], (done["cursor_y"] - seen["cursor_y"]) * aspect
        )
        if self._last is not None:
            totals["unchanged_ticks"] += done == self._last
        self._last = done.copy()
        totals["key_presses"] += np.bitwise_count(done["keys"] & ~seen["keys"])
        for world in np.flatnonzero(done["button"] & ~seen["button"] & Button.LEFT).tolist():
            x, y = float(done["cursor_x"][world]), float(done["cursor_y"][world])
            clicked = clicked_kind(seen[world], x, y, self._profile)
            totals["clicks"][world, clicked] += 1
            if clicked == _MINIMAP:
                self._add_retreat(world, seen[world])

    def _add_retreat(self, world: int, seen: np.void) -> None:
        """Counts a minimap click under fire as a retreat, unless another one came less than RETREAT_TICKS before."""
        tracks, player = seen["tracks"], seen["player"]
        if not ((tracks["id"] > 0) & (tracks["attacking"] != 0)).any() or not player["alive"]:
            return
        vital = _vital(player["gauges"], self._profile)
        if self._tick - self._last_retreat_click[world] >= RETREAT_TICKS and np.isfinite(vital):
            self._records["retreats"][world] += 1
            self._records["retreat_hp"][world] += vital
        self._last_retreat_click[world] = self._tick

    def _add_reaction(self, seen: np.ndarray, done: np.ndarray) -> None:
        """Measures reaction times: from the first enemy fire after CALM_TICKS without any to the next click or key."""
        tracks, alive = seen["tracks"], seen["player"]["alive"] != 0
        under_fire = ((tracks["id"] > 0) & (tracks["attacking"] != 0)).any(axis=1)
        begins = under_fire & alive & (self._tick - self._last_fire >= CALM_TICKS)
        self._last_fire[under_fire] = self._tick
        self._fire_began[begins] = self._tick
        self._fire_began[~alive] = -1
        pressed = ((done["button"] & ~seen["button"]) | (done["keys"] & ~seen["keys"])) > 0
        reacted = np.flatnonzero(pressed & (self._fire_began >= 0))
        self._records["answers"][reacted] += 1
        self._records["answer_s"][reacted] += (self._tick - self._fire_began[reacted]) / TICK_RATE_HZ
        self._fire_began[reacted] = -1

    def _add_fight(self, seen: np.ndarray) -> None:
        totals, tracks, player = self._records, seen["tracks"], seen["player"]
        selected = (tracks["id"] > 0) & (tracks["selected"] != 0)
        slot = selected.argmax(axis=1)
        target = tracks[self._worlds, slot]
        in_sight = selected.any(axis=1)
        fighting = in_sight & self._profile.is_armed(player["switches"]) & (player["alive"] != 0)
        aspect = self._profile.window_height / self._profile.window_width
        # The player's ship is always drawn in the middle of the window.
        distance = np.hypot(target["x"] - 0.5, (target["y"] - 0.5) * aspect)
        totals["fight_ticks"] += fighting
        totals["fight_range"] += np.where(fighting, distance, 0.0)


def clicked_kind(seen: np.void, x: float, y: float, profile: Profile) -> int:
    """Returns the index into CLICK_KINDS of a click at (x, y), in a record `seen` of dtype OBSERVATION."""
    if profile.minimap.contains(x, y):
        return _MINIMAP
    if any(panel.contains(x, y) for panel in profile.panels):
        return _PANEL
    tracks = seen["tracks"]
    aside = np.abs(tracks["x"] - x) - tracks["width"] / 2
    above = np.abs(tracks["y"] - y) - tracks["height"] / 2
    hit = np.flatnonzero((tracks["id"] > 0) & (aside <= CLICK_MARGIN) & (above <= CLICK_MARGIN))
    if len(hit) == 0:
        return _SPACE
    nearest = hit[np.argmin(np.hypot(tracks["x"][hit] - x, tracks["y"][hit] - y))]
    return _ROLE_TO_CLICK.get(Role(int(tracks["role"][nearest])), _OTHER)


def _vital(gauges: np.ndarray, profile: Profile) -> float:
    """Returns the lowest vital gauge; NaN where none is declared or readable."""
    vital = [float(gauges[place]) for place, gauge in enumerate(profile.gauges) if gauge.role is GaugeRole.VITAL]
    return min((value for value in vital if value == value), default=float("nan"))
