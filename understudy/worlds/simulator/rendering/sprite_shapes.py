"""Designs of the objects: layers of polygons in unit coordinates, nose along +x, the box from -1 to 1.

Pure data and geometry; `sprite_sheet` lights and rasterises it. A kind without a design of its own (another game's
profile) gets a plain one by its role, so that every object is visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from understudy.contract.observation import Role

Points = Sequence[tuple[float, float]]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """One piece of a ship: polygons of one colour at one height."""

    outlines: tuple[np.ndarray, ...]
    colour: Colour
    bevel: float = 0.16
    """Width of the sloped edge, in units; a large value gives a dome."""
    emits: bool = False
    """Whether it emits light and glows instead of being lit."""


Design = tuple[Layer, ...]


def both_sides(*halves: Points) -> tuple[np.ndarray, ...]:
    """Returns each polygon and its mirror image across the ship's long axis."""
    upper = [np.asarray(points, float) for points in halves]
    return tuple(upper + [outline * (1.0, -1.0) for outline in upper])


def hull(half: Points) -> tuple[np.ndarray, ...]:
    """Returns one closed hull from its upper edge, nose to tail."""
    upper = np.asarray(half, float)
    return (np.concatenate([upper, upper[::-1] * (1.0, -1.0)]),)


def disc(radius: float, x: float = 0.0, y: float = 0.0, corners: int = 40) -> tuple[np.ndarray, ...]:
    """Returns a circle, or a regular polygon with few corners."""
    angles = np.linspace(0.0, 2 * np.pi, corners, endpoint=False)
    return (np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1),)


def star(tips: int, outer: float, inner: float, turn: float = 0.0) -> tuple[np.ndarray, ...]:
    """Returns a star with `tips` tips, the first along +x."""
    angles = turn + np.linspace(0.0, 2 * np.pi, 2 * tips, endpoint=False)
    radii = np.where(np.arange(2 * tips) % 2 == 0, outer, inner)
    return (np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1),)


def around(count: int, points: Points, turn: float = 0.0) -> tuple[np.ndarray, ...]:
    """Returns `count` copies of one polygon, rotated about the centre."""
    outline, copies = np.asarray(points, float), []
    for angle in turn + np.linspace(0.0, 2 * np.pi, count, endpoint=False):
        cos, sin = np.cos(angle), np.sin(angle)
        copies.append(outline @ np.array([[cos, sin], [-sin, cos]]))
    return tuple(copies)


