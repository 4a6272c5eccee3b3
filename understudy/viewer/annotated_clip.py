"""Pictures for a second opinion: the game with the overlay on it and the number of each object beside its box.

A live view hands over copies of what it has just drawn, a few in the seconds before a look; numbers are put on and
JPEGs made by whoever asks for the clip, on their own thread.
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.contract.profile import Profile
from understudy.viewer.overlay import Overlay
from understudy.viewer.schematic import Sketch, is_embedded
from understudy.worlds.simulator.rendering.renderer import Renderer, pixels_of
from understudy.worlds.simulator.rendering.scene import SceneTracker

QUALITY = 80
"""Of the JPEGs, 0..100."""
WIDTH = 640
"""Pixels that a picture is made smaller to: a model is given no more to read than it can see."""
INK = (255, 255, 255)


@dataclass(frozen=True)
class Shot:
    """One picture with the objects that it shows."""

    pixels: UInt8[np.ndarray, "height width 3"]
    """RGB."""
    observation: np.ndarray
    """Record of dtype OBSERVATION, shape (1,)."""


class Clip:
    """The last few shots. `take` belongs to the thread that draws."""

    def __init__(self, num_shots: int = 3, every_s: float = 0.8) -> None:
        """Args: `num_shots`, pictures of a clip; `every_s`, seconds between two of them."""
        self._shots: deque[Shot] = deque(maxlen=num_shots)
        self._every_s = every_s
        self._next_s = float("-inf")

    def due(self, time_s: float) -> bool:
        """Whether it is time for another shot."""
        return time_s >= self._next_s or time_s < self._next_s - 10 * self._every_s

    def take(self, surface: pygame.Surface, observation: np.ndarray) -> None:
        """Copies what was drawn (under 1 ms for 1280 x 720), with the record that it shows, of shape (1,)."""
        self.keep(pixels_of(surface), observation)

    def keep(self, pixels: UInt8[np.ndarray, "height width 3"], observation: np.ndarray) -> None:
        """Keeps a picture that belongs to nobody else any more, with the record that it shows."""
        self._next_s = float(observation["time_s"][0]) + self._every_s
        self._shots.append(Shot(pixels, observation.copy()))

    def shots(self) -> tuple[Shot, ...]:
        """The latest ones, oldest first."""
        return tuple(self._shots)


def jpegs(shots: tuple[Shot, ...], width: int = WIDTH) -> tuple[bytes, ...]:
    """Numbers on, smaller, encoded; about 4 ms each."""
    return tuple(jpeg(numbered(shot.pixels, shot.observation[0], width)) for shot in shots)


def numbered(
    pixels: UInt8[np.ndarray, "height width 3"], observation: np.void, width: int = WIDTH
) -> UInt8[np.ndarray, "small_height small_width 3"]:
    """A smaller picture with the id of each object under its box."""
    height = round(pixels.shape[0] * width / pixels.shape[1])
    small = np.ascontiguousarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    for track in observation["tracks"][observation["tracks"]["id"] > 0]:
        x = round(float(track["x"] - track["width"] / 2) * width)
        y = round(float(track["y"] + track["height"] / 2) * height) + 10
        cv2.putText(small, str(int(track["id"])), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.36, INK, 1, cv2.LINE_AA)
    return small.astype(np.uint8)


def jpeg(pixels: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """One JPEG of RGB pixels."""
    fine, content = cv2.imencode(".jpg", pixels[..., ::-1], [int(cv2.IMWRITE_JPEG_QUALITY), QUALITY])
    assert fine
    return bytes(content.tobytes())


class Illustrator:
    """Draws moments anew, where no picture of them was kept: the embedded game as it looks, another as a sketch."""

    def __init__(self, profile: Profile, size: tuple[int, int] = (1280, 720)) -> None:
        self._sketch = None if is_embedded(profile) else Sketch(profile, size)
        self._renderer, self._overlay = Renderer(profile, size), Overlay(profile, size)

    def draw(self, observation: np.void, intent: np.void) -> UInt8[np.ndarray, "height width 3"]:
        """A numbered picture of one record of dtype OBSERVATION with one of dtype INTENT over it."""
        sketch = self._sketch
        # a fresh tracker: else whoever was in the last picture and is not in this one would explode
        self._renderer.witness = SceneTracker()
        surface = self._renderer.draw_observation(observation) if sketch is None else sketch.draw(observation)
        self._overlay.draw(surface, observation, intent)
        return numbered(pixels_of(surface), observation)
