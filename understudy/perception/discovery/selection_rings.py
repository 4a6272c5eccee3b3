"""Measures at which distance a game draws the ring around the selected object, on the boxes that were found.

The distance gives boxes of all kinds one scale: found boxes are a tenth too large for one kind and too small for
another, and a ring that is looked for at the wrong distance is not seen. The ring's colour has to be known: of all thin
circles around boxes the clearest are often parts of the objects (docs/log.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from understudy.contract.screen_layout import Colour

NUM_DIRECTIONS = 64
NEAREST, FARTHEST = 0.5, 1.2
"""Where a ring is looked for, longer sides of the box from its middle."""
STEP_PX = 0.5
THIN_PX = 2.5
"""The colour is another one this far inside and outside of the line, pixels."""
CONTRAST = 55.0
"""Least RGB distance between the line and what lies inside and outside of it."""
SAME_COLOUR = 70.0
"""Largest RGB distance of the line's pixels to the ring's colour."""
MIN_SHARE = 0.3
"""Least share of the directions in which the line is seen; rings may be broken."""
MAX_BOXES = 0.5
"""Largest share of a kind's boxes that have a ring; an outline is around more."""
MIN_RINGS = 4
"""Fewest rings by which a kind is measured."""
THICK = 2
"""Rows on either side of the clearest one that may belong to the same line."""


@dataclass(frozen=True)
class _Line:
    kind: int
    radius: float
    share: float


def ring_radii(
    pictures: Sequence[UInt8[np.ndarray, "height width 3"]],
    boxes: Sequence[Float32[np.ndarray, "M 4"]],
    kinds: Sequence[Int64[np.ndarray, " M"]],
    colour: Colour,
) -> dict[int, float]:
    """Returns kind -> median distance of the ring from the middle of its boxes, pixels; without kinds that have none.

    Args:
        pictures: RGB, all of one size.
        boxes: of each picture: centre x, y, width, height in pixels.
        kinds: of each picture: the kind of each box.
        colour: of the ring.
    """
    lines: list[_Line] = []
    num_boxes: dict[int, int] = {}
    for picture, own, labels in zip(pictures, boxes, kinds, strict=True):
        there: list[_Line] = []
        for box, kind in zip(own, labels.tolist(), strict=True):
            radii, samples = _around(picture, box)
            if len(radii):
                num_boxes[kind] = num_boxes.get(kind, 0) + 1
                line = _clearest(radii, samples, colour)
                there += [] if line is None else [_Line(kind, *line)]
        lines += sorted(there, key=lambda line: -line.share)[:1]  # one object is selected at a time
    found = {kind: [line.radius for line in lines if line.kind == kind] for kind in num_boxes}
    return {
        kind: float(np.median(radii))
        for kind, radii in found.items()
        if MIN_RINGS <= len(radii) <= MAX_BOXES * num_boxes[kind]
    }


def _around(picture: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns distances, and the pixels there in all directions, shape (R, D, 3); none where the picture ends."""
    height, width = picture.shape[:2]
    side = float(max(box[2], box[3]))
    radii = np.arange(NEAREST * side - THIN_PX, FARTHEST * side + THIN_PX + STEP_PX, STEP_PX)
    angles = 2 * np.pi * np.arange(NUM_DIRECTIONS) / NUM_DIRECTIONS
    x = np.rint(box[0] + radii[:, None] * np.cos(angles)).astype(int)
    y = np.rint(box[1] + radii[:, None] * np.sin(angles)).astype(int)
    if x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height:
        return radii[:0], np.zeros((0, NUM_DIRECTIONS, 3), np.float32)
    return radii, picture[y, x].astype(np.float32)


def _clearest(radii: np.ndarray, samples: np.ndarray, colour: Colour) -> tuple[float, float] | None:
    """Returns distance and share of the thin line that is seen in most directions; None if there is none."""
    apart = round(THIN_PX / STEP_PX)
    middle = samples[apart:-apart]
    inside = np.linalg.norm(middle - samples[: -2 * apart], axis=2)
    outside = np.linalg.norm(middle - samples[2 * apart :], axis=2)
    is_ring = np.linalg.norm(middle - np.array(colour, np.float32), axis=2) < SAME_COLOUR
    thin = is_ring & (np.minimum(inside, outside) > CONTRAST)
    shares = thin.mean(axis=1)
    row = int(shares.argmax())
    share = float(thin[max(0, row - 1) : row + 2].any(axis=0).mean())
    if share < MIN_SHARE:
        return None
    rows = slice(max(0, row - THICK), row + THICK + 1)
    return float(np.average(radii[apart:-apart][rows], weights=shares[rows])), share
