"""Which groups are things of the game, their boxes, and the role that their behaviour suggests.

A thing moves or is clicked more than chance, and its place varies. Not things: what sits in the middle of the window
(the player's own), what shows only at presses (click markers), what hangs on other things nearly always (name plates,
bars, selection rings), what keeps to the sides of larger things that are clicked (arcs of a ring, shots at them), and
what is lost within 0.4 s (shots, blasts).
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from understudy.contract.observation import Role
from understudy.perception.discovery.behaviour import Behaviour
from understudy.perception.discovery.sightings import Sightings

CLICKED_P, CLICKED_LIFT = 0.02, 1.5
"""Probability by chance below which, and ratio to chance above which, a group counts as clicked."""
MIN_SIGHTINGS, MIN_SIDE = 15, 9.0
MIN_SPREAD = 0.05
"""Least standard deviation of its place, window widths."""
MAX_CENTRED, MAX_AFTER_PRESS, MAX_ATTACHED = 0.5, 0.5, 0.4
NEAR_SIDES, STEADY_SIDES = 1.3, 0.3
"""Largest distance to that thing, and largest deviation from the group's usual offset, in sides of its box."""
MAX_BESIDE, BESIDE_LIFT = 0.4, 3.0
"""Share of a group's sightings beside larger things, and its ratio to chance, from which it belongs to them: arcs of
a selection ring have .57 and 8, kinds of the embedded game .11 at most."""
LARGER = 1.3
"""Ratio of sides from which another thing is larger."""
MIN_PERSISTENCE, CLICKED_PERSISTENCE = 0.35, 0.2
"""Least share of sightings that are seen again, for what is not and what is clicked."""
VANISHING = 0.5
MODE_BIN, WHOLE = 0.1, 0.3
"""Width of a bin, and tolerance, of the logarithm of the size, in which a sighting shows the whole thing."""
ROTATING = 0.2
"""Standard deviation of the logarithm of width by height from which a thing turns, so that its box is square."""
SQUARE = 0.15
MAX_SHOWN = 40
"""Groups that a discovery lists, those included that are no things by what is known."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One group that may be a kind of object."""

    group: int
    behaviour: Behaviour
    whole: Bool[np.ndarray, " N"]
    """Its sightings that show the whole of it."""
    width: float
    """Of its box, pixels of the small frame."""
    height: float
    is_thing: bool
    """Whether what is known speaks for it; else it is listed as thrown away."""

    @property
    def is_clicked(self) -> bool:
        """Whether it is clicked more than chance."""
        return is_clicked(self.behaviour)

    @property
    def vanishes(self) -> bool:
        """Whether it is mostly gone soon after a press on it."""
        return self.is_clicked and self.behaviour.vanish_share >= VANISHING

    @property
    def suggested_role(self) -> Role | None:
        """Loot lies still and vanishes after a click; what moves and is clicked is an enemy."""
        if not self.is_clicked:
            return None
        if self.behaviour.moves:
            return Role.ENEMY
        return Role.LOOT if self.vanishes else None


def is_clicked(behaviour: Behaviour) -> bool:
    """Returns whether a group is clicked more than chance."""
    return behaviour.p_value < CLICKED_P and behaviour.lift > CLICKED_LIFT


def find_things(
    sightings: Sightings, labels: np.ndarray, behaviours: list[Behaviour], frame_width: int
) -> tuple[Thing, ...]:
    """Returns the things, the most certain first, then the groups that may be none."""
    things: list[Thing] = []
    for group in _surest_first(behaviours):
        behaviour, own = behaviours[group], labels == group
        if behaviour.num_sightings < MIN_SIGHTINGS or not own.any():
            continue
        whole = own & _whole(sightings, own)
        width, height = box_size(sightings.records[whole])
        if max(width, height) < MIN_SIDE:
            continue
        surer = [thing.group for thing in things if thing.is_thing and thing.is_clicked]
        good = _is_thing(behaviour, attached_share(sightings, labels, group, surer), frame_width)
        things.append(Thing(group=group, behaviour=behaviour, whole=whole, width=width, height=height, is_thing=good))
    things = [replace(one, is_thing=one.is_thing and not _is_beside(sightings, labels, one, things)) for one in things]
    things.sort(key=lambda one: (not one.is_thing, not one.is_clicked, -one.behaviour.num_sightings))
    return tuple(things[:MAX_SHOWN])


def box_size(rows: np.ndarray) -> tuple[float, float]:
    """Returns the median box of sightings; a square of the longer side for what turns or is nearly square."""
    width, height = float(np.median(rows["width"])), float(np.median(rows["height"]))
    ratio = np.log(rows["width"] / rows["height"])
    if ratio.std() > ROTATING or abs(np.log(width / height)) < SQUARE:
        side = float(np.median(np.maximum(rows["width"], rows["height"])))
        return side, side
    return width, height


