"""What a game shows of its player: gauges, switches and selectors, and the gauges over other objects.

A profile declares them by name, in order; an observation carries their values in that order. Each has at most one
reading, which describes where and how it is read off the screen; without one it stays unknown there, and a world that
knows it anyway (the embedded game) still fills it in. The readings do not distinguish games: profiles that differ only
in them share recordings and weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

from understudy.contract.observation import MAX_CHOICES
from understudy.contract.ranges import require_distinct, require_name, require_range
from understudy.contract.screen_layout import Bar, Counter, Dial, Lamp, Overhead

MAX_WORTH = 1e6
"""Limit of what a full gauge is worth, in the player's own full vital gauges."""


class GaugeRole(IntEnum):
    """Meaning of a gauge."""

    PLAIN = 0
    """None of the following."""
    VITAL = 1
    """Health: the player is lost when it is empty. Low means danger."""
    DANGER = 2
    """Low means danger, such as a shield; empty is not yet a loss."""
    COOLDOWN = 3
    """Empty after each use, full when it can be used again."""
    STORE = 4
    """Falls by each use, such as ammunition."""


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A fraction, 0 to 1, of the player."""

    name: str
    role: GaugeRole = GaugeRole.PLAIN
    weapon: bool = False
    """Whether it falls when the player shoots."""
    worth: float = field(default=1.0, compare=False)
    """A full one in full vital gauges, the unit of damage; for VITAL and DANGER."""
    reading: Bar | Dial | Counter | None = field(default=None, compare=False)
    """Where it is on the screen: a bar, a ring, or a number."""

    def __post_init__(self) -> None:
        require_name("the name of a gauge", self.name)
        require_range("the worth of a gauge", self.worth, 0, MAX_WORTH)

    @property
    def is_health(self) -> bool:
        """Returns whether low means danger."""
        return self.role in (GaugeRole.VITAL, GaugeRole.DANGER)


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Something that is on or off."""

    name: str
    weapon: bool = False
    """Whether the player shoots while it is on."""
    key: str | None = None
    """The key that turns it on and off, where it is one of the game's."""
    reading: Lamp | Bar | None = field(default=None, compare=False)
    """Where it is on the screen; a bar is on when it is more than half full."""

    def __post_init__(self) -> None:
        require_name("the name of a switch", self.name)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """Which of several choices is active, such as the ammunition that is loaded."""

    name: str
    num_choices: int
    readings: tuple[Lamp, ...] = field(default=(), compare=False)
    """The lamp of each choice, in order."""

    def __post_init__(self) -> None:
        require_name("the name of a selector", self.name)
        require_range("num_choices of a selector", self.num_choices, 1, MAX_CHOICES)
        if len(self.readings) not in (0, self.num_choices):
            raise ValueError(f"a selector of {self.num_choices} choices needs as many readings, or none")


@dataclass(frozen=True, kw_only=True)
class TrackGauge:
    """A fraction, 0 to 1, of another object: a bar over it."""

    name: str
    role: GaugeRole = GaugeRole.PLAIN
    worth: float = field(default=1.0, compare=False)
    """A full one in full vital gauges of the same object."""
    full: dict[str, float] = field(default_factory=dict, compare=False)
    """A full one of each kind of object, in the player's full vital gauges."""
    reading: Overhead | None = field(default=None, compare=False)
    """Where it is, relative to the object."""

    def __post_init__(self) -> None:
        require_name("the name of a gauge", self.name)
        require_range("the worth of a gauge", self.worth, 0, MAX_WORTH)
        for kind, full in self.full.items():
            require_name("the name of a kind", kind)
            require_range(f"a full gauge of {kind}", full, 0, MAX_WORTH)


Reading = TypeVar("Reading", Gauge, Switch, Selector, TrackGauge)


def require_distinct_readings(name: str, readings: Sequence[Reading], most: int) -> None:
    """Raises ValueError if there are too many, or two of one name."""
    require_distinct(f"the names of {name}", [reading.name for reading in readings], most)


def position(readings: Sequence[Reading], name: str) -> int:
    """Returns the place of the one with this name in an observation.

    Raises:
        ValueError: if there is none.
    """
    for number, reading in enumerate(readings):
        if reading.name == name:
            return number
    raise ValueError(f"the game has no {name!r}; known are {', '.join(reading.name for reading in readings) or 'none'}")
