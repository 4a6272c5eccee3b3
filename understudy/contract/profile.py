"""A game as data: its window, keys, kinds of object and maps. Read from TOML by `wire`; no behaviour in it."""

from dataclasses import dataclass, field

from understudy.contract.observation import Role
from understudy.contract.screen_layout import Screen


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A part of the window, in window fractions."""

    left: float
    top: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        """Whether a point in window fractions lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object."""

    name: str
    role: Role
    value: float = 0.0
    """Points for killing or collecting one."""
    strength: float = 0.0
    """How dangerous, 0 harmless .. 1 the worst of this game."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One game."""

    name: str
    window_title: str
    window_width: int
    """Pixels, at the size that the profile's numbers were made for."""
    window_height: int
    minimap: Rectangle
    panels: tuple[Rectangle, ...] = ()
    """Parts of the window that are not open space: bars, log, buttons. Clicking there does not fly."""
    keys: tuple[str, ...]
    """Names of the keys that the game knows, at most 32; the order is the bit order of `keys` in actions."""
    kinds: tuple[Kind, ...]
    """Kinds of object; the order is the `kind` of a track."""
    maps: tuple[str, ...]
    """Names of the maps; the order is `map_index`."""
    eye: Screen | None = field(default=None, compare=False)
    """What the window shows where. Two profiles that differ in this alone are the same game: what was recorded or
    learnt with one serves the other."""

    def key_bit(self, name: str) -> int:
        """The bit mask of one key.

        Raises:
            ValueError: if the game has no such key.
        """
        return 1 << self.keys.index(name)
