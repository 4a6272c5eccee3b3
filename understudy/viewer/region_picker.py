"""A window in which the user draws rectangles or clicks points on a screenshot (`understudy profile new`)."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.worlds.simulator.window.game_window import init_display

LARGEST = (1600, 900)
"""Largest displayed size, pixels; larger screenshots are scaled down."""
FRAME = (24, 96)
"""Pixels of the screen beside and above the window that its frame and a task bar need."""
SMALL = (640, 480)
"""Smaller screenshots are magnified by the whole number that fits in this size, pixels."""
STRIP, NARROWEST = 112, 480
"""Height of the strip under the screenshot, which holds five lines, and the window's minimum width; pixels."""
MARK = 7
"""Half the size of the cross at a point, window pixels."""
Wanted = Literal["area", "areas", "point", "bar", "end"]
"""One rectangle; several; a point; a bar, of which a click marks the fill; a rectangle and perhaps a click after it."""
MISTAKE_COLOUR = (255, 120, 110)
_YELLOW, _GREEN, _WHITE = (255, 220, 90), (90, 255, 120), (255, 255, 255)


@dataclass
class RegionSelection:
    """State of the selection, in pixels of the screenshot. Independent of the window: it maps events to an answer."""

    scale: tuple[float, float]
    """Screenshot pixels per window pixel, of x and y."""
    wanted: Wanted = "area"
    start: tuple[int, int] | None = None
    rectangles: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Drawn ones; for an area, what is proposed until another one is drawn."""
    mark: tuple[float, float] | None = None
    """The point that was clicked: where a bar's filled part ends, or what begins a new game."""
    reverse: bool = False
    """Whether the right button marked it: the bar fills to the left or down."""
    answer: str | None = None
    done: bool = False

    @property
    def hint(self) -> str:
        """Instruction for the next step."""
        drawn = len(self.rectangles)
        if self.mark is not None or (drawn and self.wanted == "area"):
            return f"Enter takes it; or {'click elsewhere' if self.mark is not None else 'draw another one'}."
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
        return "Draw a rectangle around it."

    @property
    def takes_mark(self) -> bool:
        """Whether the next press marks a point, and begins no rectangle."""
        return self.wanted == "point" or (self.wanted in ("bar", "end") and bool(self.rectangles))

    def press(self, place: tuple[int, int], *, right: bool = False) -> None:
        """Handles a press of the left or right button at a window pixel."""
        if self.takes_mark and (self.wanted == "bar" or not right):
            self.mark, self.reverse = (place[0] * self.scale[0], place[1] * self.scale[1]), right
        elif not self.takes_mark and not right:
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
        x_scale, y_scale = self.scale
        self.rectangles.append((xs[0] * x_scale, ys[0] * y_scale, xs[1] * x_scale, ys[1] * y_scale))

    def take_back(self) -> None:
        """Removes the mark, or else the last rectangle."""
        if self.mark is not None:
            self.mark = None
        elif self.rectangles:
            self.rectangles.pop()

    def enter(self) -> None:
        """Ends the selection if something was pointed at; for a bar, only after its filled part was marked."""
        if self.mark is None and (self.wanted == "bar" or not self.rectangles):
            return
        parts = ["; ".join(_text(one) for one in self.rectangles)] if self.rectangles else []
        if self.mark is not None and self.wanted == "bar":
            parts.append(_fill_of(self.rectangles[0], *self.mark, reverse=self.reverse))
        elif self.mark is not None:
            parts.append(f"{int(self.mark[0])} {int(self.mark[1])}")
        self.answer, self.done = " ".join(parts), True

    def leave_out(self) -> None:
        """Ends the selection: there is none."""
        self.answer, self.done = None, True


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
    *,
    none: str = "there is none",
    mistake: str = "",
) -> str | None:
    """Shows a screenshot and waits until the selection is complete.

    Args:
        picture: RGB.
        question: text shown to the user.
        wanted: what is to be pointed at.
        proposed: left, top, right, bottom in pixels of the screenshot, which Enter takes; None for none.
        none: what Escape means.
        mistake: why the answer before was not taken.

    Returns:
        The answer in the form in which it is typed on the command line; None for Escape.

    Raises:
        KeyboardInterrupt: if the window was closed.
        WorldError: if there is no display.
    """
    init_display("The window to point at places", "without --window places are typed")
    pygame.font.init()
    try:
        height, width = picture.shape[:2]
        size = shown_size((width, height), pygame.display.get_desktop_sizes()[0])
        window = pygame.display.set_mode((max(size[0], NARROWEST), size[1] + STRIP))
        pygame.display.set_caption(question)
        shown = pygame.image.frombytes(np.ascontiguousarray(picture).tobytes(), (width, height), "RGB")
        shown = pygame.transform.smoothscale(shown.convert(window), size)
        selection = RegionSelection(
            (width / size[0], height / size[1]), wanted, rectangles=[] if proposed is None else [proposed]
        )
        lines = [(mistake, MISTAKE_COLOUR)] if mistake else []
        while not selection.done:
            _handle_event(selection, pygame.event.wait(50), size)
            help_line = f"{selection.hint}   Backspace takes back.   Escape: {none}."
            _draw(window, shown, selection, [(question, _WHITE), (help_line, _YELLOW), *lines])
        return selection.answer
    finally:
        pygame.display.quit()


