"""What a teacher remembers from tick to tick, and where its randomness comes from.

One record per world; its random state is a splitmix64 stream that starts from that world's seed alone, so a teacher
in world b does the same whichever worlds are played beside it. All times are in ticks of the teacher's own count.
"""

import math

import numpy as np

from understudy.contract.observation import TICK_S
from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.rng import uniform
from understudy.worlds.simulator.engine.state import Record

NOTHING, OBJECT, SPACE, MINIMAP = 0, 1, 2, 3
"""What a wish (and so a gesture) points at."""

NO_ERRAND, ERRAND_PATROL, ERRAND_BASE, ERRAND_PORTAL = 0, 1, 2, 3
"""Why it points at the minimap; the `wish_id` of a MINIMAP wish."""

TEACHER_CARRY = np.dtype(
    [
        ("random", "u8"),  # state of splitmix64
        ("tick", "i8"),  # decisions made
        ("mode", "i4"),  # the Mode it is in
        ("next_mode", "i4"),  # the Mode that the scene asks for
        ("mode_due", "i8"),  # when it will have noticed
        ("target_id", "i4"),  # the object it is after, 0 for none
        ("target_slot", "i4"),  # its track slot in the last observation, -1 for none
        ("attacked_tick", "i8"),  # when it was last shot at
        ("move_due", "i8"),  # from when the next free flight may begin
        ("goal_x", "f8"),  # where it explores to, map fractions
        ("goal_y", "f8"),
        ("goal_errand", "i4"),  # NO_ERRAND when the goal is used up
        ("wish", "i4"),  # what it would click on now: NOTHING, OBJECT, SPACE or MINIMAP
        ("wish_id", "i4"),  # which object, or which errand
        ("wish_x", "f8"),  # where, in window fractions
        ("wish_y", "f8"),
        ("wish_due", "i8"),  # when it will have reacted to the wish
        ("sent", "i4"),  # what it clicked on last, like `wish`
        ("sent_id", "i4"),
        ("sent_tick", "i8"),
        ("phase", "i4"),  # the Phase of the hand
        ("phase_start", "i8"),
        ("phase_end", "i8"),
        ("gesture", "i4"),  # what the hand is on its way to, like `wish`
        ("gesture_id", "i4"),
        ("cursor_x", "f8"),  # where the hand put the cursor, window fractions
        ("cursor_y", "f8"),
        ("from_x", "f8"),
        ("from_y", "f8"),
        ("to_x", "f8"),
        ("to_y", "f8"),
        ("offset_x", "f8"),  # by how much the aim is off the object's centre
        ("offset_y", "f8"),
        ("bend", "f8"),  # how far the path bows out, as a fraction of its length
        ("key_wish", "u4"),  # the key it would press now, a bit of the profile's keys
        ("key_due", "i8"),
        ("key_down", "u4"),  # the key that it holds
        ("key_until", "i8"),
    ],
    align=True,
)
"""The teacher's memory, one record a world."""


@njit
def draw_normal(c: Record) -> float:
    """A standard normal number (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(c)))
    return radius * math.cos(2.0 * math.pi * uniform(c))


@njit
def draw_ticks(c: Record, mean_s: float, spread: float) -> int:
    """A duration in ticks, at least one: log-normal about `mean_s`, as reaction and movement times of people are."""
    seconds = mean_s * math.exp(spread * draw_normal(c) - 0.5 * spread * spread)
    return max(1, int(seconds / TICK_S + 0.5))
