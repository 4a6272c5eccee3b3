"""The overlay during shadow learning: how often the understudy would have acted as the person did."""

from collections.abc import Callable, Sequence

import pygame

from understudy.worlds.simulator.rendering.scene import Scene
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

_HEAD: Colour = (255, 160, 50)
_TEXT: Colour = (190, 204, 222)


class ShadowView:
    """Draws a few lines of text under the player's own bars. Belongs to the window's thread."""

    def __init__(self, size: tuple[int, int], lines: Callable[[], Sequence[str]]) -> None:
        """Args:
        size: of the frames, pixels.
        lines: called once per frame for the text, the first line as a heading; must not block.
        """
        self._size, self._lines, self._unit = size, lines, size[1] / 720
        self._lettering = TextRenderer(size[1])

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over a frame of the game."""
        unit, lines = self._unit, self._lines()
        width = max(self._lettering.line(line, 13, _TEXT).get_width() for line in lines)
        area = pygame.Rect(
            0, round(0.165 * self._size[1]), round(width + 22 * unit), round((10 + 20 * len(lines)) * unit)
        )
        plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
        plate.fill((8, 14, 24, 190))
        surface.blit(plate, area)
        for row, line in enumerate(lines):
            place = (area.left + 11 * unit, area.top + (15 + 20 * row) * unit)
            self._lettering.write(surface, line, place, 13, _TEXT if row else _HEAD, anchor="midleft")
