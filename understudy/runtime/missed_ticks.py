"""Missed ticks: counts them by the observations' times and fills in what the encoder sees of them.

Play and labels share this module, so that a policy has the same history at a tick in both. A filled row is the previous
observation with its time gone on, its objects extrapolated by their velocities and without events. Its cursor, button
and keys follow from the action before the gap and the observation after it; what is known later is not used, because
play does not know it. At most half a second is bridged (recordings.episode.LARGEST_STEP_S); a longer gap begins a new
history.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int64

from understudy.contract.observation import EVENTS, OBSERVATION, TICK_RATE_HZ, TICK_S
from understudy.recordings.episode import LARGEST_STEP_S

LEAST_LAG = 0.75
"""Lag behind the grid, ticks, from which a tick counts as missed; a late tick before an early one does not."""
KEPT_LAG = 0.98
"""Decay of the lag per tick, so that a clock that is a percent off never accumulates to a missed tick."""
LARGEST_LEAD = 0.5
"""Limit of the lead over the grid, ticks."""
_NONE = np.zeros(0, OBSERVATION)


class MissedTicks:
    """Counts the missed ticks before each tick."""

    def __init__(self) -> None:
        self._lag = 0.0

    def count(self, step_s: float) -> int:
        """Returns the number of ticks missed between two ticks, `step_s` seconds apart; carries the remainder over."""
        lag = KEPT_LAG * self._lag + step_s * TICK_RATE_HZ - 1.0
        missed = round(lag) if lag > LEAST_LAG else 0
        self._lag = max(lag - missed, -LARGEST_LEAD)
        return missed


@dataclass(frozen=True)
class TickGrid:
    """R recorded ticks on a grid of T rows, G of them to be filled."""

    place: Int64[np.ndarray, " R"]
    """Row of each recorded tick."""
    source: Int64[np.ndarray, " T"]
    """Index of the recorded tick; for a filled row, of the last one before it."""
    filled: Bool[np.ndarray, " T"]
    rows: Int64[np.ndarray, " G"]
    before: Int64[np.ndarray, " G"]
    """Index of the recorded tick before the gap; the next index is the tick after it."""
    number: Int64[np.ndarray, " G"]
    """Position in the gap, from 1."""
    length: Int64[np.ndarray, " G"]
    """Number of rows of the gap."""


def grid_of(missed: Int64[np.ndarray, " R"]) -> TickGrid:
    """Makes the grid from the number of ticks missed before each recorded tick; 0 for the first."""
    place = np.arange(len(missed)) + np.cumsum(missed)
    source = np.repeat(np.arange(len(missed)), np.append(missed[1:], 0) + 1)
    filled = np.ones(len(source), bool)
    filled[place] = False
    rows = np.flatnonzero(filled)
    before = source[rows]
    return TickGrid(place, source, filled, rows, before, rows - place[before], missed[before + 1])


def fill_observations(observations: np.ndarray, actions: np.ndarray, grid: TickGrid) -> np.ndarray:
    """Returns the observations of all rows; those of recorded ticks are unchanged.

    Args:
        observations, actions: records of dtype OBSERVATION and ACTION, shape (R,). Only actions before a gap are read.
        grid: of these ticks.

    Returns:
        Records of dtype OBSERVATION, shape (T,).
    """
    rows, before, number = grid.rows, grid.before, grid.number
    time_s, after = observations["time_s"], before + 1
    seen = observations.view(f"V{observations.itemsize}")[grid.source].view(observations.dtype)  # as bytes: far faster
    since = number / (grid.length + 1)
    seen["time_s"][rows] = time_s[before] + since * (time_s[after] - time_s[before])
    tracks = seen["tracks"][rows]
    for axis, speed in (("x", "vx"), ("y", "vy")):
        moved = tracks[axis] + (TICK_S * number)[:, None].astype(np.float32) * np.nan_to_num(tracks[speed])
        seen["tracks"][axis][rows] = np.where(tracks["id"] > 0, moved, tracks[axis])
    for name in EVENTS.names or ():
        seen["events"][name][rows] = 0.0
    share = ((number - 1) / grid.length).astype(np.float32)  # as in play: the previous row's action
    for axis in ("cursor_x", "cursor_y"):
        begin = actions[axis][before]
        seen[axis][rows] = begin + share * (observations[axis][after] - begin)
    first = number == 1
    for name in ("keys", "button"):
        held = actions[name][before]
        seen[name][rows] = np.where(first, held, held & observations[name][after])
    return np.asarray(seen)


@dataclass
class TickHistory:
    """The latest tick of one world in play, from which the ticks missed after it are filled in."""

    observation: np.ndarray | None = None
    """Record of dtype OBSERVATION, shape (1,); None before the first tick."""
    action: np.ndarray | None = None
    """What was done in that tick, a record of dtype ACTION, shape (1,)."""
    _counter: MissedTicks = field(default_factory=MissedTicks)

    def missed_before(self, observation: np.ndarray) -> np.ndarray | None:
        """Returns the rows between the latest tick and this one, which becomes the latest.

        A clock that stands still or goes back tells nothing about missed ticks.

        Args:
            observation: record of dtype OBSERVATION, shape (1,).

        Returns:
            Records of dtype OBSERVATION, one for each missed tick; None after a gap too long to bridge.
        """
        last, self.observation = self.observation, observation.copy()
        if last is None or self.action is None:
            return _NONE
        step_s = float(observation["time_s"][0] - last["time_s"][0])
        if step_s > LARGEST_STEP_S:
            self._counter = MissedTicks()
            return None
        missed = self._counter.count(step_s) if step_s > 0 else 0
        if not missed:
            return _NONE
        grid = grid_of(np.array([0, missed]))
        return fill_observations(np.concatenate([last, observation]), self.action.repeat(2), grid)[1:-1]