STREUNER: Design = (
    Layer(
        both_sides([(1.0, 0.22), (0.35, 0.34), (-0.1, 0.62), (-0.95, 0.72), (-0.5, 0.3), (0.1, 0.1)]), (150, 104, 62)
    ),
    Layer(hull([(0.55, 0.0), (0.4, 0.2), (-0.5, 0.26), (-0.85, 0.0)]), (196, 152, 96), 0.2),
    Layer(disc(0.12, 0.3), (255, 176, 60), emits=True),
)
LORDAKIA: Design = (
    Layer(around(5, [(0.25, 0.2), (1.0, 0.12), (0.72, 0.0), (0.95, -0.16), (0.25, -0.2)]), (150, 30, 34)),
    Layer(disc(0.5), (206, 58, 48), 0.42),
    Layer(disc(0.2, 0.16), (255, 214, 84), emits=True),
)
SAIMON: Design = (
    Layer(
        both_sides([(0.2, 0.1), (1.0, 0.66), (0.45, 0.86), (-0.45, 0.95), (-1.0, 0.5), (-0.4, 0.12)]), (28, 132, 104)
    ),
    Layer(hull([(0.7, 0.0), (0.3, 0.22), (-0.6, 0.2), (-0.9, 0.0)]), (76, 196, 158), 0.2),
    Layer(both_sides([(0.5, 0.62), (0.15, 0.72), (-0.5, 0.7), (0.0, 0.58)]), (130, 255, 208), emits=True),
)
MORDON: Design = (
    Layer(both_sides([(0.95, 0.3), (0.5, 0.7), (-0.2, 0.95), (-0.95, 0.6), (-0.5, 0.36), (0.3, 0.16)]), (176, 140, 24)),
    Layer(disc(0.56, -0.08, 0.0, 8), (226, 190, 58), 0.3),
    Layer(disc(0.3, -0.08), (92, 68, 20), 0.2),
    Layer(disc(0.16, -0.08), (255, 92, 40), emits=True),
)
DEVOLARIUM: Design = (
    Layer(around(6, [(0.4, 0.3), (0.86, 0.34), (1.0, 0.0), (0.86, -0.1), (0.5, -0.24)], 0.2), (104, 36, 132)),
    Layer(disc(0.68, corners=12), (150, 66, 180), 0.4),
    Layer(both_sides([(0.98, 0.1), (0.96, 0.34), (0.4, 0.44), (0.5, 0.16)]), (196, 120, 220), 0.12),
    Layer(around(3, [(0.14, 0.0), (0.3, 0.08), (0.46, 0.0), (0.3, -0.08)], 1.05), (255, 96, 236), emits=True),
    Layer(disc(0.15), (255, 120, 240), emits=True),
)
SIBELONIT: Design = (
    Layer(both_sides([(0.85, 0.08), (0.5, 0.6), (-0.1, 0.9), (-0.9, 0.64), (-0.66, 0.16)]), (92, 104, 96)),
    Layer(hull([(0.9, 0.0), (0.35, 0.3), (-0.6, 0.34), (-0.8, 0.0)]), (140, 156, 142), 0.22),
    Layer(both_sides([(0.36, 0.42), (-0.1, 0.64), (-0.6, 0.56), (-0.1, 0.5)]), (176, 255, 64), emits=True),
)
KRISTALLIN: Design = (
    Layer(star(6, 1.0, 0.4), (34, 104, 190), 0.24),
    Layer(star(6, 0.66, 0.3, 0.52), (96, 178, 244), 0.22),
    Layer(disc(0.17, corners=6), (214, 246, 255), emits=True),
)
SIBELON: Design = (
    Layer(both_sides([(0.9, 0.36), (0.6, 0.84), (-0.2, 1.0), (-0.96, 0.82), (-0.8, 0.3), (0.2, 0.12)]), (74, 70, 66)),
    Layer(hull([(0.98, 0.0), (0.7, 0.34), (0.1, 0.5), (-0.7, 0.46), (-0.98, 0.0)]), (116, 108, 98), 0.26),
    Layer(both_sides([(0.1, 0.62), (-0.2, 0.84), (-0.72, 0.72), (-0.3, 0.6)]), (150, 140, 124), 0.1),
    Layer(hull([(0.62, 0.0), (0.34, 0.1), (-0.6, 0.08), (-0.7, 0.0)]), (255, 132, 30), emits=True),
    Layer(both_sides([(0.56, 0.5), (0.4, 0.64), (0.3, 0.6), (0.42, 0.46)]), (255, 132, 30), emits=True),
)
LORDAKIUM: Design = (
    Layer(around(8, [(0.3, 0.2), (0.8, 0.22), (1.0, 0.02), (0.7, 0.04), (0.3, -0.2)]), (120, 12, 40)),
    Layer(disc(0.7), (168, 26, 54), 0.3),
    Layer(around(4, [(0.1, 0.1), (0.56, 0.18), (0.66, 0.0), (0.56, -0.18), (0.1, -0.1)], 0.39), (214, 70, 84), 0.14),
    Layer(disc(0.32), (74, 8, 26), 0.2),
    Layer(disc(0.2), (255, 70, 60), emits=True),
)
KRISTALLON: Design = (
    Layer(star(8, 1.0, 0.5), (40, 60, 168), 0.22),
    Layer(star(4, 0.92, 0.34, 0.39), (74, 118, 232), 0.26),
    Layer(star(8, 0.56, 0.34, 0.2), (140, 198, 255), 0.2),
    Layer(around(8, [(0.62, 0.0), (0.74, 0.05), (0.9, 0.0), (0.74, -0.05)]), (140, 240, 255), emits=True),
    Layer(disc(0.2, corners=8), (226, 250, 255), emits=True),
)
BONUS_BOX: Design = (
    Layer(disc(0.98, corners=6), (120, 92, 20), 0.12),
    Layer(disc(0.8, corners=6), (240, 196, 52), 0.26),
    Layer(star(4, 0.5, 0.16), (255, 246, 190), emits=True),
)
CARGO_BOX: Design = (
    Layer(hull([(0.92, 0.0), (0.92, 0.78), (-0.92, 0.78), (-0.92, 0.0)]), (78, 92, 104), 0.12),
    Layer(both_sides([(0.8, 0.12), (0.8, 0.66), (-0.8, 0.66), (-0.8, 0.12)]), (132, 154, 172), 0.12),
    Layer(hull([(0.3, 0.0), (0.3, 0.78), (-0.3, 0.78), (-0.3, 0.0)]), (60, 72, 84), 0.06),
    Layer(disc(0.18), (90, 240, 255), emits=True),
)
SHIP: Design = (
    Layer(
        both_sides([(0.3, 0.14), (0.1, 0.5), (-0.35, 0.98), (-0.85, 0.98), (-0.6, 0.5), (-0.62, 0.16)]), (92, 106, 128)
    ),
    Layer(both_sides([(0.46, 0.72), (0.42, 0.82), (-0.7, 0.86), (-0.7, 0.7)]), (158, 174, 196), 0.08),
    Layer(both_sides([(-0.5, 0.16), (-0.56, 0.42), (-0.96, 0.38), (-0.96, 0.14)]), (70, 78, 96), 0.1),
    Layer(hull([(1.0, 0.0), (0.74, 0.13), (0.2, 0.26), (-0.7, 0.28), (-0.88, 0.0)]), (186, 200, 218), 0.2),
    Layer(hull([(0.62, 0.0), (0.5, 0.1), (0.2, 0.12), (0.1, 0.0)]), (70, 190, 255), emits=True),
    Layer(both_sides([(-0.94, 0.19), (-0.94, 0.33), (-1.0, 0.31), (-1.0, 0.21)]), (110, 220, 255), emits=True),
)

