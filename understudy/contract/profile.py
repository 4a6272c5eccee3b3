"""Game profile: one game's window, keys, object kinds and maps as plain data, read from TOML by `serialization`.

A profile may come from an untrusted source, so each dataclass rejects impossible values (ValueError).
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
"""Bits of `keys` in an action, the most keys that a game can have."""
MAX_ENTRIES = 1000
"""Limit of kinds, maps or panels in a profile; the policies support fewer (policies/click_semantics.py)."""


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A rectangle of the window, in window fractions."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        require_inside_window("a rectangle", self.left, self.top, self.width, self.height)

    def contains(self, x: float, y: float) -> bool:
        """Returns whether a point (window fractions) lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Margins between window and play area, such as a browser's toolbar. Pixels from each edge."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __post_init__(self) -> None:
        for name in ("left", "top", "right", "bottom"):
            require_range(f"{name} of play_area", getattr(self, name), 0, MAX_PIXELS)


@dataclass(frozen=True, kw_only=True)
class Hotkeys:
    """Hotkeys that control understudy while the game has the focus."""

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
        """Returns a sentence with its default keys (F1, F2 ...) replaced by these keys."""
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
    """Danger, 0 (harmless) .. 1 (the most dangerous of this game)."""

    def __post_init__(self) -> None:
        require_name("the name of a kind", self.name)
        require_range("the value of a kind", self.value, -1e6, 1e6)
        require_range("the strength of a kind", self.strength, 0, 1)


@dataclass(frozen=True, kw_only=True)
class GameNote:
    """The parts of a game on which policies depend, saved in checkpoints; empty in older ones."""

    name: str = ""
    """The profile's name, for display; it does not identify the game."""
    keys: tuple[str, ...] = ()
    """Names of the keys, in the order of their bits."""
    click_keys: tuple[str, ...] = ()
    """Those of the keys that click."""
    kinds: tuple[str, ...] = ()
    """Names of the object kinds, in the order of their indices."""

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME:
            raise ValueError(f"the name of a game must have at most {MAX_NAME} characters")
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("the names of kinds", self.kinds, MAX_ENTRIES)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One game."""

    name: str
    """Name; also the file name of the game's detector."""
    window_title: str
    window_width: int
    """Size of the play area for which the profile's pixel values hold."""
    window_height: int
    minimap: Rectangle
    panels: tuple[Rectangle, ...] = ()
    """Panels: parts of the window that are not open space (bars, log, buttons). Clicks there do not move the ship."""
    keys: tuple[str, ...]
    """Names of the game's keys, at most KEY_BITS; the order is the bit order of `keys` in actions."""
    click_keys: tuple[str, ...] = ()
    """Those of `keys` that the game takes as a click at the cursor, as rhythm games take z and x."""
    kinds: tuple[Kind, ...]
    """Object kinds; a track's `kind` is an index into these."""
    maps: tuple[str, ...]
    """Names of the maps; `map_index` is an index into these."""
    eye: Screen | None = field(default=None, compare=False)
    """Screen layout. Profiles that differ only in this are the same game, and share recordings and weights; likewise
    for `play_area`, `forbidden` and `hotkeys`."""
    play_area: Margins | None = field(default=None, compare=False)
    """The window without these margins is the play area, which is observed, recorded and clicked. All window fractions,
    here and in observations and actions, are relative to it. No click is sent outside. None for the whole window."""
    locate_play_area: bool = field(default=False, compare=False)
    """Whether the play area is where the game's fingerprint (NAME.fingerprint.png beside the profile) is found in the
    window, when a session begins and when a bar has moved it; `play_area` is used where it is not found."""
    forbidden: tuple[Rectangle, ...] = field(default=(), compare=False)
    """Rectangles of the play area in which no click is sent, such as a shop, a link or a quit button."""
    hotkeys: Hotkeys | None = field(default=None, compare=False)
    """Hotkeys of understudy, withheld from the game where the system allows it. None for F1 to F7."""

    def __post_init__(self) -> None:
        require_file_name("the name of a game", self.name)
        if len(self.window_title) > 256 or not self.window_title.isprintable():
            raise ValueError(f"window_title must have at most 256 printable characters, not {self.window_title[:60]!r}")
        require_range("window_width", self.window_width, 1, MAX_PIXELS)
        require_range("window_height", self.window_height, 1, MAX_PIXELS)
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("click_keys", self.click_keys, KEY_BITS)
        unknown = set(self.click_keys) - set(self.keys)
        if unknown:
            raise ValueError(f"click_keys may only name keys of the game (keys), not {', '.join(sorted(unknown))}")
        require_distinct("the names of kinds", (kind.name for kind in self.kinds), MAX_ENTRIES)
        require_distinct("maps", self.maps, MAX_ENTRIES)
        for name, parts in (("panels", self.panels), ("forbidden", self.forbidden)):
            if len(parts) > MAX_ENTRIES:
                raise ValueError(f"{name} may be at most {MAX_ENTRIES}, not {len(parts)}")

    @property
    def margins(self) -> Margins:
        """Margins around the play area."""
        return self.play_area or Margins()

    @property
    def our_keys(self) -> Hotkeys:
        """The hotkeys of understudy."""
        return self.hotkeys or Hotkeys()

    @property
    def note(self) -> GameNote:
        """Returns the parts of this game on which weights depend."""
        return GameNote(
            name=self.name, keys=self.keys, click_keys=self.click_keys, kinds=tuple(kind.name for kind in self.kinds)
        )

    @property
    def shows_outcomes(self) -> bool:
        """Returns whether kills, loot, deaths and damage can be seen in the window (`Screen.shows_outcomes`)."""
        return self.eye is not None and self.eye.shows_outcomes

    def key_bit(self, name: str) -> int:
        """Returns the bit mask of one key.

        Raises:
            ValueError: if the game has no such key.
        """
        return 1 << self.keys.index(name)
