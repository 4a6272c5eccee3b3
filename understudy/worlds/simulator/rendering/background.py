"""The background: nebula, stars in three parallax layers and a planet, in colours of its own on each map.

Farther layers move slower than the ship. Everything is generated from noise with a fixed seed when a map is first
shown, so two machines draw the same background.
"""

import cv2
import numpy as np
import pygame
from jaxtyping import Float32, UInt8

from understudy.worlds.simulator.rendering.sprite_sheet import surface_of

TILE_WIDTH, TILE_HEIGHT = 1024, 768
FAR, MIDDLE, NEAR = 0.12, 0.35, 0.6
"""Parallax: speed of the layers as fractions of the ship's."""
_PLANET_DEPTH = 0.2

_TINTS = (
    ((22, 30, 74), (70, 34, 92), (96, 150, 210)),
    ((12, 52, 58), (22, 62, 106), (120, 190, 130)),
    ((66, 22, 38), (84, 46, 20), (216, 150, 90)),
    ((44, 14, 70), (92, 12, 44), (190, 90, 160)),
    ((20, 46, 30), (60, 60, 24), (170, 190, 110)),
)
"""Colours of each map: two of the nebula, one of the planet."""


class BackgroundPainter:
    """Draws the background of a map at a camera position."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._tiles: dict[int, pygame.Surface] = {}
        self._planets: dict[int, pygame.Surface] = {}
        self._stars = [_star(radius, tint) for radius, tint in ((3, (150, 170, 220)), (5, (210, 220, 255)))]

    def draw(self, surface: pygame.Surface, map_index: int, camera_x: float, camera_y: float) -> None:
        """Fills the whole surface.

        Args:
            surface: of this painter's size.
            map_index: index of the map.
            camera_x: horizontal map position of the ship, in pixels of this window.
            camera_y: vertical map position of the ship, in pixels of this window.
        """
        self.paint(map_index, surface)
        self._draw_tile(surface, self._tiles[map_index], camera_x * FAR, camera_y * FAR)
        self._draw_stars(surface, self._stars[0], MIDDLE, 70, camera_x, camera_y, map_index)
        planet = self._planets[map_index]
        place = (self._size[0] * 0.9 - camera_x * _PLANET_DEPTH, self._size[1] * 0.8 - camera_y * _PLANET_DEPTH)
        surface.blit(planet, planet.get_rect(center=place), special_flags=pygame.BLEND_PREMULTIPLIED)
        self._draw_stars(surface, self._stars[1], NEAR, 30, camera_x, camera_y, map_index)

    def paint(self, map_index: int, like: pygame.Surface) -> None:
        """Paints a map's background ahead of `draw` (a tenth of a second); `like` gives the pixel format."""
        if map_index not in self._tiles:
            self._tiles[map_index] = surface_of(_nebula(map_index)).convert(like)
            self._planets[map_index] = surface_of(_planet(map_index, round(self._size[1] * 0.42)))

    def _draw_tile(self, surface: pygame.Surface, tile: pygame.Surface, x: float, y: float) -> None:
        left, top = -int(x % TILE_WIDTH), -int(y % TILE_HEIGHT)
        for place_x in range(left, self._size[0], TILE_WIDTH):
            for place_y in range(top, self._size[1], TILE_HEIGHT):
                surface.blit(tile, (place_x, place_y))

    def _draw_stars(
        self, surface: pygame.Surface, star: pygame.Surface, depth: float, count: int, x: float, y: float, seed: int
    ) -> None:
        """Draws a field of stars whose period is larger than the window, so that no star appears inside it."""
        field = np.array(self._size) + 24
        places = np.random.default_rng(seed * 10 + count).random((count, 2)) * field
        places = (places - np.array([x, y]) * depth) % field - 12
        surface.fblits([(star, (px, py)) for px, py in places.tolist()], pygame.BLEND_RGB_ADD)


