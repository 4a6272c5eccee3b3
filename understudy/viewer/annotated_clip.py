"""Annotated frames for a reviewer: the game with the overlay, and each object's id beside its box, as JPEGs.

A live view stores copies of a few recent frames. The caller who wants the clip adds the ids and encodes the JPEGs on
its own thread.
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.contract.profile import Profile
from understudy.viewer.overlay import Overlay
from understudy.viewer.schematic import SchematicRenderer, is_embedded
from understudy.worlds.simulator.rendering.renderer import Renderer, pixels_of
from understudy.worlds.simulator.rendering.scene import SceneTracker

QUALITY = 80
"""JPEG quality, 0..100."""
WIDTH = 640
"""Width to which frames are downscaled, pixels: vision models do not use more."""
INK = (255, 255, 255)


@dataclass(frozen=True)
class ClipFrame:
    """One frame with the observation that it shows."""

    pixels: UInt8[np.ndarray, "height width 3"]
    """RGB."""
    observation: np.ndarray
    """Record of dtype OBSERVATION, shape (1,)."""


class Clip:
    """Ring buffer of the last few frames. `take` belongs to the drawing thread."""

    def __init__(self, num_shots: int = 3, every_s: float = 0.8) -> None:
        """Args: `num_shots`, frames of a clip; `every_s`, seconds between two of them."""
        self._shots: deque[ClipFrame] = deque(maxlen=num_shots)
        self._every_s = every_s
        self._next_s = float("-inf")

    def due(self, time_s: float) -> bool:
        """Returns whether the next frame is due."""
        return time_s >= self._next_s or time_s < self._next_s - 10 * self._every_s

    def take(self, surface: pygame.Surface, observation: np.ndarray) -> None:
        """Stores a copy of a drawn surface (under 1 ms for 1280 x 720) with its observation record, shape (1,)."""
        self.keep(pixels_of(surface), observation)

    def keep(self, pixels: UInt8[np.ndarray, "height width 3"], observation: np.ndarray) -> None:
        """Stores pixels, whose ownership passes to the clip, with a copy of their observation record, shape (1,)."""
        self._next_s = float(observation["time_s"][0]) + self._every_s
        self._shots.append(ClipFrame(pixels, observation.copy()))

    def shots(self) -> tuple[ClipFrame, ...]:
        """Returns the stored frames, oldest first."""
        return tuple(self._shots)


def jpegs(shots: tuple[ClipFrame, ...], width: int = WIDTH) -> tuple[bytes, ...]:
    """Downscales, annotates and encodes frames; about 4 ms each."""
    return tuple(jpeg(annotate(shot.pixels, shot.observation[0], width)) for shot in shots)


def annotate(
    pixels: UInt8[np.ndarray, "height width 3"], observation: np.void, width: int = WIDTH
) -> UInt8[np.ndarray, "small_height small_width 3"]:
    """Returns a downscaled frame with the id of each object under its box."""
    height = round(pixels.shape[0] * width / pixels.shape[1])
    small = np.ascontiguousarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    for track in observation["tracks"][observation["tracks"]["id"] > 0]:
        x = round(float(track["x"] - track["width"] / 2) * width)
        y = round(float(track["y"] + track["height"] / 2) * height) + 10
        cv2.putText(small, str(int(track["id"])), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.36, INK, 1, cv2.LINE_AA)
    return small.astype(np.uint8)


def jpeg(pixels: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """Encodes RGB pixels as JPEG."""
    fine, content = cv2.imencode(".jpg", pixels[..., ::-1], [int(cv2.IMWRITE_JPEG_QUALITY), QUALITY])
    assert fine
    return bytes(content.tobytes())


class IntentRenderer:
    """Renders an observation with an intent where no frame was stored: the embedded game as it looks, others as a
    schematic."""

    def __init__(self, profile: Profile, size: tuple[int, int] = (1280, 720)) -> None:
        self._schematic = None if is_embedded(profile) else SchematicRenderer(profile, size)
        self._renderer, self._overlay = Renderer(profile, size), Overlay(profile, size)

    def draw(self, observation: np.void, intent: np.void) -> UInt8[np.ndarray, "height width 3"]:
        """Returns an annotated frame of one record of dtype OBSERVATION with one of dtype INTENT over it."""
        schematic = self._schematic
        # a new tracker: with the old one, each object of the last frame that is missing in this one would explode
        self._renderer.scene_tracker = SceneTracker()
        surface = self._renderer.draw_observation(observation) if schematic is None else schematic.draw(observation)
        self._overlay.draw(surface, observation, intent)
        return annotate(pixels_of(surface), observation)
