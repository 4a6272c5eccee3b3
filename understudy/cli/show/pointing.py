"""Places that a person points at in a picture, in the form in which they are typed (`understudy profile new`)."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.show.terminal import Console

if TYPE_CHECKING:
    from understudy.viewer.region_picker import Wanted

NONE = "-"
"""Answer for "there is none"."""
Point = Callable[[str, "Wanted"], str]
"""Asks for a place with a question; returns the answer as it is typed, or NONE."""


def point_at(
    picture: np.ndarray,
    question: str,
    wanted: "Wanted",
    console: Console,
    proposed: tuple[float, float, float, float] | None = None,
    *,
    none: str = "there is none",
    mistake: str = "",
) -> str:
    """Returns the place that was pointed at in a window, in pixels of the picture, or NONE.

    Args:
        picture: RGB.
        question: may end with instructions for typing in brackets, which are left out.
        wanted: what is to be pointed at.
        console: where the question appears, too.
        proposed: the rectangle that Enter takes, in pixels of the picture.
        none: what Escape means.
        mistake: why the answer before was not taken, which the window shows.

    Raises:
        KeyboardInterrupt: if the window was closed.
        WorldError: if there is no display.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.viewer.region_picker import pick

    asked = question.partition(" (")[0]
    console.print(f"{asked} Point at it in the window.", style="bold", markup=False)
    picked = pick(picture, asked, wanted, proposed, none=none, mistake=mistake)
    return NONE if picked is None else picked


def with_places(flag: str, words: str, point: Point) -> str:
    """Adds the places to declarations of which only the words were typed.

    Args:
        flag: `gauges`, `switches` or `selectors`.
        words: declarations without places, separated by semicolons.
        point: asks for one place.

    Returns:
        The declarations as they are typed whole; those that were not pointed at are left out, NONE where none is left.
    """
    placed = []
    for part in (part.split() for part in words.split(";") if part.strip()):
        wanted: Wanted = "bar" if flag == "gauges" else "area" if flag == "switches" else "areas"
        where = point(f"Where is {part[0]}?", wanted)
        if where != NONE:
            placed.append(" ".join((part[0], where.replace(";", " /"), *part[1:])))
    return "; ".join(placed) or NONE
