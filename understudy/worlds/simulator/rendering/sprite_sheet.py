"""Rasterises designs into sprites: each layer is a bevelled plate lit by one fixed lamp.

The lamp does not turn with the ship, so each of 72 headings is painted separately (1-8 ms) and cached. Sprites have
premultiplied colours, and a glow is colour with zero alpha: one blit covers with the solid part and adds the glow.
"""

import cv2
import numpy as np
import pygame
from jaxtyping import Float32, UInt8

from understudy.contract.observation import Role
from understudy.worlds.simulator.rendering.sprite_shapes import Design, Layer, design_of

NUM_HEADINGS = 72
CANVAS_SCALE = 1.5
"""Ratio of the sprite's canvas to the object's box, with room for the glow."""
SUPERSAMPLING = ((76, 3), (150, 2), (100_000, 1))
"""(largest box side in pixels, supersampling factor); large sprites need no supersampling."""
_LAMP = (-0.450, -0.600, 0.661)
"""Unit vector towards the lamp: from the upper left, above the picture."""
_SHIFT = 4  # fractional bits of cv2's polygon corners


class SpriteSheet:
    """Cache of sprites by kind, size and heading, painted at first use."""

    def __init__(self) -> None:
        self._sprites: dict[tuple[str, int, int, int], pygame.Surface] = {}

    def sprite(self, kind: str, role: Role, width: int, height: int, heading: float = 0.0) -> pygame.Surface:
        """Returns a premultiplied sprite whose centre is the object's centre.

        Args:
            kind: name of the kind, or "ship" for the player's.
            role: selects the plain design of a kind without its own.
            width: of the object's box in pixels.
            height: of the object's box in pixels.
            heading: radians, 0 to the right, growing clockwise as on the screen.
        """
        step = round(heading / (2 * np.pi) * NUM_HEADINGS) % NUM_HEADINGS
        key = (kind, width, height, step)
        if key not in self._sprites:
            pixels = paint(design_of(kind, role), width, height, step * 2 * np.pi / NUM_HEADINGS)
            self._sprites[key] = surface_of(pixels)
        return self._sprites[key]


def surface_of(pixels: UInt8[np.ndarray, "height width 4"]) -> pygame.Surface:
    """Returns a surface that owns a copy of BGRA pixels."""
    height, width = pixels.shape[:2]
    return pygame.image.frombytes(np.ascontiguousarray(pixels).tobytes(), (width, height), "BGRA")


def paint(design: Design, width: int, height: int, heading: float) -> UInt8[np.ndarray, "canvas_height canvas_width 4"]:
    """Paints one design at one heading, premultiplied BGRA."""
    canvas_width, canvas_height = (max(4, round(side * CANVAS_SCALE)) for side in (width, height))
    finer = next(times for limit, times in SUPERSAMPLING if max(width, height) <= limit)
    shape = (canvas_height * finer, canvas_width * finer)
    light = np.zeros((*shape, 4), np.float32)  # blue, green, red, cover
    cos, sin = np.cos(heading), np.sin(heading)
    turn = np.array([[cos, sin], [-sin, cos]])
    scale = np.array([width, height]) / 2 * finer
    centre = np.array([shape[1], shape[0]]) / 2 - 0.5
    glows = []
    for layer in design:
        outlines = [(outline @ turn) * scale + centre for outline in layer.outlines]
        part, mask = _fill(outlines, shape)
        light[part] += (_shine(mask, layer, float(scale.min())) - light[part]) * mask[..., None]
        if layer.emits:
            glows.append((part, mask, layer.colour))
    light = np.asarray(cv2.resize(light, (canvas_width, canvas_height), interpolation=cv2.INTER_AREA), np.float32)
    if glows:
        light[..., :3] += _glow(glows, shape, (canvas_width, canvas_height), float(scale.min()) / finer)
    return np.clip(light, 0, 255).astype(np.uint8)


def _fill(outlines: list[np.ndarray], shape: tuple[int, int]) -> tuple[tuple[slice, slice], Float32[np.ndarray, "h w"]]:
    """Returns the bounding slices of some polygons on the canvas, and their coverage of each pixel in it."""
    corners = np.concatenate(outlines)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 3, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 4, (shape[1], shape[0]))
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.round((outline - low) * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    return (slice(low[1], high[1]), slice(low[0], high[0])), mask.astype(np.float32) / 255


def _glow(
    glows: list[tuple[tuple[slice, slice], np.ndarray, tuple[int, int, int]]],
    shape: tuple[int, int],
    size: tuple[int, int],
    unit: float,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the glow around emitting layers."""
    shining = np.zeros((*shape, 3), np.float32)
    for part, mask, colour in glows:
        shining[part] += mask[..., None] * np.array(colour[::-1], np.float32)
    small = cv2.resize(shining, size, interpolation=cv2.INTER_AREA)
    return np.asarray(0.9 * cv2.GaussianBlur(small, (0, 0), 0.14 * unit), np.float32)


def _shine(mask: np.ndarray, layer: Layer, unit: float) -> Float32[np.ndarray, "h w 4"]:
    """Returns a layer's colour at each pixel (BGR, cover): flat if it emits, else lit on its bevelled edge."""
    base = np.array(layer.colour[::-1], np.float32)
    lit = np.full((*mask.shape, 4), 255, np.float32)
    if layer.emits:
        lit[..., :3] = base
        return lit
    bevel = max(2.0, layer.bevel * unit)
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    slope = np.clip(1 - inside / bevel, 0, 1)
    height = (bevel * 0.9) * np.sqrt(np.maximum(1 - slope * slope, 0))
    height = cv2.GaussianBlur(height, (0, 0), max(0.8, 0.018 * unit))
    dx, dy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    facing = (_LAMP[2] - dx * _LAMP[0] - dy * _LAMP[1]) / np.sqrt(dx * dx + dy * dy + 1)
    facing = np.clip(facing, 0, 1)[..., None]
    sheen = facing**8
    lit[..., :3] = np.minimum(base * (0.22 + 0.98 * facing) + 150 * sheen * sheen * sheen, 255)
    return lit
