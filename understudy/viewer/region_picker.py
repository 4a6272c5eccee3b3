"""Points at places in a picture: a window in which rectangles are drawn with the mouse (`understudy profile new`)."""

from dataclasses import dataclass, field

import numpy as np
import pygame
from jaxtyping import UInt8

LARGEST = (1600, 900)
"""Pixels of the picture in the window; a larger one is shown smaller."""
STRIP, NARROWEST = 52, 640
"""Under the picture stand the question and what to do, which the window's title has no room for: its height, and how
wide the window is at least."""


@dataclass
class Picking:
    """What has been pointed at so far, in pixels of the picture. Knows no window: events go in, an answer comes out."""

    scale: float
    """Pixels of the picture for one of the window."""
    point: bool = False
    """One place is asked for, not a rectangle."""
    several: bool = False
    """More than one rectangle may be drawn; Enter ends it."""
    fill: bool = False
    """Behind the rectangle a click says where the filled part of the bar ends."""
    start: tuple[int, int] | None = None
    rectangles: list[tuple[float, float, float, float]] = field(default_factory=list)
    answer: str | None = None
    done: bool = False

    @property
    def hint(self) -> str:
        """What to do next."""
        if self.point:
            return "Click on it."
        if self.fill and self.rectangles:
            return "Now click where its filled part ends."
        if self.fill:
            return "Draw a rectangle around the whole bar, its empty part too."
        if self.several:
            return f"Draw a rectangle around each, then Enter ({len(self.rectangles)} drawn)."
        return "Draw a rectangle around it."

    def press(self, place: tuple[int, int]) -> None:
        """The button went down."""
        x, y = place[0] * self.scale, place[1] * self.scale
        if self.point:
            self._finish(f"{x:.0f} {y:.0f}")
        elif self.fill and self.rectangles:
            left, _, right, _ = self.rectangles[0]
            share = min(1.0, max(0.0, (x - left) / (right - left)))
            self._finish(" ".join(f"{edge:.0f}" for edge in self.rectangles[0]) + f" {100 * share:.1f}")
        else:
            self.start = place

    def release(self, place: tuple[int, int]) -> None:
        """The button went up; a rectangle without a size is none."""
        if self.start is None:
            return
        xs, ys = sorted((self.start[0], place[0])), sorted((self.start[1], place[1]))
        self.start = None
        if xs[1] - xs[0] < 2 or ys[1] - ys[0] < 2:
            return
        self.rectangles.append((xs[0] * self.scale, ys[0] * self.scale, xs[1] * self.scale, ys[1] * self.scale))
        if not self.several and not self.fill:
            self.enter()

    def enter(self) -> None:
        """That was all; of a bar it is known only once its filled part is."""
        if self.fill and self.rectangles:
            return
        self._finish("; ".join(" ".join(f"{edge:.0f}" for edge in one) for one in self.rectangles) or None)

    def _finish(self, answer: str | None) -> None:
        self.answer, self.done = answer, True


def pick(
    picture: UInt8[np.ndarray, "height width 3"], question: str, *, point: bool, several: bool, fill: bool
) -> str | None:
    """Shows a picture and waits until something has been pointed at.

    Args:
        picture: RGB.
        question: what is asked for.
        point, several, fill: as in Picking.

    Returns:
        The answer as it would have been typed; None when Escape said that there is no such thing.

    Raises:
        KeyboardInterrupt: if the window was closed.
    """
    height, width = picture.shape[:2]
    scale = max(1.0, width / LARGEST[0], height / LARGEST[1])
    size = (round(width / scale), round(height / scale))
    pygame.init()
    try:
        window = pygame.display.set_mode((max(size[0], NARROWEST), size[1] + STRIP))
        pygame.display.set_caption(question)
        shown = pygame.image.frombytes(np.ascontiguousarray(picture).tobytes(), (width, height), "RGB")
        shown = pygame.transform.smoothscale(shown.convert(window), size)
        picking = Picking(scale, point=point, several=several, fill=fill)
        while not picking.done:
            _take(picking, pygame.event.wait(50), size)
            _draw(window, shown, picking, question)
        return picking.answer
    finally:
        pygame.display.quit()


def _take(picking: Picking, event: pygame.event.Event, size: tuple[int, int]) -> None:
    """What was done with mouse and keyboard; outside the picture counts as its edge."""
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == pygame.BUTTON_LEFT:
        picking.press((min(event.pos[0], size[0]), min(event.pos[1], size[1])))
    elif event.type == pygame.MOUSEBUTTONUP and event.button == pygame.BUTTON_LEFT:
        picking.release((min(event.pos[0], size[0]), min(event.pos[1], size[1])))
    elif event.type == pygame.KEYDOWN and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
        picking.enter()
    elif event.type == pygame.QUIT:  # the window was closed, or SDL was sent a signal: neither is an answer
        raise KeyboardInterrupt
    elif event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:
        picking.rectangles.clear()
        picking.enter()


def _draw(window: pygame.Surface, shown: pygame.Surface, picking: Picking, question: str) -> None:
    window.fill((24, 28, 36))
    window.blit(shown, (0, 0))
    font = pygame.font.Font(None, 20)
    for line, (text, colour) in enumerate(
        ((question, (255, 255, 255)), (f"{picking.hint}   Escape: there is none.", (255, 220, 90)))
    ):
        window.blit(font.render(text, True, colour), (8, shown.get_height() + 6 + 22 * line))
    for left, top, right, bottom in picking.rectangles:
        edges = [edge / picking.scale for edge in (left, top, right - left, bottom - top)]
        pygame.draw.rect(window, (255, 220, 90), pygame.Rect(*(round(edge) for edge in edges)), 1)
    if picking.start is not None:
        x, y = pygame.mouse.get_pos()
        corner = (min(x, picking.start[0]), min(y, picking.start[1]))
        span = (abs(x - picking.start[0]), abs(y - picking.start[1]))
        pygame.draw.rect(window, (90, 255, 120), pygame.Rect(corner, span), 1)
    pygame.display.flip()
