"""The state of one simulated world: a single record, everything in it, the random stream too.

Aliens and boxes lie in columns (structure of arrays), because every tick runs over all positions and few of the rest.
Numbers are f8, so that compiled and plain Python runs of the rules agree to the last bit. Dead aliens and taken boxes
are parked far outside the map: no loop over positions needs to ask who is alive.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from jaxtyping import UInt64

from understudy.contract.observation import EVENTS, MAX_TRACKS

MAX_ALIENS = 112
MAX_BOXES = 48
NUM_EFFECTS = 48
Record = Any
"""One record as compiled code takes it, fields as attributes; by custom `w` is of dtype WORLD, `r` of RULES, `a` of
ACTION and `o` of OBSERVATION."""
PARKED = -1.0e6
"""Where dead aliens and taken boxes wait, map units."""


class Effect(IntEnum):
    """What happened, for those who draw it or write log lines."""

    NONE = 0
    LASER_HIT = 1
    LASER_MISS = 2
    ROCKET_HIT = 3
    ROCKET_MISS = 4
    ALIEN_HIT = 5
    ALIEN_MISS = 6
    KILL = 7
    LOOT = 8
    DEATH = 9
    JUMP = 10
    RESPAWN = 11


EFFECT = np.dtype(
    [
        ("tick", "i8"),  # of the world, when it happened
        ("effect", "i4"),  # an Effect
        ("kind", "i4"),  # the kind of alien or box it is about, an index into the profile's kinds; -1 for none
        ("from_x", "f8"),  # where a shot came from, map units
        ("from_y", "f8"),
        ("x", "f8"),  # where it happened, map units
        ("y", "f8"),
        ("amount", "f8"),  # damage in points, or value earned
    ],
    align=True,
)
"""One entry of the ring of effects."""

WORLD = np.dtype(
    [
        ("random", "u8"),  # splitmix64
        ("tick", "i8"),
        ("map_index", "i4"),
        ("next_id", "i4"),  # the id that the next alien or box gets
        # the player's ship; lengths in map units, times in ticks
        ("x", "f8"),
        ("y", "f8"),
        ("vx", "f8"),  # map units a second
        ("vy", "f8"),
        ("hull", "f8"),  # points
        ("shield", "f8"),
        ("goal_x", "f8"),  # where the ship flies to
        ("goal_y", "f8"),
        ("ammo", "f8", (4,)),  # rounds left
        ("ammo_kind", "i4"),  # 1..4
        ("selected", "i4"),  # index of the selected alien, -1 for none
        ("box_goal", "i4"),  # index of the box that the ship flies to, -1 for none
        ("laser_ready", "i8"),  # tick from which the laser may fire
        ("rocket_ready", "i8"),  # tick from which the rocket may fire
        ("hurt_tick", "i8"),  # when an alien last hit the player
        ("fight_tick", "i8"),  # when the player last fired or was hit
        ("respawn_tick", "i8"),  # when a dead player comes back
        ("laser_on", "u1"),
        ("safe", "u1"),
        ("alive", "u1"),
        ("steering", "u1"),  # what a held left button does: 0 nothing, 1 steer through space, 2 steer on the minimap
        # the player's hands, as of this tick
        ("cursor_x", "f8"),  # window fractions
        ("cursor_y", "f8"),
        ("keys", "u4"),
        ("button", "u4"),
        # aliens; those from num_aliens on are unused
        ("num_aliens", "i8"),
        ("alien_x", "f8", (MAX_ALIENS,)),
        ("alien_y", "f8", (MAX_ALIENS,)),
        ("alien_vx", "f8", (MAX_ALIENS,)),
        ("alien_vy", "f8", (MAX_ALIENS,)),
        ("alien_hull", "f8", (MAX_ALIENS,)),  # points; 0 when dead
        ("alien_shield", "f8", (MAX_ALIENS,)),
        ("alien_id", "i4", (MAX_ALIENS,)),
        ("alien_kind", "i4", (MAX_ALIENS,)),
        ("alien_field", "i4", (MAX_ALIENS,)),  # the field of its map that it lives in
        ("alien_until", "i8", (MAX_ALIENS,)),  # when it picks another way, or comes back to life
        ("alien_ready", "i8", (MAX_ALIENS,)),  # when it may fire again
        ("alien_hurt", "i8", (MAX_ALIENS,)),  # when the player last hit it
        ("alien_shot", "i8", (MAX_ALIENS,)),  # when it last fired at the player
        ("alien_engaged", "u1", (MAX_ALIENS,)),  # it hunts the player
        # boxes; the first ones are the map's bonus boxes, the rest places for cargo
        ("num_boxes", "i8"),
        ("box_x", "f8", (MAX_BOXES,)),
        ("box_y", "f8", (MAX_BOXES,)),
        ("box_id", "i4", (MAX_BOXES,)),
        ("box_kind", "i4", (MAX_BOXES,)),
        ("box_until", "i8", (MAX_BOXES,)),  # when a bonus box comes back, or cargo dissolves
        # for those who watch
        ("events", EVENTS),  # of this tick
        ("totals", EVENTS),  # since the world began
        ("effects", EFFECT, (NUM_EFFECTS,)),  # a ring
        ("num_effects", "i8"),  # ever written; the newest lies at (num_effects - 1) % NUM_EFFECTS
        # scratch of the eye: which things are in the window, nearest first
        ("seen", "i4", (MAX_TRACKS,)),
        ("seen_distance", "f8", (MAX_TRACKS,)),
    ],
    align=True,
)
"""One world, about 15 kB, of which a tick touches a part."""


def seeded_states(seeds: UInt64[np.ndarray, " B"]) -> np.ndarray:
    """Worlds that hold nothing but their random streams; records of dtype WORLD, shape (B,)."""
    states = np.zeros(len(seeds), WORLD)
    states["random"] = seeds
    return states