def _surest_first(behaviours: list[Behaviour]) -> list[int]:
    """Indices of the groups: those clicked more than chance first, the least probable by chance at the very first."""
    p_values = [behaviour.p_value if is_clicked(behaviour) else 1.0 for behaviour in behaviours]
    return [int(group) for group in np.argsort(p_values, kind="stable")]


def attached_share(sightings: Sightings, labels: np.ndarray, group: int, things: list[int]) -> float:
    """Share of a group's sightings that lie at one offset from the nearest of some things.

    Args:
        sightings: of all groups.
        labels: group of each sighting.
        group: which may hang on a thing.
        things: groups that are things, and more surely clicked. What hangs on one itself, as a name plate does, is
            none: else the kind whose name is clicked more often than it would hang on its own name.
    """
    rows = sightings.records
    own = rows[(labels == group) & rows["regular"]]
    others = rows[np.isin(labels, things) & rows["regular"]]
    if not len(own) or not len(others):
        return 0.0
    order = np.argsort(_moments(others), kind="stable")
    others = others[order]
    first = np.searchsorted(_moments(others), _moments(own), side="left")
    last = np.searchsorted(_moments(others), _moments(own), side="right")
    offsets = []
    for row, begin, end in zip(own, first.tolist(), last.tolist(), strict=True):
        side = np.maximum(others["width"][begin:end], others["height"][begin:end])
        apart = np.stack([others["x"][begin:end] - row["x"], others["y"][begin:end] - row["y"]], axis=1) / side[:, None]
        away = np.hypot(*apart.T)
        if len(away) and away.min() < NEAR_SIDES:
            offsets.append(apart[int(away.argmin())])
    if not offsets:
        return 0.0
    steady = np.hypot(*(np.array(offsets) - np.median(offsets, axis=0)).T) < STEADY_SIDES
    return float(steady.sum()) / len(own)


def _is_beside(sightings: Sightings, labels: np.ndarray, thing: Thing, things: list[Thing]) -> bool:
    """Whether it is mostly seen beside larger things that are clicked, and far less beside where they are at others."""
    side = thing.behaviour.side_px
    larger = [one for one in things if one.is_thing and one.is_clicked and one.behaviour.side_px > LARGER * side]
    rows = sightings.records
    own = rows[(labels == thing.group) & rows["regular"]]
    others = rows[np.isin(labels, [one.group for one in larger]) & rows["regular"]]
    if not len(own) or not len(others):
        return False
    others = others[np.argsort(_moments(others), kind="stable")]
    moments = np.unique(_moments(rows[rows["regular"]]))
    at_chance = np.random.default_rng(0).choice(moments, len(own))
    share = _beside(own, _moments(own), others)
    return share > MAX_BESIDE and share > BESIDE_LIFT * _beside(own, at_chance, others)


def _beside(own: np.ndarray, moments: np.ndarray, others: np.ndarray) -> float:
    """Share of some places that lie within NEAR_SIDES of a thing at some moments; the things ascend in time."""
    times, num_near = _moments(others), 0
    first, last = np.searchsorted(times, moments, side="left"), np.searchsorted(times, moments, side="right")
    for row, begin, end in zip(own, first.tolist(), last.tolist(), strict=True):
        there = others[begin:end]
        away = np.hypot(there["x"] - row["x"], there["y"] - row["y"]) / np.maximum(there["width"], there["height"])
        num_near += bool((away < NEAR_SIDES).any())
    return num_near / len(own)


def _moments(rows: np.ndarray) -> np.ndarray:
    """One number for each frame of each session, ascending in time."""
    return np.asarray(rows["clip"].astype(np.int64) * 2**32 + rows["frame"])


def _whole(sightings: Sightings, own: np.ndarray) -> np.ndarray:
    """Marks sightings whose size is near the group's most frequent one."""
    sizes = np.log(np.maximum(sightings.side, 1))
    bins = np.arange(0, 8, MODE_BIN)
    counts, _ = np.histogram(sizes[own], bins)
    smooth = np.convolve(counts, (1, 2, 3, 2, 1), "same")
    mode = bins[int(smooth.argmax())] + MODE_BIN / 2
    return np.asarray(np.abs(sizes - mode) < WHOLE)


def _is_thing(behaviour: Behaviour, attached: float, frame_width: int) -> bool:
    clicked = is_clicked(behaviour)
    persists = behaviour.persistence >= (CLICKED_PERSISTENCE if clicked else MIN_PERSISTENCE)
    return (
        (clicked or behaviour.moves)
        and persists
        and behaviour.spread_px >= MIN_SPREAD * frame_width
        and behaviour.centred <= MAX_CENTRED
        and behaviour.after_press <= MAX_AFTER_PRESS
        and attached <= MAX_ATTACHED
    )
