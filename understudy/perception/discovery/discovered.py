"""Discovery: what was found in recordings of a game that nobody labelled: kinds of objects, bars, digits, panels.

Positions and sizes are window fractions; boxes are centre x, y, width, height, as in observations. Deliberately no
pictures and no boxes here: `discovery_files` keeps tiles and boxes beside this description.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import Role
from understudy.contract.profile import MAX_ENTRIES, Rectangle
from understudy.contract.ranges import MAX_NAME, MAX_PIXELS, require_colours, require_name, require_range
from understudy.contract.screen_layout import Colour

FORMAT = 1
NO_GAUGE = "none"
"""What a person calls a bar that shows nothing of the player."""
USUAL_ROLES = {"hp": GaugeRole.VITAL, "shield": GaugeRole.DANGER}
"""Role of a gauge of this name, where nobody gave another one; PLAIN for other names."""
"""Version of the files of a discovery."""
MAX_COUNT = 2**40
"""Limit of counts in the description."""

Fill = Literal["right", "left", "up", "down", "clockwise", "counterclockwise"]
"""Direction in which a bar grows: `right` starts at its left end; the last two are those of round ones."""
ROUND: tuple[Fill, ...] = ("clockwise", "counterclockwise")
Background = Literal["still", "scrolling", "layered"]

UNCERTAIN = -1
"""Kind of a box of which nobody knows what it shows; detector training erases it."""
FOUND_BOX = np.dtype(
    [
        ("recording", "<i4"),  # index into Discovery.recordings
        ("time_s", "<f8"),  # of the frame, on the recording's clock
        ("kind", "<i4"),  # id of the FoundKind, as it was found: merges are in the description; or UNCERTAIN
        ("x", "<f4"),  # centre, window fractions
        ("y", "<f4"),
        ("width", "<f4"),  # window fractions
        ("height", "<f4"),
        ("score", "<f4"),  # 0 to 1: how sure it is
    ]
)
"""One box of one kind in one frame, a record in `boxes.npy`."""


@dataclass(frozen=True, kw_only=True)
class SourceRecording:
    """A recording in which was searched."""

    path: str
    """Relative to the discovery's folder, or absolute; discovery_files.recording_path resolves it."""
    sha256: str
    """SHA-256 of the recording's file, hexadecimal."""
    seconds: float
    """Duration of its play, without pauses."""

    def __post_init__(self) -> None:
        if len(self.path) > 4096 or "\0" in self.path:
            raise ValueError("the path of a recording must have at most 4096 characters")
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise ValueError(f"a SHA-256 must have 64 hexadecimal digits, not {self.sha256[:70]!r}")
        require_range("the seconds of a recording", self.seconds, 0, 1e8)


@dataclass(frozen=True, kw_only=True)
class FoundKind:
    """One group of sightings that look alike, and how it behaves; what a person says about it is in the last fields."""

    id: int
    tile: str
    """File name of its picture, inside the folder `tiles`."""
    num_sightings: int
    """Sightings in the frames that were searched at regular times."""
    width: float
    """Median width of its boxes, window fractions."""
    height: float
    num_clicks: int
    """Presses of a mouse button that hit one."""
    clicked_share: float
    """Those as a share of all presses on the scene, 0 to 1."""
    click_lift: float
    """Presses that hit one over those that would by chance."""
    moves: bool
    """Whether it moves against the background."""
    vanishes_after_click: bool
    """Whether it is mostly gone within seconds after a press on it."""
    suggested_role: Role | None = None
    """Role by its behaviour; None if nothing speaks for one."""
    name: str | None = None
    """Name that a person gave."""
    role: Role | None = None
    """Role that a person gave; None for the suggested one."""
    value: float = 0.0
    """Points for killing or collecting one, as a person said."""
    thrown_away: bool = False
    """Whether a person said that it is no object of the game."""
    merged_into: int | None = None
    """Id of the kind that this one is a part of."""

    def __post_init__(self) -> None:
        require_range("the id of a kind", self.id, 0, MAX_ENTRIES)
        require_name("the tile of a kind", self.tile)
        if not self.tile.endswith(".png") or any(letter in '/\\:*?"<>|' for letter in self.tile) or self.tile[0] == ".":
            raise ValueError(f"a tile must be the name of a .png file, not {self.tile!r}")
        for name, value in (("num_sightings", self.num_sightings), ("num_clicks", self.num_clicks)):
            require_range(f"{name} of a kind", value, 0, MAX_COUNT)
        for name, share in (("width", self.width), ("height", self.height)):
            require_range(f"{name} of a kind", share, 1e-6, 2)
        require_range("value of a kind", self.value, -1e6, 1e6)
        require_range("clicked_share of a kind", self.clicked_share, 0, 1)
        require_range("click_lift of a kind", self.click_lift, 0, MAX_COUNT)
        if self.name is not None:
            require_name("the name of a kind", self.name)

    @property
    def shown_name(self) -> str:
        """The name that a person gave, or one by its id."""
        return self.name or f"kind_{self.id}"

    @property
    def chosen_role(self) -> Role:
        """The role that a person gave, or the suggested one, or OTHER."""
        return self.role or self.suggested_role or Role.OTHER


