"""A window in which the user draws rectangles or clicks points on a screenshot (`understudy profile new`)."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pygame
from jaxtyping import UInt8

LARGEST = (1600, 900)
"""Largest displayed size, pixels; larger screenshots are scaled down."""
STRIP, NARROWEST = 52, 640
"""Height of the strip under the screenshot, with the question and a hint, and the window's minimum width; pixels."""
Wanted = Literal["area", "areas", "point", "bar", "end"]
"""One rectangle; several; a point; a bar, of which a click marks the fill; a rectangle and perhaps a click after it."""


@dataclass
class RegionSelection:
    """State of the selection, in pixels of the screenshot. Independent of the window: it maps events to an answer."""

    scale: float
    """Screenshot pixels per window pixel."""
    wanted: Wanted = "area"
    start: tuple[int, int] | None = None
    rectangles: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Drawn ones; for an area, what is proposed until another one is drawn."""
    answer: str | None = None
    done: bool = False

    @property
    def hint(self) -> str:
        """Instruction for the next step."""
        drawn = len(self.rectangles)
        match self.wanted:
            case "point":
                return "Click on it."
            case "bar" if drawn:
                return "Click where its filled part ends; right button where it fills to the left or down."
            case "bar":
                return "Draw a rectangle around the whole bar, its empty part too."
            case "end" if drawn:
                return "Click what begins a new game; Enter: nobody clicks."
            case "areas":
                return f"Draw a rectangle around each, then Enter ({drawn} drawn)."
            case "area" if drawn:
                return "Enter takes the rectangle; or draw another one."
        return "Draw a rectangle around it."

    def press(self, place: tuple[int, int], *, right: bool = False) -> None:
        """Handles a press of the left or right button at a window pixel."""
        x, y = place[0] * self.scale, place[1] * self.scale
        if self.wanted == "point" and not right:
            self._finish(f"{x:.0f} {y:.0f}")
        elif self.wanted == "bar" and self.rectangles:
            self._finish(f"{_text(self.rectangles[0])} {_fill_of(self.rectangles[0], x, y, reverse=right)}")
        elif self.wanted == "end" and self.rectangles and not right:
            self._finish(f"{_text(self.rectangles[0])} {x:.0f} {y:.0f}")
        elif not right:
            self.start = place

    def release(self, place: tuple[int, int]) -> None:
        """Handles a release of the left button; ignores rectangles smaller than 2 pixels."""
        if self.start is None:
            return
        xs, ys = sorted((self.start[0], place[0])), sorted((self.start[1], place[1]))
        self.start = None
        if xs[1] - xs[0] < 2 or ys[1] - ys[0] < 2:
            return
        if self.wanted != "areas":
            self.rectangles.clear()
        self.rectangles.append((xs[0] * self.scale, ys[0] * self.scale, xs[1] * self.scale, ys[1] * self.scale))
        if self.wanted == "area":
            self.enter()

    def enter(self) -> None:
        """Ends the selection; for a bar, only after its filled part was marked."""
        if self.wanted == "bar" and self.rectangles:
            return
        self._finish("; ".join(_text(one) for one in self.rectangles) or None)

    def _finish(self, answer: str | None) -> None:
        self.answer, self.done = answer, True


def _text(rectangle: tuple[float, float, float, float]) -> str:
    return " ".join(f"{edge:.0f}" for edge in rectangle)


def _fill_of(rectangle: tuple[float, float, float, float], x: float, y: float, *, reverse: bool) -> str:
    """Returns how full a bar is, in per cent, and its direction where that is not `right`, as they are typed."""
    left, top, right, bottom = rectangle
    if right - left >= bottom - top:
        share, direction = (x - left) / (right - left), " left" if reverse else ""
        full = 1 - share if reverse else share
    else:
        share, direction = (y - top) / (bottom - top), " down" if reverse else " up"
        full = share if reverse else 1 - share
    return f"{100 * min(1.0, max(0.0, full)):.1f}{direction}"


def pick(
    picture: UInt8[np.ndarray, "height width 3"],
    question: str,
    wanted: Wanted,
    proposed: tuple[float, float, float, float] | None = None,
) -> str | None:
    """Shows a screenshot and waits until the selection is complete.

    Args:
        picture: RGB.
        question: text shown to the user.
        wanted: what is to be pointed at.
        proposed: left, top, right, bottom in pixels of the screenshot, which Enter takes; None for none.

    Returns:
        The answer in the form in which it is typed on the command line; None for Escape, which means there is none.

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
        selection = RegionSelection(scale, wanted, rectangles=[] if proposed is None else [proposed])
        while not selection.done:
            _handle_event(selection, pygame.event.wait(50), size)
            _draw(window, shown, selection, question)
        return selection.answer
    finally:
        pygame.display.quit()


def _handle_event(selection: RegionSelection, event: pygame.event.Event, size: tuple[int, int]) -> None:
    """Handles one event; positions outside the screenshot are clipped to its edge."""
    if event.type == pygame.MOUSEBUTTONDOWN and event.button in (pygame.BUTTON_LEFT, pygame.BUTTON_RIGHT):
        place = (min(event.pos[0], size[0]), min(event.pos[1], size[1]))
        selection.press(place, right=event.button == pygame.BUTTON_RIGHT)
    elif event.type == pygame.MOUSEBUTTONUP and event.button == pygame.BUTTON_LEFT:
        selection.release((min(event.pos[0], size[0]), min(event.pos[1], size[1])))
    elif event.type == pygame.KEYDOWN and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
        selection.enter()
    elif event.type == pygame.QUIT:  # the window was closed, or SDL received a signal
        raise KeyboardInterrupt
    elif event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:
        selection.rectangles.clear()
        selection.enter()


def _draw(window: pygame.Surface, shown: pygame.Surface, selection: RegionSelection, question: str) -> None:
    window.fill((24, 28, 36))
    window.blit(shown, (0, 0))
    font = pygame.font.Font(None, 20)
    for line, (text, colour) in enumerate(
        ((question, (255, 255, 255)), (f"{selection.hint}   Escape: there is none.", (255, 220, 90)))
    ):
        window.blit(font.render(text, True, colour), (8, shown.get_height() + 6 + 22 * line))
    for left, top, right, bottom in selection.rectangles:
        edges = [edge / selection.scale for edge in (left, top, right - left, bottom - top)]
        pygame.draw.rect(window, (255, 220, 90), pygame.Rect(*(round(edge) for edge in edges)), 1)
    if selection.start is not None:
        x, y = pygame.mouse.get_pos()
        corner = (min(x, selection.start[0]), min(y, selection.start[1]))
        span = (abs(x - selection.start[0]), abs(y - selection.start[1]))
        pygame.draw.rect(window, (90, 255, 120), pygame.Rect(corner, span), 1)
    pygame.display.flip()