PORTAL: Design = (
    Layer(disc(0.86), (26, 70, 150), 0.3),
    Layer(disc(0.66), (6, 14, 40), 0.5),
    Layer(around(9, [(0.16, 0.0), (0.4, 0.1), (0.64, 0.34), (0.5, 0.06), (0.36, -0.02)]), (60, 170, 255), emits=True),
    Layer(disc(0.15), (210, 240, 255), emits=True),
    Layer(around(9, [(0.78, 0.14), (1.0, 0.08), (1.0, -0.08), (0.78, -0.14)]), (150, 164, 186), 0.08),
)
BASE: Design = (
    Layer(around(6, [(0.3, 0.1), (0.9, 0.07), (0.9, -0.07), (0.3, -0.1)]), (62, 70, 82), 0.06),
    Layer(
        around(6, [(0.72, 0.2), (0.84, 0.3), (1.0, 0.16), (1.0, -0.16), (0.84, -0.3), (0.72, -0.2)]),
        (92, 104, 120),
        0.1,
    ),
    Layer(disc(0.52, corners=12), (70, 80, 94), 0.12),
    Layer(disc(0.38, corners=12), (104, 116, 132), 0.2),
    Layer(around(6, [(0.84, 0.07), (0.89, 0.07), (0.89, -0.07), (0.84, -0.07)]), (80, 255, 170), emits=True),
    Layer(star(6, 0.3, 0.24), (54, 62, 76), 0.06),
    Layer(around(6, [(0.3, 0.05), (0.34, 0.05), (0.34, -0.05), (0.3, -0.05)], 0.5236), (255, 190, 90), emits=True),
    Layer(disc(0.1), (110, 255, 200), emits=True),
)

DESIGNS: dict[str, Design] = {
    "streuner": STREUNER,
    "lordakia": LORDAKIA,
    "saimon": SAIMON,
    "mordon": MORDON,
    "devolarium": DEVOLARIUM,
    "sibelonit": SIBELONIT,
    "kristallin": KRISTALLIN,
    "sibelon": SIBELON,
    "lordakium": LORDAKIUM,
    "kristallon": KRISTALLON,
    "bonus_box": BONUS_BOX,
    "cargo_box": CARGO_BOX,
    "ship": SHIP,
    "portal": PORTAL,
    "base": BASE,
}

_PLAIN: dict[Role, Colour] = {Role.ENEMY: (200, 70, 70), Role.LOOT: (230, 200, 90), Role.PLAYER: (90, 140, 230)}


def design_of(kind: str, role: Role) -> Design:
    """Returns the design of a kind, or a plain dart in the colour of its role."""
    dart = hull([(1.0, 0.0), (-0.4, 0.6), (-0.9, 0.7), (-0.6, 0.0)])
    return DESIGNS.get(kind) or (Layer(dart, _PLAIN.get(role, (160, 160, 170)), 0.2),)