def shown_size(picture: tuple[int, int], screen: tuple[int, int]) -> tuple[int, int]:
    """Returns the size at which a picture is shown, so that the whole window fits on the screen; pixels."""
    room = [min(most, free - frame) for most, free, frame in zip(LARGEST, screen, FRAME, strict=True)]
    scale = max(picture[0] / room[0], picture[1] / (room[1] - STRIP))
    if scale <= 1.0:
        scale = 1.0 / max(1, min(SMALL[0] // picture[0], SMALL[1] // picture[1]))
    return max(1, round(picture[0] / scale)), max(1, round(picture[1] / scale))


def _handle_event(selection: RegionSelection, event: pygame.event.Event, size: tuple[int, int]) -> None:
    """Handles one event; what is drawn beyond the screenshot is clipped to its edge, and no click is taken there.

    Keys count when they are released: one that is held does not answer the next question, too.
    """
    if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
        x, y = (min(max(at, 0), most) for at, most in zip(event.pos, size, strict=True))
        if event.type == pygame.MOUSEBUTTONDOWN and event.button in (pygame.BUTTON_LEFT, pygame.BUTTON_RIGHT):
            if not selection.takes_mark or (x < size[0] and y < size[1]):
                selection.press((x, y), right=event.button == pygame.BUTTON_RIGHT)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == pygame.BUTTON_LEFT:
            selection.release((x, y))
    elif event.type == pygame.QUIT:  # the window was closed, or SDL received a signal
        raise KeyboardInterrupt
    elif event.type == pygame.KEYUP and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
        selection.enter()
    elif event.type == pygame.KEYUP and event.key == pygame.K_BACKSPACE:
        selection.take_back()
    elif event.type == pygame.KEYUP and event.key == pygame.K_ESCAPE:
        selection.leave_out()


def _draw(
    window: pygame.Surface,
    shown: pygame.Surface,
    selection: RegionSelection,
    lines: list[tuple[str, tuple[int, int, int]]],
) -> None:
    """Draws the screenshot, what was pointed at, and under it texts with their colours, broken where they are long."""
    window.fill((24, 28, 36))
    window.blit(shown, (0, 0))
    font, y = pygame.font.Font(None, 20), shown.get_height() + 6
    for text, colour in lines:
        written = font.render(text, True, colour, None, window.get_width() - 16)
        window.blit(written, (8, y))
        y += written.get_height() + 4
    x_scale, y_scale = selection.scale
    for left, top, right, bottom in selection.rectangles:
        edges = (left / x_scale, top / y_scale, (right - left) / x_scale, (bottom - top) / y_scale)
        pygame.draw.rect(window, _YELLOW, pygame.Rect(*(round(edge) for edge in edges)), 1)
    if selection.mark is not None:
        at_x, at_y = round(selection.mark[0] / x_scale), round(selection.mark[1] / y_scale)
        pygame.draw.line(window, _GREEN, (at_x - MARK, at_y), (at_x + MARK, at_y))
        pygame.draw.line(window, _GREEN, (at_x, at_y - MARK), (at_x, at_y + MARK))
    if selection.start is not None:
        x, y = pygame.mouse.get_pos()
        corner = (min(x, selection.start[0]), min(y, selection.start[1]))
        span = (abs(x - selection.start[0]), abs(y - selection.start[1]))
        pygame.draw.rect(window, _GREEN, pygame.Rect(corner, span), 1)
    pygame.display.flip()
