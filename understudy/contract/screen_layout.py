"""Where a game's window shows what: the part of a profile that the eye reads pictures by. Plain data, from TOML.

Places are window fractions; small distances that go with sprites are pixels of a window of the profile's own size.
Colours are red, green, blue from 0 to 255. What is left out is not read, and stays unknown in the observation. Each
dataclass refuses values that no window has (ValueError): what reads pictures trusts them.
"""

from dataclasses import dataclass, field
from typing import Literal

from understudy.contract.observation import Role
from understudy.contract.ranges import require_colours, require_inside_window, require_name, require_range

Colour = tuple[int, int, int]
LogEvent = Literal["hits", "misses", "kills", "loot", "deaths"]
MAX_TOLERANCE = 442.0
"""Between black and white in colour space."""
MAX_LAYERS = 16
"""Of a background."""
MAX_DISTANCE = 1000.0
"""Pixels of a window of the profile's size between things that go together, and of their sides."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle of the window, in window fractions."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        require_inside_window("an area", self.left, self.top, self.width, self.height)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar that fills from the left."""

    area: Area
    full: tuple[Colour, ...]
    """Colours of the filled part; a blinking or shaded bar has several."""
    empty: tuple[Colour, ...]
    """Colours of the rest."""
    tolerance: float = 48.0
    """How far, in colour space, a pixel may be from those colours."""

    def __post_init__(self) -> None:
        require_colours("a bar's full and empty", (*self.full, *self.empty))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A place that is lit or not, such as the frame of the weapon in use."""

    area: Area
    lit: tuple[Colour, ...]
    tolerance: float = 48.0
    share: float = 0.4
    """It is lit when this part of its pixels has a lit colour."""

    def __post_init__(self) -> None:
        require_colours("a lamp's lit", self.lit)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)
        require_range("share", self.share, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """A bar that goes with every enemy, above its box and centred on it. Pixels of a window of the profile's size."""

    reading: Literal["hp", "shield"]
    rise: float
    """From the box's upper edge up to the middle of the bar."""
    height: float
    width: float
    """Of the bar, as part of the box's width."""
    least_width: float = 0.0
    """Pixels; a narrower one is drawn this wide."""
    full: tuple[Colour, ...]
    empty: tuple[Colour, ...]
    outline: tuple[Colour, ...] = ()
    """Colours of the frame around the bar. Without it a bar with nothing in it cannot be told from dark background,
    and is unknown."""
    tolerance: float = 40.0

    def __post_init__(self) -> None:
        require_range("rise", self.rise, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("height", self.height, 0, MAX_DISTANCE)
        require_range("width", self.width, 0, 10)
        require_range("least_width", self.least_width, 0, MAX_DISTANCE)
        require_colours("full, empty and outline", (*self.full, *self.empty, *self.outline))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """Coloured writing above an enemy that says something by its colour. Pixels of a window of the profile's size."""

    rise: float
    """From the box's upper edge up to the middle of the writing."""
    height: float
    width: float
    colours: tuple[Colour, ...]
    """Writing of one of these colours says yes."""
    others: tuple[Colour, ...] = ()
    """Writing of one of these says no."""
    tolerance: float = 60.0

    def __post_init__(self) -> None:
        require_range("rise", self.rise, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("height", self.height, 0, MAX_DISTANCE)
        require_range("width", self.width, 0, MAX_DISTANCE)
        require_colours("colours and others", (*self.colours, *self.others))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A circle around the selected enemy. Its radius is `scale` x the box's longer side + `margin` pixels."""

    colour: Colour
    scale: float
    margin: float = 0.0
    share: float = 0.25
    """The part of the circle that must show the colour."""
    tolerance: float = 70.0

    def __post_init__(self) -> None:
        require_colours("the colour of a ring", (self.colour,))
        require_range("scale", self.scale, 0, 10)
        require_range("margin", self.margin, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("share", self.share, 0, 1)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A fixed place on a map, map fractions."""

    role: Role
    x: float
    y: float

    def __post_init__(self) -> None:
        require_range("x of a landmark", self.x, 0, 1)
        require_range("y of a landmark", self.y, 0, 1)


@dataclass(frozen=True, kw_only=True)
class MapMarks:
    """How one map is recognised on the minimap: by its landmarks."""

    name: str
    """One of the profile's maps."""
    landmarks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """How something is drawn on the minimap."""

    role: Role
    """PLAYER for the player's own ship, PORTAL and BASE for landmarks."""
    colour: Colour
    radius: float
    """Pixels of a window of the profile's size."""
    offset: float = 0.0
    """Pixels, right and down, from the middle of what is drawn to the place it stands for: games round differently."""
    tolerance: float = 40.0

    def __post_init__(self) -> None:
        require_colours("the colour of a dot", (self.colour,))
        require_range("radius", self.radius, 0, 200)
        require_range("offset", self.offset, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a line of the game's log means, by its colour."""

    colour: Colour
    event: LogEvent | None = None
    """None for lines that mean nothing to a pilot; naming their colour keeps them from being taken for others."""

    def __post_init__(self) -> None:
        require_colours("the colour of a line", (self.colour,))


@dataclass(frozen=True, kw_only=True)
class Log:
    """The game's log: lines of one height, the newest at the bottom."""

    area: Area
    """Of the lines alone, from the top of the oldest to the bottom of the newest."""
    num_lines: int
    lines: tuple[Line, ...]
    least_light: int = 100
    """A pixel counts as writing when its brightest channel is above this."""

    def __post_init__(self) -> None:
        require_range("num_lines", self.num_lines, 1, 100)
        require_range("least_light", self.least_light, 0, 255)
        if not self.lines:
            raise ValueError("a log needs the colour of at least one kind of line")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """All that the eye knows of one game."""

    classes: dict[str, str] = field(default_factory=dict)
    """Names that a detector's weights use -> the profile's kinds. Names of kinds themselves need no entry; upper and
    lower case, blanks, hyphens and underscores make no difference. An empty kind drops the class without a word."""
    confidence: float = 0.3
    """Detections below this score are dropped."""
    confidences: dict[str, float] = field(default_factory=dict)
    """The same for single classes, by the name of the class or the kind; `understudy detector train` proposes them."""
    iou: float = 0.3
    """Of two detections of a class that overlap by more, the weaker is dropped."""
    hp: Bar | None = None
    """The player's hull."""
    shield: Bar | None = None
    rocket: Bar | None = None
    ammo: tuple[Bar, ...] = ()
    """Of ammunition 1 to 4."""
    ammo_kind: tuple[Lamp, ...] = ()
    """Which ammunition is loaded, 1 to 4."""
    laser: Bar | Lamp | None = None
    overhead: tuple[Overhead, ...] = ()
    attacking: Tag | None = None
    """Writing above an enemy that has shot at the player."""
    selected: Ring | None = None
    dots: tuple[Dot, ...] = ()
    """What the minimap shows."""
    maps: tuple[MapMarks, ...] = ()
    safe_radius: float | None = None
    """Of the safe zone around a base, map widths."""
    view_width: float | None = None
    """How much of the map the window shows, map widths; None when unknown."""
    view_height: float | None = None
    """Likewise, map heights."""
    parallax: tuple[float, ...] = ()
    """Speeds of the background's layers as parts of the ship's, where points of light move with them."""
    star_light: float = 80.0
    """How much brighter than their surroundings those points of light are, of 255."""
    top_speed: float = 0.4
    """Nothing of the player's moves faster, window widths a second."""
    log: Log | None = None
    shield_worth: float = 1.0
    """The player's full shield in full hulls; damage is counted in hulls."""
    hulls: dict[str, float] = field(default_factory=dict)
    """The full hull of a kind of enemy, in the player's full hulls."""
    shields: dict[str, float] = field(default_factory=dict)
    """The full shield of a kind of enemy, in the player's full hulls."""
    cursor_size: float = 24.0
    """Pixels around the cursor that may hide what lies under it, or be taken for a thing; 0 where it is not in the
    picture, as the system's own never is."""

    def __post_init__(self) -> None:
        if not (0 < self.confidence < 1 and 0 < self.iou < 1):
            raise ValueError("confidence and iou must lie between 0 and 1")
        if not all(0 < each < 1 for each in self.confidences.values()):
            raise ValueError("confidences must lie between 0 and 1")
        if len(self.ammo) > 4 or len(self.ammo_kind) > 4:
            raise ValueError("there are at most 4 kinds of ammunition")
        for name, value, least, most in (
            ("safe_radius", self.safe_radius, 0, 2),
            ("view_width", self.view_width, 1e-4, 10),
            ("view_height", self.view_height, 1e-4, 10),
            ("star_light", self.star_light, 0, 255),
            ("top_speed", self.top_speed, 1e-3, 5),
            ("shield_worth", self.shield_worth, 0, 1000),
            ("cursor_size", self.cursor_size, 0, MAX_DISTANCE),
            *(("parallax", speed, 1e-3, 10) for speed in self.parallax),
            *(("a hull", hull, 0, 1e6) for hull in self.hulls.values()),
            *(("a shield", shield, 0, 1e6) for shield in self.shields.values()),
        ):
            if value is not None:
                require_range(name, value, least, most)
        for name in (
            *self.classes,
            *filter(None, self.classes.values()),
            *self.confidences,
            *self.hulls,
            *self.shields,
        ):
            require_name("the name of a class or kind", name)
        if len(self.parallax) > MAX_LAYERS:
            raise ValueError(f"parallax may name at most {MAX_LAYERS} layers, not {len(self.parallax)}")
