"""Things that differ in colour alone are one where each of them has a colour of its own.

Grouping by appearance splits what a game paints in random colours into as many groups as it meets. Colours that mean
something are few; from MANY groups of one size, fill and speed that all move, colour counts as no difference. Fewer are
united if they are nearer still and the person clicks them alike, which takes enough clicks to tell: whoever tells kinds
apart by colour clicks one more than another. Two stay apart.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from understudy.perception.discovery.sightings import Sightings
from understudy.perception.discovery.things import Thing

MANY, FEW = 8, 3
"""Least number of things that are united whatever is clicked, and if they are clicked alike."""
SAME_SIZE, SAME_FILL, SAME_SPEED = 0.12, 0.1, 0.35
"""Largest difference from the middle one: of the logarithms of side and speed, and of the share of the box that is
filled."""
NEARER = 0.6
"""Share of these that few things may differ by."""
MIN_CLICKS = 8.0
"""Least number of clicks that each of few things would have if it were clicked as the others are."""
CLICKED_ALIKE_P = 0.02
"""Probability of clicks as different as these, below which things are not clicked alike."""


def unite_colour_variants(
    labels: Int64[np.ndarray, " N"], sightings: Sightings, things: Sequence[Thing]
) -> Int64[np.ndarray, " N"]:
    """Returns the groups, those united that differ in colour alone; from 0 on, -1 for noise.

    Args:
        labels: group of each sighting.
        sightings: of all groups.
        things: of these groups.
    """
    moving = [thing for thing in things if thing.is_thing and thing.behaviour.moves]
    changed = labels.copy()
    while (variants := _variants(moving, sightings)) is not None:
        groups = [thing.group for thing, own in zip(moving, variants, strict=True) if own]
        changed[np.isin(labels, groups)] = groups[0]
        moving = [thing for thing, own in zip(moving, variants, strict=True) if not own]
    return np.where(changed < 0, -1, np.unique(changed[changed >= 0]).searchsorted(changed))


def _variants(moving: Sequence[Thing], sightings: Sightings) -> Bool[np.ndarray, " N"] | None:
    """Which things are one, as many as can be; None if there are none."""
    if len(moving) < FEW:
        return None
    shapes = np.array([_shape_of(thing, sightings) for thing in moving])
    apart = np.abs(shapes[:, None] - shapes[None]).max(axis=2)
    sets = [own for own in apart <= 1 if own.sum() >= MANY]
    sets += [_clicked_alike(moving, own) for own in apart <= NEARER]
    largest = max(sets, key=lambda own: int(own.sum()))
    return largest if largest.any() else None


def _clicked_alike(moving: Sequence[Thing], own: Bool[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
    """Those of some things whose clicks are as many as one rate for all would give (chi-squared).

    Removes the one that differs most until the rest pass; none where fewer than FEW remain or clicks are too few.
    """
    from scipy.stats import chi2

    clicks = np.array([thing.behaviour.clicks for thing in moving], np.float64)
    seen = np.array([thing.behaviour.num_sightings for thing in moving], np.float64)
    alike = own.copy()
    while alike.sum() >= FEW:
        expected = seen * clicks[alike].sum() / seen[alike].sum()
        if expected[alike].min() < MIN_CLICKS:
            break
        away = np.where(alike, (clicks - expected) ** 2 / expected, 0.0)
        if chi2.sf(away.sum(), alike.sum() - 1) >= CLICKED_ALIKE_P:
            return alike
        alike[away.argmax()] = False
    return np.zeros_like(own)


def _shape_of(thing: Thing, sightings: Sightings) -> tuple[float, float, float]:
    """Size, fill and speed, in units of what still counts as the same."""
    rows = sightings.records[thing.whole]
    size = float(np.median(np.log(sightings.side[thing.whole])))
    fill = float(np.median(rows["area"] / np.maximum(rows["width"] * rows["height"], 1)))
    return size / SAME_SIZE, fill / SAME_FILL, float(np.log(thing.behaviour.residual_px)) / SAME_SPEED
