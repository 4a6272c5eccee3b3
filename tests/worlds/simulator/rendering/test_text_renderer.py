"""Text on surfaces."""

import pygame

from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

WHITE = (255, 255, 255)


def test_text_is_drawn_and_nothing_is_drawn_for_no_text() -> None:
    lettering, surface = TextRenderer(360), pygame.Surface((200, 40), pygame.SRCALPHA, 32)
    lettering.write(surface, "", (5, 5), 20, WHITE)
    assert not pygame.mask.from_surface(surface).count()
    lettering.write(surface, "understudy", (5, 5), 20, WHITE)
    assert pygame.mask.from_surface(surface).count() > 100


def test_a_line_is_rendered_once_and_kept() -> None:
    lettering = TextRenderer(720)
    assert lettering.line("one", 20, WHITE) is lettering.line("one", 20, WHITE)
    assert lettering.line("one", 20, WHITE) is not lettering.line("one", 21, WHITE)
