"""Things that differ in colour alone are one where they are many: each of them has a colour of its own.

Grouping by appearance splits what a game paints in random colours into as many groups as it meets. Colours that mean
something are few; from MANY groups of one size and one fill that all move, colour counts as no difference.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from understudy.perception.discovery.sightings import Sightings
from understudy.perception.discovery.things import Thing

MANY = 8
"""Least number of things that are united: a game rarely tells more kinds apart by colour alone."""
SAME_SIZE, SAME_FILL, SAME_SPEED = 0.12, 0.1, 0.35
"""Largest difference from the middle one: of the logarithms of side and speed, and of the share of the box that is
filled."""


def unite_colour_variants(
    labels: Int64[np.ndarray, " N"], sightings: Sightings, things: Sequence[Thing]
) -> Int64[np.ndarray, " N"]:
    """Returns the groups, those united that are moving things of one size, fill and speed; from 0 on, -1 for noise.

    Args:
        labels: group of each sighting.
        sightings: of all groups.
        things: of these groups.
    """
    moving = [thing for thing in things if thing.is_thing and thing.behaviour.moves]
    changed = labels.copy()
    while len(moving) >= MANY:
        shapes = np.array([_shape_of(thing, sightings) for thing in moving])
        near = np.abs(shapes[:, None] - shapes[None]).max(axis=2) <= 1
        middle = near[int(near.sum(axis=1).argmax())]
        if middle.sum() < MANY:
            break
        groups = [thing.group for thing, own in zip(moving, middle, strict=True) if own]
        changed[np.isin(labels, groups)] = groups[0]
        moving = [thing for thing, own in zip(moving, middle, strict=True) if not own]
    return np.where(changed < 0, -1, np.unique(changed[changed >= 0]).searchsorted(changed))


def _shape_of(thing: Thing, sightings: Sightings) -> tuple[float, float, float]:
    """Size, fill and speed, in units of what still counts as the same."""
    rows = sightings.records[thing.whole]
    size = float(np.median(np.log(sightings.side[thing.whole])))
    fill = float(np.median(rows["area"] / np.maximum(rows["width"] * rows["height"], 1)))
    return size / SAME_SIZE, fill / SAME_FILL, float(np.log(thing.behaviour.residual_px)) / SAME_SPEED
