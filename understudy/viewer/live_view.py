"""The overlay of a live game: who is in control, the policy's intent, and the loop's timing.

A border around the window and a banner show who is in control: blue for the understudy, orange for the person, grey
where nothing is sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pygame

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.runtime.shared_control import TickSnapshot
from understudy.viewer.overlay import Overlay
from understudy.worlds.simulator.rendering.scene import Scene
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

COLOURS: dict[Actor, Colour] = {
    Actor.POLICY: (70, 160, 255),
    Actor.PERSON: (255, 160, 50),
    Actor.NOBODY: (160, 168, 180),
    Actor.TEACHER: (150, 220, 130),
}
_TEXT: Colour = (232, 240, 250)
_FAINT: Colour = (150, 165, 185)


@dataclass(frozen=True, kw_only=True)
class ControlBanner:
    """Content of the banner that shows who is in control."""

    actor: Actor
    title: str
    hint: str = ""
    waiting: float = 0.0
    """Remaining fraction of the handback delay, 0..1."""


def banner_for(
    actor: Actor, hands_back_s: float = 0.0, handback_delay_s: float = 1.5, *, test_mode: bool = False
) -> ControlBanner:
    """Returns the banner of a live session.

    Args:
        actor: who acts.
        hands_back_s: seconds until the understudy plays again.
        handback_delay_s: the whole delay, seconds.
        test_mode: whether the understudy decides but sends nothing.
    """
    waiting = min(1.0, hands_back_s / handback_delay_s)
    if actor is Actor.PERSON:
        next_ = "watches again" if test_mode else "plays again"
        hint = f"let go: the understudy {next_} in {hands_back_s:.1f} s"
        return ControlBanner(actor=actor, title="YOU PLAY", hint=hint, waiting=waiting)
    if test_mode:
        hint = "decides, and sends nothing; you can play"
        return ControlBanner(actor=Actor.NOBODY, title="TEST MODE: THE UNDERSTUDY ONLY WATCHES", hint=hint)
    hint = "touch mouse or keyboard to take over    F1 pause   F2 that was wrong   F3 stop"
    return ControlBanner(actor=actor, title="THE UNDERSTUDY PLAYS", hint=hint)


class Dashboard:
    """Draws border, banner and timing lines over frames of one size."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._unit = size[1] / 720
        self._lettering = TextRenderer(size[1])

    def draw(self, surface: pygame.Surface, banner: ControlBanner, lines: Sequence[str]) -> None:
        """Draws over a frame.

        Args:
            surface: of this dashboard's size.
            banner: shows who acts.
            lines: timing report, drawn under the bars of the modes.
        """
        colour = COLOURS[banner.actor]
        pygame.draw.rect(surface, colour, surface.get_rect(), max(3, round(5 * self._unit)))
        self._draw_banner(surface, banner, colour)
        self._draw_lines(surface, lines)

    def notice(self, surface: pygame.Surface, text: str) -> None:
        """Writes one line in the middle of the frame's upper half."""
        place = (self._size[0] / 2, 0.2 * self._size[1])
        self._lettering.write(surface, text, place, 22, (255, 226, 110), anchor="center")

    def mouse(self, surface: pygame.Surface, x: float, y: float) -> None:
        """Draws the position of the person's own mouse, window fractions, while the understudy moves the cursor."""
        place = (x * self._size[0], y * self._size[1])
        pygame.draw.circle(surface, COLOURS[Actor.PERSON], place, 9 * self._unit, max(1, round(2 * self._unit)))
        below = (place[0], place[1] + 11 * self._unit)
        self._lettering.write(surface, "your mouse", below, 11, COLOURS[Actor.PERSON], anchor="midtop")

    def _draw_banner(self, surface: pygame.Surface, banner: ControlBanner, colour: Colour) -> None:
        unit, middle = self._unit, self._size[0] / 2
        width = self._lettering.line(banner.title, 20, (8, 12, 20)).get_width() + 40 * unit
        if banner.hint:
            width = max(width, self._lettering.line(banner.hint, 13, _TEXT).get_width() + 40 * unit)
        plate = pygame.Rect(0, 0, round(width), round((54 if banner.hint else 32) * unit))
        plate.midtop = (round(middle), 0)
        shade = pygame.Surface(plate.size, pygame.SRCALPHA, 32)
        shade.fill((8, 14, 24, 215))
        surface.blit(shade, plate)
        pygame.draw.rect(surface, colour, (plate.left, plate.top, plate.width, 32 * unit))
        self._lettering.write(surface, banner.title, (middle, 16 * unit), 20, (8, 12, 20), anchor="center")
        if banner.hint:
            self._lettering.write(surface, banner.hint, (middle, 42 * unit), 13, _TEXT, anchor="center")
        if banner.waiting > 0:
            bar = pygame.Rect(plate.left, plate.bottom, round(plate.width * banner.waiting), max(2, round(4 * unit)))
            pygame.draw.rect(surface, colour, bar)

    def _draw_lines(self, surface: pygame.Surface, lines: Sequence[str]) -> None:
        if not lines:
            return
        unit = self._unit
        area = pygame.Rect(0, 0, round(0.2 * self._size[0]), round((8 + 17 * len(lines)) * unit))
        area.top = round(0.165 * self._size[1] + 138 * unit)
        plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
        plate.fill((8, 14, 24, 190))
        surface.blit(plate, area)
        for row, line in enumerate(lines):
            place = (area.left + 10 * unit, area.top + (12 + 17 * row) * unit)
            self._lettering.write(surface, line, place, 11, _FAINT, anchor="midleft")


@dataclass(frozen=True, kw_only=True)
class LiveViewSources:
    """Data sources of a live view; each is called once per frame and must not block."""

    lines: Callable[[], Sequence[str]]
    """Timing report, a few short lines."""
    mouse: Callable[[], tuple[float, float]]
    """Position of the person's own mouse, window fractions."""
    notice: Callable[[], str]
    """Message about a recent event; empty for none."""


class LiveView:
    """Draws the overlay over each frame of a live game. Belongs to the window's thread."""

    def __init__(
        self,
        profile: Profile,
        size: tuple[int, int],
        facts: LiveViewSources,
        *,
        handback_delay_s: float = 1.5,
        test_mode: bool = False,
    ) -> None:
        """Args:
        profile: of the game.
        size: of the frames, pixels.
        facts: data sources other than the tick itself.
        handback_delay_s: seconds without a touch after which the understudy plays again.
        test_mode: whether the understudy decides but sends nothing.
        """
        self._overlay, self._dashboard = Overlay(profile, size), Dashboard(size)
        self._facts, self._handback_delay_s, self._test_mode = facts, handback_delay_s, test_mode
        self._snapshot: TickSnapshot | None = None

    def show(self, snapshot: TickSnapshot) -> None:
        """Sets the tick to be drawn from now on."""
        self._snapshot = snapshot

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over a frame of the game."""
        snapshot = self._snapshot
        if snapshot is None:
            return
        self._overlay.draw(surface, scene.observation, snapshot.intent.records[0])
        if snapshot.actor is not Actor.PERSON:
            self._dashboard.mouse(surface, *self._facts.mouse())
        banner = banner_for(snapshot.actor, snapshot.hands_back_s, self._handback_delay_s, test_mode=self._test_mode)
        self._dashboard.draw(surface, banner, self._facts.lines())
        notice = self._facts.notice()
        if notice:
            self._dashboard.notice(surface, notice)
