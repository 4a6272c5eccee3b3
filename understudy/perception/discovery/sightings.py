"""All blobs of all sessions, with the colours that distinguish them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from understudy.perception.discovery.background import ForegroundFinder
from understudy.perception.discovery.blobs import Blob, find_blobs
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.perception.discovery.screen_layout import ScreenLayout

EVERY = 2
"""Of the regular frames, every second is searched: one every 0.4 s."""
AROUND_PRESS_S = (-0.4, 0.0, 0.4)
LIGHT_EDGES, COLOUR_EDGES = (70, 140, 210), (60, 140)
"""Brightness and saturation, of 255, that separate the histogram's bins."""
NUM_HUES = 12
NUM_BINS = 4 + NUM_HUES * 2 * 4

SIGHTING = np.dtype(
    [
        ("clip", "i4"),
        ("frame", "i4"),
        ("x", "f4"),  # centre, pixels of the small frame
        ("y", "f4"),
        ("width", "f4"),
        ("height", "f4"),
        ("area", "f4"),
        ("stability", "i4"),
        ("regular", "?"),  # of a frame that is searched whether or not there was a press
    ]
)


@dataclass(frozen=True)
class Sightings:
    """Blobs of the searched frames."""

    records: np.ndarray
    """Records of dtype SIGHTING."""
    colours: Float32[np.ndarray, "N B"]
    """Square roots of the colour histograms under the masks, so that their distance is Hellinger's."""

    @property
    def side(self) -> np.ndarray:
        """Geometric mean of width and height, pixels."""
        return np.asarray(np.sqrt(self.records["width"] * self.records["height"]))


def find_sightings(
    clips: Sequence[RecordedClip],
    layout: ScreenLayout,
    finder: ForegroundFinder,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sightings:
    """Searches the regular frames of all sessions and those around presses on the scene."""
    frames = [(index, number, True) for index, clip in enumerate(clips) for number in _regular(clip)]
    frames += [
        (index, number, False) for index, clip in enumerate(clips) for number in sorted(_around_presses(clip, layout))
    ]
    rows, colours = [], []
    for done, (index, number, is_regular) in enumerate(frames):
        clip = clips[index]
        picture = clip.picture(number)
        height, width = picture.shape[:2]
        at = clip.cursor[number]
        difference = finder.difference(clip, number)
        for blob in find_blobs(difference, (at[0] * width, at[1] * height)):
            x, y = blob.middle
            rows.append((index, number, x, y, blob.width, blob.height, blob.area, blob.stability, is_regular))
            colours.append(colour_histogram(picture, blob))
        progress(done + 1, len(frames))
    histograms = np.array(colours, np.float32).reshape(-1, NUM_BINS)
    return Sightings(np.array(rows, SIGHTING), histograms)


def colour_histogram(picture: np.ndarray, blob: Blob) -> Float32[np.ndarray, " B"]:
    """Returns the square root of the histogram of hue, saturation and brightness under a blob's mask."""
    part = picture[blob.top : blob.top + blob.height, blob.left : blob.left + blob.width]
    pixels = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2HSV)[blob.mask]
    light = np.digitize(pixels[:, 2], LIGHT_EDGES)
    colour = np.digitize(pixels[:, 1], COLOUR_EDGES)
    hue = ((pixels[:, 0].astype(np.float32) + 7.5) // 15).astype(int) % NUM_HUES
    bins = np.where(colour == 0, light, 4 + ((hue * 2 + colour - 1) * 4 + light))
    counts = np.bincount(bins, minlength=NUM_BINS).astype(np.float32)
    return np.asarray(np.sqrt(counts / counts.sum()))


def searched_regularly(clip: RecordedClip) -> Bool[np.ndarray, " N"]:
    """Marks the frames of a session that are searched whether or not there was a press."""
    marked = np.zeros(len(clip), bool)
    marked[_regular(clip)] = True
    return marked


def _regular(clip: RecordedClip) -> list[int]:
    return [int(number) for number in clip.regular_numbers[::EVERY]]


def _around_presses(clip: RecordedClip, layout: ScreenLayout) -> set[int]:
    regular, found = set(_regular(clip)), set()
    for press in clip.presses:
        if layout.is_scene(press.x, press.y):
            near = [clip.nearest(press.time_s + ahead_s) for ahead_s in AROUND_PRESS_S]
            found |= {number for number in near if number is not None and number not in regular}
    return found
