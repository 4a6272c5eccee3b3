"""Tiles of the found kinds, and a sheet of all of them with counts, for a person to name."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.perception.discovery.cut_outs import CutOut
from understudy.perception.discovery.discovered import Discovery

TILE = 96
"""Side of a tile, pixels."""
NUM_SHOWN = 6
TEXT_WIDTH = 330
FACE, LIGHT, DIM = cv2.FONT_HERSHEY_SIMPLEX, (235, 235, 235), (150, 150, 150)


def tile_of(cut_outs: Sequence[CutOut]) -> UInt8[np.ndarray, "96 96 3"]:
    """Returns the picture of a kind: its first cut-out with what is around it, enlarged."""
    if not cut_outs:
        return np.full((TILE, TILE, 3), 60, np.uint8)
    return _scaled(cut_outs[0])


def draw_contact_sheet(
    discovery: Discovery, cut_outs: Mapping[int, Sequence[CutOut]]
) -> UInt8[np.ndarray, "height width 3"]:
    """Returns a sheet with one row for each kind: its number, counts, suggested role and some sightings."""
    kinds = sorted(discovery.kinds, key=lambda kind: (kind.thrown_away, kind.id))
    width = TEXT_WIDTH + NUM_SHOWN * (TILE + 4)
    sheet = np.full((max(1, len(kinds)) * (TILE + 6), width, 3), 28, np.uint8)
    for number, kind in enumerate(kinds):
        top = number * (TILE + 6) + 3
        role = kind.chosen_role.name if kind.suggested_role or kind.role else "-"
        lines = (
            f"{kind.id}: {kind.shown_name}  {role}{'  (thrown away)' if kind.thrown_away else ''}",
            f"{kind.num_sightings} sightings, {kind.num_clicks} clicks, lift {kind.click_lift:.1f}",
            f"{kind.width * discovery.frame_width:.0f} x {kind.height * discovery.frame_height:.0f} px, "
            f"{'moves' if kind.moves else 'lies still'}{', vanishes' if kind.vanishes_after_click else ''}",
        )
        for row, line in enumerate(lines):
            cv2.putText(sheet, line, (6, top + 24 + 24 * row), FACE, 0.42, DIM if row else LIGHT, 1, cv2.LINE_AA)
        for column, one in enumerate(list(cut_outs.get(kind.id, ()))[:NUM_SHOWN]):
            left = TEXT_WIDTH + column * (TILE + 4)
            sheet[top : top + TILE, left : left + TILE] = _scaled(one)
    return sheet


def _scaled(one: CutOut) -> np.ndarray:
    picture = np.ascontiguousarray(one.pixels[..., :3])
    return np.asarray(cv2.resize(picture, (TILE, TILE), interpolation=cv2.INTER_CUBIC), np.uint8)
