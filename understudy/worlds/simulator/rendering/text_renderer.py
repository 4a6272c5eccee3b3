"""Renders text on surfaces with pygame's font, at sizes that scale with the window; rendered lines are cached."""

from typing import Literal

import pygame

Colour = tuple[int, int, int]
Place = tuple[float | int, float | int]
"""Pixels of a surface."""
MAX_KEPT = 1500
SUPERSAMPLING = 3
"""Supersampling factor: text is rendered larger and shrunk, so that small letters are evenly spaced."""


class TextRenderer:
    """Writes text; sizes are pixels of a window 720 pixels high."""

    def __init__(self, window_height: int) -> None:
        if not pygame.font.get_init():
            pygame.font.init()
        self._scale = window_height / 720
        self._fonts: dict[int, pygame.font.Font] = {}
        self._lines: dict[tuple[str, int, Colour], pygame.Surface] = {}

    def line(self, text: str, size: int, colour: Colour) -> pygame.Surface:
        """Returns the rendered text; owned by this object."""
        pixels = max(7, round(size * self._scale))
        key = (text, pixels, colour)
        if key not in self._lines:
            if len(self._lines) >= MAX_KEPT:
                self._lines.clear()
            if pixels not in self._fonts:
                self._fonts[pixels] = pygame.font.Font(None, round(pixels * 1.3 * SUPERSAMPLING))
            large = self._fonts[pixels].render(text or " ", True, colour)  # smoothscale crashes on a width of 0
            width, height = large.get_size()
            self._lines[key] = pygame.transform.smoothscale(
                large, (max(1, width // SUPERSAMPLING), max(1, height // SUPERSAMPLING))
            )
        return self._lines[key]

    def write(
        self,
        surface: pygame.Surface,
        text: str,
        place: Place,
        size: int,
        colour: Colour,
        *,
        anchor: Literal["topleft", "topright", "center", "midtop", "midbottom", "midleft", "midright"] = "topleft",
        alpha: int = 255,
    ) -> None:
        """Writes one line so that its `anchor` lies at `place`."""
        line = self.line(text, size, colour)
        line.set_alpha(alpha)
        surface.blit(line, line.get_rect(**{anchor: (round(place[0]), round(place[1]))}))
