"""Cut-outs of found things: their pixels with a soft mask, for pasting into other frames, and as tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.perception.discovery.background import ForegroundFinder
from understudy.perception.discovery.blobs import Blob, find_blobs
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.perception.discovery.sightings import Sightings
from understudy.perception.discovery.things import Thing

NUM_EACH, NUM_OTHERS = 40, 8
"""Cut-outs of each thing, and of each group that may be none."""
MARGIN = 1.44
"""Side of a cut-out, longer sides of the box."""
CURSOR_PX = 14
"""Nearer to the pointer's tip nothing is cut out, pixels beyond half of the cut-out."""
MIN_STABLE = 3


@dataclass(frozen=True)
class CutOut:
    """One sighting as an RGBA square."""

    pixels: UInt8[np.ndarray, "side side 4"]
    """Small frame's pixels; alpha 0 outside the thing."""


def cut_out_things(
    clips: Sequence[RecordedClip], finder: ForegroundFinder, sightings: Sightings, things: Sequence[Thing]
) -> list[list[CutOut]]:
    """Cuts out up to NUM_EACH sightings of each thing, the typical ones of many moments.

    Those beside the pointer are taken only of a thing that is never seen without it.
    """
    wanted: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, thing in enumerate(things):
        for row in _typical(sightings, thing):
            key = (int(sightings.records["clip"][row]), int(sightings.records["frame"][row]))
            wanted.setdefault(key, []).append((number, row))
    found: list[list[CutOut]] = [[] for _ in things]
    spare: list[list[CutOut]] = [[] for _ in things]
    for (clip_number, frame), asked in sorted(wanted.items()):
        clip = clips[clip_number]
        picture = clip.picture(frame)
        at = clip.cursor[frame]
        cursor = (at[0] * picture.shape[1], at[1] * picture.shape[0])
        blobs = find_blobs(finder.difference(clip, frame), cursor)
        for number, row in asked:
            record = sightings.records[row]
            blob = next((b for b in blobs if b.middle == (record["x"], record["y"])), None)
            one = None if blob is None else _cut(picture, blob, things[number])
            if blob is not None and one is not None:
                reach = one.pixels.shape[0] / 2 + CURSOR_PX
                is_beside = max(abs(cursor[0] - blob.middle[0]), abs(cursor[1] - blob.middle[1])) < reach
                (spare if is_beside else found)[number].append(one)
    return [clear or beside for clear, beside in zip(found, spare, strict=True)]


def _typical(sightings: Sightings, thing: Thing) -> np.ndarray:
    """Rows of stable sightings, of each thing those whose colours are nearest to its mean, from many moments."""
    rows = np.flatnonzero(thing.whole & (sightings.records["stability"] >= MIN_STABLE))
    if not len(rows):
        rows = np.flatnonzero(thing.whole)
    mean = sightings.colours[rows].mean(axis=0)
    away = np.linalg.norm(sightings.colours[rows] - mean, axis=1)
    typical = rows[away <= np.percentile(away, 70)]
    return np.asarray(np.random.default_rng(0).permutation(typical)[: NUM_EACH if thing.is_thing else NUM_OTHERS])


def _cut(picture: np.ndarray, blob: Blob, thing: Thing) -> CutOut | None:
    side = int(np.ceil(MARGIN * max(thing.width, thing.height))) + 4
    x, y = blob.middle
    left, top = round(x - side / 2), round(y - side / 2)
    height, width = picture.shape[:2]
    if left < 0 or top < 0 or left + side > width or top + side > height:
        return None
    mask = np.zeros((height, width), np.uint8)
    mask[blob.top : blob.top + blob.height, blob.left : blob.left + blob.width] = blob.mask
    part = cv2.morphologyEx(mask[top : top + side, left : left + side], cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(part, outlines, -1, 1, -1)
    grown = cv2.dilate(part, np.ones((3, 3), np.uint8)).astype(np.float32)
    alpha = np.round(255 * cv2.GaussianBlur(grown, (0, 0), 0.8)).astype(np.uint8)
    return CutOut(np.dstack([picture[top : top + side, left : left + side], alpha]))
