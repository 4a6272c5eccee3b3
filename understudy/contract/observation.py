"""Observation: one fixed-size record per world and tick, the same for play, recording and training.

An ``Observation`` wraps a numpy record array, so one type serves a single live world (shape ``(1,)``), 128 evaluation
worlds in lockstep (``(128,)``) and an hour of recording (``(72000,)``); compiled code uses ``records`` directly, and a
recording writes its bytes. Unknown readings are NaN, never a guess: an unreadable bar is not a full one.

Axis letters used in tensor suffixes everywhere: B worlds or batch, T ticks, N track slots, L landmarks, M modes,
K keys, F features, D model width, G goal width, C pointer candidates, X mixture components.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
from jaxtyping import Bool, Float32, UInt8

TICK_RATE_HZ = 20
TICK_S = 1.0 / TICK_RATE_HZ
MAX_TRACKS = 20
MAX_LANDMARKS = 6
MAX_GAUGES = 8
MAX_SWITCHES = 8
MAX_SELECTORS = 2
MAX_CHOICES = 8
"""Choices of one selector, 1 to 8."""
MAX_TRACK_GAUGES = 2


class Role(IntEnum):
    """Role of an object for the player; a game profile maps its own kinds to these."""

    NONE = 0
    ENEMY = 1
    LOOT = 2
    PLAYER = 3
    PORTAL = 4
    BASE = 5
    OTHER = 6


class Button(IntFlag):
    """The mouse buttons held during a tick, a bit each."""

    NONE = 0
    LEFT = 1
    RIGHT = 2
    MIDDLE = 4


BUTTON_NAMES = {Button.LEFT: "left", Button.RIGHT: "right", Button.MIDDLE: "middle"}
"""Their names in raw events."""
BUTTONS_BY_NAME = {name: button for button, name in BUTTON_NAMES.items()}
ALL_BUTTONS = int(Button.LEFT | Button.RIGHT | Button.MIDDLE)


PLAYER = np.dtype(
    [
        ("gauges", "f4", (MAX_GAUGES,)),  # fractions 0..1 by the profile's order, NaN when unreadable or undeclared
        ("x", "f4"),  # position on the map, map fractions 0..1 (read off the minimap)
        ("y", "f4"),
        ("vx", "f4"),  # velocity over ground in window widths / heights per second
        ("vy", "f4"),
        ("selectors", "i2", (MAX_SELECTORS,)),  # 1..n, the choice that is lit, by the profile's order; 0 unknown
        ("map_index", "i2"),  # index into the profile's maps; -1 unknown
        ("switches", "u1", (MAX_SWITCHES,)),  # 1 where lit, by the profile's order
        ("safe", "u1"),  # inside a base's safe zone
        ("alive", "u1"),
        ("pad", "u1", (4,)),
    ],
)
"""The player's own readings, 68 bytes. Which gauge, switch and selector is which, the profile says by name."""

TRACK = np.dtype(
    [
        ("id", "i4"),  # persistent while the object is tracked; 0 marks an empty slot
        ("kind", "i2"),  # index into the profile's kinds
        ("role", "i2"),  # a Role
        ("x", "f4"),  # centre of the box, window fractions 0..1
        ("y", "f4"),
        ("width", "f4"),  # of the box, window fractions
        ("height", "f4"),
        ("vx", "f4"),  # velocity as seen on the screen, window widths / heights per second
        ("vy", "f4"),
        ("gauges", "f4", (MAX_TRACK_GAUGES,)),  # bars over it by the profile's order, 0..1; NaN when not visible
        ("attacking", "u1"),  # has shot at the player within the last 2 s
        ("selected", "u1"),  # is the player's selected target
        ("age_ms", "u2"),  # age of its last detection before `time_s`; x and y are extrapolated by its velocity
    ],
)
"""One visible object, 44 bytes. Occupied slots come first, nearest to the player first."""

LANDMARK = np.dtype([("role", "i4"), ("x", "f4"), ("y", "f4")])
"""A fixed place shown on the minimap (Role.PORTAL or Role.BASE; Role.NONE marks an empty slot), map fractions."""

EVENTS = np.dtype(
    [
        ("hits", "f4"),  # shots of the player that hit
        ("misses", "f4"),
        ("kills", "f4"),
        ("loot", "f4"),  # boxes collected
        ("deaths", "f4"),
        ("jumps", "f4"),  # portals taken
        ("damage_dealt", "f4"),  # full vital gauges of the player
        ("damage_taken", "f4"),  # full vital gauges of the player
        ("value", "f4"),  # points earned by kills and boxes
    ],
)
"""Game events since the previous observation. Counts, except where a unit is given."""

OBSERVATION = np.dtype(
    [
        ("time_s", "f8"),  # monotonic time of the observed state
        ("player", PLAYER),
        ("tracks", TRACK, (MAX_TRACKS,)),
        ("landmarks", LANDMARK, (MAX_LANDMARKS,)),
        ("events", EVENTS),
        ("cursor_x", "f4"),  # window fractions 0..1
        ("cursor_y", "f4"),
        ("keys", "u4"),  # bit k: the profile's key k was down at some moment since the previous observation
        ("button", "u4"),  # bits of Button that were down at some moment since the previous observation
    ],
)


@dataclass(frozen=True)
class Observation:
    """Observations of B worlds (or of T ticks of one), as records of dtype OBSERVATION; the holder owns the memory."""

    records: np.ndarray
    """Records of dtype OBSERVATION, shape (B,)."""
    frames: UInt8[np.ndarray, "B height width 3"] | None = None
    """RGB frames of the same moments, if requested; else None."""

    def __post_init__(self) -> None:
        assert self.records.dtype == OBSERVATION and self.records.ndim == 1

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, worlds: slice | np.ndarray) -> "Observation":
        """Returns some of the worlds (or ticks); a slice is a view."""
        return Observation(self.records[worlds], None if self.frames is None else self.frames[worlds])

    def copy(self) -> "Observation":
        """Returns an independent copy, which stays valid after the tick."""
        return Observation(self.records.copy(), None if self.frames is None else self.frames.copy())

    @property
    def occupied(self) -> Bool[np.ndarray, "B N"]:
        """Mask of the track slots that hold an object."""
        return np.asarray(self.records["tracks"]["id"] > 0)

    @property
    def cursor(self) -> Float32[np.ndarray, "B 2"]:
        """Cursor positions in window fractions."""
        return np.stack([self.records["cursor_x"], self.records["cursor_y"]], axis=1)


def empty_observation(num_worlds: int) -> Observation:
    """Returns an empty Observation: no tracks, all values zero."""
    return Observation(np.zeros(num_worlds, OBSERVATION))


def concatenate(parts: Sequence[Observation]) -> Observation:
    """Concatenates observations along the axis of worlds (or ticks), without frames."""
    return Observation(np.concatenate([part.records for part in parts]))
