"""A game as data: its window, keys, kinds of object and maps. Read from TOML by `serialization`; no behaviour in it.

A profile may come from anyone, so each dataclass refuses values that no game has (ValueError).
"""

import re
from dataclasses import dataclass, field

from understudy.contract.observation import Role
from understudy.contract.ranges import (
    MAX_NAME,
    MAX_PIXELS,
    require_distinct,
    require_file_name,
    require_inside_window,
    require_name,
    require_range,
)
from understudy.contract.screen_layout import Screen

KEY_BITS = 32
"""Of `keys` in an action: a game has no more keys than that."""
MAX_ENTRIES = 1000
"""Kinds, maps or panels of a profile; the policies have places for fewer (policies/click_semantics.py)."""


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A part of the window, in window fractions."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        require_inside_window("a rectangle", self.left, self.top, self.width, self.height)

    def contains(self, x: float, y: float) -> bool:
        """Whether a point in window fractions lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


@dataclass(frozen=True, kw_only=True)
class Margins:
    """What lies around the game inside its window, such as a browser's tabs and toolbar. Pixels from each edge."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __post_init__(self) -> None:
        for name in ("left", "top", "right", "bottom"):
            require_range(f"{name} of play_area", getattr(self, name), 0, MAX_PIXELS)


@dataclass(frozen=True, kw_only=True)
class Hotkeys:
    """The keys by which a person commands understudy while a game on the screen has the focus."""

    pause: str = "f1"
    wrong: str = "f2"
    stop: str = "f3"
    record: str = "f5"
    save: str = "f6"
    discard: str = "f7"

    def __post_init__(self) -> None:
        require_distinct("hotkeys", self.names, len(self.names))

    @property
    def names(self) -> tuple[str, ...]:
        """The keys in the order of the fields."""
        return (self.pause, self.wrong, self.stop, self.record, self.save, self.discard)

    def in_words(self, sentence: str) -> str:
        """A sentence that names the default keys (F1, F2 ...), with these keys in place of them."""
        used = dict(zip(DEFAULT_HOTKEYS, self.names, strict=True))
        return re.sub(r"\bF[123567]\b", lambda found: used[found[0].lower()].upper(), sentence)


DEFAULT_HOTKEYS = Hotkeys().names


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object."""

    name: str
    role: Role
    value: float = 0.0
    """Points for killing or collecting one."""
    strength: float = 0.0
    """How dangerous, 0 harmless .. 1 the worst of this game."""

    def __post_init__(self) -> None:
        require_name("the name of a kind", self.name)
        require_range("the value of a kind", self.value, -1e6, 1e6)
        require_range("the strength of a kind", self.strength, 0, 1)


@dataclass(frozen=True, kw_only=True)
class GameNote:
    """One game, as far as policies depend on it. Empty in checkpoints that were written before there was one."""

    name: str = ""
    """The profile's name: for people; another name alone is no other game."""
    keys: tuple[str, ...] = ()
    """In the order of their bits."""
    kinds: tuple[str, ...] = ()
    """Names of the kinds of object, in the order of their numbers."""

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME:
            raise ValueError(f"the name of a game must have at most {MAX_NAME} characters")
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("the names of kinds", self.kinds, MAX_ENTRIES)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One game."""

    name: str
    """Also the name of its detector's file."""
    window_title: str
    window_width: int
    """Pixels of the play area, at the size that the profile's numbers were made for."""
    window_height: int
    minimap: Rectangle
    panels: tuple[Rectangle, ...] = ()
    """Parts of the window that are not open space: bars, log, buttons. Clicking there does not fly."""
    keys: tuple[str, ...]
    """Names of the keys that the game knows, at most KEY_BITS; the order is the bit order of `keys` in actions."""
    kinds: tuple[Kind, ...]
    """Kinds of object; the order is the `kind` of a track."""
    maps: tuple[str, ...]
    """Names of the maps; the order is `map_index`."""
    eye: Screen | None = field(default=None, compare=False)
    """What the window shows where. Two profiles that differ in this alone are the same game: what was recorded or
    learnt with one serves the other. That holds for `play_area`, `forbidden` and `hotkeys`, too."""
    play_area: Margins | None = field(default=None, compare=False)
    """The window without these edges is the play area: what is seen, recorded and clicked. Every place in window
    fractions, here and in observations and actions, is a place in it. Nothing outside is ever pressed. None for the
    whole window."""
    forbidden: tuple[Rectangle, ...] = field(default=(), compare=False)
    """Parts of the play area that no button is ever pressed on, such as a shop, a link or a button that quits."""
    hotkeys: Hotkeys | None = field(default=None, compare=False)
    """Keys of understudy itself; the game does not get them where the system lets us take them. None for F1 to F7."""

    def __post_init__(self) -> None:
        require_file_name("the name of a game", self.name)
        if len(self.window_title) > 256 or not self.window_title.isprintable():
            raise ValueError(f"window_title must have at most 256 printable characters, not {self.window_title[:60]!r}")
        require_range("window_width", self.window_width, 1, MAX_PIXELS)
        require_range("window_height", self.window_height, 1, MAX_PIXELS)
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("the names of kinds", (kind.name for kind in self.kinds), MAX_ENTRIES)
        require_distinct("maps", self.maps, MAX_ENTRIES)
        for name, parts in (("panels", self.panels), ("forbidden", self.forbidden)):
            if len(parts) > MAX_ENTRIES:
                raise ValueError(f"{name} may be at most {MAX_ENTRIES}, not {len(parts)}")

    @property
    def margins(self) -> Margins:
        """What lies around the play area."""
        return self.play_area or Margins()

    @property
    def our_keys(self) -> Hotkeys:
        """The keys by which understudy is commanded."""
        return self.hotkeys or Hotkeys()

    @property
    def note(self) -> GameNote:
        """What of this game weights depend on."""
        return GameNote(name=self.name, keys=self.keys, kinds=tuple(kind.name for kind in self.kinds))

    def key_bit(self, name: str) -> int:
        """The bit mask of one key.

        Raises:
            ValueError: if the game has no such key.
        """
        return 1 << self.keys.index(name)
