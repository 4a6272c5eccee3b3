"""What differs from the background, by one of three models of it.

* still camera: the median of frames within seconds
* one scrolling layer: the frames before and after, shifted by the scene's motion (phase correlation)
* several layers, as stars at several speeds: contrast to a wide spatial median

The model is chosen once for all sessions: still if static edges explain the texture; layered if little of a frame
stands out from its wide median; scrolling otherwise.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from understudy.perception.discovery.discovered import Background
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.perception.discovery.screen_layout import ScreenLayout

STILL_SPAN_S, STILL_FRAMES, STILL_SLOT_S = 30.0, 15, 8.0
"""Seconds before and after, number of frames, and seconds for which one median serves."""
SPARSE_SHARE = 0.2
"""Share of pixels that stand out from the wide median, up to which the background counts as layered."""
STANDS_OUT = 30
NEIGHBOURS_S = (-4.8, -3.2, -2.2, -1.2, 1.2, 2.2, 3.2, 4.8)
RANK = 3
"""A scrolling pixel counts as background if it is explained by more than this many neighbours."""
_NEAR = np.ones((3, 3), np.uint8)


class ForegroundFinder:
    """Foreground of the frames of all sessions under one model of the background."""

    def __init__(self, clips: Sequence[RecordedClip], layout: ScreenLayout, background: Background) -> None:
        """Measures the scene's motion in every session; takes 3 ms a frame."""
        self.background = background
        self._layout = layout
        self._offsets = {id(clip): scene_offsets(clip, layout) for clip in clips}
        self._medians: dict[tuple[int, int], np.ndarray] = {}

    def offset(self, clip: RecordedClip, number: int) -> Float64[np.ndarray, "2"]:
        """Returns the motion of the scene from the session's first frame to this one, pixels right and down."""
        return np.asarray(self._offsets[id(clip)][number])

    def difference(self, clip: RecordedClip, number: int) -> UInt8[np.ndarray, "height width"]:
        """Returns by how much each pixel differs from the background, of 255; 0 under panels."""
        if self.background == "still":
            found = self._from_still(clip, number)
        elif self.background == "scrolling":
            found = self._from_scrolling(clip, number)
        else:
            found = wide_contrast(clip.picture(number))
        found[self._layout.covered] = 0
        return found

    def _from_still(self, clip: RecordedClip, number: int) -> np.ndarray:
        slot = int(clip.times_s[number] // STILL_SLOT_S)
        key = (id(clip), slot)
        if key not in self._medians:
            middle = (slot + 0.5) * STILL_SLOT_S
            around = [clip.nearest(middle + ahead) for ahead in np.linspace(-STILL_SPAN_S, STILL_SPAN_S, STILL_FRAMES)]
            frames = [clip.picture(each) for each in around if each is not None]
            self._medians[key] = np.median(np.stack(frames or [clip.picture(number)]), axis=0).astype(np.uint8)
        return _largest_channel(cv2.absdiff(clip.picture(number), self._medians[key]))

    def _from_scrolling(self, clip: RecordedClip, number: int) -> np.ndarray:
        picture, differences = clip.picture(number), []
        free = (~self._layout.covered).astype(np.uint8)
        for ahead_s in NEIGHBOURS_S:
            other = clip.nearest(clip.times_s[number] + ahead_s)
            if other is None:
                continue
            shift = self.offset(clip, number) - self.offset(clip, other)
            differences.append(_shifted_difference(picture, clip.picture(other), shift, free))
        if not differences:
            return np.zeros(picture.shape[:2], np.uint8)
        ranked = np.sort(np.stack(differences), axis=0)[min(RANK, len(differences) - 1)]
        return np.where(ranked == 255, 0, ranked).astype(np.uint8)


def choose_background(clips: Sequence[RecordedClip], layout: ScreenLayout) -> Background:
    """Chooses the model of the background that explains most."""
    if layout.is_still:
        return "still"
    chosen = [(clip, int(number)) for clip in clips for number in np.linspace(0, len(clip) - 1, 8)]
    shares = [(wide_contrast(clip.picture(number))[~layout.covered] > STANDS_OUT).mean() for clip, number in chosen]
    return "layered" if np.median(shares) <= SPARSE_SHARE else "scrolling"


def wide_contrast(picture: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width"]:
    """Returns the largest channel's contrast to a median over a fifth of the frame's width."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    median = cv2.resize(cv2.medianBlur(small, 31), (width, height), interpolation=cv2.INTER_LINEAR)
    return _largest_channel(cv2.absdiff(picture, median))


def scene_offsets(clip: RecordedClip, layout: ScreenLayout) -> Float64[np.ndarray, "N 2"]:
    """Integrates the scene's motion between consecutive frames, pixels of the small frames, by phase correlation.

    Panels are faded out, and flat light is removed, so that texture decides.
    """
    offsets = np.zeros((max(1, len(clip)), 2))
    height, width = layout.covered.shape
    half = (max(2, -(-width // 2)), max(2, -(-height // 2)))
    covered = cv2.resize(layout.covered.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    free, window = cv2.GaussianBlur(1 - covered, (0, 0), 3), cv2.createHanningWindow(half, cv2.CV_32F)
    before = None
    for number in range(len(clip)):
        grey = clip.small_grey(number)
        if grey.shape != (half[1], half[0]):
            grey = cv2.resize(grey, half, interpolation=cv2.INTER_AREA)
        light = grey.astype(np.float32)
        texture = np.clip(light - cv2.blur(light, (15, 15)), -25, 25) * free
        if before is not None:
            (across, down), _ = cv2.phaseCorrelate(before, texture, window)
            offsets[number] = offsets[number - 1] + (2 * across, 2 * down)
        before = texture
    return offsets


def _largest_channel(picture: np.ndarray) -> np.ndarray:
    """The largest of three channels; thirty times as fast as numpy's max over the last axis."""
    red, green, blue = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def _shifted_difference(picture: np.ndarray, other: np.ndarray, shift: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Least difference to a shifted frame within a pixel; 255 where that frame shows nothing of the scene."""
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(other, matrix, (width, height))
    known = cv2.warpAffine(free, matrix, (width, height), flags=cv2.INTER_NEAREST)
    above, below = cv2.subtract(picture, cv2.dilate(moved, _NEAR)), cv2.subtract(cv2.erode(moved, _NEAR), picture)
    difference = _largest_channel(cv2.max(above, below))
    difference[known == 0] = 255
    return difference
