"""The smallest World: it writes down what it is told and moves time on by one tick."""

import numpy as np

from understudy.contract.action import Action
from understudy.contract.observation import TICK_S, Observation, empty_observation
from understudy.worlds.catalog import load_profile


class PaperWorld:
    """B worlds of a cursor, a button, keys and a clock."""

    profile = load_profile()

    def __init__(self, num_worlds: int = 1, fails_at_tick: int | None = None) -> None:
        self.num_worlds = num_worlds
        self.sent: list[np.ndarray] = []
        self.num_closed = 0
        self._fails_at_tick = fails_at_tick
        self._now = empty_observation(num_worlds)
        self._now.records["cursor_x"] = self._now.records["cursor_y"] = 0.5

    def observe(self) -> Observation:
        return self._now

    def act(self, action: Action) -> None:
        if len(self.sent) == self._fails_at_tick:
            self._fails_at_tick = None
            raise OSError("the window has gone")
        self.sent.append(action.records.copy())
        for field in ("cursor_x", "cursor_y", "keys", "button"):
            self._now.records[field] = action.records[field]
        self._now.records["time_s"] += TICK_S  # in place: what was handed out before changes with it

    def close(self) -> None:
        self.num_closed += 1
