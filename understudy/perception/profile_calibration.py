"""Measures a profile's entries in one screenshot: colours of a bar or lamp, colour and size of a dot on the minimap."""

import math
from collections.abc import Sequence

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.observation import Role
from understudy.contract.screen_layout import Area, Bar, BarDirection, Colour, Dot, Lamp
from understudy.perception.colours import colour_fraction
from understudy.perception.screen_regions import palette, turned

MIN_COLOUR_FRACTION = 0.12
"""A colour belongs to a bar's part when at least this fraction of the part's pixels has it."""
MAX_COLOURS = 3
COLOUR_RESOLUTION = 24
"""Colours that differ by less than this in each channel count as one colour."""
FILL_RANGE = (0.08, 0.92)
"""Fill fractions between which a bar shows both of its colours."""


def area_of(left: float, top: float, right: float, bottom: float, width: int, height: int) -> Area:
    """Converts a rectangle in pixels of a screenshot to an Area in window fractions.

    Raises:
        FlagError: if the rectangle does not lie in the screenshot.
    """
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise FlagError(
            f"The rectangle {left:g} {top:g} {right:g} {bottom:g} does not lie in the picture of {width} x {height} "
            "pixels: give left, top, right, bottom."
        )
    return Area(left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height)


def bar_of(frame: np.ndarray, area: Area, fraction: float, name: str, fills: BarDirection = "right") -> Bar:
    """Measures a bar's full and empty colours in a screenshot in which it is `fraction` full.

    Raises:
        FlagError: if the bar is too full or too empty to show both colours, or the two colours are alike.
    """
    if not FILL_RANGE[0] <= fraction <= FILL_RANGE[1]:
        raise FlagError(
            f"The bar {name} is {100 * fraction:.0f} % full in this picture, so only one of its colours can be seen: "
            "take a screenshot in which it is about half full."
        )
    bar = turned(_part(frame, area), fills)
    length = bar.shape[1]
    edge, gap = fraction * length, max(1, round(0.02 * length))
    full = common_colours(bar[:, gap : math.floor(edge) - gap])
    empty = common_colours(bar[:, math.ceil(edge) + gap : length - gap])
    full = tuple(colour for colour in full if _apart(colour, empty))
    empty = tuple(colour for colour in empty if _apart(colour, full))
    if not full or not empty:
        raise FlagError(
            f"The filled and the empty part of the bar {name} look alike: check its rectangle and how full it is."
        )
    return Bar(area=area, full=full, empty=empty, fills=fills)


def lamps_of(frame: np.ndarray, areas: Sequence[Area], lit: int, name: str) -> tuple[Lamp, ...]:
    """Measures lamps of which number `lit` is lit in a screenshot: its colours, without those of the others.

    Raises:
        FlagError: if it looks like the others.
    """
    shown = [common_colours(_part(frame, area)) for area in areas]
    dark = tuple(colour for number, colours in enumerate(shown) if number != lit for colour in colours)
    colours = tuple(colour for colour in shown[lit] if _apart(colour, dark))
    if not colours:
        raise FlagError(f"The lit lamp of {name} looks like the others: check its rectangle and which one is lit.")
    return tuple(Lamp(area=area, lit=colours) for area in areas)


def _part(frame: np.ndarray, area: Area) -> np.ndarray:
    height, width = frame.shape[:2]
    left, right = round(area.left * width), round((area.left + area.width) * width)
    top, bottom = round(area.top * height), round((area.top + area.height) * height)
    return frame[top:bottom, left:right]


def common_colours(part: np.ndarray) -> tuple[Colour, ...]:
    """Returns the dominant colours of a region, most frequent first."""
    pixels = part.reshape(-1, 3).astype(int)
    colours: list[Colour] = []
    while len(pixels) and len(colours) < MAX_COLOURS:
        cells, counts = np.unique(pixels // COLOUR_RESOLUTION, axis=0, return_counts=True)
        around = np.abs(pixels // COLOUR_RESOLUTION - cells[counts.argmax()]).max(axis=1) <= 1
        if around.sum() < MIN_COLOUR_FRACTION * part.shape[0] * part.shape[1]:
            break
        red, green, blue = np.median(pixels[around], axis=0).astype(int).tolist()
        colours.append((red, green, blue))
        pixels = pixels[~around]
    return tuple(colours)


def dot_of(frame: np.ndarray, role: Role, x: float, y: float, profile_height: int) -> Dot:
    """Measures a dot of the minimap: its colour at one given pixel, and its radius from the pixels of that colour.

    Raises:
        FlagError: if the pixel is not in the screenshot.
    """
    height, width = frame.shape[:2]
    if not (0 <= x < width and 0 <= y < height):
        raise FlagError(f"The place {x:g} {y:g} does not lie in the picture of {width} x {height} pixels.")
    red, green, blue = (int(channel) for channel in frame[int(y), int(x)])
    reach = 12
    edges = (int(x) - reach, int(y) - reach, int(x) + reach + 1, int(y) + reach + 1)
    count = colour_fraction(frame, *edges, palette(((red, green, blue),)), 20.0) * (2 * reach + 1) ** 2
    radius = math.sqrt(max(count, 1.0) / math.pi) * profile_height / height
    return Dot(role=role, colour=(red, green, blue), radius=round(radius, 1), tolerance=20.0)


def _apart(colour: Colour, others: tuple[Colour, ...]) -> bool:
    return all(math.dist(colour, other) > COLOUR_RESOLUTION for other in others)
