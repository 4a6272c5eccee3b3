"""The teacher's carry and its random numbers.

One record per world; its random state is a splitmix64 stream seeded by that world's seed alone, so a teacher's actions
in world b do not depend on the other worlds. All times are in ticks of the teacher's own counter.
"""

import math

import numpy as np

from understudy.contract.observation import TICK_S
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.rng import uniform
from understudy.worlds.simulator.engine.state import Record

NOTHING, OBJECT, SPACE, MINIMAP = 0, 1, 2, 3
"""Kind of target of a desired click (and of its gesture)."""

NO_ERRAND, ERRAND_PATROL, ERRAND_BASE, ERRAND_PORTAL = 0, 1, 2, 3
"""Purpose of a click on the minimap; the `wish_id` of a MINIMAP click."""

TEACHER_CARRY = np.dtype(
    [
        ("random", "u8"),  # state of splitmix64
        ("tick", "i8"),  # decisions made
        ("mode", "i4"),  # the present Mode
        ("next_mode", "i4"),  # the selected Mode, which takes effect at mode_due
        ("mode_due", "i8"),  # when next_mode takes effect
        ("target_id", "i4"),  # id of its target, 0 for none
        ("target_slot", "i4"),  # its track slot in the last observation, -1 for none
        ("attacked_tick", "i8"),  # when it was last attacked
        ("move_due", "i8"),  # from when the next free flight may begin
        ("goal_x", "f8"),  # exploration goal, map fractions
        ("goal_y", "f8"),
        ("goal_errand", "i4"),  # NO_ERRAND when there is no goal
        ("wish", "i4"),  # kind of the desired click: NOTHING, OBJECT, SPACE or MINIMAP
        ("wish_id", "i4"),  # id of the object, or the errand
        ("wish_x", "f8"),  # position, window fractions
        ("wish_y", "f8"),
        ("wish_due", "i8"),  # end of the reaction time to the desired click
        ("sent", "i4"),  # kind of the last click, like `wish`
        ("sent_id", "i4"),
        ("sent_tick", "i8"),
        ("phase", "i4"),  # the Phase of the gesture
        ("phase_start", "i8"),
        ("phase_end", "i8"),
        ("gesture", "i4"),  # kind of the gesture's target, like `wish`
        ("gesture_id", "i4"),
        ("cursor_x", "f8"),  # cursor position set by the motor model, window fractions
        ("cursor_y", "f8"),
        ("from_x", "f8"),
        ("from_y", "f8"),
        ("to_x", "f8"),
        ("to_y", "f8"),
        ("offset_x", "f8"),  # offset of the aim from the object's centre
        ("offset_y", "f8"),
        ("bend", "f8"),  # curvature of the path: largest deviation as a fraction of its length
        ("key_wish", "u4"),  # the desired key, a bit of the profile's keys
        ("key_due", "i8"),
        ("key_down", "u4"),  # the held key
        ("key_until", "i8"),
    ],
    align=True,
)
"""The teacher's carry, one record per world."""


@njit
def draw_normal(c: Record) -> float:
    """Draws a standard normal number (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(c)))
    return radius * math.cos(2.0 * math.pi * uniform(c))


@njit
def draw_ticks(c: Record, mean_s: float, spread: float) -> int:
    """Draws a log-normal duration around `mean_s` in ticks, at least one, as of human reactions and movements."""
    seconds = mean_s * math.exp(spread * draw_normal(c) - 0.5 * spread * spread)
    return max(1, int(seconds / TICK_S + 0.5))
