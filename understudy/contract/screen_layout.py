"""Screen layout: the part of a game profile that perception uses to read frames. Plain data, read from TOML.

Positions are window fractions; small distances relative to sprites are pixels of a window of the profile's own size.
Colours are RGB, 0 to 255. Omitted entries are not read, and stay unknown in the observation. Each dataclass rejects
impossible values (ValueError), so perception need not check them.
"""

from dataclasses import dataclass, field
from typing import Literal

from understudy.contract.observation import Role
from understudy.contract.ranges import require_colours, require_inside_window, require_name, require_range

Colour = tuple[int, int, int]
LogEvent = Literal["hits", "misses", "kills", "loot", "deaths"]
MAX_TOLERANCE = 442.0
"""Largest RGB distance: between black and white."""
MAX_TEMPLATES = 8
"""Limit of the templates of one digit."""
MAX_LAYERS = 16
"""Limit of the layers of a background."""
MAX_DISTANCE = 1000.0
"""Limit of distances between related elements and of their sides, pixels of a window of the profile's size."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle of the window, in window fractions."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        require_inside_window("an area", self.left, self.top, self.width, self.height)


BarDirection = Literal["right", "left", "up", "down"]
"""Where the filled part of a bar grows to."""
DIGIT_SIZE = 12
"""Rows and columns of a digit's template."""
END_SCREEN_SHAPE = (9, 16)
"""Rows and columns of the cells in which an end screen is kept."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar whose filled part grows along one direction."""

    area: Area
    full: tuple[Colour, ...]
    """Colours of the filled part; a blinking or shaded bar has several."""
    empty: tuple[Colour, ...]
    """Colours of the empty part."""
    tolerance: float = 48.0
    """Largest RGB distance of a pixel to those colours."""
    fills: BarDirection = "right"
    """Where it grows to: `up` for one that fills from below."""

    def __post_init__(self) -> None:
        require_colours("a bar's full and empty", (*self.full, *self.empty))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """An indicator that is lit or not, such as the frame of the weapon in use."""

    area: Area
    lit: tuple[Colour, ...]
    tolerance: float = 48.0
    share: float = 0.4
    """Fraction of its pixels with a lit colour from which it counts as lit."""

    def __post_init__(self) -> None:
        require_colours("a lamp's lit", self.lit)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)
        require_range("share", self.share, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """A bar above the box of every enemy, centred on it. Pixels of a window of the profile's size."""

    rise: float
    """Distance from the box's upper edge up to the middle of the bar."""
    height: float
    width: float
    """Width of the bar as a fraction of the box's."""
    least_width: float = 0.0
    """Smallest width, pixels."""
    full: tuple[Colour, ...]
    empty: tuple[Colour, ...]
    outline: tuple[Colour, ...] = ()
    """Colours of the outline. Without one, an empty bar cannot be distinguished from dark background, and is
    unknown."""
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
    """Text above an enemy, classified by its colour. Pixels of a window of the profile's size."""

    rise: float
    """Distance from the box's upper edge up to the middle of the text."""
    height: float
    width: float
    colours: tuple[Colour, ...]
    """Text colours that mean yes."""
    others: tuple[Colour, ...] = ()
    """Text colours that mean no."""
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
    """Fraction of the circle that must have the colour."""
    tolerance: float = 70.0

    def __post_init__(self) -> None:
        require_colours("the colour of a ring", (self.colour,))
        require_range("scale", self.scale, 0, 10)
        require_range("margin", self.margin, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("share", self.share, 0, 1)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Brackets:
    """Four corners, or a whole frame, around the selected object. Each side lies `scale` x half the box's side +
    `margin` pixels from its centre."""

    colour: Colour
    scale: float = 1.0
    margin: float = 0.0
    arm: float = 0.25
    """Length of a corner's arms as a part of the side; 0.5 for a whole frame."""
    share: float = 0.5
    """Fraction of the arms that must have the colour."""
    tolerance: float = 70.0

    def __post_init__(self) -> None:
        require_colours("the colour of brackets", (self.colour,))
        require_range("scale", self.scale, 0, 10)
        require_range("margin", self.margin, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("arm", self.arm, 0.01, 0.5)
        require_range("share", self.share, 0, 1)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A landmark on a map, map fractions."""

    role: Role
    x: float
    y: float

    def __post_init__(self) -> None:
        require_range("x of a landmark", self.x, 0, 1)
        require_range("y of a landmark", self.y, 0, 1)


@dataclass(frozen=True, kw_only=True)
class MapMarks:
    """The landmarks by which one map is recognised on the minimap."""

    name: str
    """One of the profile's maps."""
    landmarks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """Appearance of a ship or landmark on the minimap."""

    role: Role
    """PLAYER for the player's own ship, PORTAL and BASE for landmarks."""
    colour: Colour
    radius: float
    """Pixels of a window of the profile's size."""
    offset: float = 0.0
    """Offset, pixels right and down, from the dot's centre to its true position: games round differently."""
    tolerance: float = 40.0

    def __post_init__(self) -> None:
        require_colours("the colour of a dot", (self.colour,))
        require_range("radius", self.radius, 0, 200)
        require_range("offset", self.offset, -MAX_DISTANCE, MAX_DISTANCE)
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line type of the game's log, recognised by its colour."""

    colour: Colour
    event: LogEvent | None = None
    """None for irrelevant lines; listing their colour avoids confusion with other types."""

    def __post_init__(self) -> None:
        require_colours("the colour of a line", (self.colour,))


@dataclass(frozen=True, kw_only=True)
class Log:
    """The game's log: lines of one height, the newest at the bottom."""

    area: Area
    """Area of the lines, from the top of the oldest to the bottom of the newest."""
    num_lines: int
    lines: tuple[Line, ...]
    least_light: int = 100
    """A pixel counts as text when its brightest channel is above this."""

    def __post_init__(self) -> None:
        require_range("num_lines", self.num_lines, 1, 100)
        require_range("least_light", self.least_light, 0, 255)
        if not self.lines:
            raise ValueError("a log needs the colour of at least one kind of line")


@dataclass(frozen=True, kw_only=True)
class Score:
    """A number that the game shows: its digits, and nothing else, in one line."""

    area: Area
    """With room for the digits that are still to come."""
    colour: Colour
    """Of the digits."""
    tolerance: float = 60.0
    digits: dict[str, tuple[str, ...]]
    """For each digit its templates: DIGIT_SIZE x DIGIT_SIZE bits in hexadecimal, row by row."""

    def __post_init__(self) -> None:
        require_colours("the colour of a score", (self.colour,))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)
        for digit, templates in self.digits.items():
            if digit not in tuple("0123456789") or len(templates) > MAX_TEMPLATES:
                raise ValueError(f"digits has 0 to 9, with at most {MAX_TEMPLATES} templates each, not {digit[:20]!r}")
            for template in templates:
                _require_hexadecimal("a digit's template", template, DIGIT_SIZE * DIGIT_SIZE // 4)


@dataclass(frozen=True, kw_only=True)
class Dial:
    """A ring of which a part is filled, from any angle in either direction."""

    x: float
    """Its centre, window fractions."""
    y: float
    radius: float
    """Pixels of a window of the profile's size, to the middle of the ring."""
    full: tuple[Colour, ...]
    """Colours of the filled part."""
    empty: tuple[Colour, ...]
    """Colours of the rest."""
    tolerance: float = 48.0

    def __post_init__(self) -> None:
        require_range("x of a dial", self.x, 0, 1)
        require_range("y of a dial", self.y, 0, 1)
        require_range("radius of a dial", self.radius, 1, MAX_DISTANCE)
        require_colours("a dial's full and empty", (*self.full, *self.empty))
        require_range("tolerance", self.tolerance, 0, MAX_TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A number that is read as a gauge, such as lives or ammunition in digits."""

    score: Score
    """Its digits."""
    most: float
    """The number of a full gauge; a larger one is full, too."""

    def __post_init__(self) -> None:
        require_range("most", self.most, 1e-6, 1e9)


@dataclass(frozen=True, kw_only=True)
class EndScreen:
    """What the game shows when it is over, such as a panel with the words "Game over"."""

    area: Area
    cells: str
    """The area's mean colours in 9 rows of 16 cells, as RGB in hexadecimal."""
    restart: tuple[float, float] | None = None
    """Where to click to play again, window fractions; None leaves that to the person."""

    def __post_init__(self) -> None:
        rows, columns = END_SCREEN_SHAPE
        _require_hexadecimal("cells of an end screen", self.cells, 6 * rows * columns)
        for place in self.restart or ():
            require_range("restart", place, 0, 1)


def _require_hexadecimal(name: str, text: str, length: int) -> None:
    """Raises ValueError unless a text is so many hexadecimal digits."""
    if len(text) != length or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"{name} must be {length} hexadecimal digits")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Screen layout of one game."""

    classes: dict[str, str] = field(default_factory=dict)
    """Class names of a detector -> the profile's kinds. Equal names need no entry; case, blanks, hyphens and
    underscores are ignored. An empty kind drops the class silently."""
    confidence: float = 0.3
    """Confidence threshold: detections below it are dropped."""
    confidences: dict[str, float] = field(default_factory=dict)
    """Confidence thresholds of single classes, by class or kind name; `understudy detector train` proposes them."""
    iou: float = 0.3
    """IoU threshold of non-maximum suppression."""
    attacking: Tag | None = None
    """Text above an enemy that has shot at the player."""
    selected: Ring | Brackets | None = None
    """What surrounds the selected object: a circle, or corners."""
    dots: tuple[Dot, ...] = ()
    """Dots on the minimap."""
    maps: tuple[MapMarks, ...] = ()
    safe_radius: float | None = None
    """Radius of the safe zone around a base, map widths."""
    view_width: float | None = None
    """Width of the visible part of the map, map widths; None when unknown."""
    view_height: float | None = None
    """Its height, map heights; None when unknown."""
    parallax: tuple[float, ...] = ()
    """Parallax: speeds of the background's star layers as fractions of the ship's."""
    star_light: float = 80.0
    """Contrast of the stars with their surroundings, of 255."""
    top_speed: float = 0.4
    """Upper bound of the player's speed, window widths per second."""
    log: Log | None = None
    score: Score | None = None
    """The points, as the game shows them."""
    game_over: EndScreen | None = None
    cursor_size: float = 24.0
    """Size of the cursor, pixels: it may hide what is under it or be detected as an object. 0 if it is not in the
    frames, as the system's cursor never is."""

    def __post_init__(self) -> None:
        if not (0 < self.confidence < 1 and 0 < self.iou < 1):
            raise ValueError("confidence and iou must lie between 0 and 1")
        if not all(0 < each < 1 for each in self.confidences.values()):
            raise ValueError("confidences must lie between 0 and 1")
        for name, value, least, most in (
            ("safe_radius", self.safe_radius, 0, 2),
            ("view_width", self.view_width, 1e-4, 10),
            ("view_height", self.view_height, 1e-4, 10),
            ("star_light", self.star_light, 0, 255),
            ("top_speed", self.top_speed, 1e-3, 5),
            ("cursor_size", self.cursor_size, 0, MAX_DISTANCE),
            *(("parallax", speed, 1e-3, 10) for speed in self.parallax),
        ):
            if value is not None:
                require_range(name, value, least, most)
        for name in (
            *self.classes,
            *filter(None, self.classes.values()),
            *self.confidences,
        ):
            require_name("the name of a class or kind", name)
        if len(self.parallax) > MAX_LAYERS:
            raise ValueError(f"parallax may name at most {MAX_LAYERS} layers, not {len(self.parallax)}")
