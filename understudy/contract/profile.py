"""Game profile: one game's window, keys, object kinds and maps as plain data, read from TOML by `serialization`.

A profile may come from an untrusted source, so each dataclass rejects impossible values (ValueError).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from understudy.contract.game.older_profiles import upgrade_profile
from understudy.contract.game.readings import (
    Gauge,
    GaugeRole,
    Selector,
    Switch,
    TrackGauge,
    position,
    require_distinct_readings,
)
from understudy.contract.observation import MAX_GAUGES, MAX_SELECTORS, MAX_SWITCHES, MAX_TRACK_GAUGES, Role
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
WHEEL = ("wheel_up", "wheel_down")
"""Names among a game's keys that are the mouse wheel's. It cannot be held: in each tick in which its bit is set, the
wheel clicks once, away from the person or towards them, at the cursor."""
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
    hover: bool = False
    """Whether something comes of resting the cursor on one without a press; such rests are learnt and played."""

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
    hovers: tuple[str, ...] = ()
    """Those on which the cursor rests without a press."""
    gauges: tuple[str, ...] = ()
    """Names of the gauges, switches and selectors, in the order of an observation; empty in older checkpoints."""
    switches: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.name) > MAX_NAME:
            raise ValueError(f"the name of a game must have at most {MAX_NAME} characters")
        require_distinct("keys", self.keys, KEY_BITS)
        require_distinct("the names of kinds", self.kinds, MAX_ENTRIES)
        for name in ("gauges", "switches", "selectors"):
            require_distinct(f"the names of {name}", getattr(self, name), MAX_ENTRIES)


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
    """Names of the game's keys, at most KEY_BITS; the order is the bit order of `keys` in actions. A game that uses the
    mouse wheel names WHEEL among them."""
    click_keys: tuple[str, ...] = ()
    """Those of `keys` that the game takes as a click at the cursor, as rhythm games take z and x."""
    kinds: tuple[Kind, ...]
    """Object kinds; a track's `kind` is an index into these."""
    maps: tuple[str, ...]
    """Names of the maps; `map_index` is an index into these."""
    gauges: tuple[Gauge, ...] = ()
    """What the game shows of the player as fractions, in the order of an observation's `gauges`."""
    switches: tuple[Switch, ...] = ()
    """What is on or off, in the order of an observation's `switches`."""
    selectors: tuple[Selector, ...] = ()
    """Which of several choices is active, in the order of an observation's `selectors`."""
    track_gauges: tuple[TrackGauge, ...] = ()
    """Bars over other objects, in the order of a track's `gauges`."""
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
        if turned := set(self.click_keys) & set(WHEEL):
            raise ValueError(f"click_keys may not name the wheel ({', '.join(sorted(turned))}), which is no click")
        require_distinct("the names of kinds", (kind.name for kind in self.kinds), MAX_ENTRIES)
        require_distinct("maps", self.maps, MAX_ENTRIES)
        for name, parts in (("panels", self.panels), ("forbidden", self.forbidden)):
            if len(parts) > MAX_ENTRIES:
                raise ValueError(f"{name} may be at most {MAX_ENTRIES}, not {len(parts)}")
        require_distinct_readings("gauges", self.gauges, MAX_GAUGES)
        require_distinct_readings("switches", self.switches, MAX_SWITCHES)
        require_distinct_readings("selectors", self.selectors, MAX_SELECTORS)
        require_distinct_readings("track_gauges", self.track_gauges, MAX_TRACK_GAUGES)

    @staticmethod
    def upgrade_plain(plain: Mapping[str, Any]) -> Mapping[str, Any]:
        """Converts the plain values of an older profile to today's."""
        return upgrade_profile(plain)

    @property
    def margins(self) -> Margins:
        """Margins around the play area."""
        return self.play_area or Margins()

    @property
    def our_keys(self) -> Hotkeys:
        """The hotkeys of understudy."""
        return self.hotkeys or Hotkeys()

    @property
    def wheel(self) -> tuple[str, ...]:
        """The keys of the game that are the mouse wheel's."""
        return tuple(name for name in self.keys if name in WHEEL)

    @property
    def note(self) -> GameNote:
        """Returns the parts of this game on which weights depend."""
        return GameNote(
            name=self.name,
            keys=self.keys,
            click_keys=self.click_keys,
            kinds=tuple(kind.name for kind in self.kinds),
            hovers=tuple(kind.name for kind in self.kinds if kind.hover),
            gauges=tuple(gauge.name for gauge in self.gauges),
            switches=tuple(switch.name for switch in self.switches),
            selectors=tuple(selector.name for selector in self.selectors),
        )

    @property
    def health_places(self) -> tuple[int, ...]:
        """Returns the places of the gauges of health in an observation's `gauges`: first a vital one, then those of
        danger, then further vital ones. Who has room for fewer takes the first."""
        vital, danger = (
            [place for place, gauge in enumerate(self.gauges) if gauge.role is role]
            for role in (GaugeRole.VITAL, GaugeRole.DANGER)
        )
        return (*vital[:1], *danger, *vital[1:])

    @property
    def health_bars(self) -> tuple[str, ...]:
        """Returns the names of the gauges of health that are read off the screen."""
        return tuple(gauge.name for gauge in self.gauges if gauge.is_health and gauge.reading is not None)

    @property
    def shows_outcomes(self) -> bool:
        """Returns whether outcomes can be seen in the window: by a gauge of health, a bar over other objects, a log, or
        a score."""
        has_text = self.eye is not None and bool(self.eye.log or self.eye.score)
        return has_text or bool(self.health_bars) or any(bar.reading is not None for bar in self.track_gauges)

    def is_armed(self, switches: np.ndarray, *, undeclared: bool = True) -> np.ndarray:
        """Returns where a switch of a weapon is on, of players; `undeclared` everywhere where no weapon has one."""
        weapons = [place for place, switch in enumerate(self.switches) if switch.weapon]
        armed = (switches[..., weapons] != 0).any(axis=-1)
        return np.asarray(armed if weapons else np.full_like(armed, undeclared))

    def gauge(self, name: str) -> int:
        """Returns the place of a gauge in an observation's `gauges`; ValueError if the game has none of this name."""
        return position(self.gauges, name)

    def key_bit(self, name: str) -> int:
        """Returns the bit mask of one key.

        Raises:
            ValueError: if the game has no such key.
        """
        return 1 << self.keys.index(name)


def differences(one: Profile, other: Profile) -> tuple[str, ...]:
    """Returns the entries in which two profiles differ; `hover` where kinds differ in it alone."""
    names = [field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)]
    same = [tuple(replace(kind, hover=False) for kind in profile.kinds) for profile in (one, other)]
    return tuple("hover" if name == "kinds" and same[0] == same[1] else name for name in names)
