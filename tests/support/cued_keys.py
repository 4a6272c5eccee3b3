"""Made-up play of a game whose keys depend on what has no common place among the features.

Three cues come at random: fuel, a third gauge of health, runs out; the alarm, a second switch, is lit; the sixth weapon
of a selector is active. A few ticks after each, its own key is pressed, and the cue is gone. Nothing else tells of it.
"""

from dataclasses import replace

import numpy as np

from tests.support.teacher_play import PROFILE
from understudy.contract.action import ACTION
from understudy.contract.game.readings import Gauge, GaugeRole, Selector, Switch
from understudy.contract.observation import OBSERVATION, Observation
from understudy.contract.profile import Profile

CUED: Profile = replace(
    PROFILE,
    name="cued",
    gauges=(*PROFILE.gauges, Gauge(name="fuel", role=GaugeRole.DANGER)),
    switches=(*PROFILE.switches, Switch(name="alarm")),
    selectors=(Selector(name="weapon", num_choices=6), Selector(name="stance", num_choices=3)),
)
FUEL, ALARM, WEAPON = len(PROFILE.gauges), len(PROFILE.switches), 0
KEYS = 3
"""Keys 0, 1 and 2 answer fuel, alarm and weapon."""
_CUE, _ANSWER = 1 / 60, 0.35
_CLICK_EVERY = 50


def cued_play(ticks: int, seed: int) -> tuple[Observation, np.ndarray]:
    """Returns observations and actions of one session."""
    random = np.random.default_rng(seed)
    records, actions = np.zeros(ticks, OBSERVATION), np.zeros(ticks, ACTION)
    records["time_s"] = np.arange(ticks) / 20
    player = records["player"]
    player["alive"], player["gauges"][:, : FUEL + 1] = 1, 1.0
    player["x"] = player["y"] = records["cursor_x"] = records["cursor_y"] = 0.5
    lit, answered_at = np.zeros(KEYS, bool), np.full(KEYS, -100)
    for tick in range(ticks):
        lit[(tick - answered_at == 1)] = False
        lit |= ~lit & (random.random(KEYS) < _CUE)
        player["gauges"][tick, FUEL] = 0.15 if lit[0] else 0.9
        player["switches"][tick, ALARM] = lit[1]
        player["selectors"][tick, WEAPON] = 6 if lit[2] else 5
        pressed = lit & (random.random(KEYS) < _ANSWER)
        answered_at[pressed] = tick
        actions["keys"][tick] = int(pressed @ (1 << np.arange(KEYS)))
        actions["button"][tick] = tick % _CLICK_EVERY in (25, 26)
    actions["cursor_x"] = actions["cursor_y"] = 0.5
    records["keys"][1:], records["button"][1:] = actions["keys"][:-1], actions["button"][:-1]
    return Observation(records), actions