def _noise(generator: np.random.Generator, steepness: float) -> Float32[np.ndarray, "height width"]:
    """Returns tileable cloud noise from 0 to 1: white noise with damped high frequencies.

    Generated at half size, since the highest frequencies are negligible, and upscaled with wrap-around padding.
    """
    height, width = TILE_HEIGHT // 2, TILE_WIDTH // 2
    waves = np.fft.rfft2(generator.standard_normal((height, width)))
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    damping = (np.hypot(fx, fy) + 1.5 / width) ** -steepness
    clouds = np.fft.irfft2(waves * damping, s=(height, width)).astype(np.float32)
    low, high = np.quantile(clouds[::3, ::3], [0.02, 0.98])
    wrapped = np.pad(np.clip((clouds - low) / (high - low), 0, 1), 2, mode="wrap")
    large = cv2.resize(wrapped, (2 * width + 8, 2 * height + 8), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large[4:-4, 4:-4], np.float32)


def _nebula(map_index: int) -> UInt8[np.ndarray, "height width 4"]:
    generator = np.random.default_rng(1000 + map_index)
    first, second, _ = (np.array(tint, np.float32) for tint in _TINTS[map_index % len(_TINTS)])
    clouds, wisps, dust = (_noise(generator, steepness)[..., None] for steepness in (2.0, 1.7, 1.4))
    picture = 6 + first * clouds**2.2 * 1.1 + second * (wisps * (1 - 0.6 * dust)) ** 2.6 * 1.3
    faint = generator.random((TILE_HEIGHT, TILE_WIDTH, 1)) > 0.9985
    picture = picture + faint * generator.uniform(40, 170, (TILE_HEIGHT, TILE_WIDTH, 1))
    pixels = np.clip(picture, 0, 255)[..., ::-1]
    return np.concatenate([pixels, np.full((TILE_HEIGHT, TILE_WIDTH, 1), 255)], axis=2).astype(np.uint8)


def _planet(map_index: int, diameter: int) -> UInt8[np.ndarray, "side side 4"]:
    """Returns a banded planet lit from the upper left with a thin atmosphere, premultiplied BGRA."""
    side = round(diameter * 1.2)
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) - side / 2 + 0.5) / (diameter / 2)
    radius = np.hypot(x, y)
    ball = np.clip((1 - radius) * diameter / 2, 0, 1)[..., None]
    z = np.sqrt(np.clip(1 - radius**2, 0, 1))
    clouds = cv2.resize(_noise(np.random.default_rng(2000 + map_index), 1.6)[:512, :512], (side, side))
    bands = 0.75 + 0.25 * np.sin(7 * y + 5 * clouds + x)
    light = np.clip(-0.55 * x - 0.5 * y + 0.55 * z, 0, 1) ** 0.9 + 0.03
    tint = np.array(_TINTS[map_index % len(_TINTS)][2], np.float32) * 0.62
    colour = tint * (bands * light * (0.75 + 0.4 * clouds))[..., None] * ball
    air = np.exp(-np.maximum(radius - 1, 0) * 26) * np.clip(-0.6 * x - 0.55 * y + 0.25, 0, 1) * (radius > 0.985)
    colour = colour + (tint * 0.9) * air[..., None]
    return np.concatenate([np.clip(colour, 0, 255)[..., ::-1], 255 * ball], axis=2).astype(np.uint8)


def _star(radius: int, tint: tuple[int, int, int]) -> pygame.Surface:
    """Returns a soft point of light for additive blending."""
    side = 2 * radius + 1
    spot = np.zeros((side, side), np.float32)
    spot[radius, radius] = 1
    soft = cv2.GaussianBlur(spot, (0, 0), radius / 3.4)
    glow = (soft / soft.max())[..., None] ** 0.9 * np.array(tint, np.float32)
    return surface_of(np.concatenate([glow[..., ::-1], np.full((side, side, 1), 255)], axis=2).astype(np.uint8))
