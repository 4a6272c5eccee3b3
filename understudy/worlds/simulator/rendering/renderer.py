"""Renders the game with pygame on off-screen surfaces: no display, no window, no thread.

One `Renderer` draws any world at one size. Drawing a scene twice gives the same frame, except for the headings of
ships, which turn smoothly from one scene to the next.
"""

import cv2
import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.contract.observation import Button
from understudy.contract.profile import Profile
from understudy.worlds.simulator.rendering.background import BackgroundPainter
from understudy.worlds.simulator.rendering.effect_painter import EffectPainter
from understudy.worlds.simulator.rendering.entity_painter import EntityPainter
from understudy.worlds.simulator.rendering.hud_painter import HudPainter
from understudy.worlds.simulator.rendering.scene import (
    MAP_HEIGHT,
    MAP_WIDTH,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    Camera,
    Scene,
    SceneTracker,
    camera_of,
)
from understudy.worlds.simulator.rendering.text_renderer import TextRenderer


class Renderer:
    """Draws scenes at one size.

    Not thread-safe; the next call overwrites the surface that `draw` returned.
    """

    def __init__(self, profile: Profile, size: tuple[int, int] | None = None, *, labels: bool = True) -> None:
        """Prepares panels and text; sprites and backgrounds are painted at first use.

        Args:
            profile: of the game.
            size: of the frames in pixels, width and height; the profile's window size by default.
            labels: draw names and bars over ships and places.
        """
        self.size = size or (profile.window_width, profile.window_height)
        self.surface = pygame.Surface(self.size, 0, 32)
        self.lettering = TextRenderer(self.size[1])
        self._num_maps = len(profile.maps)
        self._background = BackgroundPainter(self.size)
        self._entities = EntityPainter(profile, self.size, self.lettering, labels=labels)
        self._effects = EffectPainter(profile, self.size, self.lettering)
        self._hud = HudPainter(profile, self.size, self.lettering)
        self.scene_tracker = SceneTracker()

    def paint_skies(self) -> None:
        """Paints the backgrounds of all maps now, so that a jump to another map does not stall a live game."""
        for map_index in range(self._num_maps):
            self._background.paint(map_index, self.surface)

    def draw(self, scene: Scene) -> pygame.Surface:
        """Draws a scene; the surface belongs to this renderer."""
        observation, player = scene.observation, scene.observation["player"]
        camera_x = float(player["x"]) * MAP_WIDTH / VIEW_WIDTH * self.size[0]
        camera_y = float(player["y"]) * MAP_HEIGHT / VIEW_HEIGHT * self.size[1]
        self._background.draw(self.surface, max(0, int(player["map_index"])), camera_x, camera_y)
        self._draw_border(camera_of(observation, self.size))
        self._entities.draw(self.surface, scene)
        self._effects.draw(self.surface, scene)
        self._hud.draw(self.surface, scene)
        self._draw_cursor(float(observation["cursor_x"]), float(observation["cursor_y"]), int(observation["button"]))
        return self.surface

    def draw_observation(self, observation: np.void) -> pygame.Surface:
        """Draws one observation record of a recording; call it in order of time, for correct shots and log lines."""
        return self.draw(self.scene_tracker.update(observation))

    def frame(self, scene: Scene) -> UInt8[np.ndarray, "height width 3"]:
        """Returns a scene as an RGB array that the caller owns."""
        return pixels_of(self.draw(scene))

    def frame_observation(self, observation: np.void) -> UInt8[np.ndarray, "height width 3"]:
        """Returns one observation record of a recording as an RGB array that the caller owns."""
        return pixels_of(self.draw_observation(observation))

    def _draw_border(self, camera: Camera) -> None:
        """Draws the map's border where it is in the window."""
        left, top = camera.to_pixels(0.0, 0.0)
        right, bottom = camera.to_pixels(MAP_WIDTH, MAP_HEIGHT)
        area = pygame.Rect(round(left), round(top), round(right - left), round(bottom - top))
        if not area.contains(self.surface.get_rect()):
            for grown, tint in ((10, (34, 12, 14)), (4, (70, 22, 24)), (0, (190, 60, 54))):
                pygame.draw.rect(self.surface, tint, area.inflate(grown, grown), 2)

    def _draw_cursor(self, x: float, y: float, button: int) -> None:
        place, unit = (x * self.size[0], y * self.size[1]), self.size[1] / 720
        if button != Button.NONE:
            pygame.draw.circle(self.surface, (255, 240, 150), place, 11 * unit, max(1, round(2 * unit)))
        arrow = [(0, 0), (0, 19), (4.5, 15), (8, 22), (11, 20.5), (7.6, 13.6), (13.5, 13)]
        outline = [(place[0] + dx * unit, place[1] + dy * unit) for dx, dy in arrow]
        pygame.draw.polygon(self.surface, (240, 246, 255), outline)
        pygame.draw.aalines(self.surface, (10, 14, 20), True, outline)


def pixels_of(surface: pygame.Surface) -> UInt8[np.ndarray, "height width 3"]:
    """Returns a copy of a 32-bit surface's pixels as RGB."""
    width, height = surface.get_size()
    raw = np.frombuffer(surface.get_buffer(), np.uint8)  # type: ignore[call-overload]  # surfarray is 15 times slower
    buffer = raw.reshape(height, surface.get_pitch() // 4, 4)
    return np.asarray(cv2.cvtColor(buffer[:, :width], cv2.COLOR_BGRA2RGB), np.uint8)
