"""What a profile needs to know, measured in one screenshot: the colours of a bar, the look of a dot on the minimap."""

import math

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.observation import Role
from understudy.contract.screen_layout import Area, Bar, Colour, Dot
from understudy.perception.colours import share_of
from understudy.perception.screen_regions import palette

LEAST_SHARE = 0.12
"""A colour belongs to a part of a bar when at least this part of its pixels has it."""
MOST_COLOURS = 3
GRAIN = 24
"""Colours nearer than this, channel by channel, are one colour."""
BETWEEN = (0.08, 0.92)
"""A bar must be filled to between these parts to show both of its colours."""


def area_of(left: float, top: float, right: float, bottom: float, width: int, height: int) -> Area:
    """A rectangle in pixels of a picture as an area of its window.

    Raises:
        FlagError: if it does not lie in the picture.
    """
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise FlagError(
            f"The rectangle {left:g} {top:g} {right:g} {bottom:g} does not lie in the picture of {width} x {height} "
            "pixels: give left, top, right, bottom."
        )
    return Area(left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height)


def bar_of(frame: np.ndarray, area: Area, fraction: float, name: str) -> Bar:
    """A bar with the colours that it has in a picture in which it is `fraction` full.

    Raises:
        FlagError: if it is too full or too empty to show both colours, or the two cannot be told apart.
    """
    if not BETWEEN[0] <= fraction <= BETWEEN[1]:
        raise FlagError(
            f"The bar {name} is {100 * fraction:.0f} % full in this picture, so only one of its colours can be seen: "
            "take a screenshot in which it is about half full."
        )
    height, width = frame.shape[:2]
    left, right = round(area.left * width), round((area.left + area.width) * width)
    top, bottom = round(area.top * height), round((area.top + area.height) * height)
    edge, gap = left + fraction * (right - left), max(1, round(0.02 * (right - left)))
    full = common_colours(frame[top:bottom, left + gap : math.floor(edge) - gap])
    empty = common_colours(frame[top:bottom, math.ceil(edge) + gap : right - gap])
    full = tuple(colour for colour in full if _apart(colour, empty))
    empty = tuple(colour for colour in empty if _apart(colour, full))
    if not full or not empty:
        raise FlagError(
            f"The filled and the empty part of the bar {name} look alike: check its rectangle and how full it is."
        )
    return Bar(area=area, full=full, empty=empty)


def common_colours(part: np.ndarray) -> tuple[Colour, ...]:
    """The colours that most of a part's pixels have, most frequent first."""
    pixels = part.reshape(-1, 3).astype(int)
    colours: list[Colour] = []
    while len(pixels) and len(colours) < MOST_COLOURS:
        cells, counts = np.unique(pixels // GRAIN, axis=0, return_counts=True)
        around = np.abs(pixels // GRAIN - cells[counts.argmax()]).max(axis=1) <= 1
        if around.sum() < LEAST_SHARE * part.shape[0] * part.shape[1]:
            break
        red, green, blue = np.median(pixels[around], axis=0).astype(int).tolist()
        colours.append((red, green, blue))
        pixels = pixels[~around]
    return tuple(colours)


def dot_of(frame: np.ndarray, role: Role, x: float, y: float, profile_height: int) -> Dot:
    """A dot of the minimap by the colour at one of its pixels; its size is measured.

    Raises:
        FlagError: if the place is not in the picture.
    """
    height, width = frame.shape[:2]
    if not (0 <= x < width and 0 <= y < height):
        raise FlagError(f"The place {x:g} {y:g} does not lie in the picture of {width} x {height} pixels.")
    red, green, blue = (int(channel) for channel in frame[int(y), int(x)])
    reach = 12
    edges = (int(x) - reach, int(y) - reach, int(x) + reach + 1, int(y) + reach + 1)
    count = share_of(frame, *edges, palette(((red, green, blue),)), 20.0) * (2 * reach + 1) ** 2
    radius = math.sqrt(max(count, 1.0) / math.pi) * profile_height / height
    return Dot(role=role, colour=(red, green, blue), radius=round(radius, 1), tolerance=20.0)


def _apart(colour: Colour, others: tuple[Colour, ...]) -> bool:
    return all(math.dist(colour, other) > GRAIN for other in others)