@dataclass(frozen=True, kw_only=True)
class FoundBar:
    """A bar: one colour up to an edge that moves, another colour after it; straight, or a ring."""

    area: Rectangle
    fills: Fill
    full: tuple[Colour, ...]
    """Colours of the filled part, RGB."""
    empty: tuple[Colour, ...]
    suggested_gauge: Literal["hp", "shield"] | None = None
    """What it may show of the player; None if nothing speaks for one."""
    gauge: str | None = None
    """Name of what it shows, as a person said: letters, digits and _; NO_GAUGE for nothing, None for the suggestion."""
    role: GaugeRole | None = None
    """Role that a person gave; None for the usual one of the name."""
    radius: float | None = None
    """Of a round bar: pixels of the frames from the centre of its area to the middle of the ring."""

    def __post_init__(self) -> None:
        if (self.radius is None) == (self.fills in ROUND):
            raise ValueError(f"a bar that fills {self.fills} {'has a' if self.radius is None else 'has no'} radius")
        if self.radius is not None:
            require_range("the radius of a bar", self.radius, 1, MAX_PIXELS)
        require_colours("a bar's full and empty", (*self.full, *self.empty))
        if self.gauge is not None and not re.fullmatch(rf"[A-Za-z0-9_]{{1,{MAX_NAME}}}", self.gauge):
            raise ValueError(
                f"what a bar shows must be 1 to {MAX_NAME} letters, digits or _, not {self.gauge[:MAX_NAME]!r}"
            )

    @property
    def chosen_gauge(self) -> str | None:
        """What a person said that it shows, or the suggested gauge."""
        if self.gauge == NO_GAUGE:
            return None
        return self.gauge or self.suggested_gauge

    @property
    def chosen_role(self) -> GaugeRole:
        """The role that a person gave, or the usual one of its name."""
        return USUAL_ROLES.get(self.chosen_gauge or "", GaugeRole.PLAIN) if self.role is None else self.role


@dataclass(frozen=True, kw_only=True)
class FoundDigits:
    """An area of a panel whose text changes now and then, such as a score."""

    area: Rectangle
    changes_per_minute: float

    def __post_init__(self) -> None:
        require_range("changes_per_minute", self.changes_per_minute, 0, 1e6)


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """What was found in recordings of one game."""

    format: int = FORMAT
    frame_width: int
    """Size of the recorded frames, pixels."""
    frame_height: int
    recordings: tuple[SourceRecording, ...]
    background: Background
    """Which model of the background explained most."""
    num_frames: int
    """Frames that were searched at regular times."""
    num_presses: int
    """Presses of a mouse button on the scene, outside the panels."""
    kinds: tuple[FoundKind, ...] = ()
    bars: tuple[FoundBar, ...] = ()
    digits: tuple[FoundDigits, ...] = ()
    panels: tuple[Rectangle, ...] = ()

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format {self.format}; this version reads format {FORMAT}")
        for name, pixels in (("frame_width", self.frame_width), ("frame_height", self.frame_height)):
            require_range(name, pixels, 1, MAX_PIXELS)
        for name, count in (("num_frames", self.num_frames), ("num_presses", self.num_presses)):
            require_range(name, count, 0, MAX_COUNT)
        for name, parts in (
            ("recordings", self.recordings),
            ("kinds", self.kinds),
            ("bars", self.bars),
            ("digits", self.digits),
            ("panels", self.panels),
        ):
            if len(parts) > MAX_ENTRIES:
                raise ValueError(f"{name} may be at most {MAX_ENTRIES}, not {len(parts)}")
        _require_sound_merges(self.kinds)

    def kind(self, kind_id: int) -> FoundKind:
        """Returns the kind of an id.

        Raises:
            KeyError: if there is none.
        """
        for kind in self.kinds:
            if kind.id == kind_id:
                return kind
        raise KeyError(kind_id)

    @property
    def kept(self) -> tuple[FoundKind, ...]:
        """The kinds that are neither thrown away nor merged into another, in the order of their ids."""
        return tuple(
            kind
            for kind in sorted(self.kinds, key=lambda each: each.id)
            if kind.merged_into is None and not kind.thrown_away
        )

    def root_of(self, kind_id: int) -> FoundKind:
        """Returns the kind that a kind was merged into, through several merges; itself if it was not merged.

        Raises:
            KeyError: if there is no kind of that id.
        """
        kind = self.kind(kind_id)
        while kind.merged_into is not None:
            kind = self.kind(kind.merged_into)
        return kind

    def classes(self) -> dict[int, int]:
        """Returns id of a kind -> index into `kept`; without kinds that are thrown away."""
        index = {kind.id: number for number, kind in enumerate(self.kept)}
        roots = {kind.id: self.root_of(kind.id).id for kind in self.kinds}
        return {kind_id: index[root] for kind_id, root in roots.items() if root in index}


def _require_sound_merges(kinds: tuple[FoundKind, ...]) -> None:
    """Raises ValueError for an id twice, and for merges into nothing or in a circle."""
    parents = {kind.id: kind.merged_into for kind in kinds}
    if len(parents) != len(kinds):
        raise ValueError("two kinds have the same id")
    for kind in kinds:
        seen, at = {kind.id}, kind.merged_into
        while at is not None:
            if at not in parents:
                raise ValueError(f"kind {kind.id} is merged into {at}, which does not exist")
            if at in seen:
                raise ValueError(f"kind {kind.id} is merged into itself")
            seen.add(at)
            at = parents[at]
