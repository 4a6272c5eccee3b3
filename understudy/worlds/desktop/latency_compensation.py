"""Latency compensation: extrapolates objects to where they will be when a click reaches the game, and what perception
saw a while ago to the frame of the present tick."""

import numpy as np

from understudy.contract.observation import Observation

AHEAD_S = 0.05
"""Seconds of extrapolation. Clicks on moving objects led the captured frame by 0.099 s of motion, but by 0.048 s in a
recording of the simulator's state with the same motor model (docs/log.md): a game draws the state of one frame or tick
ago, and a press takes effect somewhere in the tick after the capture. A policy trained on one and played through the
other would add this delay twice."""


def extrapolate_tracks(records: np.ndarray, seconds: float) -> None:
    """Moves the tracks along their own velocities, in place, clipped to the window.

    Args:
        records: of dtype OBSERVATION, any shape.
        seconds: extrapolation time.
    """
    tracks = records["tracks"]
    for place, speed in (("x", "vx"), ("y", "vy")):
        moved = np.clip(tracks[place] + seconds * np.nan_to_num(tracks[speed]), 0.0, 1.0)
        tracks[place] = np.where(tracks["id"] > 0, moved, tracks[place])


class LatestObservation:
    """The newest result of a perception that is slower than the ticks, moved on to the frame of each tick.

    Every event of the results is told once. Not thread-safe: the owner holds a lock.
    """

    def __init__(self) -> None:
        self._latest: Observation | None = None
        self._events: np.ndarray | None = None
        self.time_s = float("-inf")
        """Capture time of the newest result's frame; minus infinity without one."""

    def clear(self) -> None:
        """Forgets everything, such as what was seen before a pause."""
        self._latest = self._events = None
        self.time_s = float("-inf")

    def put(self, result: Observation, time_s: float) -> None:
        """Takes a newer result, of the frame captured at `time_s`; its events are added to those not told yet."""
        events = result.records["events"].copy()
        if self._events is not None:
            for name in events.dtype.names or ():
                events[name] = _sum_of_known(self._events[name], events[name])
        self._latest, self._events, self.time_s = result, events, time_s

    def at(self, time_s: float, cursor: tuple[float, float], keys: int, button: int) -> Observation:
        """The observation of a tick; owns its memory.

        Args:
            time_s: of the tick's frame, not before the newest result's.
            cursor: window fractions, now.
            keys: bits of the profile's keys that were down since the tick before.
            button: a Button that was down since the tick before.
        """
        assert self._latest is not None and self._events is not None, "nothing was seen yet"
        seen = self._latest.copy()
        records, age_s = seen.records, time_s - self.time_s
        extrapolate_tracks(records, age_s)
        records["tracks"]["age_ms"] = np.where(records["tracks"]["id"] > 0, round(1000 * age_s), 0)
        records["time_s"], records["keys"], records["button"] = time_s, keys, button
        records["cursor_x"], records["cursor_y"] = cursor
        records["events"] = self._events
        for name in self._events.dtype.names or ():
            self._events[name] *= 0.0  # what is unknown, NaN, stays so
        return seen


def _sum_of_known(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The sum where both are known, else the known one, NaN where neither is."""
    return np.where(np.isnan(first), second, first + np.nan_to_num(second))
