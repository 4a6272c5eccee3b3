"""The complete state of one simulated world as a single record, including its random stream.

Aliens and boxes are stored as a structure of arrays, because every tick runs over all positions and few other fields.
Numbers are f8, so that compiled and interpreted runs of the rules agree to the last bit. Dead aliens and collected
boxes are parked far outside the map, so that loops over positions need no check for them.
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
"""One record in compiled code, with fields as attributes; by convention `w` has dtype WORLD, `r` RULES, `a` ACTION and
`o` OBSERVATION."""
PARKED = -1.0e6
"""Position of dead aliens and collected boxes, map units."""


class Effect(IntEnum):
    """Kind of a visual effect or log line."""

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
        ("kind", "i4"),  # index into the profile's kinds of the alien or box concerned; -1 for none
        ("from_x", "f8"),  # where a shot came from, map units
        ("from_y", "f8"),
        ("x", "f8"),  # position of the event, map units
        ("y", "f8"),
        ("amount", "f8"),  # damage in points, or value earned
    ],
    align=True,
)
"""One entry of the effect ring buffer."""

WORLD = np.dtype(
    [
        ("random", "u8"),  # splitmix64
        ("tick", "i8"),
        ("map_index", "i4"),
        ("next_id", "i4"),  # id of the next alien or box
        # the player's ship; lengths in map units, times in ticks
        ("x", "f8"),
        ("y", "f8"),
        ("vx", "f8"),  # map units a second
        ("vy", "f8"),
        ("hull", "f8"),  # points
        ("shield", "f8"),
        ("goal_x", "f8"),  # destination of the ship
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
        # the player's inputs in this tick
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
        ("alien_until", "i8", (MAX_ALIENS,)),  # when it picks another destination, or respawns
        ("alien_ready", "i8", (MAX_ALIENS,)),  # when it may fire again
        ("alien_hurt", "i8", (MAX_ALIENS,)),  # when the player last hit it
        ("alien_shot", "i8", (MAX_ALIENS,)),  # when it last fired at the player
        ("alien_engaged", "u1", (MAX_ALIENS,)),  # it chases the player
        # boxes; the first ones are the map's bonus boxes, the rest places for cargo
        ("num_boxes", "i8"),
        ("box_x", "f8", (MAX_BOXES,)),
        ("box_y", "f8", (MAX_BOXES,)),
        ("box_id", "i4", (MAX_BOXES,)),
        ("box_kind", "i4", (MAX_BOXES,)),
        ("box_until", "i8", (MAX_BOXES,)),  # when a bonus box respawns, or cargo expires
        # for observations and rendering
        ("events", EVENTS),  # of this tick
        ("totals", EVENTS),  # since the world began
        ("effects", EFFECT, (NUM_EFFECTS,)),  # a ring
        ("num_effects", "i8"),  # total written; the newest is at (num_effects - 1) % NUM_EFFECTS
        # scratch space of `observe`: objects in the window, nearest first
        ("seen", "i4", (MAX_TRACKS,)),
        ("seen_distance", "f8", (MAX_TRACKS,)),
    ],
    align=True,
)
"""One world, about 15 kB, of which a tick touches only a part."""


def seeded_states(seeds: UInt64[np.ndarray, " B"]) -> np.ndarray:
    """Returns empty worlds with seeded random streams; records of dtype WORLD, shape (B,)."""
    states = np.zeros(len(seeds), WORLD)
    states["random"] = seeds
    return states
